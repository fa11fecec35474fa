//! The user's keys: how old they are, and new ones.

mod rotate;
mod status;

pub use rotate::{Rotated, rotate};
pub use status::{ConversationKeys, KeysStatus, SlotsPresent, UserKey, status, user_key};

pub(crate) use rotate::{rotate_locked, settle_rotation};
