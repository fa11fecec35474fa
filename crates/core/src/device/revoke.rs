//! Shuts a device out.

use bezel_protocol::DeviceId;
use bezel_protocol::roster::Statement;

use crate::error::Result;
use crate::member::Member;
use crate::{group, roster};

/// Revokes a device of this user, or (as an admin) of another; its leaves go from every group at once.
///
/// # Errors
/// When the roster's rules forbid it, or the relay can't be reached.
pub async fn revoke(member: &Member, device: DeviceId) -> Result<()> {
    let identity = member.identity()?;
    roster::say(member, &[(Statement::DeviceRevoke(device), vec![identity.as_ref()])]).await?;
    group::upkeep(member).await
}
