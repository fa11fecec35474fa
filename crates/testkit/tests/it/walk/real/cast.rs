//! The people, and the line between each of them and the relay: honest, cut, or in the hand of somebody who lies.

use anyhow::{Context as _, Result};
use bezel_core::Member;
use bezel_protocol::wire::{Commits, Messages, path};
use bezel_protocol::{ConversationId, DeviceId, UserId, cbor};
use bezel_testkit::{Liar, Shop};

/// What somebody on the line does with what the relay says to one person. All of it is over with [`Line::Honest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Says the heads of this moment again and again: nothing newer seems to be there.
    OldHeads,
    /// Leaves the newest envelope of every page out.
    Withheld,
    /// Hands envelopes out at each other's places.
    Reordered,
    /// Hands the oldest envelope of a page out at every place.
    Replayed,
    /// Changes a byte of the newest envelope.
    Changed,
    /// Leaves the newest change of the group out.
    WithheldCommit,
    /// Loses whatever is handed to the relay.
    Lost,
}

impl Lie {
    pub(crate) const ALL: [Self; 7] =
        [Self::OldHeads, Self::Withheld, Self::Reordered, Self::Replayed, Self::Changed, Self::WithheldCommit, Self::Lost];
}

/// The way to the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Honest,
    Cut,
    Lying(Lie),
}

/// Somebody with one device.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) line: Line,
    pub(crate) is_suspended: bool,
    liar: Liar,
    /// Away only between the two halves of a restart.
    member: Option<Member>,
}

impl Person {
    pub(crate) fn new(name: &'static str, member: Member, liar: Liar) -> Self {
        let (user, device) = (member.user(), member.device());
        Self { name, user, device, line: Line::Honest, is_suspended: false, liar, member: Some(member) }
    }

    pub(crate) fn member(&self) -> Result<&Member> {
        self.member.as_ref().context("the home is open")
    }

    /// Ends the program, with a last word to its database or without one, and starts it again.
    pub(crate) async fn restart(&mut self, shop: &Shop, orderly: bool) -> Result<()> {
        let member = self.member.take().context("the home is open")?;
        if orderly {
            member.close().await;
        } else {
            drop(member);
        }
        self.member = Some(shop.reopen(self.name).await?);
        Ok(())
    }

    /// The relay takes the next thing of this kind, and its answer is lost.
    pub(crate) fn lose_answer(&self, kind: &str, ring: ConversationId) {
        self.liar.lose_answer(axum::http::Method::POST, &path::of(kind, ring));
    }

    pub(crate) fn set_line(&mut self, line: Line, ring: ConversationId) {
        self.liar.repent();
        self.line = line;
        let messages = path::of(path::MESSAGES, ring);
        match line {
            Line::Honest => {}
            Line::Cut => self.liar.answer_instead(|_| Some((502, Vec::new()))),
            Line::Lying(Lie::Lost) => {
                self.liar.answer_instead(|asked| (asked.method != axum::http::Method::GET).then(|| (502, Vec::new())))
            }
            Line::Lying(Lie::OldHeads) => {
                let mut kept = None;
                self.liar.lie_about(path::HEADS, move |heads| kept.get_or_insert(heads).clone());
            }
            Line::Lying(Lie::WithheldCommit) => {
                self.liar.lie_about(&path::of(path::COMMITS, ring), |bytes| {
                    let Ok(mut page) = cbor::decode::<Commits>(&bytes) else { return bytes };
                    page.commits.pop();
                    cbor::encode(&page)
                });
            }
            Line::Lying(lie) => self.liar.lie_about(&messages, move |bytes| {
                let Ok(mut page) = cbor::decode::<Messages>(&bytes) else { return bytes };
                change(lie, &mut page);
                cbor::encode(&page)
            }),
        }
    }
}

/// Lies about a page of envelopes.
fn change(lie: Lie, page: &mut Messages) {
    let envelopes: Vec<_> = page.messages.iter().map(|message| message.envelope.clone()).collect();
    match lie {
        Lie::Withheld => drop((!page.messages.is_empty()).then(|| page.messages.remove(0))),
        Lie::Reordered => {
            for (message, envelope) in page.messages.iter_mut().zip(envelopes.into_iter().rev()) {
                message.envelope = envelope;
            }
        }
        Lie::Replayed => {
            for (message, oldest) in page.messages.iter_mut().zip(std::iter::repeat(envelopes.last())) {
                message.envelope = oldest.unwrap_or(&message.envelope).clone();
            }
        }
        _ => {
            if let Some(byte) = page.messages.first_mut().and_then(|message| message.envelope.0.last_mut()) {
                *byte ^= 1;
            }
        }
    }
}
