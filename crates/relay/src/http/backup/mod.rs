//! What a user's devices keep for each other, wrapped.

mod epoch_keys;
mod vault;

pub(crate) use epoch_keys::{epoch_keys, put_epoch_keys};
pub(crate) use vault::{put_vault, vault};
