//! The roles of a conversation: group-context extension 0xF002.

use std::collections::BTreeMap;

use bezel_protocol::{Role, UserId, cbor};
use mls_rs::extension::built_in::RequiredCapabilitiesExt;
use mls_rs::{Extension, ExtensionList};
use mls_rs_core::extension::ExtensionType;
use serde::{Deserialize, Serialize};

use crate::error::Refused;
use crate::judge::Judge;
use crate::leaf::{CERTIFICATE, Leaf};

/// Who is what in a conversation, in CBOR: a map from user to role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConversationRoles(BTreeMap<UserId, Role>);

/// The extension type.
pub const ROLES: ExtensionType = ExtensionType::new(0xF002);

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

    /// One person alone, who owns the conversation.
    #[must_use]
    pub fn of_owner(owner: UserId) -> Self {
        Self([(owner, Role::Owner)].into())
    }

    /// Gives a person a role.
    pub fn set(&mut self, user: UserId, role: Role) {
        self.0.insert(user, role);
    }

    /// Takes a person out.
    pub fn remove(&mut self, user: UserId) {
        self.0.remove(&user);
    }

    /// The role as which a person acts: where no owner stands, the admins act as owners, else those who administer the workspace, else of
    /// those with the highest role the person who is longest in the workspace. Not by the place in the tree: who comes back takes the first that is
    /// free. `None` when not in the conversation.
    #[must_use]
    pub fn acting(&self, user: UserId, leaves: &[Leaf], judge: &Judge) -> Option<Role> {
        let role = self.get(user)?;
        let standing = |wanted: fn(Role) -> bool| self.0.iter().any(|(user, role)| wanted(*role) && judge.is_active(*user));
        if standing(|role| role == Role::Owner) || !judge.is_active(user) {
            return Some(role);
        }
        let in_workspace = |user: UserId| judge.roster().user(user).is_some_and(|user| user.role.administers()) && judge.is_active(user);
        let is_heir = if standing(|role| role == Role::Admin) {
            role == Role::Admin
        } else if self.0.keys().any(|user| in_workspace(*user)) {
            in_workspace(user)
        } else {
            let rank = |user: UserId| Some((self.get(user)?, judge.roster().user(user)?.joined_at_ms, user));
            let standing = leaves.iter().map(Leaf::user).filter(|user| judge.is_active(*user));
            standing.filter_map(rank).min() == rank(user)
        };
        Some(if is_heir { Role::Owner } else { role })
    }

    pub(crate) fn has_owner(&self) -> bool {
        self.0.values().any(|role| *role == Role::Owner)
    }

    /// Reads the roles from a group's context, which may hold nothing else.
    ///
    /// # Errors
    /// [`Refused::MalformedRoles`], [`Refused::ForeignExtension`].
    pub fn read(extensions: &ExtensionList) -> Result<Self, Refused> {
        let extension = extensions.get(ROLES).ok_or(Refused::MalformedRoles)?;
        let roles: Self = cbor::decode(&extension.extension_data).map_err(|_| Refused::MalformedRoles)?;
        // One encoding only, so that no two readers see two things in the same bytes.
        if cbor::encode(&roles) != extension.extension_data {
            return Err(Refused::MalformedRoles);
        }
        if roles.to_extensions()? == *extensions { Ok(roles) } else { Err(Refused::ForeignExtension) }
    }

    /// All that a group's context holds: the roles, and that every member must understand them and our credentials.
    ///
    /// # Errors
    /// [`Refused::ForeignExtension`] when the library can't write them.
    pub fn to_extensions(&self) -> Result<ExtensionList, Refused> {
        let mut extensions = ExtensionList::new();
        let required = RequiredCapabilitiesExt::new(vec![ROLES], vec![], vec![CERTIFICATE]);
        extensions.set_from(required).map_err(|_| Refused::ForeignExtension)?;
        extensions.set(Extension::new(ROLES, cbor::encode(self)));
        Ok(extensions)
    }
}
