//! Calls.

use std::time::Duration;

use bezel_core::Result;
use bezel_core::call::{
    self, CallOptions, CallStats, CallSummary, CallView, Devices, GuestLinkView, OpenLinkView, Preview, Processing, Screen, Source,
};
use bezel_protocol::content::CallMedia;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{id, typed};
use crate::call_windows;
use crate::shell::Shell;

/// A call to begin.
#[derive(Deserialize, TS)]
pub(crate) struct StartCall {
    conversation: String,
    #[ts(as = "call::MediaName")]
    media: CallMedia,
    options: CallOptions,
}

/// A call to come into.
#[derive(Deserialize, TS)]
pub(crate) struct AnswerCall {
    call: String,
    options: CallOptions,
}

/// What is on.
#[derive(Deserialize, TS)]
pub(crate) struct MediaSwitches {
    microphone: bool,
    camera: bool,
}

/// A window on the history of calls.
#[derive(Deserialize, TS)]
pub(crate) struct CallHistoryRequest {
    conversation: Option<String>,
    /// RFC 3339; none: now.
    before: Option<String>,
    limit: u32,
}

/// Whose pictures can't be decoded without a key frame; without an id, one's own.
#[derive(Deserialize, TS)]
pub(crate) struct KeyFrameRequest {
    person: String,
    is_screen: bool,
}

/// A link for a client to make.
#[derive(Deserialize, TS)]
pub(crate) struct NewGuestLink {
    conversation: String,
    #[ts(as = "call::MediaName")]
    media: CallMedia,
    hours: u32,
    is_single_use: bool,
}

/// What is looked at and listened to before a call; nothing of what is none.
#[derive(Deserialize, TS)]
pub(crate) struct PreviewSources {
    camera: Option<Source>,
    microphone: Option<Source>,
}

/// Where a window gets the pictures.
#[derive(Serialize, TS)]
pub(crate) struct PicturesView {
    /// A WebSocket on loopback; it can be opened once.
    url: String,
}

const HOUR: Duration = Duration::from_secs(3600);

pub(super) async fn call_start(shell: &Shell, request: StartCall) -> Result<String> {
    let call = call::start(&*shell.member()?, id(&request.conversation)?, request.media, request.options).await?;
    Ok(call.to_string())
}

pub(super) async fn call_answer(shell: &Shell, request: AnswerCall) -> Result<()> {
    call::answer(&*shell.member()?, id(&request.call)?, request.options).await
}

pub(super) async fn call_decline(shell: &Shell, call: String) -> Result<()> {
    call::decline(&*shell.member()?, id(&call)?).await
}

pub(super) async fn call_leave(shell: &Shell) -> Result<()> {
    call::leave(&*shell.member()?).await
}

pub(super) async fn call_retry(shell: &Shell) -> Result<()> {
    call::retry(&*shell.member()?).await
}

pub(super) async fn call_current(shell: &Shell) -> Result<Option<CallView>> {
    Ok(call::current(&*shell.member()?).borrow().clone())
}

pub(super) async fn call_set_media(shell: &Shell, request: MediaSwitches) -> Result<()> {
    call::set_media(&*shell.member()?, request.microphone, request.camera).await
}

pub(super) async fn call_set_camera(shell: &Shell, source: Source) -> Result<()> {
    call::set_camera(&*shell.member()?, source).await
}

pub(super) async fn call_set_microphone(shell: &Shell, source: Source) -> Result<()> {
    call::set_microphone(&*shell.member()?, source).await
}

pub(super) async fn call_set_speaker(shell: &Shell, source: Source) -> Result<()> {
    call::set_speaker(&*shell.member()?, source).await
}

pub(super) async fn call_set_screen(shell: &Shell, screen: Option<Screen>) -> Result<()> {
    call::set_screen(&*shell.member()?, screen).await
}

pub(super) async fn call_set_processing(shell: &Shell, processing: Processing) -> Result<()> {
    call::set_processing(&*shell.member()?, processing).await
}

pub(super) async fn call_stats(shell: &Shell) -> Result<Option<CallStats>> {
    call::stats(&*shell.member()?).await
}

pub(super) async fn call_show(shell: &Shell) -> Result<()> {
    call_windows::show(&shell.app)
}

pub(super) async fn call_devices(shell: &Shell) -> Result<Devices> {
    shell.member()?;
    Ok(call::devices().await)
}

pub(super) async fn call_history(shell: &Shell, request: CallHistoryRequest) -> Result<Vec<CallSummary>> {
    let conversation = request.conversation.as_deref().map(id).transpose()?;
    let before = request.before.as_deref().map(|text| typed::<jiff::Timestamp>("bad_time", text)).transpose()?;
    call::history(&*shell.member()?, conversation, before.map(jiff::Timestamp::as_millisecond), request.limit).await
}

pub(super) async fn call_pictures(shell: &Shell) -> Result<PicturesView> {
    shell.member()?;
    Ok(PicturesView { url: shell.pictures.address().await? })
}

pub(super) async fn call_want_key_frame(shell: &Shell, request: KeyFrameRequest) -> Result<()> {
    if let Some(preview) = &*shell.preview.lock().await {
        preview.want_key_frame();
    }
    call::want_key_frame(&*shell.member()?, &request.person, request.is_screen).await
}

pub(super) async fn call_link_create(shell: &Shell, request: NewGuestLink) -> Result<GuestLinkView> {
    let (conversation, lasts) = (id(&request.conversation)?, HOUR.saturating_mul(request.hours));
    call::link::create(&*shell.member()?, conversation, request.media, lasts, request.is_single_use).await
}

pub(super) async fn call_links(shell: &Shell) -> Result<Vec<OpenLinkView>> {
    call::link::list(&*shell.member()?).await
}

pub(super) async fn call_link_revoke(shell: &Shell, link: String) -> Result<()> {
    call::link::revoke(&*shell.member()?, id(&link)?).await
}

pub(super) async fn call_guest_admit(shell: &Shell, guest: String) -> Result<()> {
    call::admit(&*shell.member()?, id(&guest)?).await
}

pub(super) async fn call_guest_refuse(shell: &Shell, guest: String) -> Result<()> {
    call::refuse(&*shell.member()?, id(&guest)?).await
}

pub(super) async fn call_guest_send_away(shell: &Shell, guest: String) -> Result<()> {
    call::send_away(&*shell.member()?, id(&guest)?).await
}

pub(super) async fn call_preview_start(shell: &Shell, request: PreviewSources) -> Result<()> {
    shell.member()?;
    let mut preview = shell.preview.lock().await;
    // Some devices open only once.
    drop(preview.take());
    let (opened, told) = Preview::open(request.camera, request.microphone, shell.pictures.sink()).await;
    *preview = Some(opened);
    told
}

pub(super) async fn call_preview_level(shell: &Shell) -> Result<f32> {
    Ok(shell.preview.lock().await.as_ref().map_or(0.0, Preview::level))
}

pub(super) async fn call_preview_stop(shell: &Shell) -> Result<()> {
    drop(shell.preview.lock().await.take());
    Ok(())
}
