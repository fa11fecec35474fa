//! The attacker's hand in the groups: commits that were built rightly, and what can be made of them.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bezel_crypto::group::{Change, Group, Judge, NewCommit};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{Place, SignedCommit};
use bezel_protocol::wire::{Bytes, CommitUpload, WelcomeUpload, path};
use bezel_protocol::{ConversationId, DeviceId, Hash};

use super::{Answer, Attacker};

impl Attacker {
    /// A commit on the group as the home knows it, naming a place of one's choice. Nobody has it yet.
    ///
    /// # Errors
    /// When the rules forbid it to an honest program.
    pub async fn build_commit(&self, conversation: ConversationId, change: Change<'_>, seen: Place) -> Result<NewCommit> {
        let state = self.loot.groups.get(&conversation).context("a group")?;
        let judge = Judge::new(Arc::new(self.roster().await?), self.now_ms());
        Ok(Group::load(state, conversation, judge)?.commit(change, &self.loot.device, seen)?)
    }

    /// An entry over bytes of one's choice, signed by the device.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn sign_commit(&self, commit: Vec<u8>, group_info: &[u8]) -> Result<Vec<u8>> {
        let group_info = Hash::of(group_info);
        let signature = self.loot.device.sign(&SignedCommit::to_be_signed(&commit, group_info))?;
        Ok(SignedCommit { commit: Bytes(commit), group_info, signature: Bytes(signature) }.encode())
    }

    /// Hands a commit to the relay.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post_commit(
        &self,
        conversation: ConversationId,
        entry: Vec<u8>,
        group_info: Vec<u8>,
        welcomes: &[(DeviceId, Vec<u8>)],
    ) -> Result<Answer> {
        let welcomes = welcomes.iter().map(|(device, welcome)| WelcomeUpload { device: *device, welcome: Bytes(welcome.clone()) });
        let upload = CommitUpload { entry: Bytes(entry), group_info: Bytes(group_info), welcomes: welcomes.collect() };
        self.line.post(&path::of(path::COMMITS, conversation), &upload).await
    }
}
