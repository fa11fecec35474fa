//! The call of the journey: two members see and hear each other for a few seconds.

use std::sync::Arc;
use std::time::Duration;

use bezel_core::call::{self, CallOptions, CallPhase, Sink, Verifier};
use bezel_core::{Error, Member, Result, sync};
use bezel_protocol::ConversationId;
use bezel_protocol::content::CallMedia;
use tokio::sync::watch;

/// So many pictures are seen on both sides.
const PICTURES: u64 = 30;
/// A machine that takes longer is not fit for calls.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ana calls, ben answers, and both verify the pictures of the other.
pub(super) async fn call(ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
    let (stop, stopped) = watch::channel(false);
    let script = async {
        let done = tokio::time::timeout(PATIENCE, talk(ana, ben, ring)).await;
        let _ = stop.send(true);
        done.map_err(|_| failed("a call comes about within a minute"))?
    };
    let (done, (), (), (), ()) = tokio::join!(
        script,
        sync::follow(ana, stopped.clone()),
        call::work(ana, stopped.clone()),
        sync::follow(ben, stopped.clone()),
        call::work(ben, stopped.clone()),
    );
    done
}

async fn talk(ana: &Member, ben: &Member, ring: ConversationId) -> Result<()> {
    let watchers = [watched(ana)?, watched(ben)?];
    call::start(ana, ring, CallMedia::Video, CallOptions::synthetic()).await?;
    let rings = reached(ben, CallPhase::Incoming).await?;
    let id = rings.parse().map_err(|_| failed("the call has an id"))?;
    call::answer(ben, id, CallOptions::synthetic()).await?;
    for watcher in &watchers {
        while watcher.seen().values().map(|seen| seen.verified).sum::<u64>() < PICTURES {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    for member in [ana, ben] {
        let stats = call::stats(member).await?.unwrap_or_default();
        let is_sealed = stats.peers.iter().all(|peer| peer.decrypt_errors == 0 && peer.link.srtp == "SRTP_AEAD_AES_256_GCM");
        if stats.peers.len() != 1 || !is_sealed {
            return Err(failed("every frame opens, inside SRTP with AES-256-GCM"));
        }
    }
    call::leave(ana).await?;
    for member in [ana, ben] {
        reached(member, CallPhase::Ended).await?;
        call::show_pictures(member, None);
    }
    Ok(())
}

fn watched(member: &Member) -> Result<Arc<Verifier>> {
    let verifier = Arc::new(Verifier::start()?);
    call::show_pictures(member, Some(Arc::<Verifier>::clone(&verifier) as Arc<dyn Sink>));
    Ok(verifier)
}

/// Waits for a phase; the answer is the call's id.
async fn reached(member: &Member, phase: CallPhase) -> Result<String> {
    let mut current = call::current(member);
    let view = current.wait_for(|view| view.as_ref().is_some_and(|view| view.phase == phase)).await;
    view.ok().and_then(|view| view.as_ref().map(|view| view.call.clone())).ok_or_else(|| failed("the call is shown"))
}

fn failed(what: &str) -> Error {
    Error::new("journey", format!("The journey failed: this should hold: {what}."), "Run `bezel doctor`; this build should not be used.")
}
