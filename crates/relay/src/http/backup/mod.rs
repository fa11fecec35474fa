//! What a user's devices keep for each other, wrapped.

mod epoch_keys;
mod vault;

use bezel_protocol::DeviceId;
use bezel_protocol::key::Ed25519PublicKey;

use crate::app::App;
use crate::clock::now_ms;
use crate::http::{Device, Refusal};
use crate::store::Store;

pub(crate) use epoch_keys::{epoch_keys, put_epoch_keys};
pub(crate) use vault::{put_vault, vault};

/// The message key of a device that may act for the caller's user.
fn signer<S: Store>(app: &App<S>, caller: &Device, signer: DeviceId) -> Result<Ed25519PublicKey, Refusal> {
    let roster = app.roster(caller.workspace).ok_or_else(Refusal::unauthenticated)?;
    let device = roster.device(signer).filter(|device| device.user == caller.user && roster.stands(signer, now_ms()));
    let key = device.and_then(|device| device.current()).map(|current| current.certificate().message_key);
    key.ok_or_else(|| Refusal::refused("it is not signed by a device of its user"))
}
