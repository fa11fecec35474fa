//! Slot 1: the operating system's keychain (Secret Service, macOS Keychain, Windows Credential Manager).

use bezel_crypto::Secret;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// The service under which every entry of ours stands.
pub(super) const SERVICE: &str = "io.jewelia.bezel";

/// Why the keychain gave nothing.
#[derive(Debug)]
pub(super) enum Missing {
    /// No entry. A locked Secret Service answers the same, so this never means "first run".
    NoEntry,
    /// No keychain, or it refused.
    Unavailable(String),
}

/// Whether there is a keychain at all.
pub(crate) async fn available() -> bool {
    blocking(|| keyring::v1::Entry::store_status().is_ok()).await.unwrap_or(false)
}

pub(super) async fn get(service: &str, account: &str) -> core::result::Result<Secret<32>, Missing> {
    let (service, account) = (service.to_owned(), account.to_owned());
    blocking(move || {
        let found = entry(&service, &account)?.get_secret().map(Zeroizing::new).map_err(|error| match error {
            keyring::v1::Error::NoEntry => Missing::NoEntry,
            other => Missing::Unavailable(other.to_string()),
        })?;
        Secret::from_slice(&found).ok_or_else(|| Missing::Unavailable("the entry is not a key".into()))
    })
    .await
    .unwrap_or_else(|error| Err(Missing::Unavailable(error.message)))
}

pub(super) async fn set(account: &str, master: &Secret<32>) -> core::result::Result<(), Missing> {
    let account = account.to_owned();
    let secret = Zeroizing::new(master.expose().to_vec());
    blocking(move || {
        let entry = entry(SERVICE, &account)?;
        entry.set_secret(&secret).map_err(|error| Missing::Unavailable(error.to_string()))?;
        // A keychain that takes a secret and does not give it back must be noticed now, not at the next start.
        let back = entry.get_secret().map(Zeroizing::new).map_err(|error| Missing::Unavailable(error.to_string()))?;
        if back == secret { Ok(()) } else { Err(Missing::Unavailable("it does not give back what it was given".into())) }
    })
    .await
    .unwrap_or_else(|error| Err(Missing::Unavailable(error.message)))
}

pub(super) async fn delete(service: &str, account: &str) {
    let (service, account) = (service.to_owned(), account.to_owned());
    // Nothing depends on it: an entry that stays opens nothing that is left.
    let _ = blocking(move || entry(&service, &account).map(|entry| entry.delete_credential().is_ok())).await;
}

/// What a person hears who wants the keychain and can't have it.
pub(super) fn unusable(missing: &Missing) -> Error {
    let reason = match missing {
        Missing::NoEntry => "it gives nothing back",
        Missing::Unavailable(reason) => reason,
    };
    Error::new(
        "no_keychain",
        format!("The system's keychain can't be used ({reason})."),
        "Unlock or start it (on Linux: a Secret Service such as gnome-keyring), or set a passphrase instead (--unlock passphrase).",
    )
}

fn entry(service: &str, account: &str) -> core::result::Result<keyring::v1::Entry, Missing> {
    keyring::v1::Entry::new(service, account).map_err(|error| Missing::Unavailable(error.to_string()))
}

/// The keychain may ask the user and must not hold up the runtime.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        Error::new("keychain", format!("The keychain failed: {error}."), "Unlock with the passphrase or the recovery words.")
    })
}
