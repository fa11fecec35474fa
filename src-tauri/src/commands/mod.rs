//! The commands of the window. Each is declared once below: from that come the handler and the TypeScript.

mod alarm;
mod app;
mod call;
mod conversation;
mod diagnostics;
mod file;
mod keys;
mod message;
mod people;

use std::sync::Arc;

use bezel_core::AppError;
use bezel_core::alarm::AlarmView;
use bezel_core::call::{CallStats, CallSummary, CallView, Devices, GuestLinkView, OpenLinkView, Processing, Screen, Source};
use bezel_core::conversation::{ConversationDetails, ConversationSummary, Created, EncryptionStatus};
use bezel_core::doctor::Report;
use bezel_core::file::{Attachment, FileLogView, FilePage, FileView, Staged, TransferView};
use bezel_core::invite::InviteView;
use bezel_core::keys::{KeysStatus, Rotated, UserKey};
use bezel_core::message::{Encrypted, MessagePage, MessageView, SearchHit, Sent};
use bezel_core::people::Person;
use bezel_core::sync::Connection;
use bezel_core::workspace::Profile;

use crate::bindings::{Argument, Binding, binding};
use crate::shell::Shell;

pub(crate) use app::{AppState, CreateRequest, JoinRequest, RecoveryAnswers, RecoveryConfirmed, RecoveryWords, UnlockRequest};
pub(crate) use call::{
    AnswerCall, CallHistoryRequest, KeyFrameRequest, MediaSwitches, NewGuestLink, PicturesView, PreviewSources, StartCall,
};
pub(crate) use conversation::{ConversationMember, ConversationPerson, EpochView, NewConversation};
pub(crate) use diagnostics::{DebugInfo, SettingsView};
pub(crate) use file::{ChosenFile, FileListRequest, PreviewView, RevokeFileRequest, SaveFileRequest, SendFileRequest, StageRequest};
pub(crate) use message::{DecryptRequest, EncryptRequest, ListRequest, SearchRequest, SendRequest};
pub(crate) use people::{InviteRequest, PersonRole};

macro_rules! commands {
    ($($module:ident::$name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(
            #[tauri::command]
            async fn $name(shell: tauri::State<'_, Arc<Shell>>, $($argument: $type),*) -> Result<$result, AppError> {
                let shell = Arc::clone(&shell);
                aside(move || async move { $module::$name(&shell, $($argument),*).await }).await
            }
        )*

        /// Answers the window.
        pub(crate) fn handler() -> impl Fn(tauri::ipc::Invoke) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$($name),*]
        }

        /// Every command with its types, for the TypeScript.
        pub(crate) fn bindings() -> Vec<Binding> {
            vec![$(binding::<$result>(stringify!($name), vec![$(Argument::of::<$type>(stringify!($argument))),*])),*]
        }
    };
}

commands! {
    app::app_state() -> AppState;
    app::workspace_create(request: CreateRequest) -> RecoveryWords;
    app::workspace_join(request: JoinRequest) -> RecoveryWords;
    app::recovery_confirm(request: RecoveryAnswers) -> RecoveryConfirmed;
    app::unlock(request: UnlockRequest) -> AppState;
    app::profile() -> Profile;
    conversation::conversation_list() -> Vec<ConversationSummary>;
    conversation::conversation_show(conversation: String) -> ConversationDetails;
    conversation::conversation_create(request: NewConversation) -> Created;
    conversation::conversation_add(request: ConversationMember) -> ();
    conversation::conversation_remove(request: ConversationPerson) -> ();
    conversation::conversation_leave(conversation: String) -> ();
    conversation::conversation_set_role(request: ConversationMember) -> ();
    conversation::conversation_rotate(conversation: String) -> EpochView;
    conversation::conversation_read(conversation: String) -> ();
    conversation::encryption_status(conversation: String) -> EncryptionStatus;
    message::message_list(request: ListRequest) -> MessagePage;
    message::message_send(request: SendRequest) -> Sent;
    message::message_cancel(message: String) -> ();
    message::message_retry(message: String) -> ();
    message::message_search(request: SearchRequest) -> Vec<SearchHit>;
    message::encrypt_message(request: EncryptRequest) -> Encrypted;
    message::decrypt_message(request: DecryptRequest) -> MessageView;
    file::file_choose() -> Vec<ChosenFile>;
    file::file_attachment(path: String) -> Attachment;
    file::file_stage(request: StageRequest) -> Staged;
    file::file_discard(staged: String) -> ();
    file::file_send(request: SendFileRequest) -> String;
    file::file_list(request: FileListRequest) -> FilePage;
    file::file_show(file: String) -> FileView;
    file::file_log(file: String) -> FileLogView;
    file::file_revoke(request: RevokeFileRequest) -> ();
    file::file_save(request: SaveFileRequest) -> Option<String>;
    file::file_open(file: String) -> ();
    file::file_preview(file: String) -> PreviewView;
    file::file_preview_close(url: String) -> ();
    file::transfer_list() -> Vec<TransferView>;
    file::transfer_pause(file: String) -> ();
    file::transfer_resume(file: String) -> ();
    file::transfer_cancel(file: String) -> ();
    call::call_start(request: StartCall) -> String;
    call::call_answer(request: AnswerCall) -> ();
    call::call_decline(call: String) -> ();
    call::call_leave() -> ();
    call::call_retry() -> ();
    call::call_current() -> Option<CallView>;
    call::call_set_media(request: MediaSwitches) -> ();
    call::call_set_camera(source: Source) -> ();
    call::call_set_microphone(source: Source) -> ();
    call::call_set_speaker(source: Source) -> ();
    call::call_set_screen(screen: Option<Screen>) -> ();
    call::call_set_processing(processing: Processing) -> ();
    call::call_stats() -> Option<CallStats>;
    call::call_show() -> ();
    call::call_devices() -> Devices;
    call::call_history(request: CallHistoryRequest) -> Vec<CallSummary>;
    call::call_pictures() -> PicturesView;
    call::call_want_key_frame(request: KeyFrameRequest) -> ();
    call::call_link_create(request: NewGuestLink) -> GuestLinkView;
    call::call_links() -> Vec<OpenLinkView>;
    call::call_link_revoke(link: String) -> ();
    call::call_guest_admit(guest: String) -> ();
    call::call_guest_refuse(guest: String) -> ();
    call::call_guest_send_away(guest: String) -> ();
    call::call_preview_start(request: PreviewSources) -> ();
    call::call_preview_level() -> f32;
    call::call_preview_stop() -> ();
    people::people_list() -> Vec<Person>;
    people::person_set_role(request: PersonRole) -> ();
    people::person_suspend(user: String) -> ();
    people::person_reinstate(user: String) -> ();
    people::person_remove(user: String) -> ();
    people::device_revoke(device: String) -> ();
    people::invite_create(request: InviteRequest) -> InviteView;
    keys::keys_status() -> KeysStatus;
    keys::keys_rotate() -> Rotated;
    keys::user_encryption_key() -> UserKey;
    diagnostics::validate_setup() -> Report;
    diagnostics::settings() -> SettingsView;
    diagnostics::connection() -> Connection;
    alarm::alarm_list() -> Vec<AlarmView>;
    alarm::alarm_acknowledge(alarm: String) -> ();
    diagnostics::debug_info() -> DebugInfo;
}

/// Runs a command on a thread of its own, so that checking signatures never holds up the window's events.
async fn aside<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Result<T, AppError>
where
    T: Send + 'static,
    F: Future<Output = bezel_core::Result<T>>,
{
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    let done =
        done.unwrap_or_else(|error| Err(bezel_core::Error::new("defect", format!("Something broke: {error}."), "Please report it.")));
    Ok(done?)
}

/// An id that came from the window.
fn id<T: core::str::FromStr<Err = bezel_protocol::ids::InvalidId>>(text: &str) -> bezel_core::Result<T> {
    text.parse()
        .map_err(|error| bezel_core::Error::new("bad_id", format!("{error}."), "This is a defect of the interface: please report it."))
}

/// What a person typed, as the type that it must be.
fn typed<T: core::str::FromStr<Err: core::fmt::Display>>(code: &'static str, text: &str) -> bezel_core::Result<T> {
    text.trim().parse().map_err(|error| bezel_core::Error::new(code, format!("{error}."), "Correct it and try again."))
}
