//! Who is in the workspace, as the roster says.

use bezel_protocol::Role;
use bezel_protocol::roster::{Roster, Status, User};
use serde::Serialize;
use ts_rs::TS;

use crate::clock::Timestamp;
use crate::member::Member;

/// A person.
#[derive(Debug, Clone, Serialize, TS)]
pub struct Person {
    /// Id.
    pub user: String,
    /// Handle.
    pub handle: String,
    /// Role in the workspace.
    #[ts(as = "crate::view::RoleName")]
    pub role: Role,
    /// Whether the person may do anything.
    pub status: PersonStatus,
    /// SHA-256 of the identity key, hexadecimal.
    pub fingerprint: String,
    /// Devices, the oldest first.
    pub devices: Vec<PersonDevice>,
    /// Whether it is this member.
    pub me: bool,
    /// Since when.
    pub joined_at: Timestamp,
    /// Since when the identity key is in force.
    pub identity_rotated_at: Timestamp,
}

/// Whether a person may do anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PersonStatus {
    /// Yes.
    Active,
    /// Not for now.
    Suspended,
    /// Never again.
    Removed,
}

/// A device of a person.
#[derive(Debug, Clone, Serialize, TS)]
pub struct PersonDevice {
    /// Id.
    pub id: String,
    /// Since when.
    pub added_at: Timestamp,
    /// Whether it was shut out.
    pub revoked: bool,
}

/// Everybody, by handle.
#[must_use]
pub fn list(member: &Member) -> Vec<Person> {
    let roster = member.roster();
    let mut people: Vec<Person> = roster.users().map(|user| person(member, &roster, user)).collect();
    people.sort_by(|a, b| a.handle.cmp(&b.handle));
    people
}

fn person(member: &Member, roster: &Roster, user: &User) -> Person {
    let mut devices: Vec<_> = roster.devices_of(user.id).collect();
    devices.sort_by_key(|device| device.added_at_ms);
    Person {
        user: user.id.to_string(),
        handle: user.handle.to_string(),
        role: user.role,
        status: match user.status {
            Status::Active => PersonStatus::Active,
            Status::Suspended => PersonStatus::Suspended,
            Status::Removed => PersonStatus::Removed,
        },
        fingerprint: user.identity.fingerprint().to_string(),
        devices: devices
            .into_iter()
            .map(|device| PersonDevice {
                id: device.id.to_string(),
                added_at: Timestamp::from_ms(device.added_at_ms),
                revoked: device.revoked_at_ms.is_some(),
            })
            .collect(),
        me: user.id == member.user(),
        joined_at: Timestamp::from_ms(user.joined_at_ms),
        identity_rotated_at: Timestamp::from_ms(user.identity_since_ms),
    }
}
