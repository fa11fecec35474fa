//! What can be asked of files.

use std::path::PathBuf;

use bezel_core::file::{FileKind, FileOrder};
use bezel_protocol::Handle;
use clap::{Args, Subcommand, ValueEnum};

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
        /// Whom to take it from; the others get it again under a new key.
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
    /// How many. Where there are more, the last line says how to go on; with --json it is {"earlier": NUMBER}.
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: u32,
    /// How many to pass over (the `earlier` of a list).
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
