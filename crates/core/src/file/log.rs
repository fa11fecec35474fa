//! Who did what with a file, and who says so.

use bezel_protocol::content::FileAction;
use bezel_protocol::wire::FileLogAction;
use bezel_protocol::{FileId, UserId};
use serde::Serialize;
use ts_rs::TS;

use super::access::known;
use crate::cache::files;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::member::Member;

/// The log of a file.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FileLogView {
    /// The newest first.
    pub lines: Vec<FileLogLine>,
    /// Why the relay's part of it is missing, if it is.
    pub problem: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Clone, Serialize, TS)]
pub struct FileLogLine {
    /// When.
    pub at: Timestamp,
    /// Handle of who did it.
    pub who: String,
    /// What: `upload`, `download`, `preview`, `refusal`, `grant`, `revocation`.
    pub action: String,
    /// How many bytes of the blob went over, where the relay says it.
    #[ts(type = "number | null")]
    pub bytes: Option<u64>,
    /// Why, of a refusal.
    pub reason: Option<String>,
    /// Who says so.
    pub proof: FileProof,
}

/// Who says that something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FileProof {
    /// The device that did it, signed.
    Signed,
    /// The relay.
    Relay,
}

/// The log of a file: the signed receipts of its readers, and what the relay has seen.
///
/// # Errors
/// When the file is not known here. Where the relay can't be reached or does not tell this member, the receipts are answered alone,
/// with the reason.
pub async fn log(member: &Member, id: FileId) -> Result<FileLogView> {
    let file = known(member, id).await?;
    let roster = member.roster();
    let handle = |user: UserId| roster.user(user).map_or_else(|| "?".into(), |user| user.handle.to_string());
    let receipts = files::receipts(&mut *member.cache.read().await?, file.id).await?;
    let mut lines: Vec<FileLogLine> = receipts
        .iter()
        .map(|receipt| FileLogLine {
            at: Timestamp::from_ms(receipt.at_ms),
            who: handle(receipt.user),
            action: match receipt.action {
                FileAction::Preview => "preview".into(),
                FileAction::Download => "download".into(),
            },
            bytes: None,
            reason: None,
            proof: FileProof::Signed,
        })
        .collect();
    let problem = match member.client.file_log(id).await {
        Ok(log) => {
            lines.extend(log.entries.into_iter().map(|entry| FileLogLine {
                at: Timestamp::from_ms(entry.at_ms),
                who: handle(entry.user),
                action: action(entry.action).into(),
                bytes: Some(entry.bytes),
                reason: entry.reason,
                proof: FileProof::Relay,
            }));
            None
        }
        Err(error) => Some(Error::from(error).message),
    };
    lines.sort_by(|one, other| other.at.cmp(&one.at));
    Ok(FileLogView { lines, problem })
}

const fn action(action: FileLogAction) -> &'static str {
    match action {
        FileLogAction::Upload => "upload",
        FileLogAction::Download => "download",
        FileLogAction::Preview => "preview",
        FileLogAction::Refusal => "refusal",
        FileLogAction::Grant => "grant",
        FileLogAction::Revocation => "revocation",
    }
}
