//! The user's keys: how old they are, and new ones.

mod age;
mod renew;
mod rotate;
mod status;

pub use rotate::{Rotated, rotate};
pub use status::{ConversationKeys, KeysStatus, SlotsPresent, UserKey, status, user_key};

pub(crate) use age::identity_age_ms;
pub(crate) use renew::{renew_by_age, renew_lapsed};
pub(crate) use rotate::{rotate_locked, settle_rotation};
