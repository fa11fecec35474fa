//! What comes into a group's tree: keys to which its members seal, in leaves of a bounded size. The library takes any bytes for a key, and fails
//! where it has to seal to them: in every commit of everybody else. Leaves may hold what their devices like, and everybody keeps them.

use bezel_protocol::Suite;
use mls_rs::extension::ExtensionType;
use mls_rs::extension::built_in::ExternalPubExt;
use mls_rs::group::{ExportedTree, Node};
use mls_rs::mls_rs_codec::MlsSize as _;
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

/// The most bytes of a leaf, and of a key package with one. Ours have two thousand: keys, signatures and the certificate.
pub const MAX_LEAF_BYTES: usize = 8 * 1024;

/// Whether members can seal to every key that came into a tree since it was another one, and no leaf among them is too large.
///
/// # Errors
/// As for [`check_key`], and [`Refused::LargeLeaf`].
pub fn check_keys(before: Option<&ExportedTree<'_>>, after: &ExportedTree<'_>, suite: Suite) -> Result<(), Refused> {
    let old = |at: usize| before.and_then(|tree| tree.nodes().get(at)?.as_ref());
    let new = after.nodes().iter().enumerate().filter_map(|(at, node)| Some((at, node.as_ref()?)));
    for (_, node) in new.filter(|(at, node)| old(*at) != Some(node)) {
        if matches!(node, Node::Leaf(leaf) if leaf.mls_encoded_len() > MAX_LEAF_BYTES) {
            return Err(Refused::LargeLeaf);
        }
        check_key(key(node), suite)?;
    }
    Ok(())
}

/// Whether somebody can come back by the key that group info holds for that.
pub(crate) fn check_way_back(extensions: &ExtensionList, suite: Suite) -> Result<(), ObserveError> {
    // Whoever comes back reads it: it holds the key and nothing behind it.
    let is_long = extensions.get(ExtensionType::EXTERNAL_PUB).is_none_or(|external| external.extension_data.len() > MAX_LEAF_BYTES);
    let external = extensions.get_as::<ExternalPubExt>().ok().flatten().filter(|_| !is_long).ok_or(ObserveError::GroupInfo)?;
    check_key(external.external_pub(), suite).map_err(|_| ObserveError::GroupInfo)
}

const fn key(node: &Node) -> &HpkePublicKey {
    match node {
        Node::Leaf(leaf) => &leaf.public_key,
        Node::Parent(parent) => &parent.public_key,
    }
}
