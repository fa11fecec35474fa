//! Log-in by signed challenge (no password).

use bezel_protocol::WorkspaceId;
use bezel_protocol::cose::SigningFailed;
use bezel_protocol::login::{LoginStatement, Subject};
use bezel_protocol::wire::{Bytes, Challenge, ChallengeRequest, LoginRequest, Session, path};

use super::client::{Client, RelayError};

/// Whoever can answer a challenge.
pub(crate) trait LoginKeys: Send + Sync {
    /// Who logs in.
    fn subject(&self) -> Subject;
    /// Signs with the device's message key or the invite's key.
    fn sign(&self, statement: &[u8]) -> Result<Vec<u8>, SigningFailed>;
    /// Signs with the user's identity key, where it lives here.
    fn sign_identity(&self, statement: &[u8]) -> Option<Result<Vec<u8>, SigningFailed>>;
}

/// Asks for a challenge, looks whether it is ours to sign, and signs it.
pub(super) async fn log_in(client: &Client, workspace: WorkspaceId, keys: &dyn LoginKeys) -> Result<Session, RelayError> {
    let request = ChallengeRequest { workspace, subject: keys.subject() };
    let Challenge { statement, identity_required } = client.post_openly(path::CHALLENGE, &request).await?;
    if statement.workspace != workspace || statement.subject != keys.subject() {
        return Err(RelayError::Nonsense("a challenge for somebody else".into()));
    }
    let request = sign(&statement, identity_required, keys).map_err(|error| RelayError::Nonsense(error.to_string()))?;
    client.post_openly(path::LOGIN, &request).await
}

fn sign(statement: &LoginStatement, identity_required: bool, keys: &dyn LoginKeys) -> Result<LoginRequest, SigningFailed> {
    let message = statement.to_be_signed();
    let identity = if identity_required { keys.sign_identity(&message).transpose()? } else { None };
    Ok(LoginRequest { statement: *statement, signature: Bytes(keys.sign(&message)?), identity_signature: identity.map(Bytes) })
}
