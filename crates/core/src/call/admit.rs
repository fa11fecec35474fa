//! Guests come in and go: said to them, to the other members, and to the running call.

use std::sync::Arc;

use bezel_calls::call::{Input, Peer};
use bezel_calls::session::{Command, SafetyKeys};
use bezel_crypto::call::{MembersKeyPair, seal_secret};
use bezel_protocol::GuestId;
use bezel_protocol::content::{CallSecretBytes, GuestInvitation, GuestStanding, SignalBody};
use bezel_protocol::guest::{GuestSignalBody, SealedSecret};

use super::desk::Desk;
use super::door::{Guest, Standing};
use super::guest::nobody;
use super::post::Mail;
use crate::cache::calls::Call;
use crate::error::{Error, Result};

impl Desk<'_> {
    /// A person lets a guest in.
    pub(super) async fn admit(&mut self, guest: GuestId) -> Result<()> {
        let is_here = self.active.as_ref().is_some_and(|active| active.is_in);
        let known = self.doors.get_mut(guest).filter(|known| is_here && known.standing == Standing::Waiting).ok_or_else(nobody)?;
        known.standing = Standing::In;
        let (conversation, call, standing) = (known.conversation, known.call, known.introduction(guest));
        self.say(conversation, call, None, SignalBody::Guest(standing));
        self.welcome(guest).await?;
        self.show();
        Ok(())
    }

    /// Gives a guest who is in what is needed to see and hear this device, and connects.
    pub(super) async fn welcome(&mut self, guest: GuestId) -> Result<()> {
        // Whoever was sent away meanwhile gets nothing.
        let Some(known) = self.doors.get(guest).filter(|known| known.standing == Standing::In) else { return Ok(()) };
        let Some(active) = self.active.as_ref().filter(|active| active.call == known.call && active.is_in) else { return Ok(()) };
        let secret = sealed(known, active.generation, &active.secret)?;
        let members = MembersKeyPair::from_seed(&known.invitation.key).and_then(|pair| pair.public());
        let members = members.map_err(|_| Error::new("key", "The key of the link is damaged.", "Make a new link."))?;
        let keys = SafetyKeys { members: *members.as_bytes(), guest: *known.key.as_bytes() };
        let admitted = GuestSignalBody::Admitted {
            member: self.handle().unwrap_or_default(),
            generation: active.generation,
            secret,
            media: active.media_state(),
        };
        self.say_to_guest(guest, Some(admitted));
        self.tell(Command::SafetyKeys(Peer::Guest(guest), keys)).await;
        self.tell(Command::Input(Input::Admit(guest))).await;
        Ok(())
    }

    /// A guest is refused at the door, or sent away.
    pub(super) async fn dismiss(&mut self, guest: GuestId) -> Result<()> {
        let Some(known) = self.doors.get_mut(guest) else { return Err(nobody()) };
        let was_in = matches!(known.standing, Standing::In | Standing::Away);
        known.standing = Standing::Refused;
        let (conversation, call, standing) = (known.conversation, known.call, known.introduction(guest));
        self.turn_away(guest, if was_in { GuestSignalBody::Left } else { GuestSignalBody::Refused });
        self.say(conversation, call, None, SignalBody::Guest(standing));
        if was_in {
            self.tell(Command::Input(Input::GuestGone(guest))).await;
            if self.active.as_ref().is_some_and(|active| active.call == call) {
                self.give_out_next_secret().await?;
            }
        }
        self.nobody_waits().await;
        self.show();
        Ok(())
    }

    /// Says to a guest that it ends, and has the relay end the connection.
    pub(super) fn turn_away(&self, guest: GuestId, last: GuestSignalBody) {
        self.say_to_guest(guest, Some(last));
        if let Some(known) = self.doors.get(guest) {
            let _ = self.mail.send(Mail::SendAway { invitation: Arc::<GuestInvitation>::clone(&known.invitation), guest });
        }
    }

    /// Another member's device let a guest in, or sent one away.
    pub(super) async fn introduced(&mut self, row: Call, standing: GuestStanding) -> Result<()> {
        let (call, conversation) = (row.id, row.conversation);
        let Some(invitation) = row.into_link(standing.link) else { return Ok(()) };
        let (guest, is_in) = (standing.guest, standing.is_in);
        let was = self.doors.get(guest).map(|known| known.standing);
        let stands = if is_in { Standing::In } else { Standing::Refused };
        self.doors.note(call, conversation, Arc::new(invitation), standing, stands)?;
        if is_in && was != Some(Standing::In) {
            self.welcome(guest).await?;
        } else if !is_in {
            if matches!(was, Some(Standing::In | Standing::Away)) && self.active.as_ref().is_some_and(|active| active.call == call) {
                self.tell(Command::Input(Input::GuestGone(guest))).await;
            }
            self.nobody_waits().await;
        }
        self.show();
        Ok(())
    }
}

/// A secret, sealed for a guest alone.
pub(super) fn sealed(guest: &Guest, generation: u32, secret: &CallSecretBytes) -> Result<SealedSecret> {
    seal_secret(guest.call, generation, secret.expose(), &guest.exchange)
        .map_err(|_| Error::unverifiable("guest", "The guest's key is none.", "Refuse the guest."))
}
