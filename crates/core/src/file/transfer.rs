//! What is on its way: shown, paused, resumed, cancelled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::FileId;
use serde::Serialize;
use tokio::sync::{Notify, Semaphore, watch};
use ts_rs::TS;

use super::meter::Meter;
use super::save::forget_partial;
use crate::cache::transfers::{Download, Standing, Upload};
use crate::cache::{self};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// A file on its way.
#[derive(Debug, Clone, Serialize, TS)]
pub struct TransferView {
    /// The file.
    pub file: String,
    /// Which way.
    pub direction: Direction,
    /// The conversation.
    pub conversation: String,
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Where it is saved to, of a download.
    pub path: Option<String>,
    /// How many bytes went over.
    #[ts(type = "number")]
    pub done_bytes: u64,
    /// How many there are.
    #[ts(type = "number")]
    pub total_bytes: u64,
    /// Bytes a second, of the last seconds.
    #[ts(type = "number")]
    pub bytes_per_second: u64,
    /// Seconds until it is done, at this rate.
    #[ts(type = "number | null")]
    pub seconds_left: Option<u64>,
    /// Where it stands.
    pub state: TransferState,
    /// What keeps it from going on.
    pub problem: Option<String>,
}

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// To the relay.
    Upload,
    /// To this machine's disk.
    Download,
}

/// Where a transfer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// It will go by itself.
    Waiting,
    /// It goes.
    Running,
    /// A person stopped it.
    Paused,
    /// It needs a person: retry or cancel it.
    Failed,
}

/// Why a running transfer is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Pause,
    Cancel,
}

/// What moves in this process.
pub(crate) struct Transfers {
    running: Mutex<HashMap<FileId, Arc<Running>>>,
    staged: Mutex<HashMap<FileId, Arc<Vec<u8>>>>,
    /// Parts in hand, of all transfers together. Permits are given in the order of asking, so each transfer gets its share.
    pub(super) parts: Semaphore,
    pub(super) woken: Notify,
}

/// A transfer that moves.
#[derive(Debug)]
pub(super) struct Running {
    stop: watch::Sender<Option<Stop>>,
    meter: Mutex<Meter>,
    shown_at_ms: Mutex<i64>,
}

/// While it lives, the transfer is shown as running.
pub(super) struct Guard<'a> {
    member: &'a Member,
    file: FileId,
    running: Arc<Running>,
}

/// So many parts are in hand at once: with 8 MiB each (plain and sealed) the memory stays bounded.
const PARTS_AT_ONCE: usize = 3;
/// Progress is told this often.
const SHOW_EVERY_MS: i64 = 200;

impl Default for Transfers {
    fn default() -> Self {
        Self { running: Mutex::default(), staged: Mutex::default(), parts: Semaphore::new(PARTS_AT_ONCE), woken: Notify::new() }
    }
}

impl Transfers {
    pub(super) fn stage(&self, id: FileId, bytes: Arc<Vec<u8>>) {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).insert(id, bytes);
    }

    /// What was staged is sent as a file of this id.
    pub(super) fn rename_staged(&self, staged: FileId, file: FileId) {
        let mut all = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = all.remove(&staged) {
            all.insert(file, bytes);
        }
    }

    pub(super) fn unstage(&self, id: FileId) {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    pub(super) fn staged(&self, id: FileId) -> Option<Arc<Vec<u8>>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    pub(super) fn is_running(&self, file: FileId) -> bool {
        self.running(file).is_some()
    }

    fn running(&self, file: FileId) -> Option<Arc<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&file).cloned()
    }

    fn stop(&self, file: FileId, stop: Stop) -> bool {
        self.running(file).is_some_and(|running| running.stop.send(Some(stop)).is_ok())
    }
}

/// Begins to move a transfer.
///
/// # Errors
/// When it moves already.
pub(super) fn begin(member: &Member, file: FileId) -> Result<Guard<'_>> {
    let running = Arc::new(Running { stop: watch::channel(None).0, meter: Mutex::default(), shown_at_ms: Mutex::new(i64::MIN) });
    let mut all = member.transfers.running.lock().unwrap_or_else(PoisonError::into_inner);
    if all.contains_key(&file) {
        return Err(Error::new("already_running", "This file is on its way already.", "Wait for it, or cancel it."));
    }
    all.insert(file, Arc::clone(&running));
    Ok(Guard { member, file, running })
}

impl Guard<'_> {
    /// So many bytes are done.
    pub(super) fn record(&self, done: u64) {
        let now_ms = self.member.now_ms();
        self.running.meter.lock().unwrap_or_else(PoisonError::into_inner).record(now_ms, done);
        let mut shown_at_ms = self.running.shown_at_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if now_ms.saturating_sub(*shown_at_ms) >= SHOW_EVERY_MS {
            *shown_at_ms = now_ms;
            self.member.changed([Change::Transfers]);
        }
    }

    /// Answers when somebody stops it.
    pub(super) async fn stopped(&self) -> Stop {
        let mut stop = self.running.stop.subscribe();
        loop {
            if let Some(stop) = *stop.borrow_and_update() {
                return stop;
            }
            // The sender lives as long as this guard.
            let _ = stop.changed().await;
        }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.member.transfers.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.file);
        self.member.changed([Change::Transfers]);
    }
}

/// Everything that is on its way, the oldest first.
///
/// # Errors
/// When the local database fails.
pub async fn transfers(member: &Member) -> Result<Vec<TransferView>> {
    let mut db = member.cache.read().await?;
    let mut views = Vec::new();
    for upload in cache::transfers::uploads(&mut db).await? {
        views.push(upload_view(member, &upload));
    }
    for download in cache::transfers::downloads(&mut db).await? {
        if let Some(file) = cache::files::get(&mut db, download.file).await? {
            views.push(download_view(member, &download, &file));
        }
    }
    Ok(views)
}

fn upload_view(member: &Member, upload: &Upload) -> TransferView {
    let view = TransferView {
        file: upload.file.to_string(),
        direction: Direction::Upload,
        conversation: upload.conversation.to_string(),
        name: upload.manifest.name.clone(),
        media_type: upload.manifest.media_type.clone(),
        path: None,
        done_bytes: upload.sent_bytes,
        total_bytes: upload.manifest.ciphertext_bytes,
        bytes_per_second: 0,
        seconds_left: None,
        state: state(upload.standing),
        problem: upload.problem.clone(),
    };
    with_progress(member, upload.file, view)
}

fn download_view(member: &Member, download: &Download, file: &cache::files::File) -> TransferView {
    let view = TransferView {
        file: file.id.to_string(),
        direction: Direction::Download,
        conversation: file.conversation.to_string(),
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        path: Some(download.path.to_string_lossy().into_owned()),
        done_bytes: (download.done_chunks * bezel_crypto::file::CHUNK_BYTES as u64).min(file.size_bytes),
        total_bytes: file.size_bytes,
        bytes_per_second: 0,
        seconds_left: None,
        state: state(download.standing),
        problem: download.problem.clone(),
    };
    with_progress(member, file.id, view)
}

fn with_progress(member: &Member, file: FileId, mut view: TransferView) -> TransferView {
    if let Some(running) = member.transfers.running(file) {
        let meter = running.meter.lock().unwrap_or_else(PoisonError::into_inner);
        view.done_bytes = meter.done().unwrap_or(view.done_bytes);
        view.bytes_per_second = meter.rate();
        view.seconds_left = meter.seconds_left(view.total_bytes);
        view.state = TransferState::Running;
    }
    view
}

const fn state(standing: Standing) -> TransferState {
    match standing {
        Standing::Waiting => TransferState::Waiting,
        Standing::Paused => TransferState::Paused,
        Standing::Failed => TransferState::Failed,
    }
}

/// Stops a transfer where it is; [`resume`] goes on from there.
///
/// # Errors
/// When there is none of this file.
pub async fn pause(member: &Member, file: FileId) -> Result<()> {
    stand(member, file, Standing::Paused).await?;
    member.transfers.stop(file, Stop::Pause);
    Ok(())
}

/// Goes on with a transfer that was paused or has failed.
///
/// # Errors
/// When there is none of this file.
pub async fn resume(member: &Member, file: FileId) -> Result<()> {
    stand(member, file, Standing::Waiting).await?;
    member.transfers.woken.notify_one();
    Ok(())
}

async fn stand(member: &Member, file: FileId, standing: Standing) -> Result<()> {
    let mut tx = member.cache.begin().await?;
    if !cache::transfers::set_standing(&mut tx, file, standing, None).await? {
        return Err(no_transfer());
    }
    tx.commit().await?;
    member.changed([Change::Transfers]);
    Ok(())
}

/// Gives a transfer up: what the relay has of an upload is deleted, what the disk has of a download too.
///
/// # Errors
/// When there is none of this file. That the relay can't be reached is no error: it forgets unfinished uploads by itself.
pub async fn cancel(member: &Member, file: FileId) -> Result<()> {
    let mut db = member.cache.read().await?;
    let upload = cache::transfers::get_upload(&mut db, file).await?;
    let download = cache::transfers::get_download(&mut db, file).await?;
    drop(db);
    if upload.is_none() && download.is_none() {
        return Err(no_transfer());
    }
    member.transfers.stop(file, Stop::Cancel);
    let mut tx = member.cache.begin().await?;
    cache::transfers::delete_upload(&mut tx, file).await?;
    cache::transfers::delete_download(&mut tx, file).await?;
    tx.commit().await?;
    member.transfers.unstage(file);
    member.changed([Change::Transfers]);
    if let Some(download) = download {
        forget_partial(&download);
    }
    if upload.is_some()
        && let Err(error) = member.client.delete_file(file).await
    {
        tracing::info!(?error, "the relay keeps what it has of a cancelled upload for a while");
    }
    Ok(())
}

fn no_transfer() -> Error {
    Error::new("no_transfer", "This file is not on its way.", "Look at the list: it may have arrived.")
}
