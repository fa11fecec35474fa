//! What can be asked of calls.

use clap::{Args, Subcommand, ValueEnum};

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
    /// Lists the links that still work, whoever made them.
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
        /// How many. Where there are more, the last line says how to go on; with --json it is {"earlier": TIME}.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// Calls that began before this time (the `earlier` of a list).
        #[arg(long, value_name = "TIME")]
        before: Option<jiff::Timestamp>,
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
    /// Leaves the call this many seconds after media began to flow.
    #[arg(long, value_name = "SECONDS")]
    pub(crate) duration: Option<u64>,
    /// Sound alone, or picture too.
    #[arg(long, value_enum, default_value_t = Media::Video)]
    pub(crate) media: Media,
    /// Hides this machine's address: everything goes through the relay.
    #[arg(long)]
    pub(crate) relay_only: bool,
    /// Lets in everybody who waits at the door.
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
