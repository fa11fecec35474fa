//! The member: everything that a person or a script can do in a workspace, one folder a noun and one file a verb.
//!
//! The one invariant: what was shown as sent is on the relay's disk and its key in the user's backup; what is shown as received was
//! verified. Every step commits in one transaction, so that a crash between any two of them loses nothing.

#![warn(missing_docs)]

pub mod alarm;
mod cache;
pub mod call;
mod change;
pub mod clock;
mod content;
pub mod conversation;
pub mod device;
pub mod doctor;
mod error;
pub mod file;
mod group;
mod heal;
mod home;
pub mod invite;
pub mod keys;
mod log;
pub mod logging;
mod member;
pub mod message;
pub mod people;
mod relay;
mod roster;
pub mod search;
mod spine;
pub mod sync;
pub mod vault;
mod view;
pub mod workspace;

pub use change::Change;
pub use error::{AppError, Class, Error, Result};
pub use home::Home;
pub use member::{Environment, Member};
pub use view::{AlgorithmName, RoleName};
