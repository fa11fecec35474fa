//! The user's keys: never the keys themselves.

use bezel_core::Result;
use bezel_core::keys::{self, KeysStatus, Rotated, UserKey};

use crate::shell::Shell;

pub(super) async fn keys_status(shell: &Shell) -> Result<KeysStatus> {
    keys::status(&*shell.member()?).await
}

pub(super) async fn keys_rotate(shell: &Shell) -> Result<Rotated> {
    keys::rotate(&*shell.member()?).await
}

pub(super) async fn user_encryption_key(shell: &Shell) -> Result<UserKey> {
    keys::user_key(&*shell.member()?)
}
