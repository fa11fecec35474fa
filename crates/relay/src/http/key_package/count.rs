//! `GET /v1/key-packages`: how many are left of the caller's device.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::Suite;
use bezel_protocol::wire::{KeyPackageCounts, SuiteCount};

use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn count<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<KeyPackageCounts>, Refusal> {
    let counts = app
        .store
        .read(device.caller(), |unit| {
            Box::pin(async move {
                let mut counts = Vec::new();
                for suite in Suite::ALL {
                    let (one_time, last_resort) = unit.count_key_packages(suite).await?;
                    counts.push(SuiteCount { suite, one_time: u32::try_from(one_time).unwrap_or(u32::MAX), last_resort: last_resort > 0 });
                }
                Ok(counts)
            })
        })
        .await?;
    Ok(Cbor(KeyPackageCounts { counts }))
}
