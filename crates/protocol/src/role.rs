//! Roles, in a workspace and in a conversation, and what each may do.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a person is, from the most to the least powerful.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, and the only one who may touch another owner.
    Owner,
    /// Everything but to owners.
    Admin,
    /// Reads, writes, starts conversations.
    Member,
    /// Reads.
    ReadOnly,
    /// Reads and writes where invited; starts nothing.
    Guest,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Member, Self::ReadOnly, Self::Guest];

    /// The name, as in JSON and SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
            Self::ReadOnly => "read_only",
            Self::Guest => "guest",
        }
    }

    /// Owner or admin.
    #[must_use]
    pub const fn administers(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// May send messages in a conversation.
    #[must_use]
    pub const fn may_post(self) -> bool {
        !matches!(self, Self::ReadOnly)
    }

    /// May start a conversation (workspace role).
    #[must_use]
    pub const fn may_start_conversation(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Member)
    }

    /// May take the leaves of people and devices that the roster has shut out from a conversation.
    #[must_use]
    pub const fn may_remove_revoked(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Member)
    }

    /// May give a person the role `new`, where `old` is what the person is now (`None`: not there yet).
    /// Owners are made and unmade by owners only.
    #[must_use]
    pub fn may_assign(self, old: Option<Self>, new: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => old != Some(Self::Owner) && new != Self::Owner,
            _ => false,
        }
    }

    /// May remove a person who has the role `target`.
    #[must_use]
    pub fn may_remove(self, target: Self) -> bool {
        self == Self::Owner || (self == Self::Admin && target != Self::Owner)
    }
}

/// The text is not a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of owner, admin, member, read-only, guest")]
pub struct InvalidRole;

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let text = text.replace('-', "_");
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
