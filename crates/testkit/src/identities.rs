//! Identity keys for tests. An RSA key of 4096 bits takes seconds to make, so some were made once and lie beside this crate: everybody has
//! them, and they protect nothing.

use std::sync::atomic::{AtomicUsize, Ordering};

use bezel_core::vault::{FreshIdentities, IdentityError, IdentitySource};
use bezel_crypto::IdentityKeyPair;

static KEPT: [&[u8]; 12] = [
    include_bytes!("../identities/00.der"),
    include_bytes!("../identities/01.der"),
    include_bytes!("../identities/02.der"),
    include_bytes!("../identities/03.der"),
    include_bytes!("../identities/04.der"),
    include_bytes!("../identities/05.der"),
    include_bytes!("../identities/06.der"),
    include_bytes!("../identities/07.der"),
    include_bytes!("../identities/08.der"),
    include_bytes!("../identities/09.der"),
    include_bytes!("../identities/10.der"),
    include_bytes!("../identities/11.der"),
];

/// Hands out each of the kept keys once, and fresh ones when they are used up.
#[derive(Debug, Default)]
pub struct KeptIdentities(AtomicUsize);

impl IdentitySource for KeptIdentities {
    fn make(&self) -> Result<IdentityKeyPair, IdentityError> {
        match KEPT.get(self.0.fetch_add(1, Ordering::SeqCst)) {
            Some(der) => IdentityKeyPair::from_pkcs8_der(der),
            None => FreshIdentities.make(),
        }
    }
}
