//! Envelopes get their places. Appends that wait together take two rounds to the database, however many they are: one to look what is
//! there, one to write.

mod look;
mod write;

use std::collections::{HashMap, HashSet};

use bezel_protocol::envelope::EnvelopeHeader;
use bezel_protocol::log::{EntryKind, Place, SpineEntry};
use bezel_protocol::wire::MessageAccepted;
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId, UserId, WorkspaceId};

use super::super::Connection;
use crate::store::{AppendEnd, Appended, Conversation, NewEnvelope, NewEnvelopes, StoreError};

/// Envelopes, and the device that sends them.
pub(in crate::store) struct Append {
    pub(in crate::store) workspace: WorkspaceId,
    pub(in crate::store) user: UserId,
    pub(in crate::store) device: DeviceId,
    pub(in crate::store) new: NewEnvelopes,
}

/// What a look brought.
#[derive(Default)]
struct There {
    /// The appends whose device stands, by number.
    standing: HashSet<usize>,
    /// By number of the append: its conversation, as the device sees it.
    conversations: HashMap<usize, Conversation>,
    known: Known,
    /// The chain at places that envelopes name.
    seen: HashMap<(ConversationId, u64), Hash>,
}

/// What devices said before in conversations, by ids and by counters.
#[derive(Default)]
struct Known {
    ids: HashMap<(ConversationId, DeviceId, MessageId), MessageAccepted>,
    counters: HashMap<(ConversationId, DeviceId, u64), MessageAccepted>,
}

impl Known {
    /// Where the envelope with this id is or, else, the one with this counter.
    fn get(&self, append: &Append, header: &EnvelopeHeader) -> Option<MessageAccepted> {
        let (conversation, device) = (append.new.conversation, append.device);
        let by_id = self.ids.get(&(conversation, device, header.message));
        by_id.or_else(|| self.counters.get(&(conversation, device, header.counter))).copied()
    }

    fn insert(&mut self, append: &Append, header: &EnvelopeHeader, accepted: MessageAccepted) {
        let (conversation, device) = (append.new.conversation, append.device);
        self.ids.insert((conversation, device, header.message), accepted);
        self.counters.insert((conversation, device, header.counter), accepted);
    }
}

/// An envelope that gets a place.
struct Placed<'a> {
    /// The number of its append.
    at: usize,
    envelope: &'a NewEnvelope,
    accepted: MessageAccepted,
}

/// Where a log ends.
#[derive(Clone, Copy)]
struct End {
    /// The number of an append to it.
    at: usize,
    place: Place,
    roster: u64,
}

/// Appends that get their places together.
struct Round<'a> {
    appends: &'a [Append],
    there: There,
    /// The logs that become longer.
    ends: HashMap<ConversationId, End>,
    placed: Vec<Placed<'a>>,
}

/// Gives places to envelopes, as if one append came after the other. Returns what became of each.
pub(in crate::store) async fn append(
    connection: &mut Connection,
    appends: &[Append],
) -> Result<Vec<Result<Appended, StoreError>>, StoreError> {
    let there = look::look(connection, appends).await?;
    let mut round = Round { appends, there, ends: HashMap::new(), placed: Vec::new() };
    let outcomes = (0..).zip(appends).map(|(at, append)| round.take(at, append)).collect();
    if !round.placed.is_empty() {
        write::write(connection, &round).await?;
    }
    Ok(outcomes)
}

impl<'a> Round<'a> {
    fn take(&mut self, at: usize, append: &'a Append) -> Result<Appended, StoreError> {
        if !self.there.standing.contains(&at) {
            return Err(StoreError::ShutOut);
        }
        let mut accepted = Vec::with_capacity(append.new.envelopes.len());
        let Some(conversation) = self.there.conversations.get(&at).copied() else {
            return Ok(Appended { accepted, end: AppendEnd::NotThere });
        };
        let begin = End { at, place: conversation.last, roster: conversation.last_roster };
        let mut end = self.ends.get(&conversation.id).copied().unwrap_or(begin);
        let mut is_longer = false;
        let mut why = None;
        for envelope in &append.new.envelopes {
            why = match self.there.known.get(append, envelope.header()) {
                // The same message again is the same answer, even if keys changed meanwhile.
                Some(known) if !is_longer => {
                    accepted.push(known);
                    continue;
                }
                Some(_) => Some(AppendEnd::Repeated),
                None => self.why_not(&conversation, envelope.header()),
            };
            if why.is_some() {
                break;
            }
            is_longer = true;
            let placed = end.lengthen(envelope, append.new.stamp);
            self.there.known.insert(append, envelope.header(), placed);
            self.placed.push(Placed { at, envelope, accepted: placed });
            accepted.push(placed);
        }
        if is_longer {
            self.ends.insert(conversation.id, end);
        }
        Ok(Appended { accepted, end: why.unwrap_or(AppendEnd::Whole(end.place, conversation.epoch)) })
    }

    /// Why a new envelope can't have a place now, if it can't.
    fn why_not(&self, conversation: &Conversation, header: &EnvelopeHeader) -> Option<AppendEnd> {
        if header.epoch > conversation.epoch {
            return Some(AppendEnd::Ahead);
        }
        if header.epoch != conversation.epoch {
            return Some(AppendEnd::StaleEpoch(conversation.epoch));
        }
        if !conversation.role.may_post() {
            return Some(AppendEnd::ReadOnly);
        }
        let named = header.seen.sequence;
        let here = if named == Place::START.sequence { Some(&Place::START.hash) } else { self.there.seen.get(&(conversation.id, named)) };
        match here {
            None => Some(AppendEnd::Ahead),
            Some(hash) if *hash != header.seen.hash => Some(AppendEnd::Forked),
            Some(_) => None,
        }
    }
}

impl End {
    fn lengthen(&mut self, envelope: &NewEnvelope, (now_ms, roster): (i64, u64)) -> MessageAccepted {
        self.roster = self.roster.max(roster);
        let entry = SpineEntry { kind: EntryKind::Envelope, stored_at_ms: now_ms, roster: self.roster, sha256: envelope.sha256() };
        self.place = self.place.next(&entry);
        MessageAccepted { place: self.place, stored_at_ms: now_ms, roster: self.roster, sha256: entry.sha256 }
    }
}

/// Conversation, device, user and workspace of each, one behind the other.
fn ids(appends: &[Append]) -> Vec<u8> {
    let of = |append: &Append| {
        [*append.new.conversation.as_bytes(), *append.device.as_bytes(), *append.user.as_bytes(), *append.workspace.as_bytes()]
    };
    row_of(appends.iter().flat_map(of))
}

/// Ids or hashes, one behind the other.
fn row_of<const N: usize>(parts: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    parts.flatten().collect()
}

fn json(numbers: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(numbers).map_err(|_| StoreError::Damaged("list of numbers"))
}
