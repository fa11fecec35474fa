//! The library, set up our way.

use core::time::Duration;

use bezel_protocol::{SignedCertificate, Suite};
use mls_rs::client_builder::{
    BaseConfig, WithCryptoProvider, WithGroupStateStorage, WithIdentityProvider, WithKeyPackageRepo, WithMlsRules,
};
use mls_rs::time::MlsTime;
use mls_rs::{CipherSuite, Client};
use mls_rs_core::extension::ExtensionType;
use mls_rs_crypto_awslc::AwsLcCryptoProvider;

use super::judge::Judge;
use super::leaf;
use super::roles::ROLES;
use super::rules::Rules;
use super::storage::Storage;
use crate::device::DeviceKeys;

pub(super) type Config = WithMlsRules<
    Rules,
    WithIdentityProvider<
        Judge,
        WithCryptoProvider<AwsLcCryptoProvider, WithGroupStateStorage<Storage, WithKeyPackageRepo<Storage, BaseConfig>>>,
    >,
>;

/// How long a key package may be used: 90 days, the lifetime of an identity key, and the day by which it is backdated.
const KEY_PACKAGE_LIFETIME: Duration = Duration::from_secs(91 * 24 * 60 * 60);
/// Key packages begin this much before they are made: the clock of whoever uses them may be behind.
pub(super) const BACKDATED_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) const fn cipher_suite(suite: Suite) -> CipherSuite {
    CipherSuite::new(suite.code())
}

pub(super) fn mls_time(at_ms: i64) -> MlsTime {
    MlsTime::from_duration_since_epoch(Duration::from_millis(u64::try_from(at_ms).unwrap_or(0)))
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
    builder(judge, storage).signing_identity(leaf::signing_identity(certificate, public), secret, cipher_suite(suite)).build()
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
