//! `POST /v1/key-packages`: a device leaves key packages.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::KeyPackageUpload;

use super::in_force::in_force;
use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

/// So many one-time key packages of a suite may wait.
const MAX_WAITING: u64 = 200;
const MAX_BYTES: usize = 16 * 1024;

pub(crate) async fn upload<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(upload): Cbor<KeyPackageUpload>,
) -> Result<(), Refusal> {
    if upload.one_time.iter().chain(&upload.last_resort).any(|new| new.key_package.0.len() > MAX_BYTES) {
        return Err(Refusal::too_large());
    }
    let (is_audited, in_force) = (app.settings.audit_logging, in_force(app.now_ms()));
    let taken = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                unit.drop_key_packages(upload.suite, &in_force, upload.replaces).await?;
                let waiting = unit.count_key_packages(upload.suite, in_force).await?.one_time;
                if waiting + upload.one_time.len() as u64 > MAX_WAITING {
                    return Ok(false);
                }
                unit.put_key_packages(upload.suite, &upload.one_time, upload.last_resort.as_ref()).await?;
                audit(unit, is_audited, "key_packages_put", None).await?;
                Ok(true)
            })
        })
        .await?;
    if taken { Ok(()) } else { Err(Refusal::too_many()) }
}
