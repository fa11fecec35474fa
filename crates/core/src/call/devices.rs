//! What devices there are.

use bezel_calls::device::Devices;

/// Looks what cameras, microphones, loudspeakers, screens and windows there are now. A list is empty where there are none.
pub async fn devices() -> Devices {
    tokio::task::spawn_blocking(bezel_calls::device::devices).await.unwrap_or_default()
}
