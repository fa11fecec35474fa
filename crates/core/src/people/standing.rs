//! Changes what a person is in the workspace. After a suspension or removal the person's leaves go from every group at once.

use bezel_protocol::roster::{RoleChange, Statement};
use bezel_protocol::{Role, UserId};

use crate::error::Result;
use crate::member::Member;
use crate::{group, roster};

/// Gives a person another role in the workspace.
///
/// # Errors
/// When the roster's rules forbid it, or the relay can't be reached.
pub async fn set_role(member: &Member, user: UserId, role: Role) -> Result<()> {
    say(member, Statement::Role(RoleChange { user, role })).await
}

/// Shuts a person out for a time.
///
/// # Errors
/// As [`set_role`].
pub async fn suspend(member: &Member, user: UserId) -> Result<()> {
    say(member, Statement::Suspend(user)).await?;
    group::upkeep(member).await
}

/// Lets a suspended person in again. Conversations are given back one by one, by whoever may add people there.
///
/// # Errors
/// As [`set_role`].
pub async fn reinstate(member: &Member, user: UserId) -> Result<()> {
    say(member, Statement::Reinstate(user)).await
}

/// Shuts a person out for good.
///
/// # Errors
/// As [`set_role`].
pub async fn remove(member: &Member, user: UserId) -> Result<()> {
    say(member, Statement::Remove(user)).await?;
    group::upkeep(member).await
}

async fn say(member: &Member, statement: Statement) -> Result<()> {
    let identity = member.identity()?;
    roster::say(member, &[(statement, vec![identity.as_ref()])]).await
}
