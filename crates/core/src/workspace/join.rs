//! Joins a workspace by an invitation.

use bezel_protocol::Handle;
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::key::Ed25519PublicKey;
use zeroize::Zeroizing;

use super::clocks;
use super::enrol::{Asked, Enrolled, Enrolment, How, enrol};
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

/// Joins, with this device as the user's first. Cut short at any moment, the same call goes on.
///
/// # Errors
/// When the home is inhabited, the invitation is over, the handle is taken, the clocks are too far apart, or the relay is
/// away.
pub async fn join(home: &Home, environment: Environment, request: JoinRequest) -> Result<(Member, Enrolled)> {
    let JoinRequest { link, handle, slots } = request;
    let asked = Asked::Join { invite: link.invite, handle: &handle };
    let now_ms = environment.clock.now_ms();
    enrol(home, environment, (&slots, &asked), is_right_relay(&link, now_ms), |prepared| {
        Ok(Enrolment {
            workspace: link.workspace,
            genesis: link.genesis,
            user: prepared.user,
            device: prepared.keys.device.device(),
            handle: handle.clone(),
            fingerprint: prepared.keys.identity.public().fingerprint(),
            relay: link.relay.clone(),
            relay_key: prepared.relay_key,
            hosts_relay: false,
            words: prepared.words.clone(),
            vault: prepared.seal_vault(link.workspace, link.genesis)?,
            how: How::Join { invite: link.invite, seed: Zeroizing::new(link.seed.to_vec()) },
        })
    })
    .await
}

/// The relay of the invitation must answer, and its clock be close: looked at before a key is made. Returns its key.
async fn is_right_relay(link: &InviteLink, now_ms: i64) -> Result<Ed25519PublicKey> {
    let info = Client::new(&link.relay)?.info().await?;
    if !link.names_relay(&info.key) {
        return Err(Error::unverifiable(
            "relay_changed",
            "Another relay answers at the invitation's address: its key is not the one that the invitation names. Nothing was signed for it.",
            "Ask for a new invitation, and tell the workspace's owner that this one led elsewhere.",
        ));
    }
    clocks::compare(now_ms, info.now_ms)?;
    Ok(info.key)
}

impl From<bezel_protocol::invite_link::InvalidInviteLink> for Error {
    fn from(error: bezel_protocol::invite_link::InvalidInviteLink) -> Self {
        Self::new("bad_link", format!("{error}."), "Ask for the link again if it is damaged.")
    }
}
