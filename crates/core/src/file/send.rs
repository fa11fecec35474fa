//! Sends files: noted first, then encrypted and uploaded part by part, then announced.

use std::path::PathBuf;
use std::sync::Arc;

use bezel_crypto::SystemRng;
use bezel_crypto::file::{Blob, BlobHasher, FileCipher, FileKey, Layout};
use bezel_protocol::content::Manifest;
use bezel_protocol::wire::{FileAccess, MAX_NAMED_USERS};
use bezel_protocol::{ConversationId, FileId, Hash, UserId};
use serde::Serialize;
use ts_rs::TS;

use super::source::{self, Described, blocking};
use super::{transfer, upload};
use crate::cache;
use crate::cache::conversations::role_of;
use crate::cache::transfers::{SourceName, Standing, Upload};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::log::may_post;
use crate::member::Member;
use crate::vault;

/// How a file is shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// Only with these, who must be members of the conversation; none for everyone in it.
    pub named: Option<Vec<UserId>>,
    /// To be looked at in Bezel and not to be saved. It keeps honest people honest: who sees a thing can copy it.
    pub view_only: bool,
    /// Until when, milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
}

/// A file that was sent.
#[derive(Debug, Clone, Serialize, TS)]
pub struct SentFile {
    /// The file.
    pub file: String,
    /// The message that announces it.
    pub message: String,
    /// Whether it goes on from an earlier attempt.
    pub resumed: bool,
}

/// Sends a file from this machine, and waits until it is announced. What an earlier attempt sent of the same file is not sent again.
///
/// # Errors
/// When the file can't be read, this member may not send there, or the relay refuses or can't be reached; then the same call goes on
/// from where it stopped.
pub async fn send(member: &Member, conversation: ConversationId, path: PathBuf, share: &Share) -> Result<SentFile> {
    let (file, resumed) = match earlier(member, conversation, &path, share).await? {
        Some(file) => (file, true),
        None => (queue_send(member, conversation, path, share).await?, false),
    };
    let message = upload::run(member, file).await?;
    Ok(SentFile { file: message.0.to_string(), message: message.1.to_string(), resumed })
}

/// Notes a file to be sent by [`super::work()`].
///
/// # Errors
/// When the file can't be read, this member may not send there, or the sharing makes no sense.
pub async fn queue_send(member: &Member, conversation: ConversationId, path: PathBuf, share: &Share) -> Result<FileId> {
    let access = access(member, conversation, share).await?;
    let file = new_id(member, conversation)?;
    let (described, source) = blocking(move || {
        // What the disk can name by an absolute path is found again after a restart from another folder.
        let path = std::path::absolute(&path)?;
        let described = source::describe_path(&path)?;
        let (_, _, modified_ns) = source::open_path(&path)?;
        if path.to_str().is_none() {
            return Err(Error::new("unreadable_name", "The path of this file is no text.", "Move it to a folder with a plain name."));
        }
        Ok((described, SourceName::Path(path, modified_ns)))
    })
    .await?;
    note(member, conversation, file, described, source, access).await
}

/// The same of bytes that [`super::stage`] keeps in memory.
///
/// # Errors
/// As [`queue_send`]; when nothing is staged under this id.
pub async fn queue_staged(member: &Member, conversation: ConversationId, staged: FileId, name: &str, share: &Share) -> Result<FileId> {
    let access = access(member, conversation, share).await?;
    let bytes = member
        .transfers
        .staged(staged)
        .ok_or_else(|| Error::new("no_longer_in_memory", "What was pasted is no longer in memory.", "Paste it again."))?;
    let (name, content) = (name.to_owned(), Arc::clone(&bytes));
    let described = blocking(move || source::describe_staged(&content, &name)).await?;
    let file = new_id(member, conversation)?;
    member.transfers.rename_staged(staged, file);
    let noted = note(member, conversation, file, described, SourceName::Memory, access).await;
    if noted.is_err() {
        member.transfers.rename_staged(file, staged);
    }
    noted
}

/// The same of a file that is on the relay already, under a new key.
pub(super) async fn queue_again(member: &Member, old: &cache::files::File, access: FileAccess) -> Result<FileId> {
    let described =
        Described { name: old.name.clone(), media_type: old.media_type.clone(), size_bytes: old.size_bytes, picture: old.picture.clone() };
    note(member, old.conversation, new_id(member, old.conversation)?, described, SourceName::File(old.id), access).await
}

fn new_id(member: &Member, conversation: ConversationId) -> Result<FileId> {
    Ok(FileId::of(conversation, member.device(), vault::id_bytes(&mut member.rng())?))
}

async fn note(
    member: &Member,
    conversation: ConversationId,
    file: FileId,
    described: Described,
    source: SourceName,
    access: FileAccess,
) -> Result<FileId> {
    let upload = new_upload(member, conversation, file, described, source, access)?;
    let mut tx = member.cache.begin().await?;
    cache::transfers::put_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    member.changed([Change::Transfers]);
    member.transfers.woken.notify_one();
    Ok(file)
}

fn new_upload(
    member: &Member,
    conversation: ConversationId,
    file: FileId,
    described: Described,
    source: SourceName,
    access: FileAccess,
) -> Result<Upload> {
    let layout = Layout::of_size(described.size_bytes).map_err(|error| Error::new("too_large", format!("{error}."), "Split the file."))?;
    let key =
        FileKey::random(&mut SystemRng).map_err(|_| Error::new("no_randomness", "There is no randomness.", "Restart the computer."))?;
    let cipher = FileCipher::new(&key, Blob { file, conversation }, &mut SystemRng)?;
    Ok(Upload {
        file,
        conversation,
        source,
        header: cipher.header().to_vec(),
        key,
        manifest: Manifest {
            file,
            conversation,
            device: member.device(),
            name: described.name,
            media_type: described.media_type,
            size_bytes: described.size_bytes,
            ciphertext_bytes: layout.blob_bytes(),
            ciphertext_sha256: Hash::ZERO,
            picture: described.picture,
            view_only: access.view_only,
            expires_at_ms: access.expires_at_ms,
        },
        access,
        sent_bytes: 0,
        hasher: BlobHasher::default(),
        pending: None,
        standing: Standing::Waiting,
        problem: None,
        created_at_ms: member.now_ms(),
    })
}

/// The content changed on the way, or another device began it which this home was before: the file is sent anew, under another id and another
/// key, so that no key ever seals two contents.
pub(super) async fn start_over(member: &Member, old: Upload) -> Result<FileId> {
    let (described, source) = match old.source {
        SourceName::Path(path, _) => {
            blocking(move || {
                let (_, _, modified_ns) = source::open_path(&path)?;
                Ok((source::describe_path(&path)?, SourceName::Path(path, modified_ns)))
            })
            .await?
        }
        source @ SourceName::File(_) => {
            let Manifest { name, media_type, size_bytes, picture, .. } = old.manifest;
            (Described { name, media_type, size_bytes, picture }, source)
        }
        SourceName::Memory => return Err(source::changed()),
    };
    let file = new_id(member, old.conversation)?;
    let upload = new_upload(member, old.conversation, file, described, source, old.access)?;
    let mut tx = member.cache.begin().await?;
    cache::transfers::delete_upload(&mut tx, old.file).await?;
    cache::transfers::put_upload(&mut tx, &upload).await?;
    tx.commit().await?;
    member.changed([Change::Transfers]);
    // What the relay has of the first attempt is of no use any more; it would forget it by itself.
    let _ = member.client.delete_file(old.file).await;
    Ok(file)
}

/// An upload of the same file to the same place that was interrupted.
async fn earlier(member: &Member, conversation: ConversationId, path: &std::path::Path, share: &Share) -> Result<Option<FileId>> {
    let path = std::path::absolute(path)?;
    let uploads = cache::transfers::uploads(&mut *member.cache.read().await?).await?;
    let same = |upload: &&Upload| {
        upload.conversation == conversation
            && matches!(&upload.source, SourceName::Path(of, _) if *of == path)
            && upload.access.view_only == share.view_only
            && upload.access.named == share.named
            && !member.transfers.is_running(upload.file)
    };
    let Some(upload) = uploads.iter().find(same) else { return Ok(None) };
    transfer::resume(member, upload.file).await?;
    Ok(Some(upload.file))
}

async fn access(member: &Member, conversation: ConversationId, share: &Share) -> Result<FileAccess> {
    may_post(member, conversation).await?;
    let members = cache::conversations::members(&mut *member.cache.read().await?, conversation).await?;
    if let Some(named) = &share.named {
        if named.is_empty() || named.len() > MAX_NAMED_USERS {
            return Err(Error::new("bad_recipients", "Nobody, or too many, would get this file.", "Name between 1 and 1000 people."));
        }
        if let Some(stranger) = named.iter().find(|user| role_of(&members, **user).is_none()) {
            let handle = member.roster().user(*stranger).map_or_else(|| stranger.to_string(), |user| user.handle.to_string());
            return Err(Error::new(
                "not_a_member",
                format!("{handle} is not in this conversation."),
                "Add them to it first, or leave them out.",
            ));
        }
    }
    if share.expires_at_ms.is_some_and(|at_ms| at_ms <= member.now_ms()) {
        return Err(Error::new("expired", "This file would end before it is sent.", "Choose a time in the future."));
    }
    Ok(FileAccess { named: share.named.clone(), view_only: share.view_only, expires_at_ms: share.expires_at_ms })
}
