//! A new identity key. The old one signs it in the roster; every device is certified anew by it.

use std::sync::Arc;

use bezel_crypto::IdentityKeyPair;
use bezel_protocol::cose::Signer;
use bezel_protocol::roster::{IdentityRotate, Statement};
use serde::Serialize;
use ts_rs::TS;

use super::renew;
use crate::cache;
use crate::cache::keys::IdentityState;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::{group, roster, vault};

/// The identity key after a rotation.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Rotated {
    /// SHA-256 of the new identity key.
    pub fingerprint: String,
}

/// Rotates the identity key now.
///
/// # Errors
/// When the key is not on this device, or the relay can't be reached.
pub async fn rotate(member: &Member) -> Result<Rotated> {
    let _work = member.work.lock().await;
    let rotated = rotate_locked(member).await?;
    // The leaves take the new certificate up.
    group::keep_locked(member).await?;
    Ok(rotated)
}

/// The same, for a caller that holds the work lock and keeps the groups itself.
pub(crate) async fn rotate_locked(member: &Member) -> Result<Rotated> {
    let old = member.identity()?;
    // A key from a rotation that was cut short is used now rather than made again.
    let pending = cache::keys::pending_identity(&mut *member.cache.read().await?).await?;
    let new = match pending {
        Some(pending) => Arc::new(pending),
        None => Arc::new(make(member).await?),
    };
    let rotate = Statement::IdentityRotate(IdentityRotate { user: member.user(), identity_key: new.public().clone() });
    let mut statements: Vec<(Statement, Vec<&dyn Signer>)> = vec![(rotate, vec![old.as_ref(), new.as_ref()])];
    let renewals = renew::certificates(member, &new, None)?;
    statements.extend(renewals.into_iter().map(|statement| (statement, vec![new.as_ref() as &dyn Signer])));
    roster::say(member, &statements).await?;
    settle_rotation(member, new).await
}

/// The roster names the new key: it is in force, and the old private key is destroyed.
pub(crate) async fn settle_rotation(member: &Member, new: Arc<IdentityKeyPair>) -> Result<Rotated> {
    let fingerprint = new.public().fingerprint();
    let mut tx = member.cache.begin().await?;
    cache::keys::promote_identity(&mut tx, fingerprint).await?;
    tx.commit().await?;
    member.set_identity(new);
    member.changed([Change::Keys, Change::People]);
    Ok(Rotated { fingerprint: fingerprint.to_string() })
}

pub(super) fn signing_failed() -> Error {
    Error::new("signing_failed", "The identity key could not sign.", "Try again.")
}

async fn make(member: &Member) -> Result<IdentityKeyPair> {
    let made = vault::new_identity(&member.environment.identities).await?;
    let mut tx = member.cache.begin().await?;
    cache::keys::put_identity(&mut tx, &made, IdentityState::Pending, member.now_ms()).await?;
    tx.commit().await?;
    Ok(made)
}
