//! The code that two people read to each other: who hears the same code speaks through nobody.

use core::fmt;

use bezel_protocol::{CallId, Hash};

/// Sixteen digits in four groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SafetyCode(u64);

impl SafetyCode {
    /// The code of a connection: of the call, of what both sides sign with, and of the certificates of both ends, which DTLS (RFC 8827 §6.5) has
    /// proven. 53 bits of SHA-256: nobody finds a second key with the same code while a call is ringing.
    #[must_use]
    pub fn new(call: CallId, members: &[u8; 32], guest: &[u8; 32], mut fingerprints: [[u8; 32]; 2]) -> Self {
        fingerprints.sort_unstable();
        let [first, second] = &fingerprints;
        let hash = Hash::of(&[b"bezel/call/safety".as_slice(), call.as_bytes(), members, guest, first, second].concat());
        let head = hash.as_bytes().iter().take(8).fold(0u64, |head, byte| head << 8 | u64::from(*byte));
        Self(head % 10_000_000_000_000_000)
    }
}

impl fmt::Display for SafetyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:016}", self.0);
        let mut groups = digits.as_bytes().chunks(4).map(String::from_utf8_lossy);
        write!(f, "{}", groups.next().unwrap_or_default())?;
        groups.try_for_each(|group| write!(f, " {group}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_have_the_same_code_and_a_third_has_another() {
        let call = CallId::from_bytes([1; 16]);
        let code = |prints| SafetyCode::new(call, &[2; 32], &[3; 32], prints);
        assert_eq!(code([[4; 32], [5; 32]]), code([[5; 32], [4; 32]]));
        assert_ne!(code([[4; 32], [5; 32]]), code([[4; 32], [6; 32]]));
        assert_ne!(code([[4; 32], [5; 32]]), SafetyCode::new(call, &[2; 32], &[9; 32], [[4; 32], [5; 32]]));
    }

    #[test]
    fn a_code_is_four_groups_of_four_digits() {
        assert_eq!(SafetyCode(42).to_string(), "0000 0000 0000 0042");
    }
}
