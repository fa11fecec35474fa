// Generated from the Rust commands; do not edit. To write it anew: BEZEL_UPDATE=1 cargo test -p bezel-app --test bindings

export type AlarmView = { 
/**
 * Its number, by which it is acknowledged.
 */
id: string, 
/**
 * Stable code.
 */
code: string, 
/**
 * What happened.
 */
message: string, 
/**
 * What to do.
 */
next_step: string, 
/**
 * The conversation that it is about.
 */
conversation: string | null, 
/**
 * That conversation's title.
 */
conversation_title: string | null, 
/**
 * The handle of the person whose device is accused.
 */
accused: string | null, 
/**
 * The device that is accused.
 */
accused_device: string | null, 
/**
 * When it was raised for the first time.
 */
first_at: Timestamp, 
/**
 * When it was raised last.
 */
last_at: Timestamp, 
/**
 * How often it was raised.
 */
count: number, 
/**
 * When a person acknowledged it; none: it still waits for that.
 */
acknowledged_at: Timestamp | null, };

export type Algorithm = "aes_256_gcm" | "chacha20_poly1305";

export type AnswerCall = { call: string, options: CallOptions, };

export type AppError = { 
/**
 * Stable code.
 */
code: string, 
/**
 * What happened.
 */
message: string, 
/**
 * What to do next.
 */
next_step: string, 
/**
 * What to copy into a report.
 */
details: string, };

export type AppState = { "state": "new" } | { "state": "locked", slots: Array<SlotName>, reason: string, } | { "state": "ready", profile: Profile, recovery_confirmed: boolean, };

export type Attachment = { 
/**
 * Its name.
 */
name: string, 
/**
 * Its media type.
 */
media_type: string, 
/**
 * Its size in bytes.
 */
size_bytes: number, 
/**
 * Pixels across, of a picture.
 */
width: number | null, 
/**
 * Pixels down, of a picture.
 */
height: number | null, 
/**
 * A small picture, as a data URL.
 */
thumbnail: string | null, };

export type CallHistoryRequest = { conversation: string | null, 
/**
 * RFC 3339; none: now.
 */
before: string | null, limit: number, };

export type CallMedia = "audio" | "video";

export type CallOptions = { 
/**
 * The microphone is on.
 */
is_microphone_on: boolean, 
/**
 * The camera is on.
 */
is_camera_on: boolean, 
/**
 * The camera.
 */
camera: Source, 
/**
 * The microphone.
 */
microphone: Source, 
/**
 * The loudspeaker.
 */
speaker: Source, 
/**
 * What is done to the sound of the microphone.
 */
processing: Processing, 
/**
 * Media go through the relay alone, so that nobody else learns this machine's address.
 */
hides_address: boolean, };

export type CallOutcome = "completed" | "missed" | "declined" | "busy" | "cancelled" | "failed";

export type CallPerson = { 
/**
 * The device, or the guest's browser: their pictures and statistics are under this id.
 */
id: string, 
/**
 * What they are called.
 */
name: string, 
/**
 * Whether it is a browser that was let in by a link.
 */
is_guest: boolean, 
/**
 * Their microphone is on.
 */
microphone: boolean, 
/**
 * Their camera is on.
 */
camera: boolean, 
/**
 * They share a screen.
 */
screen: boolean, 
/**
 * Whether media flow.
 */
is_connected: boolean, 
/**
 * Of a guest: the code to read to each other. Who hears the same speaks through nobody.
 */
safety_code: string | null, };

export type CallPhase = "calling" | "ringing" | "incoming" | "connecting" | "live" | "reconnecting" | "lost" | "ended";

export type CallProblem = { 
/**
 * Which one.
 */
gear: Gear, 
/**
 * What is the matter with it, in words.
 */
message: string, };

export type CallStats = { 
/**
 * Pictures sent so far, of the camera and the screen.
 */
frames_sent: number, 
/**
 * Packets of sound sent so far.
 */
packets_sent: number, 
/**
 * Pixels across of the pictures that are sent.
 */
width: number, 
/**
 * Pixels down.
 */
height: number, 
/**
 * How loud this microphone is, 0 to 1.
 */
level: number, 
/**
 * Everyone else.
 */
peers: Array<PeerStats>, };

export type CallSummary = { 
/**
 * The call.
 */
call: string, 
/**
 * The conversation.
 */
conversation: string, 
/**
 * Handle of who called.
 */
from: string, 
/**
 * Whether this member called.
 */
mine: boolean, 
/**
 * What it was to carry.
 */
media: CallMedia, 
/**
 * When it began.
 */
started_at: Timestamp, 
/**
 * Whether this device was in it.
 */
is_joined: boolean, 
/**
 * Whether a client was invited by a link.
 */
has_guest: boolean, 
/**
 * What came of it; none as long as it goes on, for all that is known.
 */
outcome: CallOutcome | null, 
/**
 * For how long there was a connection, in seconds.
 */
seconds: number | null, 
/**
 * How it was.
 */
quality: Quality | null, };

export type CallView = { 
/**
 * The call.
 */
call: string, 
/**
 * The conversation.
 */
conversation: string, 
/**
 * Whether this device called.
 */
is_outgoing: boolean, 
/**
 * Handle of who called.
 */
from: string, 
/**
 * What the caller wants it to carry.
 */
media: CallMedia, 
/**
 * Where it stands.
 */
phase: CallPhase, 
/**
 * Since when.
 */
since: Timestamp, 
/**
 * Since when media flow.
 */
live_since: Timestamp | null, 
/**
 * Which attempt to connect again this is.
 */
attempt: number, 
/**
 * The microphone is on.
 */
microphone: boolean, 
/**
 * The camera is on.
 */
camera: boolean, 
/**
 * A screen is shared.
 */
screen: boolean, 
/**
 * Everyone else in it.
 */
people: Array<CallPerson>, 
/**
 * Clients who wait at the door, first the one at whose knock it rings.
 */
guests_waiting: Array<GuestView>, 
/**
 * What came of it, once it is over.
 */
outcome: CallOutcome | null, 
/**
 * Whether another device of this person answered or declined.
 */
is_elsewhere: boolean, 
/**
 * What does not work at the moment.
 */
problem: CallProblem | null, };

export type Check = { 
/**
 * What was looked at.
 */
name: string, 
/**
 * Whether it is as it should be.
 */
ok: boolean, 
/**
 * What was found.
 */
detail: string, 
/**
 * What to do.
 */
remedy: string | null, };

export type ChosenFile = { path: string, attachment: Attachment, };

export type Connection = { 
/**
 * Its state.
 */
state: ConnectionName, 
/**
 * How many messages wait to be sent.
 */
queued: number, 
/**
 * Why nothing comes and goes.
 */
detail: string | null, };

export type ConnectionName = "online" | "connecting" | "offline" | "disk_full" | "disk_failed";

export type ConversationDetails = { 
/**
 * Id.
 */
id: string, 
/**
 * Title.
 */
title: string, 
/**
 * How its messages are encrypted.
 */
algorithm: Algorithm, 
/**
 * The MLS cipher suite, by its registered name.
 */
suite: string, 
/**
 * The epoch of the group.
 */
epoch: number, 
/**
 * Since when.
 */
created_at: Timestamp, 
/**
 * When its keys last changed.
 */
rotated_at: Timestamp, 
/**
 * When they change at the latest.
 */
next_rotation_at: Timestamp, 
/**
 * Who can read it.
 */
members: Array<MemberView>, 
/**
 * This member's role in it.
 */
my_role: Role, 
/**
 * Whether this member was removed.
 */
removed: boolean, 
/**
 * What this member may do in it.
 */
rights: Rights, };

export type ConversationKeys = { 
/**
 * The conversation.
 */
id: string, 
/**
 * Its title.
 */
title: string, 
/**
 * The epoch.
 */
epoch: number, 
/**
 * When the keys last changed.
 */
rotated_at: Timestamp, 
/**
 * When they change at the latest.
 */
due_at: Timestamp, };

export type ConversationMember = { conversation: string, user: string, role: Role, };

export type ConversationPerson = { conversation: string, user: string, };

export type ConversationSummary = { 
/**
 * Id.
 */
id: string, 
/**
 * Title.
 */
title: string, 
/**
 * How many people are in it.
 */
people: number, 
/**
 * How its messages are encrypted.
 */
algorithm: Algorithm, 
/**
 * How many messages of others came since it was read.
 */
unread: number, 
/**
 * This member's role in it; what it was, where this member was removed.
 */
my_role: Role, 
/**
 * Whether this member was removed.
 */
removed: boolean, 
/**
 * The newest message.
 */
last: LastMessage | null, 
/**
 * When something last happened.
 */
updated_at: Timestamp, };

export type CreateRequest = { name: string, handle: string, 
/**
 * None: a relay inside this app.
 */
relay: string | null, passphrase: string | null, };

export type Created = { 
/**
 * Its id.
 */
conversation: string, };

export type DebugInfo = { version: string, report: string, };

export type DecryptRequest = { conversation: string, envelope: string, };

export type DeviceInfo = { 
/**
 * What it is opened by. The same as long as it is plugged in.
 */
id: string, 
/**
 * What people call it.
 */
name: string, 
/**
 * Whether the system would take it.
 */
is_default: boolean, };

export type Devices = { 
/**
 * Cameras.
 */
cameras: Array<DeviceInfo>, 
/**
 * Microphones.
 */
microphones: Array<DeviceInfo>, 
/**
 * Loudspeakers.
 */
speakers: Array<DeviceInfo>, 
/**
 * Whole screens.
 */
screens: Array<DeviceInfo>, 
/**
 * Windows of all programs.
 */
windows: Array<DeviceInfo>, };

export type Direction = "upload" | "download";

export type EncryptRequest = { conversation: string, text: string, };

export type Encrypted = { 
/**
 * The envelope, Base64.
 */
envelope: string, 
/**
 * The message's id.
 */
message: string, };

export type EncryptionStatus = { 
/**
 * The conversation.
 */
conversation: string, 
/**
 * How its messages are encrypted.
 */
algorithm: Algorithm, 
/**
 * The epoch of the group.
 */
epoch: number, 
/**
 * How many people can read.
 */
people: number, 
/**
 * How many of them are vouched for by the roster, with every device.
 */
verified: number, 
/**
 * When the keys last changed.
 */
rotated_at: Timestamp, 
/**
 * When they change at the latest.
 */
next_rotation_at: Timestamp, 
/**
 * What one should know before sending.
 */
warnings: Array<Warning>, 
/**
 * Who can read.
 */
readers: Array<Reader>, };

export type EpochView = { epoch: number, };

export type FileFilter = { 
/**
 * Of one conversation.
 */
conversation: string | null, 
/**
 * Of one kind.
 */
kind: FileKind | null, 
/**
 * Sent by the person with this handle.
 */
from: string | null, 
/**
 * Sent at this time or later (RFC 3339).
 */
after: string | null, 
/**
 * Sent before this time (RFC 3339).
 */
before: string | null, 
/**
 * With this in the name.
 */
name: string | null, 
/**
 * In which order.
 */
order: FileOrder, };

export type FileKind = "image" | "video" | "audio" | "pdf" | "other";

export type FileListRequest = { filter: FileFilter, skip: number, limit: number, };

export type FileLogLine = { 
/**
 * When.
 */
at: Timestamp, 
/**
 * Handle of who did it.
 */
who: string, 
/**
 * What: `upload`, `download`, `preview`, `refusal`, `grant`, `revocation`.
 */
action: string, 
/**
 * How many bytes of the blob went over, where the relay says it.
 */
bytes: number | null, 
/**
 * Why, of a refusal.
 */
reason: string | null, 
/**
 * Who says so.
 */
proof: FileProof, };

export type FileLogView = { 
/**
 * The newest first.
 */
lines: Array<FileLogLine>, 
/**
 * Why the relay's part of it is missing, if it is.
 */
problem: string | null, };

export type FileOrder = "newest" | "oldest" | "name" | "largest";

export type FilePage = { 
/**
 * The files.
 */
files: Array<FileView>, 
/**
 * Where to go on; none at the end.
 */
next: number | null, };

export type FileProof = "signed" | "relay";

export type FileState = "available" | "revoked" | "expired" | "not_for_you";

export type FileView = { 
/**
 * The file.
 */
id: string, 
/**
 * The conversation.
 */
conversation: string, 
/**
 * The message that announced it.
 */
message: string, 
/**
 * Handle of its sender.
 */
from: string, 
/**
 * Its sender.
 */
user: string, 
/**
 * Whether this member sent it.
 */
mine: boolean, 
/**
 * When, by the sender's clock.
 */
sent_at: Timestamp, 
/**
 * Its name, as its sender had it; empty where it is for others.
 */
name: string, 
/**
 * Its media type.
 */
media_type: string, 
/**
 * What kind of thing it is.
 */
kind: FileKind, 
/**
 * Its size in bytes.
 */
size_bytes: number, 
/**
 * Pixels across, of a picture.
 */
width: number | null, 
/**
 * Pixels down, of a picture.
 */
height: number | null, 
/**
 * A small picture, as a data URL.
 */
thumbnail: string | null, 
/**
 * Whether it can be had.
 */
state: FileState, 
/**
 * Whether it may be looked at but not saved.
 */
view_only: boolean, 
/**
 * When it ends.
 */
expires_at: Timestamp | null, 
/**
 * Handles of the people who get it; none for everyone in the conversation.
 */
named: Array<string> | null, 
/**
 * Handles of those who have looked at it, by their signed receipts.
 */
seen_by: Array<string>, 
/**
 * Handles of those who have saved it, by their signed receipts.
 */
saved_by: Array<string>, };

export type Gear = "camera" | "microphone" | "speaker" | "screen";

export type GuestLinkView = { 
/**
 * The link's id.
 */
link: string, 
/**
 * What the client opens. Whoever has it may knock.
 */
url: string, 
/**
 * When it ends.
 */
expires_at: Timestamp, 
/**
 * Whether it ends with the first guest who was admitted.
 */
is_single_use: boolean, 
/**
 * The call to which it leads.
 */
call: string, };

export type GuestView = { 
/**
 * The browser.
 */
id: string, 
/**
 * What the client wants to be called.
 */
name: string, };

export type InviteRequest = { role: Role, days: number, };

export type InviteView = { 
/**
 * The link, with its secret.
 */
link: string, 
/**
 * Until when it works.
 */
expires_at: Timestamp, };

export type JoinRequest = { link: string, handle: string, passphrase: string | null, };

export type KeyFrameRequest = { person: string, is_screen: boolean, };

export type KeysStatus = { 
/**
 * Always RSA-4096.
 */
algorithm: string, 
/**
 * SHA-256 of the identity key.
 */
fingerprint: string, 
/**
 * Since when it is in force.
 */
created_at: Timestamp, 
/**
 * How many whole days.
 */
age_days: number, 
/**
 * At which age it is rotated.
 */
rotation_days: number, 
/**
 * When that is.
 */
due_at: Timestamp, 
/**
 * The ways to unlock this device.
 */
slots: SlotsPresent, 
/**
 * The keys of the conversations.
 */
conversations: Array<ConversationKeys>, };

export type LastMessage = { 
/**
 * Handle of the sender.
 */
from: string, 
/**
 * The first words; empty where there are none, or it can't be read.
 */
preview: string, 
/**
 * Of a call: what it was to carry.
 */
call: CallMedia | null, 
/**
 * When.
 */
sent_at: Timestamp, 
/**
 * Whether this member sent it.
 */
mine: boolean, };

export type ListRequest = { conversation: string, before: string | null, limit: number, };

export type MediaSwitches = { microphone: boolean, camera: boolean, };

export type MemberRole = { user: string, role: Role, };

export type MemberView = { 
/**
 * Id.
 */
user: string, 
/**
 * Handle.
 */
handle: string, 
/**
 * Role in the conversation.
 */
role: Role, 
/**
 * Whether every device is vouched for by the roster.
 */
verified: boolean, 
/**
 * How many devices can read.
 */
devices: number, 
/**
 * When a device of this person last signed that it has computed the conversation's log, by that device's clock.
 */
confirmed_at: Timestamp | null, 
/**
 * Whether the devices of this person confirm what they themselves have written; where one does not, somebody may keep it apart.
 */
confirms: boolean, 
/**
 * Whether it is this member.
 */
me: boolean, };

export type MessageKind = "text" | "file" | "call" | "unknown" | "unreadable";

export type MessagePage = { 
/**
 * The messages.
 */
messages: Array<MessageView>, 
/**
 * Where to go on towards the past; none at the beginning.
 */
earlier: string | null, };

export type MessageState = "queued" | "sent" | "received" | "refused" | "lost";

export type MessageView = { 
/**
 * Id.
 */
id: string, 
/**
 * Conversation.
 */
conversation: string, 
/**
 * The device that sent it; with the id, it names one message of the conversation.
 */
device: string, 
/**
 * Handle of the sender.
 */
from: string, 
/**
 * The sender.
 */
user: string, 
/**
 * Whether this member sent it.
 */
mine: boolean, 
/**
 * When, by the sender's clock.
 */
sent_at: Timestamp, 
/**
 * Its place in the conversation; none while it waits.
 */
sequence: number | null, 
/**
 * The epoch whose key encrypts it.
 */
epoch: number, 
/**
 * The words, where it has some.
 */
text: string | null, 
/**
 * The message that it answers: its id, and the device that sent it.
 */
reply_to: string | null, 
/**
 * The device of that message.
 */
reply_device: string | null, 
/**
 * Whether it was written before messages that stand above it.
 */
written_before: boolean, 
/**
 * Whether it is this member's own and nobody has confirmed it for a day, although somebody who reads here wrote elsewhere since.
 */
unconfirmed: boolean, 
/**
 * Where it stands.
 */
state: MessageState, 
/**
 * Whether signature, hash, chain and roster were all checked.
 */
verified: boolean, 
/**
 * What it is.
 */
kind: MessageKind, 
/**
 * Why it can't be read, or was refused.
 */
problem: string | null, 
/**
 * The file that it announces.
 */
file: FileView | null, 
/**
 * The call that it begins.
 */
call: CallSummary | null, };

export type NewConversation = { title: string, members: Array<MemberRole>, algorithm: Algorithm | null, };

export type NewGuestLink = { conversation: string, media: CallMedia, hours: number, is_single_use: boolean, };

export type OpenLinkView = { 
/**
 * The link's id.
 */
link: string, 
/**
 * The conversation whose members answer.
 */
conversation: string, 
/**
 * The call to which it leads.
 */
call: string, 
/**
 * Handle of who made it.
 */
from: string, 
/**
 * Whether this member made it.
 */
mine: boolean, 
/**
 * When it ends.
 */
expires_at: Timestamp, 
/**
 * Whether it ends with the first guest who was admitted.
 */
is_single_use: boolean, 
/**
 * Whether, of a link of single use, that guest was admitted: nobody else comes in by it.
 */
is_used: boolean, };

export type PeerStats = { 
/**
 * The id of the device or guest.
 */
peer: string, 
/**
 * Pictures that were received and opened, of the camera and the screen.
 */
frames_received: number, 
/**
 * Packets of sound that were received and opened.
 */
packets_received: number, 
/**
 * Frames that did not open.
 */
decrypt_errors: number, 
/**
 * Frames that came before.
 */
replays: number, 
/**
 * Pictures of the camera a second, over the last second.
 */
frames_per_second: number, 
/**
 * From answering, or hearing the answer, to the first picture, in milliseconds.
 */
first_frame_ms: number | null, 
/**
 * Pixels across and down of the camera's last key frame.
 */
width: number, 
/**
 * Pixels down.
 */
height: number, 
/**
 * How loud the voice is, 0 to 1.
 */
level: number, 
/**
 * Packets of sound that had to be covered.
 */
concealed: number, 
/**
 * The code to read aloud.
 */
safety_code: string | null, 
/**
 * Round trip in milliseconds, by ICE's checks.
 */
round_trip_ms: number, 
/**
 * The share of our video packets that got lost, as the other side last reported, 0 to 1.
 */
loss_out: number, 
/**
 * The spread of the arrival of our video packets, as the other side last reported, in milliseconds.
 */
jitter_out_ms: number, 
/**
 * Video packets of the other side that never came.
 */
lost_in: number, 
/**
 * Bytes sent so far.
 */
bytes_out: number, 
/**
 * Bytes received so far.
 */
bytes_in: number, 
/**
 * What the path seems to carry, bits a second.
 */
estimate_bit_s: number, 
/**
 * The SRTP profile.
 */
srtp: string, 
/**
 * The DTLS cipher suite.
 */
dtls: string, 
/**
 * How this side is reached: `host`, `srflx`, `prflx` or `relay`.
 */
local: string, 
/**
 * How the other side is reached.
 */
remote: string, };

export type Person = { 
/**
 * Id.
 */
user: string, 
/**
 * Handle.
 */
handle: string, 
/**
 * Role in the workspace.
 */
role: Role, 
/**
 * Whether the person may do anything.
 */
status: PersonStatus, 
/**
 * SHA-256 of the identity key, hexadecimal.
 */
fingerprint: string, 
/**
 * Devices, the oldest first.
 */
devices: Array<PersonDevice>, 
/**
 * Whether it is this member.
 */
me: boolean, 
/**
 * Since when.
 */
joined_at: Timestamp, 
/**
 * Since when the identity key is in force.
 */
identity_rotated_at: Timestamp, };

export type PersonDevice = { 
/**
 * Id.
 */
id: string, 
/**
 * Since when.
 */
added_at: Timestamp, 
/**
 * Whether it was shut out.
 */
revoked: boolean, };

export type PersonRole = { user: string, role: Role, };

export type PersonStatus = "active" | "suspended" | "removed";

export type PicturesView = { 
/**
 * A WebSocket on loopback; it can be opened once.
 */
url: string, };

export type PreviewSources = { camera: Source | null, microphone: Source | null, };

export type PreviewView = { 
/**
 * Where the web view fetches it; for nothing that can't be shown.
 */
url: string | null, kind: FileKind, media_type: string, 
/**
 * Whether the picture was made smaller, because it is too large to be shown whole.
 */
scaled: boolean, };

export type Processing = { 
/**
 * Takes out what the loudspeaker plays.
 */
echo: boolean, 
/**
 * Takes out steady noise.
 */
noise: boolean, 
/**
 * Evens out loud and soft voices.
 */
gain: boolean, };

export type Profile = { 
/**
 * The workspace.
 */
workspace: string, 
/**
 * The name of the shop.
 */
workspace_name: string, 
/**
 * The user.
 */
user: string, 
/**
 * The handle.
 */
handle: string, 
/**
 * The device.
 */
device: string, 
/**
 * The role in the workspace.
 */
role: Role, 
/**
 * SHA-256 of the identity key.
 */
fingerprint: string, 
/**
 * Where the relay answers.
 */
relay: string, 
/**
 * Whether the relay runs inside this app.
 */
hosts_relay: boolean, };

export type Quality = { 
/**
 * Pictures a second that were received, on average.
 */
frames_per_second: number, 
/**
 * Round trip in milliseconds, on average.
 */
round_trip_ms: number, 
/**
 * The share of packets that got lost, on average, 0 to 1.
 */
loss: number, 
/**
 * Frames that did not open.
 */
decrypt_errors: number, 
/**
 * Whether media went through a TURN server.
 */
is_relayed: boolean, };

export type Reader = { 
/**
 * Handle.
 */
handle: string, 
/**
 * Role in the conversation.
 */
role: Role, 
/**
 * How many devices.
 */
devices: number, 
/**
 * Whether the roster vouches for every device.
 */
verified: boolean, };

export type RecoveryAnswer = { index: number, word: string, };

export type RecoveryAnswers = { answers: Array<RecoveryAnswer>, };

export type RecoveryConfirmed = { confirmed: boolean, };

export type RecoveryWords = { recovery_words: Array<string>, };

export type Report = { 
/**
 * Whether nothing is wrong.
 */
ok: boolean, 
/**
 * Every check.
 */
checks: Array<Check>, };

export type RevokeFileRequest = { file: string, from: Array<string>, };

export type Rights = { 
/**
 * Send messages.
 */
post: boolean, 
/**
 * Add people.
 */
add: boolean, 
/**
 * Remove people.
 */
remove: boolean, 
/**
 * Change roles.
 */
change_roles: boolean, 
/**
 * Rotate the keys.
 */
rotate: boolean, 
/**
 * Leave: the last owner stays.
 */
leave: boolean, };

export type Role = "owner" | "admin" | "member" | "read_only" | "guest";

export type Rotated = { 
/**
 * SHA-256 of the new identity key.
 */
fingerprint: string, };

export type SaveFileRequest = { file: string, ask: boolean, };

export type Screen = { "kind": "screen", "id": string | null } | { "kind": "window", "id": string };

export type SearchHit = { 
/**
 * The message.
 */
message: MessageView, 
/**
 * Where it was found.
 */
conversation_title: string, 
/**
 * The words around the match, which stands between U+0001 and U+0002.
 */
snippet: string, };

export type SearchRequest = { query: string, limit: number, };

export type SendFileRequest = { conversation: string, path: string | null, staged: string | null, name: string, 
/**
 * Handles of those who get it; none for everyone in the conversation.
 */
named: Array<string> | null, view_only: boolean, 
/**
 * RFC 3339.
 */
expires_at: string | null, };

export type SendRequest = { conversation: string, text: string, 
/**
 * The message that it answers, and the device that sent that.
 */
reply_to: string | null, reply_device: string | null, };

export type Sent = { 
/**
 * Its id.
 */
message: string, 
/**
 * Whether the relay has it.
 */
state: SentState, };

export type SentState = "queued" | "sent";

export type Settings = { encryption_enabled: boolean, default_algorithm: Algorithm, key_rotation_days: number, audit_logging: boolean, compliance_mode: ("gdpr" | "hipaa" | "sox")[], 
/**
 * So often a call that lost its connection tries by itself.
 */
call_attempts: number, 
/**
 * Such an attempt has so long.
 */
call_attempt_seconds: number, };

export type SlotName = "keychain" | "passphrase" | "recovery_words";

export type SlotsPresent = { 
/**
 * The system's keychain.
 */
keychain: boolean, 
/**
 * The recovery words.
 */
recovery_words: boolean, 
/**
 * A passphrase.
 */
passphrase: boolean, };

export type Source = { "kind": "default" } | { "kind": "device", "id": string } | { "kind": "synthetic" };

export type StageRequest = { name: string, content: string, };

export type Staged = { 
/**
 * By which [`super::Share`] names them.
 */
id: string, 
/**
 * What they look like.
 */
attachment: Attachment, };

export type StartCall = { conversation: string, media: CallMedia, options: CallOptions, };

export type Timestamp = string;

export type TransferState = "waiting" | "running" | "paused" | "failed";

export type TransferView = { 
/**
 * The file.
 */
file: string, 
/**
 * Which way.
 */
direction: Direction, 
/**
 * The conversation.
 */
conversation: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its media type.
 */
media_type: string, 
/**
 * Where it is saved to, of a download.
 */
path: string | null, 
/**
 * How many bytes went over.
 */
done_bytes: number, 
/**
 * How many there are.
 */
total_bytes: number, 
/**
 * Bytes a second, of the last seconds.
 */
bytes_per_second: number, 
/**
 * Seconds until it is done, at this rate.
 */
seconds_left: number | null, 
/**
 * Where it stands.
 */
state: TransferState, 
/**
 * What keeps it from going on.
 */
problem: string | null, };

export type UnlockRequest = { passphrase: string | null, recovery_words: string | null, };

export type UserKey = { 
/**
 * The user.
 */
user: string, 
/**
 * Always RSA-4096.
 */
algorithm: string, 
/**
 * SHA-256 of the key.
 */
fingerprint: string, 
/**
 * The SubjectPublicKeyInfo, PEM (RFC 7468).
 */
pem: string, 
/**
 * Since when it is in force.
 */
created_at: Timestamp, };

export type Warning = { 
/**
 * Stable code.
 */
code: string, 
/**
 * In words.
 */
text: string, };
