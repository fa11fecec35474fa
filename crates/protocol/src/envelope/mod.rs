//! The envelope of a message: COSE_Sign1 by the device over a COSE_Encrypt0 (RFC 9052).

mod header;
mod parsed;

pub use header::{EnvelopeHeader, RosterHead};
pub use parsed::{Envelope, EnvelopeError, build, encrypt0_aad};
