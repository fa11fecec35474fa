//! In a call, until it is over, its time is up, or somebody presses Ctrl C.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bezel_core::call::{self, CallOptions, CallOutcomeName, CallPhase, CallView, Screen, Sink, Verifier};
use bezel_core::{Error, Member, Result};

use super::line::Line;
use crate::arguments::{CallSink, CallSource, Media, RunCall};
use crate::output::Output;

/// With what one comes in.
pub(super) fn options(run: &RunCall) -> CallOptions {
    let options = match run.source {
        CallSource::Synthetic => CallOptions::synthetic(),
        CallSource::Default => CallOptions::default(),
    };
    CallOptions { is_camera_on: run.media == Media::Video, hides_address: run.relay_only, ..options }
}

/// Where pictures go, if they are looked at.
pub(super) struct Watching(pub(super) Option<Arc<Verifier>>);

/// Lets pictures be looked at, from the first on.
pub(super) fn watch(member: &Member, run: &RunCall) -> Result<Watching> {
    if run.sink == CallSink::None {
        return Ok(Watching(None));
    }
    let verifier = Arc::new(Verifier::start()?);
    call::show_pictures(member, Some(Arc::<Verifier>::clone(&verifier) as Arc<dyn Sink>));
    Ok(Watching(Some(verifier)))
}

/// Stays in the call.
pub(super) async fn stay(member: &Member, run: &RunCall, watching: &Watching, output: &Output) -> Result<()> {
    let mut current = call::current(member);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    if run.screen {
        call::set_screen(member, Some(Screen::Screen(None))).await?;
    }
    let mut live = 0;
    // Heard at any time, while something is printed too.
    let mut given_up = pin!(tokio::signal::ctrl_c());
    loop {
        let view = current.borrow_and_update().clone();
        if let Some(view) = &view {
            if view.phase == CallPhase::Ended {
                return over(view);
            }
            if run.admit {
                admit(member, view).await;
            }
        }
        tokio::select! {
            changed = current.changed() => changed.map_err(|_| Error::new("call_lost", "The call is gone.", "Call again."))?,
            _ = second.tick() => {
                let is_live = view.as_ref().is_some_and(|view| view.phase == CallPhase::Live);
                live += u64::from(is_live);
                if let Some(verifier) = &watching.0 {
                    print(member, verifier, output).await?;
                }
                if run.duration.is_some_and(|seconds| live > seconds) {
                    left(call::leave(member).await)?;
                }
            }
            _ = &mut given_up => {
                given_up.set(tokio::signal::ctrl_c());
                left(call::leave(member).await)?;
            }
        }
    }
}

/// A call that ended by itself meanwhile was left too.
fn left(left: Result<()>) -> Result<()> {
    left.or_else(|error| if error.code == "no_call" { Ok(()) } else { Err(error) })
}

async fn print(member: &Member, verifier: &Verifier, output: &Output) -> Result<()> {
    let Some(stats) = call::stats(member).await? else { return Ok(()) };
    for ((peer, is_screen), seen) in verifier.seen() {
        if seen.needs_key {
            call::want_key_frame(member, &peer.to_string(), is_screen).await?;
        }
    }
    output.object(&Line::new(&stats, verifier), |line| serde_json::to_string(line).unwrap_or_default());
    Ok(())
}

/// Lets in whoever waits at the door; who has just gone is no failure of the call.
async fn admit(member: &Member, view: &CallView) {
    for guest in view.guests_waiting.iter().filter_map(|guest| guest.id.parse().ok()) {
        let _ = call::admit(member, guest).await;
    }
}

fn over(view: &CallView) -> Result<()> {
    let (code, message) = match view.outcome {
        Some(CallOutcomeName::Completed) => return Ok(()),
        Some(CallOutcomeName::Declined) => ("declined", "The call was declined."),
        Some(CallOutcomeName::Busy) => ("busy", "They are in another call."),
        Some(CallOutcomeName::Missed) => ("missed", "Nobody answered."),
        Some(CallOutcomeName::Cancelled) => ("cancelled", "The call was given up."),
        Some(CallOutcomeName::Failed) | None => ("call_failed", "No connection came about."),
    };
    Err(Error::new(code, message, "Call again."))
}
