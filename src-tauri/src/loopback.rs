//! What the servers on loopback have in common: who may ask, and by which word.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use bezel_core::{Error, Result};
use bezel_crypto::{Rng as _, SystemRng};

/// Origins of the app's own pages.
#[cfg(feature = "custom-protocol")]
const ORIGINS: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];
/// And that of the development server.
#[cfg(not(feature = "custom-protocol"))]
const ORIGINS: [&str; 3] = ["tauri://localhost", "http://tauri.localhost", "http://localhost:1420"];

/// 256 random bits.
///
/// # Errors
/// When the system has no random bits.
pub(crate) fn token() -> Result<String> {
    let mut random = [0; 32];
    SystemRng.fill(&mut random).map_err(|error| Error::new("no_randomness", format!("{error}."), "Restart the computer."))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether a request names this server: a page of another site that was led to the port by its own name server has another host.
pub(crate) fn names(headers: &HeaderMap, host: &str) -> bool {
    headers.get(HOST).is_some_and(|named| named.as_bytes() == host.as_bytes())
}

/// The app's own page that asks; none where another page does, or none.
pub(crate) fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).filter(|origin| ORIGINS.contains(origin))
}
