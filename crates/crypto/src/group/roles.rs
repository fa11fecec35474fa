//! The roles of a conversation: group-context extension 0xF002.

use std::collections::BTreeMap;

use bezel_protocol::{Role, UserId, cbor};
use mls_rs::{Extension, ExtensionList};
use mls_rs_core::extension::ExtensionType;
use serde::{Deserialize, Serialize};

use super::error::Refused;

/// Who is what in a conversation, in CBOR: a map from user to role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationRoles(BTreeMap<UserId, Role>);

pub(super) const ROLES: ExtensionType = ExtensionType::new(0xF002);

impl ConversationRoles {
    /// The role of a person, `None` when not in the conversation.
    #[must_use]
    pub fn get(&self, user: UserId) -> Option<Role> {
        self.0.get(&user).copied()
    }

    /// Everyone, by user.
    pub fn iter(&self) -> impl Iterator<Item = (UserId, Role)> + '_ {
        self.0.iter().map(|(user, role)| (*user, *role))
    }

    pub(super) fn of_owner(owner: UserId) -> Self {
        Self([(owner, Role::Owner)].into())
    }

    pub(super) fn set(&mut self, user: UserId, role: Role) {
        self.0.insert(user, role);
    }

    pub(super) fn remove(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    pub(super) fn has_owner(&self) -> bool {
        self.0.values().any(|role| *role == Role::Owner)
    }

    pub(super) fn read(extensions: &ExtensionList) -> Result<Self, Refused> {
        let extension = extensions.get(ROLES).ok_or(Refused::MalformedRoles)?;
        let roles: Self = cbor::decode(&extension.extension_data).map_err(|_| Refused::MalformedRoles)?;
        // One encoding only, so that no two readers see two things in the same bytes.
        if cbor::encode(&roles) == extension.extension_data { Ok(roles) } else { Err(Refused::MalformedRoles) }
    }

    pub(super) fn to_extensions(&self) -> ExtensionList {
        let mut extensions = ExtensionList::new();
        extensions.set(Extension::new(ROLES, cbor::encode(self)));
        extensions
    }
}
