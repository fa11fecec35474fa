//! How a user logs in by the identity key alone, where no device of it may speak: for the roster, and nothing else.

use std::sync::Arc;

use bezel_crypto::IdentityKeyPair;
use bezel_protocol::UserId;
use bezel_protocol::cose::{Signer as _, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::{LoginChallenge, LoginStatement, SignedLogin, Subject};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::clock::Clock;
use crate::error::Result;
use crate::relay::LoginKeys;

pub(super) struct IdentityLogin {
    user: UserId,
    identity: Arc<IdentityKeyPair>,
    relay_key: Ed25519PublicKey,
    clock: Arc<dyn Clock>,
}

impl IdentityLogin {
    pub(super) fn new(user: UserId, identity: Arc<IdentityKeyPair>, relay_key: Ed25519PublicKey, clock: Arc<dyn Clock>) -> Self {
        Self { user, identity, relay_key, clock }
    }
}

impl LoginKeys for IdentityLogin {
    fn subject(&self) -> Subject {
        Subject::User(self.user)
    }

    fn relay_key(&self) -> &Ed25519PublicKey {
        &self.relay_key
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn allowed(&self) -> Result<()> {
        Ok(())
    }

    fn number(&self, challenge: LoginChallenge) -> BoxFuture<'_, Result<LoginStatement>> {
        // Several copies hold the key, and nobody can tell them apart by it.
        ready(Ok(LoginStatement { challenge, number: 0 })).boxed()
    }

    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed> {
        self.identity.sign(statement)
    }

    fn sign_identity(&self, _: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>> {
        None
    }

    fn judge<'a>(&'a self, _: &'a SignedLogin) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }

    fn other_relay(&self) -> BoxFuture<'_, Result<()>> {
        // The device's own log-in came first, and raised the alarm.
        ready(Ok(())).boxed()
    }
}
