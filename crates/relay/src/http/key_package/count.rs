//! `GET /v1/key-packages`: how many are left of the caller's device.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::Suite;
use bezel_protocol::wire::{KeyPackageCounts, SuiteCount};

use super::in_force::in_force;
use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

pub(crate) async fn count<S: Store>(State(app): State<Arc<App<S>>>, device: Device) -> Result<Cbor<KeyPackageCounts>, Refusal> {
    let now_ms = app.now_ms();
    let counts = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                let mut counts = Vec::new();
                for suite in Suite::ALL {
                    let stock = unit.count_key_packages(suite, in_force(now_ms)).await?;
                    counts.push(SuiteCount {
                        suite,
                        one_time: u32::try_from(stock.one_time).unwrap_or(u32::MAX),
                        first_ends_at_ms: stock.first_ends_at_ms,
                        last_resort_ends_at_ms: stock.last_resort_ends_at_ms,
                    });
                }
                Ok(counts)
            })
        })
        .await?;
    Ok(Cbor(KeyPackageCounts { counts }))
}
