//! What can be asked.

mod call;
mod file;
mod vault;

use std::path::PathBuf;

use bezel_core::message::Answered;
use bezel_protocol::{Algorithm, Handle, RelayAddress, Role};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use call::{Call, CallSink, CallSource, Media, RunCall};
pub(crate) use file::{File, ListFiles, SendFile};
pub(crate) use vault::{Passphrase, Switch, Vault, Words};

/// A member of a Bezel workspace, without a window.
#[derive(Parser)]
#[command(name = "bezel", version, infer_long_args = true)]
pub(crate) struct Arguments {
    /// The member's folder.
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// How to unlock it: keychain, passphrase (from BEZEL_PASSPHRASE) or words (from BEZEL_WORDS, numbered or not).
    #[arg(long, global = true, value_enum, default_value_t = UnlockBy::Keychain)]
    pub(crate) unlock: UnlockBy,
    /// Prints JSON: one object, or one a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What was asked; a wrong command ends the program.
    pub(crate) fn read() -> Self {
        let arguments = Self::parse();
        if let Command::Workspace(Workspace::Create { relay, allow_http: false, .. }) = &arguments.command
            && let Err(error) = relay.clone().private()
        {
            Self::command().error(ErrorKind::ValueValidation, format!("{error}, or add --allow-http")).exit();
        }
        arguments
    }
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
        /// The message that it answers; by its device too, where several bear its id.
        #[arg(long, value_name = "[DEVICE/]MESSAGE")]
        reply_to: Option<Answered>,
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
        /// How many. Where there are earlier ones, the last line says how to go on; with --json it is {"earlier": CURSOR}.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Goes on towards the past from here (the `earlier` of a list).
        #[arg(long)]
        before: Option<String>,
    },
    /// Searches everything that you can read.
    Search {
        /// Words in any script; the last one may be a beginning.
        query: String,
        /// How many. Where there are more, the last line says how to go on; with --json it is {"earlier": NUMBER}.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// How many of the newest to pass over (the `earlier` of a list).
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        skip: u32,
    },
    /// Your keys.
    #[command(subcommand)]
    Keys(Keys),
    /// What was done that no honest relay or member does.
    Alarms {
        #[command(subcommand)]
        command: Option<Alarms>,
    },
    /// The ways to unlock this home, and its master key.
    #[command(subcommand)]
    Vault(Vault),
    /// A whole day in a minute, on a relay of its own: each step timed and checked.
    Journey,
    /// The checkpoint of the relay's audit log that this device keeps, by which an export can be compared.
    Audit,
    /// What this machine and this workspace lack, and the remedy.
    Doctor,
    /// Makes threads, titles, files and what search finds again from the messages that this device keeps, where a list shows too little.
    Replay,
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
        /// The relay that keeps it: https://…, or http://… on this machine.
        #[arg(long, value_parser = RelayAddress::allowing_http)]
        relay: RelayAddress,
        /// Lets --relay be http:// on another machine too: on the way there, everyone sees who speaks with whom and when.
        #[arg(long)]
        allow_http: bool,
        /// The relay's set-up token, where it wants one.
        #[arg(long, value_name = "TOKEN", env = "BEZEL_SETUP_TOKEN", hide_env_values = true)]
        setup_token: Option<String>,
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
    /// Those with this in the handle.
    #[arg(long, value_name = "TEXT")]
    pub(crate) find: Option<String>,
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
    List {
        /// Those with this in the title.
        #[arg(long, value_name = "TEXT")]
        find: Option<String>,
    },
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
    /// Leaves it; what was said so far stays readable here.
    Leave {
        /// Which.
        conversation: String,
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
pub(crate) enum Alarms {
    /// Puts an alarm away. It comes back when it is raised again.
    Acknowledge {
        /// Its number.
        alarm: String,
    },
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
