//! A unit of work: what can be asked of a storage engine, and done to it, in a caller's name. One trait a noun; an engine implements
//! them all. What the caller may not see does not exist for it: a question about it answers as if it were not there, and an action
//! on it changes nothing.

mod audit;
mod backup;
mod call;
mod conversation;
mod file;
mod guest_link;
mod healing;
mod key_package;
mod log;
mod lost;
mod message;
mod roster;
mod session;

pub use audit::AuditLog;
pub use backup::Backups;
pub use call::{Calls, Departure, Presence, Silence};
pub use conversation::Conversations;
pub use file::Files;
pub use guest_link::{Admission, GuestLinks};
pub use healing::Healing;
pub use key_package::KeyPackages;
pub use log::Logs;
pub use lost::LostBranches;
pub use message::Messages;
pub use roster::Rosters;
pub use session::{LoginNoted, Sessions};

use super::Caller;

/// Everything that a unit of work can do.
pub trait UnitOfWork:
    AuditLog
    + Backups
    + Calls
    + Conversations
    + Files
    + GuestLinks
    + Healing
    + KeyPackages
    + Logs
    + LostBranches
    + Messages
    + Rosters
    + Sessions
    + Send
{
    /// In whose name this is done.
    fn caller(&self) -> Caller;

    /// The same unit of work in the relay's own name, for effects that the relay has checked.
    fn as_relay(&mut self) -> Box<Unit<'_>>;
}

/// A unit of work of whichever engine.
pub type Unit<'c> = dyn UnitOfWork + 'c;
