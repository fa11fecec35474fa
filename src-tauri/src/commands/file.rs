//! Files and their transfers.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bezel_core::file::{
    self, Attachment, FileFilter, FileKind, FileLogView, FilePage, FileView, MAX_STAGED_BYTES, SaveTo, Share, Staged, TransferView,
};
use bezel_core::{Error, Member, Result};
use bezel_protocol::UserId;
use serde::{Deserialize, Serialize};
use tauri_plugin_dialog::{DialogExt as _, FilePath};
use ts_rs::TS;

use super::{id, typed};
use crate::shell::Shell;

/// A file on this machine that the person chose.
#[derive(Serialize, TS)]
pub(crate) struct ChosenFile {
    path: String,
    attachment: Attachment,
}

/// Bytes that were pasted, Base64.
#[derive(Deserialize, TS)]
pub(crate) struct StageRequest {
    name: String,
    content: String,
}

/// A file to send: one that was chosen (`path`), or one that was staged (`staged` and its name).
#[derive(Deserialize, TS)]
pub(crate) struct SendFileRequest {
    conversation: String,
    path: Option<String>,
    staged: Option<String>,
    name: String,
    /// Handles of those who get it; none for everyone in the conversation.
    named: Option<Vec<String>>,
    view_only: bool,
    /// RFC 3339.
    expires_at: Option<String>,
}

/// A window on the files.
#[derive(Deserialize, TS)]
pub(crate) struct FileListRequest {
    filter: FileFilter,
    skip: u32,
    limit: u32,
}

/// A file to withdraw: from everyone, or from those with these handles.
#[derive(Deserialize, TS)]
pub(crate) struct RevokeFileRequest {
    file: String,
    from: Vec<String>,
}

/// A file to save: into the folder of downloads, or where a dialog says.
#[derive(Deserialize, TS)]
pub(crate) struct SaveFileRequest {
    file: String,
    ask: bool,
}

/// A file as it is shown, until it is closed.
#[derive(Serialize, TS)]
pub(crate) struct PreviewView {
    /// Where the web view fetches it; for nothing that can't be shown.
    url: Option<String>,
    kind: FileKind,
    media_type: String,
    /// Whether the picture was made smaller, because it is too large to be shown whole.
    scaled: bool,
}

/// A picture with more pixels than this is made smaller before it is shown.
const MAX_SHOWN_PIXELS: u64 = 40_000_000;
/// The long edge of such a picture.
const SCALED_EDGE: u32 = 6000;

pub(super) async fn file_choose(shell: &Shell) -> Result<Vec<ChosenFile>> {
    let (tell, told) = tokio::sync::oneshot::channel();
    shell.app.dialog().file().pick_files(move |paths| drop(tell.send(paths)));
    let paths = told.await.ok().flatten().unwrap_or_default();
    let paths: Vec<_> = paths.into_iter().filter_map(|path| path.into_path().ok()).collect();
    shell.chosen.allow(paths.clone());
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        files.push(ChosenFile { path: path.to_string_lossy().into_owned(), attachment: file::attachment(path).await? });
    }
    Ok(files)
}

pub(super) async fn file_attachment(shell: &Shell, path: String) -> Result<Attachment> {
    file::attachment(shell.chosen.check(&path)?).await
}

pub(super) async fn file_stage(shell: &Shell, request: StageRequest) -> Result<Staged> {
    if request.content.len() > MAX_STAGED_BYTES / 3 * 4 + 4 {
        return Err(Error::new("too_large_to_paste", "This is too large to be pasted.", "Save it as a file and attach that."));
    }
    let bytes =
        STANDARD.decode(request.content).map_err(|_| Error::new("bad_content", "The content did not arrive whole.", "Try again."))?;
    file::stage(&*shell.member()?, &request.name, bytes).await
}

pub(super) async fn file_discard(shell: &Shell, staged: String) -> Result<()> {
    file::discard(&*shell.member()?, id(&staged)?);
    Ok(())
}

pub(super) async fn file_send(shell: &Shell, request: SendFileRequest) -> Result<String> {
    let member = shell.member()?;
    let conversation = id(&request.conversation)?;
    let named = request.named.map(|handles| people(&member, &handles)).transpose()?;
    let expires_at_ms = request.expires_at.as_deref().map(|text| typed::<jiff::Timestamp>("bad_time", text)).transpose()?;
    let share = Share { named, view_only: request.view_only, expires_at_ms: expires_at_ms.map(jiff::Timestamp::as_millisecond) };
    let file = match (request.path, request.staged) {
        (Some(path), _) => file::queue_send(&member, conversation, shell.chosen.check(&path)?, &share).await?,
        (None, Some(staged)) => file::queue_staged(&member, conversation, id(&staged)?, &request.name, &share).await?,
        (None, None) => return Err(Error::new("no_file", "There is nothing to send.", "Attach a file first.")),
    };
    Ok(file.to_string())
}

pub(super) async fn file_list(shell: &Shell, request: FileListRequest) -> Result<FilePage> {
    file::list(&*shell.member()?, &request.filter, request.skip, request.limit).await
}

pub(super) async fn file_show(shell: &Shell, file: String) -> Result<FileView> {
    file::show(&*shell.member()?, id(&file)?).await
}

pub(super) async fn file_log(shell: &Shell, file: String) -> Result<FileLogView> {
    file::log(&*shell.member()?, id(&file)?).await
}

pub(super) async fn file_revoke(shell: &Shell, request: RevokeFileRequest) -> Result<()> {
    let (member, file) = (shell.member()?, id(&request.file)?);
    if request.from.is_empty() {
        return file::revoke(&member, file).await;
    }
    file::revoke_for(&member, file, &people(&member, &request.from)?).await.map(drop)
}

/// Answers where it is saved to; nothing where the dialog was left.
pub(super) async fn file_save(shell: &Shell, request: SaveFileRequest) -> Result<Option<String>> {
    let (member, file) = (shell.member()?, id(&request.file)?);
    let to = if request.ask {
        let name = file::safe_name(&file::show(&member, file).await?.name);
        match ask_where(shell, name).await {
            // The dialog has asked whether what stands there may be replaced.
            Some(path) => SaveTo { path, replace: true },
            None => return Ok(None),
        }
    } else {
        SaveTo { path: shell.downloads()?, replace: false }
    };
    file::queue_save(&member, file, &to).await?;
    let transfers = file::transfers(&member).await?;
    Ok(transfers.into_iter().find(|transfer| transfer.file == request.file).and_then(|transfer| transfer.path))
}

async fn ask_where(shell: &Shell, name: String) -> Option<std::path::PathBuf> {
    let (tell, told) = tokio::sync::oneshot::channel();
    shell.app.dialog().file().set_file_name(name).save_file(move |path: Option<FilePath>| drop(tell.send(path)));
    told.await.ok().flatten().and_then(|path| path.into_path().ok())
}

pub(super) async fn file_open(shell: &Shell, file: String) -> Result<()> {
    let path = file::open_copy(&*shell.member()?, id(&file)?).await?;
    open::that_detached(path)
        .map_err(|error| Error::new("no_program", format!("No program opens this file ({error})."), "Save it and open it yourself."))
}

pub(super) async fn file_preview(shell: &Shell, file: String) -> Result<PreviewView> {
    let member = shell.member()?;
    let reader = Arc::new(file::read(&member, id(&file)?).await?);
    let (media_type, kind) = (reader.media_type().to_owned(), FileKind::of(reader.media_type()));
    let pixels = reader.dimensions().map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    let scaled = kind == FileKind::Image && pixels > MAX_SHOWN_PIXELS;
    let url = if scaled {
        let picture = file::render(member, reader, SCALED_EDGE).await?;
        Some(shell.previews.show_picture(picture.media_type, picture.data).await?)
    } else if kind == FileKind::Other || media_type.contains("svg") {
        None
    } else {
        Some(shell.previews.show_file(member, reader).await?)
    };
    Ok(PreviewView { url, kind, media_type, scaled })
}

pub(super) async fn file_preview_close(shell: &Shell, url: String) -> Result<()> {
    shell.previews.close(&url);
    Ok(())
}

pub(super) async fn transfer_list(shell: &Shell) -> Result<Vec<TransferView>> {
    file::transfers(&*shell.member()?).await
}

pub(super) async fn transfer_pause(shell: &Shell, file: String) -> Result<()> {
    file::pause(&*shell.member()?, id(&file)?).await
}

pub(super) async fn transfer_resume(shell: &Shell, file: String) -> Result<()> {
    file::resume(&*shell.member()?, id(&file)?).await
}

pub(super) async fn transfer_cancel(shell: &Shell, file: String) -> Result<()> {
    file::cancel(&*shell.member()?, id(&file)?).await
}

fn people(member: &Member, handles: &[String]) -> Result<Vec<UserId>> {
    let find = |handle: &String| {
        let user = member.find_user(&typed("bad_handle", handle)?);
        user.map(|user| user.id)
            .ok_or_else(|| Error::new("no_such_person", format!("Nobody here is called {handle}."), "Look at the list of people."))
    };
    handles.iter().map(find).collect()
}
