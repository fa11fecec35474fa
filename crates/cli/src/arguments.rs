//! What can be asked.

use std::path::PathBuf;

use bezel_core::file::{FileKind, FileOrder};
use bezel_protocol::{Algorithm, Handle, MessageId, Role};
use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

/// A member of a Bezel workspace, without a window.
#[derive(Parser)]
#[command(name = "bezel", version, infer_long_args = true)]
pub(crate) struct Arguments {
    /// The member's folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// How to unlock it: keychain, passphrase (from BEZEL_PASSPHRASE) or words (from BEZEL_WORDS).
    #[arg(long, global = true, value_enum, default_value_t = UnlockBy::Keychain)]
    pub(crate) unlock: UnlockBy,
    /// Prints JSON: one object, or one a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How a member is unlocked.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnlockBy {
    Keychain,
    Passphrase,
    Words,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Workspaces.
    #[command(subcommand)]
    Workspace(Workspace),
    /// Invitations.
    #[command(subcommand)]
    Invite(Invite),
    /// Joins a workspace by an invitation.
    Join {
        /// The invitation.
        link: String,
        /// Your handle.
        #[arg(long)]
        handle: Handle,
    },
    /// The people of the workspace.
    People(PeopleArgs),
    /// Your devices, or those of somebody else.
    Devices {
        #[command(subcommand)]
        command: Option<Devices>,
    },
    /// Conversations.
    #[command(subcommand)]
    Conversation(Conversation),
    /// Sends a message.
    Send {
        /// The conversation.
        conversation: String,
        /// The words.
        text: String,
        /// The message that it answers.
        #[arg(long, value_name = "MESSAGE")]
        reply_to: Option<MessageId>,
    },
    /// Files.
    #[command(subcommand)]
    File(File),
    /// Calls.
    #[command(subcommand)]
    Call(Call),
    /// Synchronises with the relay.
    Sync {
        /// Stays in step until it is interrupted; prints what changes.
        #[arg(long)]
        follow: bool,
    },
    /// The messages of a conversation, the oldest first.
    Messages {
        /// The conversation.
        conversation: String,
        /// How many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Goes on towards the past from here (the `earlier` of a page).
        #[arg(long)]
        before: Option<String>,
    },
    /// Searches everything that you can read.
    Search {
        /// Words; the last one may be a beginning.
        query: String,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Your keys.
    #[command(subcommand)]
    Keys(Keys),
    /// A whole day in a minute, on a relay of its own: each step timed and checked.
    Journey,
    /// What this machine and this workspace lack, and the remedy.
    Doctor,
}

#[derive(Subcommand)]
pub(crate) enum Workspace {
    /// Begins a workspace; you own it.
    Create {
        /// The name of the shop.
        #[arg(long)]
        name: String,
        /// Your handle.
        #[arg(long)]
        handle: Handle,
        /// The relay that keeps it.
        #[arg(long)]
        relay: Url,
    },
    /// Who you are in it.
    Show,
}

#[derive(Subcommand)]
pub(crate) enum Invite {
    /// Invites one person.
    Create {
        /// The role: owner, admin, member, read-only or guest.
        #[arg(long, default_value = "member")]
        role: Role,
        /// For how many days.
        #[arg(long, default_value_t = 7)]
        days: u32,
    },
}

#[derive(Args)]
pub(crate) struct PeopleArgs {
    #[command(subcommand)]
    pub(crate) command: Option<People>,
}

#[derive(Subcommand)]
pub(crate) enum People {
    /// Gives somebody another role in the workspace: HANDLE=ROLE.
    Role {
        /// Whom, and what.
        change: HandleRole,
    },
    /// Shuts somebody out for a time.
    Suspend {
        /// Whom.
        handle: Handle,
    },
    /// Lets a suspended person in again.
    Reinstate {
        /// Whom.
        handle: Handle,
    },
    /// Shuts somebody out for good.
    Remove {
        /// Whom.
        handle: Handle,
    },
}

#[derive(Subcommand)]
pub(crate) enum Devices {
    /// Shuts a device out.
    Revoke {
        /// Which.
        device: bezel_protocol::DeviceId,
    },
}

#[derive(Subcommand)]
pub(crate) enum Conversation {
    /// Begins a conversation.
    Create {
        /// Its title.
        #[arg(long)]
        title: String,
        /// Whom to add.
        #[arg(long, value_name = "HANDLE")]
        with: Vec<Handle>,
        /// The role of one of them: HANDLE=ROLE.
        #[arg(long, value_name = "HANDLE=ROLE")]
        role: Vec<HandleRole>,
        /// aes-256-gcm or chacha20-poly1305.
        #[arg(long)]
        algorithm: Option<Algorithm>,
    },
    /// All conversations.
    List,
    /// One in full.
    Show {
        /// Which.
        conversation: String,
    },
    /// Adds somebody.
    Add {
        /// To which.
        conversation: String,
        /// Whom: HANDLE, or HANDLE=ROLE.
        who: String,
    },
    /// Removes somebody.
    Remove {
        /// From which.
        conversation: String,
        /// Whom.
        handle: Handle,
    },
    /// Gives somebody another role in it: HANDLE=ROLE.
    Role {
        /// In which.
        conversation: String,
        /// Whom, and what.
        change: HandleRole,
    },
    /// Rotates its keys now.
    Rotate {
        /// Of which.
        conversation: String,
    },
    /// Who can read it now, and by which keys.
    Status {
        /// Which.
        conversation: String,
    },
}

#[derive(Subcommand)]
pub(crate) enum File {
    /// Sends a file. Interrupted, the same command goes on from where it stopped.
    Send(SendFile),
    /// Saves a file. Interrupted, the same command goes on from where it stopped.
    Get {
        /// Which.
        file: String,
        /// A file, or a folder that takes it under its own name.
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
        /// Replaces what stands there.
        #[arg(long)]
        replace: bool,
    },
    /// The files that you may see.
    List(ListFiles),
    /// Who did what with a file, the newest first.
    Log {
        /// Which.
        file: String,
    },
    /// Withdraws a file from everyone, or from some.
    Revoke {
        /// Which.
        file: String,
        /// From whom; the others get it anew under another key.
        #[arg(long, value_name = "HANDLE")]
        from: Vec<Handle>,
    },
}

#[derive(Args)]
pub(crate) struct SendFile {
    /// The conversation.
    pub(crate) conversation: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// Only for these members of it.
    #[arg(long, value_name = "HANDLE")]
    pub(crate) to: Vec<Handle>,
    /// To be looked at in Bezel, not to be saved.
    #[arg(long)]
    pub(crate) view_only: bool,
    /// Until when, such as 2026-12-24T18:00:00Z.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<jiff::Timestamp>,
}

#[derive(Args)]
pub(crate) struct ListFiles {
    /// Of one conversation.
    #[arg(long)]
    pub(crate) conversation: Option<String>,
    /// Of one kind.
    #[arg(long, value_enum)]
    pub(crate) kind: Option<Kind>,
    /// Sent by one person.
    #[arg(long, value_name = "HANDLE")]
    pub(crate) from: Option<Handle>,
    /// Sent at this time or later.
    #[arg(long, value_name = "TIME")]
    pub(crate) after: Option<jiff::Timestamp>,
    /// Sent before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<jiff::Timestamp>,
    /// With this in the name.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// In which order.
    #[arg(long, value_enum, default_value_t = Order::Newest)]
    pub(crate) order: Order,
    /// How many.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// How many to pass over.
    #[arg(long, default_value_t = 0)]
    pub(crate) skip: u32,
}

/// Kinds of files.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    Image,
    Video,
    Audio,
    Pdf,
    Other,
}

impl From<Kind> for FileKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Image => Self::Image,
            Kind::Video => Self::Video,
            Kind::Audio => Self::Audio,
            Kind::Pdf => Self::Pdf,
            Kind::Other => Self::Other,
        }
    }
}

/// Orders of files.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Order {
    Newest,
    Oldest,
    Name,
    Largest,
}

impl From<Order> for FileOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
            Order::Name => Self::Name,
            Order::Largest => Self::Largest,
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum Call {
    /// Calls everyone in a conversation, and stays in the call.
    Start {
        /// The conversation.
        conversation: String,
        #[command(flatten)]
        run: RunCall,
    },
    /// Waits for a call, or for a guest at the door, answers, and stays in it.
    Answer {
        /// For how long one waits, in seconds.
        #[arg(long, default_value_t = 60, value_name = "SECONDS")]
        within: u64,
        /// This call, which goes on: it need not ring.
        #[arg(long)]
        call: Option<bezel_protocol::CallId>,
        #[command(flatten)]
        run: RunCall,
    },
    /// Makes a link by which a client comes in from a browser.
    Link {
        /// The conversation whose members answer.
        conversation: String,
        /// For how many hours it holds.
        #[arg(long, default_value_t = 24)]
        hours: u32,
        /// It does not end with the first client.
        #[arg(long)]
        reusable: bool,
        /// What the call is to carry.
        #[arg(long, value_enum, default_value_t = Media::Video)]
        media: Media,
    },
    /// Links that still hold, whoever made them.
    Links,
    /// Ends a link.
    Unlink {
        /// Which.
        link: bezel_protocol::GuestLinkId,
    },
    /// Calls that were, the newest first, and how each was.
    #[command(visible_alias = "stats")]
    History {
        /// Of one conversation.
        #[arg(long)]
        conversation: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Cameras, microphones, loudspeakers, screens and windows.
    Devices,
}

/// How one is in a call.
#[derive(Args, Clone)]
pub(crate) struct RunCall {
    /// From where sound and picture come.
    #[arg(long, value_enum, default_value_t = CallSource::Default)]
    pub(crate) source: CallSource,
    /// Shares the first screen too.
    #[arg(long)]
    pub(crate) screen: bool,
    /// Where pictures go: stats decodes them, checks them, and prints an object a second.
    #[arg(long, value_enum, default_value_t = CallSink::None)]
    pub(crate) sink: CallSink,
    /// Leaves so long after the call began to flow, in seconds.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<u64>,
    /// Sound alone, or picture too.
    #[arg(long, value_enum, default_value_t = Media::Video)]
    pub(crate) media: Media,
    /// Hides this machine's address: everything goes through the relay.
    #[arg(long)]
    pub(crate) relay_only: bool,
    /// Lets in whoever waits at the door.
    #[arg(long)]
    pub(crate) admit: bool,
}

/// Sources of a call.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CallSource {
    /// Camera and microphone.
    Default,
    /// A moving pattern with a counter and a clock, and a tone.
    Synthetic,
}

/// Sinks of a call.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CallSink {
    /// Nowhere.
    None,
    /// Decoded, checked and counted.
    Stats,
}

/// What a call carries.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Media {
    Audio,
    Video,
}

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// How old they are, and when they change.
    Status,
    /// A new identity key.
    Rotate,
}

/// HANDLE=ROLE.
#[derive(Clone, Debug)]
pub(crate) struct HandleRole {
    pub(crate) handle: Handle,
    pub(crate) role: Role,
}

impl core::str::FromStr for HandleRole {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (handle, role) = text.split_once('=').ok_or("write it as HANDLE=ROLE, such as ben=read-only")?;
        Ok(Self {
            handle: handle.parse().map_err(|error: bezel_protocol::handle::InvalidHandle| error.to_string())?,
            role: role.parse().map_err(|error: bezel_protocol::role::InvalidRole| error.to_string())?,
        })
    }
}
