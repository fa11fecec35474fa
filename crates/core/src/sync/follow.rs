//! Stays in step with the relay until it is told to stop.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use bezel_calls::connection::{addresses, leads_elsewhere};
use bezel_protocol::ConversationId;
use bezel_protocol::envelope::Envelope;
use bezel_protocol::wire::{Event, code};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, OptionFuture};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::connection::{self, ConnectionState};
use super::once::once;
use crate::cache;
use crate::call::Order;
use crate::error::{Class, Result};
use crate::member::Member;
use crate::relay::{EventStream, Incoming, QUIET, RelayError};

/// Without any event, everything is compared this often.
const COMPARE_AGAIN: Duration = Duration::from_secs(60);
/// In a call, silence of the relay's connection is borne for less long: what it would say may be the way back.
const QUIET_IN_CALL: Duration = Duration::from_secs(4);
/// It is looked this often whether this machine has gone from the network that the connection began in.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// The waiting time after a failure doubles from the first to the second.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
/// So many envelopes wait for the round that makes them readable.
const MAX_WAITING: usize = 256;

/// Synchronises, waits for the relay's events or for something to send, and synchronises again, until `stop` holds `true`.
pub async fn follow(member: &Member, mut stop: watch::Receiver<bool>) {
    member.set_followed(true);
    let mut wait = FIRST_WAIT;
    while !*stop.borrow() {
        tokio::select! {
            // Whoever could say stop is gone: nobody wants it any more.
            stopped = stop.changed() => if stopped.is_err() { break },
            outcome = connected(member) => {
                wait = if outcome { FIRST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
                tokio::select! {
                    stopped = stop.changed() => if stopped.is_err() { break },
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
        // A round renews the certificate, brings back what a restored relay has lost, or goes on as another device; where it can't, it says why,
        // and that is tried again as if the relay were away.
        Err(error) if error.is(code::LAPSED) || error.is(code::UNAUTHENTICATED) || matches!(error, RelayError::Stopped(_)) => {
            return once(member).await.is_ok();
        }
        Err(error) => {
            let error = crate::Error::from(error);
            connection::set(member, ConnectionState::Offline { detail: error.message });
            return false;
        }
    };
    member.calls.hear(Order::RelayBack);
    let mut is_due = true;
    let mut round: Option<BoxFuture<'_, Result<()>>> = None;
    let mut waiting: VecDeque<Waiting> = VecDeque::new();
    let local = events.local_address();
    let mut compare = every(COMPARE_AGAIN);
    let mut look = every(LOOK_AGAIN);
    let mut disk_wait = FIRST_WAIT;
    let mut again: Option<Instant> = None;
    loop {
        if is_due && round.is_none() {
            is_due = false;
            again = None;
            compare.reset();
            round = Some(once(member).boxed());
        }
        // Events are read while a round goes on: a call does not wait for the log.
        tokio::select! {
            Some(done) = OptionFuture::from(round.as_mut()) => {
                round = None;
                let failure = done.err();
                if let Some(error) = &failure {
                    tracing::info!(code = error.code, "synchronisation failed");
                    if error.class == Class::Offline {
                        return false;
                    }
                }
                if failure.is_some_and(|error| error.class == Class::Disk) {
                    again = Some(Instant::now() + disk_wait);
                    disk_wait = (disk_wait * 2).min(LONGEST_WAIT);
                } else {
                    disk_wait = FIRST_WAIT;
                }
                // What began before the news came is followed by another round, once.
                for Waiting { conversation, envelope, is_tried } in std::mem::take(&mut waiting) {
                    if !is_tried && refers_to_news(member, conversation, &envelope).await {
                        is_due = true;
                        waiting.push_back(Waiting { conversation, envelope, is_tried: true });
                    } else {
                        hand_over(member, conversation, envelope);
                    }
                }
            }
            incoming = events.next(if member.calls.are_busy() { QUIET_IN_CALL } else { QUIET }) => match incoming {
                Incoming::Event(Event::Transient { conversation, envelope }) => {
                    if waiting.is_empty() && !refers_to_news(member, conversation, &envelope.0).await {
                        hand_over(member, conversation, envelope.0);
                    } else if waiting.len() < MAX_WAITING {
                        is_due |= round.is_none();
                        waiting.push_back(Waiting { conversation, envelope: envelope.0, is_tried: false });
                    }
                }
                Incoming::Event(Event::Guest(message)) => member.calls.hear(Order::Guest(message)),
                Incoming::Event(event) => {
                    tracing::trace!(?event, "woken by the relay");
                    is_due = true;
                }
                Incoming::Closed => return true,
            },
            () = member.woken() => is_due = true,
            _ = compare.tick() => is_due = true,
            // Nobody tells when there is room on the disk again.
            Some(()) = OptionFuture::from(again.map(tokio::time::sleep_until)) => is_due = true,
            _ = look.tick() => if local.is_some_and(has_gone) { return true },
        }
    }
}

/// Ticks for the first time when the first period is over.
fn every(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// Whether no interface of this machine has an address any more. Nothing comes to it then, and nobody says so.
fn has_gone(address: IpAddr) -> bool {
    leads_elsewhere(&address) && addresses().is_some_and(|addresses| !addresses.contains(&address))
}

/// An envelope that can't be read before the next round.
struct Waiting {
    conversation: ConversationId,
    envelope: Vec<u8>,
    is_tried: bool,
}

fn hand_over(member: &Member, conversation: ConversationId, envelope: Vec<u8>) {
    member.calls.hear(Order::Transient { conversation, envelope });
}

/// Whether the sender of an envelope knows of an epoch or of a roster that is not known here yet.
async fn refers_to_news(member: &Member, conversation: ConversationId, envelope: &[u8]) -> bool {
    let Ok(envelope) = Envelope::parse(envelope) else { return false };
    let header = envelope.header();
    if header.roster.sequence > member.roster().head().sequence {
        return true;
    }
    let known = async { cache::conversations::get(&mut *member.cache.read().await?, conversation).await };
    known.await.is_ok_and(|known| known.is_none_or(|known| header.epoch > known.epoch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_no_interface_has_is_gone_and_the_loopback_stays() {
        // Kept for documentation (RFC 5737): no machine has it.
        assert!(has_gone("203.0.113.5".parse().unwrap()));
        assert!(!has_gone("127.0.0.1".parse().unwrap()));
        for address in addresses().unwrap() {
            assert!(!has_gone(address), "{address}");
        }
    }
}
