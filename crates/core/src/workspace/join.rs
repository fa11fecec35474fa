//! Joins a workspace by an invitation.

use bezel_protocol::Handle;
use bezel_protocol::invite_link::InviteLink;
use zeroize::Zeroizing;

use super::enrol::{Enrolled, Enrolment, How, enrol};
use crate::error::{Error, Result};
use crate::home::Home;
use crate::member::{Environment, Member};
use crate::relay::Client;
use crate::vault::NewSlots;

/// Somebody who joins.
pub struct JoinRequest {
    /// The invitation.
    pub link: InviteLink,
    /// The handle.
    pub handle: Handle,
    /// The ways to unlock this device.
    pub slots: NewSlots,
}

/// Joins, with this device as the user's first.
///
/// # Errors
/// When the home is inhabited, the invitation is over, the handle is taken, or the relay is away.
pub async fn join(home: &Home, environment: Environment, request: JoinRequest) -> Result<(Member, Enrolled)> {
    let JoinRequest { link, handle, slots } = request;
    Client::new(&link.relay)?.info().await?;
    enrol(home, environment, &slots, |prepared| {
        Ok(Enrolment {
            workspace: link.workspace,
            genesis: link.genesis,
            user: prepared.user,
            device: prepared.keys.device.device(),
            handle,
            fingerprint: prepared.keys.identity.public().fingerprint(),
            relay: link.relay.clone(),
            hosts_relay: false,
            words: prepared.words.clone(),
            vault: prepared.vault.clone(),
            how: How::Join { invite: link.invite, seed: Zeroizing::new(link.seed.to_vec()) },
        })
    })
    .await
}

impl From<bezel_protocol::invite_link::InvalidInviteLink> for Error {
    fn from(error: bezel_protocol::invite_link::InvalidInviteLink) -> Self {
        Self::new("bad_link", format!("{error}."), "Ask for the link again if it is damaged.")
    }
}
