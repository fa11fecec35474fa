//! Log-in by signed challenge.

use serde::{Deserialize, Serialize};

use super::Bytes;
use crate::WorkspaceId;
use crate::login::{LoginChallenge, LoginStatement, SignedLogin, Subject};

/// Asks for a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChallengeRequest {
    /// In which workspace.
    pub workspace: WorkspaceId,
    /// Who wants to log in.
    pub subject: Subject,
}

/// What to sign; good for one log-in within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// What the relay asks for.
    pub challenge: LoginChallenge,
    /// Whether the user's identity key must sign as well: at the first log-in of a user's first device.
    pub identity_required: bool,
}

/// The signed challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The challenge as it came, with the device's number.
    pub statement: LoginStatement,
    /// By the device's message key, or the invite's key: Ed25519 over [`LoginStatement::to_be_signed`].
    pub signature: Bytes,
    /// By the identity key: PSS over the same bytes.
    pub identity_signature: Option<Bytes>,
}

/// A session. The token goes into `Authorization: Bearer …`, in hexadecimal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// 32 random bytes; the relay keeps their SHA-256 only.
    pub token: Bytes,
    /// When it ends, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// The device's log-in before this one, as it was signed. A device that does not know it has a copy.
    pub last_login: Option<SignedLogin>,
}

impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session").field("expires_at_ms", &self.expires_at_ms).finish_non_exhaustive()
    }
}
