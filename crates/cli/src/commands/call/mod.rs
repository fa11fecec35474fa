//! Calls without a window.

mod line;
mod talk;

use std::time::Duration;

use bezel_core::call::{self, CallPhase, CallSummary, OpenLinkView};
use bezel_core::{Error, Member, Result, conversation, sync};
use bezel_protocol::CallId;
use bezel_protocol::content::CallMedia;
use tokio::sync::watch;

use crate::arguments::{Call, Media};
use crate::output::Output;
use crate::paging::{self, Page};
use crate::terminal::one_line;

pub(crate) async fn run(member: &Member, command: Call, output: &Output) -> Result<()> {
    match command {
        Call::Start { conversation, run } => {
            let conversation = conversation::named(member, &conversation).await?;
            sync::once(member).await?;
            connected(member, async {
                let watching = talk::watch(member, &run)?;
                call::start(member, conversation, run.media.into(), talk::options(&run)).await?;
                talk::stay(member, &run, &watching, output).await
            })
            .await
        }
        Call::Answer { within, call, run } => {
            sync::once(member).await?;
            connected(member, async {
                let watching = talk::watch(member, &run)?;
                let call = match call {
                    Some(call) => call,
                    None => rings(member, Duration::from_secs(within)).await?,
                };
                call::answer(member, call, talk::options(&run)).await?;
                talk::stay(member, &run, &watching, output).await
            })
            .await
        }
        Call::Link { conversation, hours, reusable, media } => {
            let lasts = Duration::from_secs(u64::from(hours) * 3600);
            let conversation = conversation::named(member, &conversation).await?;
            let link = call::link::create(member, conversation, media.into(), lasts, !reusable).await?;
            output.object(&link, |link| format!("{}\nuntil {}", link.url, link.expires_at.as_str()));
            Ok(())
        }
        Call::Links => {
            output.lines(&call::link::list(member).await?, open_link);
            Ok(())
        }
        Call::Unlink { link } => {
            call::link::revoke(member, link).await?;
            output.done("The link has ended.");
            Ok(())
        }
        Call::History { conversation, limit, before } => history(member, conversation.as_deref(), limit, before, output).await,
        Call::Devices => {
            output.object(&call::devices().await, |devices| {
                let all = [&devices.cameras, &devices.microphones, &devices.speakers, &devices.screens, &devices.windows];
                let kinds = ["camera", "microphone", "speaker", "screen", "window"];
                let lines = kinds.iter().zip(all).flat_map(|(kind, devices)| {
                    devices.iter().map(move |each| format!("{kind:10} {} {}", one_line(&each.id), one_line(&each.name)))
                });
                lines.collect::<Vec<_>>().join("\n")
            });
            Ok(())
        }
    }
}

async fn history(member: &Member, conversation: Option<&str>, limit: u32, before: Option<jiff::Timestamp>, output: &Output) -> Result<()> {
    let conversation = match conversation {
        Some(conversation) => Some(conversation::named(member, conversation).await?),
        None => None,
    };
    let fetch = async |before: Option<String>, size: u32| {
        let before_ms = before.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_millisecond);
        let rows = call::history(member, conversation, before_ms, size).await?;
        let next = rows.last().filter(|_| rows.len() == size as usize).map(|oldest| Some(oldest.started_at.as_str().to_owned()));
        Ok(Page { rows, next })
    };
    let ask = |before: &Option<String>| format!("the same list with --before {}", before.as_deref().unwrap_or_default());
    paging::print(output, limit, before.map(|time| time.to_string()), fetch, summary, ask).await
}

/// Does something while the member follows the relay and calls run.
async fn connected<T>(member: &Member, work: impl Future<Output = Result<T>>) -> Result<T> {
    let (stop, stopped) = watch::channel(false);
    let script = async {
        let done = work.await;
        let _ = stop.send(true);
        done
    };
    let (done, (), ()) = tokio::join!(script, call::work(member, stopped.clone()), sync::follow(member, stopped));
    done
}

/// Waits until somebody calls, or knocks.
async fn rings(member: &Member, within: Duration) -> Result<CallId> {
    let mut current = call::current(member);
    let waiting = current.wait_for(|view| view.as_ref().is_some_and(|view| view.phase == CallPhase::Incoming));
    let nobody = || Error::new("nobody_called", "Nobody called in time.", "Wait longer: --within SECONDS.");
    let view = tokio::time::timeout(within, waiting).await.map_err(|_| nobody())?.map_err(|_| nobody())?.clone();
    view.and_then(|view| view.call.parse().ok()).ok_or_else(nobody)
}

impl From<Media> for CallMedia {
    fn from(media: Media) -> Self {
        match media {
            Media::Audio => Self::Audio,
            Media::Video => Self::Video,
        }
    }
}

fn open_link(open: &OpenLinkView) -> String {
    let uses = match (open.is_single_use, open.is_used) {
        (true, true) => "used",
        (true, false) => "for one",
        (false, _) => "for many",
    };
    format!("{} into {} by {}, {uses}, until {}", open.link, one_line(&open.conversation), one_line(&open.from), open.expires_at.as_str())
}

fn summary(call: &CallSummary) -> String {
    let outcome = call.outcome.map_or_else(|| "goes on".into(), |outcome| format!("{outcome:?}").to_lowercase());
    let seconds = call.seconds.map(|seconds| format!(", {seconds} s")).unwrap_or_default();
    let quality = call.quality.map(|quality| {
        format!(", {:.1} frames/s, {:.0} ms, {:.1} % lost", quality.frames_per_second, quality.round_trip_ms, quality.loss * 100.0)
    });
    format!("{} {} {outcome}{seconds}{}", call.started_at.as_str(), one_line(&call.from), quality.unwrap_or_default())
}
