//! Files in messages: announced, believed, withdrawn.

use bezel_crypto::envelope::Verified;
use bezel_crypto::file::{Blob, FileKey, Layout, open_manifest, seal_manifest};
use bezel_protocol::content::{Content, File, FileKeys, FileReceipt, FileRevocation, Manifest, SealedFileKey};
use bezel_protocol::roster::Roster;
use bezel_protocol::{FileId, Hash, MessageId, Role};

use super::transfer::Stop;
use super::upload::stopped;
use crate::cache::transfers::SourceName;
use crate::cache::{self, Connection, files};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::message::{enqueue, pump};

/// The blob is whole on the relay: its manifest is signed and its key goes into a message. Both in one transaction with the end of the
/// upload, so that a crash announces it once.
pub(super) async fn announce(member: &Member, file: FileId, ciphertext_sha256: Hash) -> Result<MessageId> {
    let mut tx = member.cache.begin().await?;
    let upload = cache::transfers::get_upload(&mut tx, file).await?.ok_or_else(|| stopped(Stop::Cancel))?;
    let manifest = Manifest { ciphertext_sha256, ..upload.manifest };
    let sealed = seal_manifest(&manifest, &upload.key, &member.device_keys, &mut member.rng())
        .map_err(|error| Error::new("seal", format!("{error}."), "Start again."))?;
    let keys = match &upload.access.named {
        None => FileKeys::Conversation(upload.key.to_message()),
        Some(named) => FileKeys::Named(seal_for(&member.roster(), &upload.key, named)?),
    };
    let replaces = if let SourceName::File(old) = upload.source { Some(old) } else { None };
    let content = Content::File(File { file, keys, manifest: sealed.into(), replaces });
    let message = enqueue(member, &mut tx, upload.conversation, &content, Some(&manifest.name)).await?;
    let row = row(&manifest, message, member.user(), member.now_ms(), Some(upload.key), upload.access.named);
    files::put(&mut tx, &row).await?;
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

fn seal_for(roster: &Roster, key: &FileKey, named: &[bezel_protocol::UserId]) -> Result<Vec<SealedFileKey>> {
    let people = named.iter().filter_map(|user| roster.user(*user));
    people
        .map(|user| {
            let sealed = key.seal_for(&user.identity).map_err(|error| Error::new("seal", format!("{error}."), "Start again."))?;
            Ok(SealedFileKey { user: user.id, identity: user.identity.fingerprint(), sealed: sealed.into() })
        })
        .collect()
}

fn row(
    manifest: &Manifest,
    message: MessageId,
    user: bezel_protocol::UserId,
    sent_at_ms: i64,
    key: Option<FileKey>,
    named: Option<Vec<bezel_protocol::UserId>>,
) -> files::File {
    files::File {
        id: manifest.file,
        conversation: manifest.conversation,
        message,
        user,
        device: manifest.device,
        sent_at_ms,
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
pub(crate) fn accept(member: &Member, roster: &Roster, verified: &Verified, file: &File) -> core::result::Result<files::File, String> {
    let header = verified.header();
    let (key, named) = match &file.keys {
        FileKeys::Conversation(key) => (FileKey::from_bytes(key.expose()), None),
        FileKeys::Named(sealed) => {
            let named = sealed.iter().map(|sealed| sealed.user).collect();
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
    let Some(key) = key else { return Ok(foreign(verified, file.file, named)) };
    let certificate = roster.device(header.device).and_then(|device| device.current()).ok_or("Its device is not in the roster.")?;
    let blob = Blob { file: file.file, conversation: header.conversation };
    let manifest = open_manifest(file.manifest.as_ref(), &key, blob, header.device, &certificate.certificate().message_key)
        .map_err(|error| format!("It announces a file wrongly: {error}."))?;
    let layout = Layout::of_size(manifest.size_bytes).map_err(|error| format!("{error}."))?;
    if layout.blob_bytes() != manifest.ciphertext_bytes {
        return Err("It announces a file whose sizes do not belong together.".into());
    }
    Ok(row(&manifest, header.message, verified.from(), header.sent_at_ms, Some(key), named))
}

/// What is known of a file that is for others: that there is one.
fn foreign(verified: &Verified, file: FileId, named: Option<Vec<bezel_protocol::UserId>>) -> files::File {
    let header = verified.header();
    files::File {
        id: file,
        conversation: header.conversation,
        message: header.message,
        user: verified.from(),
        device: header.device,
        sent_at_ms: header.sent_at_ms,
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

/// A file was withdrawn by somebody with this role.
pub(crate) async fn apply_revocation(db: &mut Connection, verified: &Verified, revocation: FileRevocation, role: Role) -> Result<()> {
    let header = verified.header();
    let is_admin = matches!(role, Role::Owner | Role::Admin);
    files::revoke(db, revocation.file, header.conversation, verified.from(), is_admin, header.sent_at_ms).await
}

/// Somebody's device looked at a file or saved it.
pub(crate) async fn believe_receipt(db: &mut Connection, verified: &Verified, receipt: &FileReceipt) -> Result<()> {
    let header = verified.header();
    files::put_receipt(db, receipt, header.conversation, verified.from(), header.device).await
}
