//! Files in messages: announced, believed, withdrawn.

use bezel_crypto::file::{Blob, FileKey, Layout, open_manifest, seal_manifest};
use bezel_protocol::content::{Content, File, FileKeys, MAX_FILE_NAME_BYTES, MAX_THUMBNAIL_BYTES, Manifest, SealedFileKey};
use bezel_protocol::roster::Roster;
use bezel_protocol::{FileId, Hash, MessageId, UserId};

use super::transfer::Stop;
use super::upload::stopped;
use crate::cache::log::Row;
use crate::cache::transfers::SourceName;
use crate::cache::{self, files};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::log::{enqueue, pump};
use crate::member::Member;

/// The longest media type: two names of 127 characters (RFC 6838 §4.2) and what follows them.
const MAX_MEDIA_TYPE_BYTES: usize = 1024;

/// The blob is whole on the relay: its manifest is signed and its key goes into a message. Both in one transaction with the end of the
/// upload, so that a crash announces it once.
pub(super) async fn announce(member: &Member, file: FileId, ciphertext_sha256: Hash) -> Result<MessageId> {
    let mut tx = member.cache.begin().await?;
    let upload = cache::transfers::get_upload(&mut tx, file).await?.ok_or_else(|| stopped(Stop::Cancel))?;
    let manifest = Manifest { ciphertext_sha256, ..upload.manifest };
    let sealed = seal_manifest(&manifest, &upload.key, &member.device_keys(), &mut member.rng())
        .map_err(|error| Error::new("seal", format!("{error}."), "Start again."))?;
    let keys = match &upload.access.named {
        None => FileKeys::Conversation(upload.key.to_message()),
        Some(named) => FileKeys::Named(seal_for(&member.roster(), &upload.key, named, member.user())?),
    };
    let replaces = if let SourceName::File(old) = upload.source { Some(old) } else { None };
    let content = Content::File(File { file, keys, manifest: sealed.into(), replaces });
    let message = enqueue(member, &mut tx, upload.conversation, &content).await?.message;
    cache::transfers::delete_upload(&mut tx, file).await?;
    tx.commit().await?;
    member.transfers.unstage(file);
    member.changed([Change::Messages(upload.conversation), Change::Conversations, Change::Files, Change::Transfers]);
    deliver(member).await?;
    Ok(message)
}

/// Sends what waits, now or by the loop that does so; offline it waits.
pub(super) async fn deliver(member: &Member) -> Result<()> {
    if member.is_followed() {
        member.wake();
        return Ok(());
    }
    let _work = member.work.lock().await;
    match pump(member).await {
        Err(error) if !error.is_offline() => Err(error),
        Err(_) | Ok(()) => Ok(()),
    }
}

/// The key for each of the people who are named, and for the sender: what is in the log is enough to read one's own file again.
fn seal_for(roster: &Roster, key: &FileKey, named: &[UserId], sender: UserId) -> Result<Vec<SealedFileKey>> {
    let others = named.iter().copied().filter(|user| *user != sender);
    let people = std::iter::once(sender).chain(others).filter_map(|user| roster.user(user));
    people
        .map(|user| {
            let sealed = key.seal_for(&user.identity).map_err(|error| Error::new("seal", format!("{error}."), "Start again."))?;
            Ok(SealedFileKey { user: user.id, identity: user.identity.fingerprint(), sealed: sealed.into() })
        })
        .collect()
}

fn file_of(manifest: &Manifest, row: &Row, key: Option<FileKey>, named: Option<Vec<UserId>>) -> files::File {
    files::File {
        id: manifest.file,
        conversation: manifest.conversation,
        message: row.message,
        user: row.user,
        device: manifest.device,
        sent_at_ms: row.sent_at_ms,
        key,
        name: manifest.name.clone(),
        media_type: manifest.media_type.clone(),
        size_bytes: manifest.size_bytes,
        ciphertext_bytes: manifest.ciphertext_bytes,
        ciphertext_sha256: manifest.ciphertext_sha256,
        picture: manifest.picture.clone(),
        view_only: manifest.view_only,
        expires_at_ms: manifest.expires_at_ms,
        named,
        revoked_at_ms: None,
    }
}

/// Judges an announced file. What can't be believed is answered with the reason.
pub(crate) fn accept(member: &Member, roster: &Roster, row: &Row, file: &File) -> core::result::Result<files::File, String> {
    let (key, named) = match &file.keys {
        FileKeys::Conversation(key) => (FileKey::from_bytes(key.expose()), None),
        FileKeys::Named(sealed) => {
            let named = sealed.iter().map(|sealed| sealed.user).filter(|user| *user != row.user).collect();
            let mine = sealed.iter().find(|sealed| sealed.user == member.user());
            let key = match mine {
                None => None,
                Some(mine) => Some(
                    member
                        .identity()
                        .ok()
                        .and_then(|identity| FileKey::open_with(&identity, mine.sealed.as_ref()).ok())
                        .ok_or("The file's key is sealed for an identity key that is not on this device.")?,
                ),
            };
            (key, Some(named))
        }
    };
    let Some(key) = key else { return Ok(foreign(row, file.file, named)) };
    let certificate = roster.device(row.device).and_then(|device| device.current()).ok_or("Its device is not in the roster.")?;
    let blob = Blob { file: file.file, conversation: row.conversation };
    let manifest = open_manifest(file.manifest.as_ref(), &key, blob, row.device, &certificate.certificate().message_key)
        .map_err(|error| format!("It announces a file wrongly: {error}."))?;
    let layout = Layout::of_size(manifest.size_bytes).map_err(|error| format!("{error}."))?;
    if layout.blob_bytes() != manifest.ciphertext_bytes {
        return Err("It announces a file whose sizes do not belong together.".into());
    }
    if !is_within_bounds(&manifest) {
        return Err("It announces a file with more words or a larger picture than a file may have.".into());
    }
    Ok(file_of(&manifest, row, Some(key), named))
}

/// The bounds that an honest sender keeps.
fn is_within_bounds(manifest: &Manifest) -> bool {
    let thumbnail = manifest.picture.as_ref().and_then(|picture| picture.thumbnail.as_ref());
    manifest.name.len() <= MAX_FILE_NAME_BYTES
        && manifest.media_type.len() <= MAX_MEDIA_TYPE_BYTES
        && thumbnail.is_none_or(|thumbnail| {
            thumbnail.data.0.len() <= MAX_THUMBNAIL_BYTES && matches!(thumbnail.media_type.as_str(), "image/jpeg" | "image/png")
        })
}

/// What is known of a file that is for others: that there is one.
fn foreign(row: &Row, file: FileId, named: Option<Vec<UserId>>) -> files::File {
    files::File {
        id: file,
        conversation: row.conversation,
        message: row.message,
        user: row.user,
        device: row.device,
        sent_at_ms: row.sent_at_ms,
        key: None,
        name: String::new(),
        media_type: String::new(),
        size_bytes: 0,
        ciphertext_bytes: 0,
        ciphertext_sha256: Hash::ZERO,
        picture: None,
        view_only: true,
        expires_at_ms: None,
        named,
        revoked_at_ms: None,
    }
}
