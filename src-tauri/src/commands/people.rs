//! People, their devices, and invitations.

use bezel_core::invite::{self, InviteView};
use bezel_core::people::{self, Person};
use bezel_core::{Result, device};
use bezel_protocol::Role;
use serde::Deserialize;
use ts_rs::TS;

use super::id;
use crate::shell::Shell;

/// Somebody, and the role in the workspace.
#[derive(Deserialize, TS)]
pub(crate) struct PersonRole {
    user: String,
    #[ts(as = "bezel_core::RoleName")]
    role: Role,
}

/// An invitation to make.
#[derive(Deserialize, TS)]
pub(crate) struct InviteRequest {
    #[ts(as = "bezel_core::RoleName")]
    role: Role,
    days: u32,
}

pub(super) async fn people_list(shell: &Shell) -> Result<Vec<Person>> {
    Ok(people::list(&*shell.member()?))
}

pub(super) async fn person_set_role(shell: &Shell, request: PersonRole) -> Result<()> {
    people::set_role(&*shell.member()?, id(&request.user)?, request.role).await
}

pub(super) async fn person_suspend(shell: &Shell, user: String) -> Result<()> {
    people::suspend(&*shell.member()?, id(&user)?).await
}

pub(super) async fn person_reinstate(shell: &Shell, user: String) -> Result<()> {
    people::reinstate(&*shell.member()?, id(&user)?).await
}

pub(super) async fn person_remove(shell: &Shell, user: String) -> Result<()> {
    people::remove(&*shell.member()?, id(&user)?).await
}

pub(super) async fn device_revoke(shell: &Shell, device: String) -> Result<()> {
    device::revoke(&*shell.member()?, id(&device)?).await
}

pub(super) async fn invite_create(shell: &Shell, request: InviteRequest) -> Result<InviteView> {
    invite::create(&*shell.member()?, request.role, request.days).await
}
