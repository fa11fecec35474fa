//! How somebody logs in by a key alone that several may hold: an invitation's, or an identity key where no device may speak.

use std::sync::Arc;

use bezel_protocol::cose::{Signer, SigningFailed};
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::{LoginChallenge, LoginStatement, SignedLogin, Subject};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::LoginKeys;
use crate::clock::Clock;
use crate::error::Result;

/// Who logs in, by which key, and at which relay.
pub(crate) struct KeyLogin {
    pub(crate) subject: Subject,
    pub(crate) key: Arc<dyn Signer + Send + Sync>,
    pub(crate) relay_key: Ed25519PublicKey,
    pub(crate) clock: Arc<dyn Clock>,
}

impl LoginKeys for KeyLogin {
    fn subject(&self) -> Subject {
        self.subject
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
        // Several hold the key, and nobody can tell them apart by it.
        ready(Ok(LoginStatement { challenge, number: 0 })).boxed()
    }

    fn judge<'a>(&'a self, _: &'a SignedLogin) -> BoxFuture<'a, Result<()>> {
        ready(Ok(())).boxed()
    }

    fn other_relay(&self) -> BoxFuture<'_, Result<()>> {
        // Who joins is told by the error; a device's own log-in came first and raised the alarm.
        ready(Ok(())).boxed()
    }

    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed> {
        self.key.sign(statement)
    }

    fn sign_identity(&self, _: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>> {
        None
    }
}
