//! The library, set up our way.

use core::time::Duration;

use bezel_observer::{Judge, ROLES, Rules, signing_identity};
use bezel_protocol::wire::KEY_PACKAGE_LIFETIME_MS;
use bezel_protocol::{SignedCertificate, Suite};
use mls_rs::client_builder::{
    BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithKeyPackageRepo, WithMlsRules,
};
use mls_rs::{CipherSuite, Client};
use mls_rs_core::extension::ExtensionType;
use mls_rs_crypto_awslc::AwsLcCryptoProvider;

use super::storage::Storage;
use crate::device::DeviceKeys;

pub(super) type Config = WithMlsRules<
    Rules,
    WithIdentityProvider<
        Judge,
        WithCryptoProvider<AwsLcCryptoProvider, WithGroupStateStorage<Storage, WithKeyPackageRepo<Storage, BaseConfig>>>,
    >,
>;

const KEY_PACKAGE_LIFETIME: Duration = Duration::from_millis(KEY_PACKAGE_LIFETIME_MS.unsigned_abs());
/// Key packages begin this much before they are made: the clock of whoever uses them may be behind.
pub(super) const BACKDATED_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) const fn cipher_suite(suite: Suite) -> CipherSuite {
    CipherSuite::new(suite.code())
}

pub(super) fn crypto() -> AwsLcCryptoProvider {
    AwsLcCryptoProvider::with_enabled_cipher_suites(Suite::ALL.map(cipher_suite).to_vec())
}

/// A client that can act for a device in a suite.
pub(super) fn member(
    device: &DeviceKeys,
    certificate: &SignedCertificate,
    suite: Suite,
    judge: &Judge,
    storage: &Storage,
) -> Client<Config> {
    let (secret, public) = device.leaf(suite);
    builder(judge, storage).signing_identity(signing_identity(certificate, public), secret, cipher_suite(suite)).build()
}

/// A client that can load what was stored.
pub(super) fn reader(judge: &Judge, storage: &Storage) -> Client<Config> {
    builder(judge, storage).build()
}

pub(super) fn builder(judge: &Judge, storage: &Storage) -> mls_rs::client_builder::ClientBuilder<Config> {
    Client::builder()
        .key_package_repo(storage.clone())
        .group_state_storage(storage.clone())
        .crypto_provider(crypto())
        .identity_provider(judge.clone())
        .mls_rules(Rules::new(judge.clone()))
        .extension_type(ROLES)
        .extension_type(ExtensionType::LAST_RESORT_KEY_PACKAGE)
        .key_package_lifetime(KEY_PACKAGE_LIFETIME)
}
