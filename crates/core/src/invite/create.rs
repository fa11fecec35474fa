//! Invites somebody.

use bezel_crypto::InviteKeyPair;
use bezel_protocol::invite_link::InviteLink;
use bezel_protocol::roster::{InviteStatement, Statement};
use bezel_protocol::{InviteId, Role};
use serde::Serialize;
use ts_rs::TS;

use crate::clock::{DAY_MS, Timestamp};
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{roster, vault};

/// An invitation to hand over. Whoever has the link can join once.
#[derive(Clone, Serialize, TS)]
pub struct InviteView {
    /// The link, with its secret.
    pub link: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

/// Invites one person with a role, for `days` days (1 to 90).
///
/// # Errors
/// When this member may not give that role, or the relay can't be reached.
pub async fn create(member: &Member, role: Role, days: u32) -> Result<InviteView> {
    if !(1..=90).contains(&days) {
        return Err(Error::new("bad_days", "An invitation works for 1 to 90 days.", "Choose a number from 1 to 90."));
    }
    let now_ms = member.now_ms();
    let mut rng = member.rng();
    let invite = InviteId::new(now_ms, vault::id_bytes(&mut rng)?);
    let key = InviteKeyPair::generate(invite, &mut rng)?;
    // In the roster's time, which a clock that ran ahead may have left in the future: whoever joins is dated by it.
    let expires_at_ms = now_ms.max(member.roster().head_at_ms()) + i64::from(days) * DAY_MS;
    let statement = InviteStatement { invite, key: *key.public(), role, expires_at_ms, uses: 1 };
    let identity = member.identity()?;
    roster::say(member, &[(Statement::Invite(statement), vec![identity.as_ref()])]).await?;
    let link = InviteLink {
        relay: member.relay().clone(),
        workspace: member.profile().workspace,
        invite,
        seed: *key.seed().expose(),
        genesis: member.profile().genesis,
        relay_key: InviteLink::relay_key_of(&member.profile().relay_key),
    };
    Ok(InviteView { link: link.to_string(), expires_at: Timestamp::from_ms(expires_at_ms) })
}
