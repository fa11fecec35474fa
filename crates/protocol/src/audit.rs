//! The tree over the relay's audit log (RFC 6962, proofs by RFC 9162 §2.1.4): by it a client sees with a few hashes that what it saw before is
//! the beginning of what it is shown now, and learns nothing of the entries.

use ct_merkle::{ConsistencyProof, RootHash, indices_for_consistency_proof};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::Hash;

/// How many entries the log has, and the root of the tree over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeHead {
    /// How many.
    pub entries: u64,
    /// The tree's hash; [`Hash::ZERO`] while there is no entry.
    pub root: Hash,
}

/// A subtree whose leaves are all there: 2^level leaves, from the leaf `position` · 2^level on. Its hash never changes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// How high it is; a leaf is 0.
    pub level: u32,
    /// Which of this height, from 0.
    pub position: u64,
}

/// Builds the tree over entries that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct TreeBuilder {
    entries: u64,
    /// The whole subtrees so far, from left to right, each with its level.
    subtrees: Vec<(u32, Hash)>,
}

impl TreeBuilder {
    /// The next entry, by its hash in the chain.
    pub fn push(&mut self, chained: Hash) {
        self.entries += 1;
        let (mut level, mut node) = (0, leaf(chained));
        while let Some((_, left)) = self.subtrees.pop_if(|(left, _)| *left == level) {
            (level, node) = (level + 1, parent(left, node));
        }
        self.subtrees.push((level, node));
    }

    /// The tree so far.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        let nodes: Vec<Hash> = self.subtrees.iter().map(|(_, node)| *node).collect();
        TreeHead { entries: self.entries, root: root(&nodes) }
    }
}

/// More entries than any log has: beyond it nothing is computed.
const MAX_ENTRIES: u64 = 1 << 48;

/// The leaf of an entry, which the entry's hash in the chain stands for (RFC 6962 §2.1).
#[must_use]
pub fn leaf(chained: Hash) -> Hash {
    Hash::of(&[&[0], chained.as_bytes().as_slice()].concat())
}

/// The node above two others (RFC 6962 §2.1).
#[must_use]
pub fn parent(left: Hash, right: Hash) -> Hash {
    Hash::of(&[&[1], left.as_bytes().as_slice(), right.as_bytes()].concat())
}

/// The largest whole subtrees that make up `count` leaves from `first` on, from left to right. `first` begins a subtree of that size.
#[must_use]
pub fn subtrees(first: u64, count: u64) -> Vec<Subtree> {
    let (mut first, mut rest, mut found) = (first, count, Vec::new());
    while let Some(level) = rest.checked_ilog2() {
        found.push(Subtree { level, position: first >> level });
        first = first.saturating_add(1 << level);
        rest -= 1 << level;
    }
    found
}

/// The root of a tree, from the hashes of its [`subtrees`]. [`Hash::ZERO`] where there are none.
#[must_use]
pub fn root(subtrees: &[Hash]) -> Hash {
    subtrees.iter().rev().copied().reduce(|right, left| parent(left, right)).unwrap_or(Hash::ZERO)
}

/// What a proof that `from` entries are the beginning of `to` is made of: for each of its nodes, the subtrees whose [`root`] it is. `None` where
/// there is no such proof.
#[must_use]
pub fn proof_nodes(from: u64, to: u64) -> Option<Vec<Vec<Subtree>>> {
    if from == 0 || from > to || to > MAX_ENTRIES {
        return None;
    }
    let nodes = indices_for_consistency_proof(from, to - from).into_iter().map(|index| {
        // RFC 9420, appendix C: the number of ones at the end is the level; what stands before them counts the nodes of it.
        let level = index.trailing_ones();
        let first = ((index >> level) >> 1) << level;
        subtrees(first, (1 << level).min(to.saturating_sub(first)))
    });
    Some(nodes.collect())
}

/// Whether `proof` shows that `newer` begins with what `known` was (RFC 9162 §2.1.4.2).
#[must_use]
pub fn extends(known: TreeHead, newer: TreeHead, proof: &[Hash]) -> bool {
    if known.entries == newer.entries {
        return known.root == newer.root;
    }
    let tree = |head: TreeHead| RootHash::<Sha256>::new((*head.root.as_bytes()).into(), head.entries);
    let bytes = proof.iter().flat_map(|node| *node.as_bytes()).collect();
    newer.entries <= MAX_ENTRIES
        && ConsistencyProof::try_from_bytes(bytes).is_ok_and(|proof| tree(newer).verify_consistency(&tree(known), &proof).is_ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// MTH of RFC 6962 §2.1, as it is written there.
    fn tree_hash(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::ZERO,
            [one] => leaf(*one),
            more => {
                let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
                parent(tree_hash(left), tree_hash(right))
            }
        }
    }

    fn chained(count: u64) -> Vec<Hash> {
        (0..count).map(|number| Hash::of(&number.to_be_bytes())).collect()
    }

    fn head(leaves: &[Hash]) -> TreeHead {
        let nodes: Vec<Hash> = subtrees(0, leaves.len() as u64).into_iter().map(|subtree| node(leaves, subtree)).collect();
        TreeHead { entries: leaves.len() as u64, root: root(&nodes) }
    }

    fn node(leaves: &[Hash], subtree: Subtree) -> Hash {
        let first = usize::try_from(subtree.position << subtree.level).unwrap();
        tree_hash(&leaves[first..first + (1 << subtree.level)])
    }

    fn proof(leaves: &[Hash], from: u64) -> Vec<Hash> {
        let nodes = proof_nodes(from, leaves.len() as u64).unwrap();
        nodes.iter().map(|node_of| root(&node_of.iter().map(|subtree| node(leaves, *subtree)).collect::<Vec<_>>())).collect()
    }

    proptest! {
        /// RFC 6962 §2.1 and RFC 9162 §2.1.4 on every pair of sizes; one changed entry in what was known breaks the proof.
        #[test]
        fn what_was_seen_is_the_beginning_of_what_is_shown_or_no_proof_holds(to in 1_u64..200, from in 1_u64..200, changed in 0_u64..200) {
            let (from, leaves) = (from.min(to), chained(to));
            let seen = &leaves[..usize::try_from(from).unwrap()];
            prop_assert_eq!(head(&leaves).root, tree_hash(&leaves));
            let mut built = TreeBuilder::default();
            leaves.iter().for_each(|entry| built.push(*entry));
            prop_assert_eq!(built.head(), head(&leaves));
            prop_assert!(extends(head(seen), head(&leaves), &proof(&leaves, from)));
            let mut rewritten = leaves.clone();
            rewritten[usize::try_from(changed % from).unwrap()] = Hash::of(b"rewritten");
            prop_assert!(!extends(head(seen), head(&rewritten), &proof(&rewritten, from)));
            let mut longer = proof(&leaves, from);
            longer.push(Hash::ZERO);
            prop_assert!(from == to || !extends(head(seen), head(&leaves), &longer));
        }

        #[test]
        fn any_sizes_and_nodes_are_judged_without_a_panic(from: u64, to: u64, nodes in proptest::collection::vec(any::<[u8; 32]>(), 0..80)) {
            let nodes: Vec<Hash> = nodes.into_iter().map(Hash::from_bytes).collect();
            let head = |entries| TreeHead { entries, root: Hash::ZERO };
            prop_assert!(from == to || !extends(head(from), head(to), &nodes));
            let _ = proof_nodes(from, to);
        }
    }

    #[test]
    fn a_shorter_log_extends_nothing() {
        let leaves = chained(9);
        assert!(!extends(head(&leaves), head(&leaves[..8]), &[]));
        assert_eq!(proof_nodes(9, 8), None);
        assert_eq!(proof_nodes(0, 8), None);
    }
}
