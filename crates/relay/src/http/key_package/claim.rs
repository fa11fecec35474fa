//! `POST /v1/key-packages/claim`: one key package of each device, to add it to a group.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::wire::{Bytes, ClaimKeyPackages, ClaimedKeyPackage, ClaimedKeyPackages};

use super::in_force::in_force;
use crate::app::{App, audit};
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

/// So many devices at once.
const MAX_DEVICES: usize = 1000;

pub(crate) async fn claim<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Cbor(request): Cbor<ClaimKeyPackages>,
) -> Result<Cbor<ClaimedKeyPackages>, Refusal> {
    if request.devices.len() > MAX_DEVICES {
        return Err(Refusal::too_large());
    }
    let roster = app.roster(device.workspace).ok_or_else(Refusal::not_found)?;
    let now_ms = app.now_ms();
    // Devices of other workspaces, and those that were shut out, are not there.
    let devices: BTreeSet<_> = request.devices.into_iter().filter(|device| roster.stands(*device, now_ms)).collect();
    let is_audited = app.settings.audit_logging;
    let key_packages = app
        .store
        .write(device.caller(), move |unit| {
            Box::pin(async move {
                let mut claimed = Vec::new();
                for device in devices {
                    if let Some(key_package) = unit.claim_key_package(device, request.suite, in_force(now_ms)).await? {
                        claimed.push(ClaimedKeyPackage { device, key_package: Bytes(key_package) });
                    }
                }
                audit(unit, is_audited, "key_packages_claim", Some(claimed.len().to_string())).await?;
                Ok(claimed)
            })
        })
        .await?;
    Ok(Cbor(ClaimedKeyPackages { key_packages }))
}
