//! Commits of this device that were built and are not over yet.

use bezel_crypto::SecretBytes;
use bezel_protocol::wire::CommitUpload;
use bezel_protocol::{ConversationId, Hash, cbor};
use sqlx::Row as _;

use super::Connection;
use super::row::signed;
use crate::error::{Result, damaged};

/// Keeps a commit that is about to be sent.
pub(crate) async fn put(
    db: &mut Connection,
    conversation: ConversationId,
    epoch: u64,
    upload: &CommitUpload,
    secrets: &SecretBytes,
) -> Result<()> {
    sqlx::query("INSERT INTO pending_commits (conversation, sha256, epoch, upload, secrets, is_refused) VALUES ($1, $2, $3, $4, $5, 0)")
        .bind(conversation.as_bytes().as_slice())
        .bind(Hash::of(upload.entry.as_ref()).as_bytes().as_slice())
        .bind(signed(epoch))
        .bind(cbor::encode(upload))
        .bind(secrets.expose())
        .execute(db)
        .await?;
    Ok(())
}

/// A commit of an epoch that was sent, maybe, and has no answer.
pub(crate) async fn unanswered(db: &mut Connection, conversation: ConversationId, epoch: u64) -> Result<Option<CommitUpload>> {
    let row = sqlx::query("SELECT upload FROM pending_commits WHERE conversation = $1 AND epoch = $2 AND is_refused = 0 LIMIT 1")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .fetch_optional(db)
        .await?;
    row.map(|row| cbor::decode(row.try_get("upload")?).map_err(|_| damaged("pending commit"))).transpose()
}

/// What is needed to apply a commit that the log holds, if this device made it.
pub(crate) async fn secrets(db: &mut Connection, conversation: ConversationId, entry: Hash) -> Result<Option<SecretBytes>> {
    let row = sqlx::query("SELECT secrets FROM pending_commits WHERE conversation = $1 AND sha256 = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(entry.as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    row.map(|row| Ok(SecretBytes::new(row.try_get("secrets")?))).transpose()
}

/// The relay refused a commit: another may follow.
pub(crate) async fn set_refused(db: &mut Connection, conversation: ConversationId, entry: Hash) -> Result<()> {
    sqlx::query("UPDATE pending_commits SET is_refused = 1 WHERE conversation = $1 AND sha256 = $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(entry.as_bytes().as_slice())
        .execute(db)
        .await?;
    Ok(())
}

/// The epochs before this one are over, and what was built in them with them.
pub(crate) async fn forget_before(db: &mut Connection, conversation: ConversationId, epoch: u64) -> Result<()> {
    sqlx::query("DELETE FROM pending_commits WHERE conversation = $1 AND epoch < $2")
        .bind(conversation.as_bytes().as_slice())
        .bind(signed(epoch))
        .execute(db)
        .await?;
    Ok(())
}
