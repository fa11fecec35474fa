// Generated from the Rust commands; do not edit. To write it anew: BEZEL_UPDATE=1 cargo test -p bezel-app --test bindings

import type {
  AlarmView,
  AnswerCall,
  AppState,
  Attachment,
  CallHistoryRequest,
  CallStats,
  CallSummary,
  CallView,
  ChosenFile,
  Connection,
  ConversationDetails,
  ConversationMember,
  ConversationPerson,
  ConversationSummary,
  CreateRequest,
  Created,
  DebugInfo,
  DecryptRequest,
  Devices,
  EncryptRequest,
  Encrypted,
  EncryptionStatus,
  EpochView,
  FileListRequest,
  FileLogView,
  FilePage,
  FileView,
  GuestLinkView,
  InviteRequest,
  InviteView,
  JoinRequest,
  KeyFrameRequest,
  KeysStatus,
  ListRequest,
  MediaSwitches,
  MessagePage,
  MessageView,
  NewConversation,
  NewGuestLink,
  OpenLinkView,
  Person,
  PersonRole,
  PicturesView,
  PreviewSources,
  PreviewView,
  Processing,
  Profile,
  RecoveryAnswers,
  RecoveryConfirmed,
  RecoveryWords,
  Report,
  RevokeFileRequest,
  Rotated,
  SaveFileRequest,
  Screen,
  SearchHit,
  SearchRequest,
  SendFileRequest,
  SendRequest,
  Sent,
  Settings,
  Source,
  StageRequest,
  Staged,
  StartCall,
  TransferView,
  UnlockRequest,
  UserKey,
} from "./types";

export interface Commands {
  app_state(): Promise<AppState>;
  workspace_create(args: { request: CreateRequest }): Promise<RecoveryWords>;
  workspace_join(args: { request: JoinRequest }): Promise<RecoveryWords>;
  recovery_confirm(args: { request: RecoveryAnswers }): Promise<RecoveryConfirmed>;
  unlock(args: { request: UnlockRequest }): Promise<AppState>;
  profile(): Promise<Profile>;
  conversation_list(): Promise<Array<ConversationSummary>>;
  conversation_show(args: { conversation: string }): Promise<ConversationDetails>;
  conversation_create(args: { request: NewConversation }): Promise<Created>;
  conversation_add(args: { request: ConversationMember }): Promise<null>;
  conversation_remove(args: { request: ConversationPerson }): Promise<null>;
  conversation_leave(args: { conversation: string }): Promise<null>;
  conversation_set_role(args: { request: ConversationMember }): Promise<null>;
  conversation_rotate(args: { conversation: string }): Promise<EpochView>;
  conversation_read(args: { conversation: string }): Promise<null>;
  encryption_status(args: { conversation: string }): Promise<EncryptionStatus>;
  message_list(args: { request: ListRequest }): Promise<MessagePage>;
  message_send(args: { request: SendRequest }): Promise<Sent>;
  message_cancel(args: { message: string }): Promise<null>;
  message_retry(args: { message: string }): Promise<null>;
  message_search(args: { request: SearchRequest }): Promise<Array<SearchHit>>;
  encrypt_message(args: { request: EncryptRequest }): Promise<Encrypted>;
  decrypt_message(args: { request: DecryptRequest }): Promise<MessageView>;
  file_choose(): Promise<Array<ChosenFile>>;
  file_attachment(args: { path: string }): Promise<Attachment>;
  file_stage(args: { request: StageRequest }): Promise<Staged>;
  file_discard(args: { staged: string }): Promise<null>;
  file_send(args: { request: SendFileRequest }): Promise<string>;
  file_list(args: { request: FileListRequest }): Promise<FilePage>;
  file_show(args: { file: string }): Promise<FileView>;
  file_log(args: { file: string }): Promise<FileLogView>;
  file_revoke(args: { request: RevokeFileRequest }): Promise<null>;
  file_save(args: { request: SaveFileRequest }): Promise<string | null>;
  file_open(args: { file: string }): Promise<null>;
  file_preview(args: { file: string }): Promise<PreviewView>;
  file_preview_close(args: { url: string }): Promise<null>;
  transfer_list(): Promise<Array<TransferView>>;
  transfer_pause(args: { file: string }): Promise<null>;
  transfer_resume(args: { file: string }): Promise<null>;
  transfer_cancel(args: { file: string }): Promise<null>;
  call_start(args: { request: StartCall }): Promise<string>;
  call_answer(args: { request: AnswerCall }): Promise<null>;
  call_decline(args: { call: string }): Promise<null>;
  call_leave(): Promise<null>;
  call_retry(): Promise<null>;
  call_current(): Promise<CallView | null>;
  call_set_media(args: { request: MediaSwitches }): Promise<null>;
  call_set_camera(args: { source: Source }): Promise<null>;
  call_set_microphone(args: { source: Source }): Promise<null>;
  call_set_speaker(args: { source: Source }): Promise<null>;
  call_set_screen(args: { screen: Screen | null }): Promise<null>;
  call_set_processing(args: { processing: Processing }): Promise<null>;
  call_stats(): Promise<CallStats | null>;
  call_show(): Promise<null>;
  call_devices(): Promise<Devices>;
  call_history(args: { request: CallHistoryRequest }): Promise<Array<CallSummary>>;
  call_pictures(): Promise<PicturesView>;
  call_want_key_frame(args: { request: KeyFrameRequest }): Promise<null>;
  call_link_create(args: { request: NewGuestLink }): Promise<GuestLinkView>;
  call_links(): Promise<Array<OpenLinkView>>;
  call_link_revoke(args: { link: string }): Promise<null>;
  call_guest_admit(args: { guest: string }): Promise<null>;
  call_guest_refuse(args: { guest: string }): Promise<null>;
  call_guest_send_away(args: { guest: string }): Promise<null>;
  call_preview_start(args: { request: PreviewSources }): Promise<null>;
  call_preview_level(): Promise<number>;
  call_preview_stop(): Promise<null>;
  people_list(): Promise<Array<Person>>;
  person_set_role(args: { request: PersonRole }): Promise<null>;
  person_suspend(args: { user: string }): Promise<null>;
  person_reinstate(args: { user: string }): Promise<null>;
  person_remove(args: { user: string }): Promise<null>;
  device_revoke(args: { device: string }): Promise<null>;
  invite_create(args: { request: InviteRequest }): Promise<InviteView>;
  keys_status(): Promise<KeysStatus>;
  keys_rotate(): Promise<Rotated>;
  user_encryption_key(): Promise<UserKey>;
  validate_setup(): Promise<Report>;
  settings(): Promise<Settings>;
  connection(): Promise<Connection>;
  alarm_list(): Promise<Array<AlarmView>>;
  alarm_acknowledge(args: { alarm: string }): Promise<null>;
  debug_info(): Promise<DebugInfo>;
}

export const commandNames = [
  "app_state",
  "workspace_create",
  "workspace_join",
  "recovery_confirm",
  "unlock",
  "profile",
  "conversation_list",
  "conversation_show",
  "conversation_create",
  "conversation_add",
  "conversation_remove",
  "conversation_leave",
  "conversation_set_role",
  "conversation_rotate",
  "conversation_read",
  "encryption_status",
  "message_list",
  "message_send",
  "message_cancel",
  "message_retry",
  "message_search",
  "encrypt_message",
  "decrypt_message",
  "file_choose",
  "file_attachment",
  "file_stage",
  "file_discard",
  "file_send",
  "file_list",
  "file_show",
  "file_log",
  "file_revoke",
  "file_save",
  "file_open",
  "file_preview",
  "file_preview_close",
  "transfer_list",
  "transfer_pause",
  "transfer_resume",
  "transfer_cancel",
  "call_start",
  "call_answer",
  "call_decline",
  "call_leave",
  "call_retry",
  "call_current",
  "call_set_media",
  "call_set_camera",
  "call_set_microphone",
  "call_set_speaker",
  "call_set_screen",
  "call_set_processing",
  "call_stats",
  "call_show",
  "call_devices",
  "call_history",
  "call_pictures",
  "call_want_key_frame",
  "call_link_create",
  "call_links",
  "call_link_revoke",
  "call_guest_admit",
  "call_guest_refuse",
  "call_guest_send_away",
  "call_preview_start",
  "call_preview_level",
  "call_preview_stop",
  "people_list",
  "person_set_role",
  "person_suspend",
  "person_reinstate",
  "person_remove",
  "device_revoke",
  "invite_create",
  "keys_status",
  "keys_rotate",
  "user_encryption_key",
  "validate_setup",
  "settings",
  "connection",
  "alarm_list",
  "alarm_acknowledge",
  "debug_info",
] as const;
