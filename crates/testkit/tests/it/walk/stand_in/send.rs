//! What a member hands to the relay, and what comes back, if anything.

use anyhow::{Context as _, Result, bail};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::Leave;
use bezel_protocol::wire::Bytes;
use bezel_protocol::{Hash, MessageId, Role, cbor};

use super::group::Change;
use super::member::{Member, Outgoing};
use super::relay::{Answer, RING, Relay};
use super::workspace::Workspace;

/// How often something is tried again when others were faster.
const ATTEMPTS: usize = 4;

/// What becomes of the next thing that is handed to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It never arrives as it should; whoever runs the relay has it all the same.
    KeptBack,
    /// It arrives, and the answer does not.
    Unanswered,
}

/// How a member is heard: what becomes of the next thing that is sent, and numbers that are used once.
pub(crate) struct Voice {
    pub(crate) fate: Fate,
    next: u64,
    /// A commit without an answer, and the epoch that it ends.
    pending: Option<(u64, Vec<u8>)>,
}

impl Voice {
    pub(crate) fn new(who: usize) -> Self {
        Self { fate: Fate::Answered, next: u64::try_from(who).unwrap() << 32, pending: None }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn fate(&mut self) -> Fate {
        std::mem::replace(&mut self.fate, Fate::Answered)
    }
}

impl Member {
    /// Writes into the outbox. Returns the message's id.
    pub(crate) fn write(&mut self, voice: &mut Voice, text: String) -> Option<MessageId> {
        self.group.role(self.user).filter(|role| self.is_in && role.may_post())?;
        let message = MessageId::new(0, *voice.number().to_be_bytes().repeat(2).first_chunk()?);
        self.outbox.push_back(Outgoing { message, text, envelope: None, attempts: Vec::new() });
        Some(message)
    }

    /// Sends what waits, in order.
    pub(crate) async fn pump(&mut self, workspace: &Workspace, relay: &mut Relay, voice: &mut Voice) -> Result<&'static str> {
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            if self.outbox.is_empty() {
                return Ok("sent");
            }
            self.find_own(workspace)?;
            // What stands in the log may count there; it is known when its content comes.
            if self.outbox.front().is_some_and(|first| self.is_in && first.attempts.iter().any(|attempt| self.awaits(*attempt))) {
                return Ok("found");
            }
            if !self.is_in || !self.group.role(self.user).is_some_and(Role::may_post) {
                self.outbox.clear();
                return Ok("refused");
            }
            if self.outbox.is_empty() {
                return Ok("sent");
            }
            let Some(envelope) = self.sealed(workspace, relay.now_ms)? else { return Ok("no key") };
            let answer = match voice.fate() {
                Fate::Answered => relay.append(workspace, self.who, &envelope).await?,
                Fate::KeptBack => {
                    relay.known.push(envelope);
                    return Ok("kept back");
                }
                Fate::Unanswered => {
                    relay.append(workspace, self.who, &envelope).await?;
                    return Ok("unanswered");
                }
            };
            match answer {
                Answer::Taken(stored) => {
                    let first = self.outbox.front().context("it waits")?;
                    if !first.attempts.contains(&stored) {
                        bail!("the relay holds what this device never wrote");
                    }
                    if stored == Hash::of(&envelope) {
                        self.own = (self.own.0 + 1, stored);
                        self.outbox.pop_front();
                    } else {
                        attempts += 1;
                    }
                    self.sync(workspace, relay, None).await?;
                }
                Answer::Refused("stale_epoch" | "not_found" | "read_only") => {
                    attempts += 1;
                    self.sync(workspace, relay, None).await?;
                }
                Answer::Refused(code) => return Ok(code),
            }
        }
        Ok("stale_epoch")
    }

    /// Changes the group, or comes back into it where nothing else is asked.
    pub(crate) async fn commit(
        &mut self,
        workspace: &Workspace,
        relay: &mut Relay,
        voice: &mut Voice,
        change: Option<Change>,
    ) -> Result<&'static str> {
        for _ in 0..ATTEMPTS {
            self.sync(workspace, relay, None).await?;
            if !self.is_in {
                return Ok("not_a_member");
            }
            let (seen, roster) = (self.last(), workspace.roster().head());
            let pending = voice.pending.take().filter(|(epoch, _)| *epoch == self.group.epoch);
            let is_pending = pending.is_some();
            let entry = match (pending, change) {
                (Some((_, entry)), _) => entry,
                (None, Some(change)) => {
                    let judge = workspace.judge(roster.sequence, relay.now_ms)?;
                    let number = voice.number();
                    let commit = self.group.commit(workspace, (self.who, change), (seen, roster), (&judge, number));
                    let Some(commit) = commit else { return Ok("nothing to do") };
                    if self.group.apply(workspace, &commit, &judge).is_err() {
                        return Ok("not_allowed");
                    }
                    cbor::encode(&commit)
                }
                (None, None) => cbor::encode(&self.group.come_back(workspace, self.who, (seen, roster, voice.number()))),
            };
            let fate = voice.fate();
            if fate != Fate::Answered {
                voice.pending = Some((self.group.epoch, entry.clone()));
            }
            if fate == Fate::KeptBack {
                return Ok("kept back");
            }
            let answer = relay.commit(workspace, self.who, entry).await?;
            if fate == Fate::Unanswered {
                return Ok("unanswered");
            }
            match answer {
                Answer::Taken(..) => {
                    self.sync(workspace, relay, None).await?;
                    if !is_pending {
                        return Ok("done");
                    }
                }
                Answer::Refused("stale_epoch" | "stale_roster") => {}
                Answer::Refused(code) => return Ok(code),
            }
        }
        Ok("stale_epoch")
    }

    /// Leaves the conversation.
    pub(crate) async fn leave(&mut self, workspace: &Workspace, relay: &mut Relay) -> Result<&'static str> {
        self.sync(workspace, relay, None).await?;
        if !self.is_in {
            return Ok("not_a_member");
        }
        let (seen, roster) = (self.last(), workspace.roster().head());
        let to_be_signed = Leave::to_be_signed(RING, self.group.epoch, self.device, seen, roster);
        let signature = Bytes(workspace.people[self.who].keys.sign(&to_be_signed)?);
        let leave = Leave { conversation: RING, epoch: self.group.epoch, device: self.device, seen, roster, signature };
        match relay.leave(workspace, self.who, &leave).await? {
            Answer::Taken(..) => self.sync(workspace, relay, None).await.map(|()| "done"),
            Answer::Refused(code) => Ok(code),
        }
    }
}
