//! A conversation begins.

use serde::{Deserialize, Serialize};

use super::Bytes;

/// A conversation in epoch 0, with its creator's device alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewConversation {
    /// Entry 1 of its log, a [`crate::log::Begin`].
    pub begin: Bytes,
}
