//! Log-in by signed challenge (no password).

use bezel_protocol::cose::SigningFailed;
use bezel_protocol::key::Ed25519PublicKey;
use bezel_protocol::login::{LoginChallenge, LoginStatement, SignedLogin, Subject};
use bezel_protocol::wire::{Bytes, Challenge, ChallengeRequest, LoginRequest, Session, code, path};
use bezel_protocol::{WorkspaceId, cbor};
use futures_util::future::BoxFuture;

use super::client::{Client, RelayError};
use crate::error::{Error, Result};

/// Whoever can answer a challenge.
pub(crate) trait LoginKeys: Send + Sync {
    /// Who logs in.
    fn subject(&self) -> Subject;
    /// The key of the one relay for which anything is signed.
    fn relay_key(&self) -> &Ed25519PublicKey;
    /// Milliseconds since the epoch, by this computer's clock.
    fn now_ms(&self) -> i64;
    /// Whether anything may be signed at all, and a session used.
    fn allowed(&self) -> Result<()>;
    /// The statement to sign, by a number that was never used before and never will be again; it is on the disk when this returns.
    fn number(&self, challenge: LoginChallenge) -> BoxFuture<'_, Result<LoginStatement>>;
    /// Signs with the device's message key or the invite's key.
    fn sign(&self, statement: &[u8]) -> core::result::Result<Vec<u8>, SigningFailed>;
    /// Signs with the user's identity key, where it lives here.
    fn sign_identity(&self, statement: &[u8]) -> Option<core::result::Result<Vec<u8>, SigningFailed>>;
    /// Looks whether the last log-in that the relay took was one of ours.
    ///
    /// # Errors
    /// `home_copied`, when it was signed by our key and not by us.
    fn judge<'a>(&'a self, last: &'a SignedLogin) -> BoxFuture<'a, Result<()>>;
    /// Another relay answered: a person must see it.
    fn other_relay(&self) -> BoxFuture<'_, Result<()>>;
}

/// A log-in that is refused while the clocks are further apart than this is refused for that.
const SKEW_MS: i64 = 10 * 60 * 1000;

/// Asks for a challenge, looks whether it is ours to sign, and signs it.
pub(super) async fn log_in(client: &Client, workspace: WorkspaceId, keys: &dyn LoginKeys) -> core::result::Result<Session, RelayError> {
    let request = ChallengeRequest { workspace, subject: keys.subject() };
    let Challenge { challenge, identity_required } = client.post_openly(path::CHALLENGE, &request).await?;
    if challenge.relay != *keys.relay_key() {
        keys.other_relay().await?;
        return Err(relay_changed().into());
    }
    if challenge.workspace != workspace || challenge.subject != keys.subject() {
        return Err(RelayError::Nonsense("a challenge for somebody else".into()));
    }
    let statement = keys.number(challenge).await?;
    let request = sign(&statement, identity_required, keys).map_err(|error| RelayError::Nonsense(error.to_string()))?;
    match client.post_openly::<Session>(path::LOGIN, &request).await {
        Ok(session) => {
            if let Some(last) = &session.last_login {
                keys.judge(last).await?;
            }
            Ok(session)
        }
        Err(RelayError::Refused(refusal)) if refusal.code == code::LOGIN_NUMBER => {
            let last = refusal.proof.as_ref().and_then(|proof| cbor::decode::<SignedLogin>(&proof.0).ok());
            if let Some(last) = last {
                keys.judge(&last).await?;
            }
            Err(RelayError::Nonsense("it refuses a log-in by a number that was never used".into()))
        }
        Err(error) if error.is(code::UNAUTHENTICATED) => Err(wrong_clock(challenge.issued_at_ms, keys).map_or(error, Into::into)),
        Err(error) => Err(error),
    }
}

fn sign(statement: &LoginStatement, identity_required: bool, keys: &dyn LoginKeys) -> core::result::Result<LoginRequest, SigningFailed> {
    let message = statement.to_be_signed();
    let identity = if identity_required { keys.sign_identity(&message).transpose()? } else { None };
    Ok(LoginRequest { statement: *statement, signature: Bytes(keys.sign(&message)?), identity_signature: identity.map(Bytes) })
}

/// Certificates and invitations are judged by the relay's clock: where a device is refused and the clocks differ, that is what to mend first.
fn wrong_clock(issued_at_ms: i64, keys: &dyn LoginKeys) -> Option<Error> {
    let ahead_ms = keys.now_ms().saturating_sub(issued_at_ms);
    if matches!(keys.subject(), Subject::Invite(_)) || ahead_ms.saturating_abs() <= SKEW_MS {
        return None;
    }
    let (minutes, way) = (ahead_ms.saturating_abs() / 60_000, if ahead_ms > 0 { "ahead of" } else { "behind" });
    Some(Error::refused(
        "clock",
        format!("The relay did not let this device in, and this computer's clock is {minutes} minutes {way} the relay's."),
        "Set the clock and try again; if it is right, ask whoever runs the relay to set the relay's.",
    ))
}

/// Another relay answers where the one that is known was.
pub(crate) fn relay_changed() -> Error {
    Error::unverifiable(
        "relay_changed",
        "Another relay answers at the address: its key is not the one that this device knows. Nothing was signed for it.",
        "Speak with whoever runs the relay: either its key was lost and must come back from a backup, or somebody stands in its place.",
    )
}
