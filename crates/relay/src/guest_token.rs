//! By what a browser proves that it is the one that came before.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_protocol::{GuestId, GuestLinkId};

use crate::relay_key::RelayKey;

/// Makes and checks tokens: HMAC-SHA-256 over link and guest, under a key that comes from the relay's, so that they outlive a restart.
pub(crate) struct GuestTokens(hmac::Key);

impl GuestTokens {
    pub(crate) fn new(key: &RelayKey) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.derive("bezel/relay/guest-token").as_slice()))
    }

    pub(crate) fn token(&self, link: GuestLinkId, guest: GuestId) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, &said(link, guest)))
    }

    pub(crate) fn is_good(&self, link: GuestLinkId, guest: GuestId, token: &str) -> bool {
        URL_SAFE_NO_PAD.decode(token).is_ok_and(|tag| hmac::verify(&self.0, &said(link, guest), &tag).is_ok())
    }
}

fn said(link: GuestLinkId, guest: GuestId) -> Vec<u8> {
    [link.as_bytes().as_slice(), guest.as_bytes()].concat()
}
