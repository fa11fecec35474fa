//! The long-term credential mechanism (RFC 8489 §9.2), with nonces that need no memory.

use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use rtc_stun::attributes::{ATTR_MESSAGE_INTEGRITY, ATTR_NONCE, ATTR_REALM, ATTR_USERNAME};
use rtc_stun::crypto::{RTCCrypto, RTCCryptoProvider};
use rtc_stun::error_code::{CODE_BAD_REQUEST, CODE_STALE_NONCE, CODE_UNAUTHORIZED, ErrorCode};
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::Message;

use super::access::Access;
use super::message::{Answer, forget_uncovered, text};

/// The realm of every relay; what tells relays apart are their keys.
const REALM: &str = "bezel";
/// A nonce is good for so long.
const NONCE_LASTS_MS: i64 = 60 * 60 * 1000;

/// Who holds credentials of a username, whenever they were given out.
pub(super) fn holder(username: &str) -> &str {
    username.split_once(':').map_or(username, |(_, holder)| holder)
}

/// Knows who speaks.
pub(super) struct Auth {
    access: Arc<Access>,
    nonces: hmac::Key,
    provider: Arc<dyn RTCCryptoProvider>,
}

/// Who speaks: the username, and the key of its messages.
pub(super) struct Speaker {
    pub(super) username: String,
    pub(super) key: Vec<u8>,
}

impl Auth {
    /// `nonces` is 32 random bytes. `None` where the primitives are missing.
    pub(super) fn new(access: Arc<Access>, nonces: &[u8; 32]) -> Option<Self> {
        let provider = rtc_stun::crypto::default_provider().ok()?;
        Some(Self { access, nonces: hmac::Key::new(hmac::HMAC_SHA256, nonces), provider })
    }

    pub(super) fn crypto(&self) -> &dyn RTCCrypto {
        self.provider.crypto()
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Whether the holder of a username may still use what it was given.
    pub(super) fn still_holds(&self, username: &str, now_ms: i64) -> bool {
        self.access.password_of(username, now_ms).is_some()
    }

    /// Who sent a request, which keeps only what the sender vouches for; or the answer to it.
    pub(super) fn speaker(&self, request: &mut Message, from: SocketAddr, now_ms: i64) -> Result<Speaker, Option<Vec<u8>>> {
        if !request.contains(ATTR_MESSAGE_INTEGRITY) {
            return Err(self.challenge(request, CODE_UNAUTHORIZED, from, now_ms));
        }
        let said = (text(request, ATTR_USERNAME), text(request, ATTR_REALM), text(request, ATTR_NONCE));
        let (Some(username), Some(realm), Some(nonce)) = said else { return Err(Answer::error(request, CODE_BAD_REQUEST).finish(None)) };
        if !self.is_fresh(&nonce, from, now_ms) {
            return Err(self.challenge(request, CODE_STALE_NONCE, from, now_ms));
        }
        let password = self.access.password_of(&username, now_ms).filter(|_| realm == REALM);
        let key =
            password.and_then(|password| MessageIntegrity::long_term_integrity_key(username.clone(), realm, password, self.crypto()).ok());
        match key.filter(|key| MessageIntegrity::check(request, key, self.crypto()).is_ok()) {
            Some(key) => {
                forget_uncovered(request);
                Ok(Speaker { username, key })
            }
            None => Err(self.challenge(request, CODE_UNAUTHORIZED, from, now_ms)),
        }
    }

    fn challenge(&self, request: &Message, code: ErrorCode, from: SocketAddr, now_ms: i64) -> Option<Vec<u8>> {
        let nonce = self.nonce(from, now_ms);
        Answer::error(request, code).bytes(ATTR_REALM, REALM.as_bytes()).bytes(ATTR_NONCE, nonce.as_bytes()).finish(None)
    }

    /// The time until which it is good, and a MAC over that and the address that it is for.
    fn nonce(&self, from: SocketAddr, now_ms: i64) -> String {
        let until = format!("{:x}", now_ms.saturating_add(NONCE_LASTS_MS));
        let tag = hmac::sign(&self.nonces, format!("{until} {from}").as_bytes());
        format!("{until}-{}", hex::encode(tag.as_ref().get(..16).unwrap_or_default()))
    }

    fn is_fresh(&self, nonce: &str, from: SocketAddr, now_ms: i64) -> bool {
        let until = nonce.split_once('-').and_then(|(until, _)| i64::from_str_radix(until, 16).ok());
        until.is_some_and(|until| until > now_ms && until.checked_sub(NONCE_LASTS_MS).is_some_and(|made| self.nonce(from, made) == nonce))
    }
}
