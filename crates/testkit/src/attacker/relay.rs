//! Whoever runs the relay, with its key: shows a member a log of their own making, and everything that belongs to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bezel_core::clock::Clock as _;
use bezel_protocol::log::SignedHead;
use bezel_protocol::wire::{Commits, Heads, MessageAccepted, MessageKind, MessagesAccepted, NewMessages, path};
use bezel_protocol::{ConversationId, cbor};
use bezel_relay::RelayKey;
use reqwest::Method;

use super::ForgedLog;
use crate::liar::Asked;
use crate::{Liar, ShiftedClock, Shop};

/// A log that is shown in place of the true one to whoever stands behind a liar.
#[derive(Clone)]
pub struct Hostile {
    log: Arc<Mutex<ForgedLog>>,
    key: Arc<RelayKey>,
    clock: Arc<ShiftedClock>,
}

impl Shop {
    /// From now on everybody behind `liar` is shown a log of one's own making, which begins as the true one is now.
    ///
    /// # Errors
    /// When the relay's data does not open.
    pub async fn forge(&self, liar: &Liar, conversation: ConversationId) -> Result<Hostile> {
        let log = Arc::new(Mutex::new(self.log_of(conversation).await?));
        let hostile = Hostile { log, key: Arc::new(self.relay_key()?), clock: Arc::<ShiftedClock>::clone(&self.relay_clock) };
        let (heads, commits, rest) = (hostile.clone(), hostile.clone(), hostile.clone());
        liar.lie_about(path::HEADS, move |bytes| heads.heads(&bytes).unwrap_or(bytes));
        liar.lie_about(&path::of(path::COMMITS, conversation), move |bytes| commits.commits(&bytes).unwrap_or(bytes));
        liar.answer_instead(move |asked| rest.answer(conversation, asked).map(|body| (200, body)));
        Ok(hostile)
    }
}

impl Hostile {
    /// The log, to be changed at will.
    pub fn log(&self) -> MutexGuard<'_, ForgedLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The relay's word for the end.
    #[must_use]
    pub fn head(&self) -> SignedHead {
        let log = self.log();
        log.head_at(&self.key, log.end(), self.now_ms())
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn heads(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut heads: Heads = cbor::decode(bytes).ok()?;
        let forged = self.head();
        for head in heads.conversations.iter_mut().filter(|head| head.conversation == forged.conversation) {
            *head = forged.clone();
        }
        Some(cbor::encode(&heads))
    }

    fn commits(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        Some(cbor::encode(&self.log().commits(cbor::decode::<Commits>(bytes).ok()?)))
    }

    fn answer(&self, conversation: ConversationId, asked: &Asked) -> Option<Vec<u8>> {
        let (at, stretch) = (asked.path(), (asked.number("first"), asked.number("last")));
        let is = |of: &str| at == path::of(of, conversation);
        match asked.method {
            Method::GET if is(path::HEAD) => Some(cbor::encode(&self.head())),
            Method::GET if is(path::SPINE) => Some(cbor::encode(&self.log().spine(stretch.0, stretch.1))),
            Method::GET if is(path::MESSAGES) => Some(cbor::encode(&self.log().messages(stretch.0, stretch.1))),
            Method::POST if is(path::MESSAGES) => self.store(&asked.body),
            _ => None,
        }
    }

    /// Takes what a member sends into this log alone.
    fn store(&self, body: &[u8]) -> Option<Vec<u8>> {
        let new: NewMessages = cbor::decode(body).ok()?;
        if new.kind != MessageKind::Stored {
            return None;
        }
        let accepted = new.envelopes.into_iter().map(|envelope| {
            let mut log = self.log();
            log.push(envelope.0, self.now_ms());
            let spine = log.entries.last()?.spine;
            Some(MessageAccepted {
                place: log.place(log.end()),
                stored_at_ms: spine.stored_at_ms,
                roster: spine.roster,
                sha256: spine.sha256,
            })
        });
        let accepted = accepted.collect::<Option<Vec<_>>>()?;
        Some(cbor::encode(&MessagesAccepted { accepted, head: Some(self.head()), refused: None }))
    }
}
