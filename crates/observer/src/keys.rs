//! Keys to which the members of a group seal. The library takes any bytes for one, and fails where it has to seal to them: in every commit of
//! everybody else.

use bezel_protocol::Suite;
use mls_rs::extension::built_in::ExternalPubExt;
use mls_rs::group::{ExportedTree, Node};
use mls_rs::{CipherSuite, CipherSuiteProvider as _, CryptoProvider as _, ExtensionList};
use mls_rs_core::crypto::HpkePublicKey;

use crate::error::{ObserveError, Refused};
use crate::public::PublicCrypto;

/// Whether members can seal to a key.
///
/// # Errors
/// [`Refused::UnusableKey`].
pub fn check_key(key: &HpkePublicKey, suite: Suite) -> Result<(), Refused> {
    let provider = PublicCrypto.cipher_suite_provider(CipherSuite::new(suite.code())).ok_or(Refused::UnusableKey)?;
    provider.kem_public_key_validate(key).map_err(|_| Refused::UnusableKey)
}

/// Whether members can seal to every key that came into a tree since it was another one.
///
/// # Errors
/// As for [`check_key`].
pub fn check_keys(before: Option<&ExportedTree<'_>>, after: &ExportedTree<'_>, suite: Suite) -> Result<(), Refused> {
    let old = |at: usize| before.and_then(|tree| tree.nodes().get(at)?.as_ref()).map(key);
    let new = after.nodes().iter().enumerate().filter_map(|(at, node)| Some((at, key(node.as_ref()?))));
    for (_, key) in new.filter(|(at, key)| old(*at) != Some(key)) {
        check_key(key, suite)?;
    }
    Ok(())
}

/// Whether somebody can come back by the key that group info holds for that.
pub(crate) fn check_way_back(extensions: &ExtensionList, suite: Suite) -> Result<(), ObserveError> {
    let external = extensions.get_as::<ExternalPubExt>().ok().flatten().ok_or(ObserveError::GroupInfo)?;
    check_key(external.external_pub(), suite).map_err(|_| ObserveError::GroupInfo)
}

const fn key(node: &Node) -> &HpkePublicKey {
    match node {
        Node::Leaf(leaf) => &leaf.public_key,
        Node::Parent(parent) => &parent.public_key,
    }
}
