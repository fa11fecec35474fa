//! Stays in step with the relay until it is told to stop.

use std::time::Duration;

use tokio::sync::watch;

use super::connection::{self, ConnectionState};
use super::once::once;
use crate::error::Class;
use crate::member::Member;
use crate::relay::{EventStream, Incoming};

/// Without any event, everything is compared this often.
const COMPARE_AGAIN: Duration = Duration::from_secs(60);
/// The waiting time after a failure doubles from the first to the second.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// Synchronises, waits for the relay's events or for something to send, and synchronises again, until `stop` holds `true`.
pub async fn follow(member: &Member, mut stop: watch::Receiver<bool>) {
    member.set_followed(true);
    let mut wait = FIRST_WAIT;
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => {}
            outcome = connected(member) => {
                wait = if outcome { FIRST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
                tokio::select! {
                    _ = stop.changed() => {}
                    () = tokio::time::sleep(wait) => {}
                    () = member.woken() => {}
                }
            }
        }
    }
    member.set_followed(false);
}

/// Lives as long as one connection. Returns whether there was one.
async fn connected(member: &Member) -> bool {
    // Subscribed before the first comparison: nothing falls between the two.
    let mut events = match EventStream::connect(&member.client).await {
        Ok(events) => events,
        Err(error) => {
            let error = crate::Error::from(error);
            connection::set(member, ConnectionState::Offline { detail: error.message });
            return false;
        }
    };
    loop {
        if let Err(error) = once(member).await {
            tracing::info!(code = error.code, "synchronisation failed");
            if error.class == Class::Offline {
                return false;
            }
        }
        tokio::select! {
            incoming = events.next() => match incoming {
                Incoming::Event(event) => tracing::trace!(?event, "woken by the relay"),
                Incoming::Closed => return true,
            },
            () = member.woken() => {}
            () = tokio::time::sleep(COMPARE_AGAIN) => {}
        }
    }
}
