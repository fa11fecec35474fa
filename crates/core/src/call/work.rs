//! The task of calls.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::desk::{Desk, noted};
use super::{end, post};
use crate::member::Member;

/// What is still to be said when the task ends has so long.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs the calls of a member beside [`crate::sync::follow`], until `stop` holds `true`. One task a member: a second waits for the first.
pub async fn work(member: &Member, stop: watch::Receiver<bool>) {
    let mut inbox = member.calls.inbox.lock().await;
    noted(end::settle(member).await);
    let (mail, letters) = mpsc::unbounded_channel();
    let (desk, aside) = Desk::new(member, mail);
    let mut desk = pin!(desk.run(aside, &mut inbox, stop));
    let mut post = pin!(post::run(member, letters));
    tokio::select! {
        () = &mut desk => {}
        // It ends after the desk, which holds the other end of its letters.
        () = &mut post => return desk.await,
    }
    if tokio::time::timeout(LAST_WORDS, post).await.is_err() {
        tracing::info!("not everything about a call was said in time");
    }
}
