//! The roles of a conversation: group-context extension 0xF002.

use std::collections::BTreeMap;

use bezel_protocol::{Role, UserId, cbor};
use mls_rs::extension::built_in::RequiredCapabilitiesExt;
use mls_rs::{Extension, ExtensionList};
use mls_rs_core::extension::ExtensionType;
use serde::{Deserialize, Serialize};

use super::error::Refused;
use super::leaf::CERTIFICATE;

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

    /// Reads the roles from a group's context, which may hold nothing else.
    pub(super) fn read(extensions: &ExtensionList) -> Result<Self, Refused> {
        let extension = extensions.get(ROLES).ok_or(Refused::MalformedRoles)?;
        let roles: Self = cbor::decode(&extension.extension_data).map_err(|_| Refused::MalformedRoles)?;
        // One encoding only, so that no two readers see two things in the same bytes.
        if cbor::encode(&roles) != extension.extension_data {
            return Err(Refused::MalformedRoles);
        }
        if roles.to_extensions()? == *extensions { Ok(roles) } else { Err(Refused::ForeignExtension) }
    }

    /// All that a group's context holds: the roles, and that every member must understand them and our credentials.
    pub(super) fn to_extensions(&self) -> Result<ExtensionList, Refused> {
        let mut extensions = ExtensionList::new();
        let required = RequiredCapabilitiesExt::new(vec![ROLES], vec![], vec![CERTIFICATE]);
        extensions.set_from(required).map_err(|_| Refused::ForeignExtension)?;
        extensions.set(Extension::new(ROLES, cbor::encode(self)));
        Ok(extensions)
    }
}
