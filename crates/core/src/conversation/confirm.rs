//! When each member last confirmed the log, and whose device writes on without ever confirming its own entries.

use std::collections::BTreeMap;

use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, UserId};

use crate::cache::Connection;
use crate::cache::confirmations::{self, OwnEntry};
use crate::error::Result;

/// How a member of a conversation follows its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Follows {
    /// When a device of the member last signed what it had computed, by that device's clock.
    pub(super) confirmed_at_ms: i64,
    /// Whether every device of the member confirms its own entries.
    pub(super) confirms: bool,
}

/// So much older than its newest entry an entry of a device is when the newest must confirm it, by the relay's clock.
const MAX_BEHIND_MS: i64 = 10 * 60_000;
/// Or so many places before it,
const MAX_BEHIND: u64 = 50;
/// and at least so much older: what was written offline comes in one go, and nobody can confirm what has no place yet.
const ONE_GO_MS: i64 = 60_000;

/// How each member who ever wrote in a conversation follows its log.
pub(super) async fn follow(db: &mut Connection, roster: &Roster, conversation: ConversationId) -> Result<BTreeMap<UserId, Follows>> {
    let mut follows = BTreeMap::<UserId, Follows>::new();
    for confirmed in confirmations::all(db, conversation).await? {
        let Some(device) = roster.device(confirmed.device) else { continue };
        let unconfirmed = confirmations::unconfirmed(db, conversation, confirmed.device).await?;
        let confirms = !unconfirmed.is_some_and(|(newest, oldest)| stays_behind(newest, oldest));
        follows
            .entry(device.user)
            .and_modify(|user| {
                user.confirmed_at_ms = user.confirmed_at_ms.max(confirmed.at_ms);
                user.confirms &= confirms;
            })
            .or_insert(Follows { confirmed_at_ms: confirmed.at_ms, confirms });
    }
    Ok(follows)
}

/// Whether an entry of a device is there so long that the newest one of the same device must confirm it.
const fn stays_behind(newest: OwnEntry, unconfirmed: OwnEntry) -> bool {
    let places = newest.sequence.saturating_sub(unconfirmed.sequence);
    let ms = newest.stored_at_ms.saturating_sub(unconfirmed.stored_at_ms);
    ms >= MAX_BEHIND_MS || (places >= MAX_BEHIND && ms >= ONE_GO_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn entry(sequence: u64, minute: i64) -> OwnEntry {
        OwnEntry { sequence, seen: 19, stored_at_ms: minute * 60_000 }
    }

    /// Whoever keeps a device apart needs it to go on naming an old place.
    #[test]
    fn who_leaves_an_entry_of_its_own_behind_does_not_confirm() {
        assert!(stays_behind(entry(21, 10), entry(20, 0)), "for ten minutes");
        assert!(stays_behind(entry(70, 2), entry(20, 0)), "for 50 entries");
    }

    #[test]
    fn what_may_still_be_on_its_way_is_no_sign() {
        assert!(!stays_behind(entry(21, 9), entry(20, 0)), "nine minutes may pass");
        assert!(!stays_behind(entry(69, 9), entry(20, 0)), "so may 49 entries");
        assert!(!stays_behind(entry(83, 0), entry(20, 0)), "64 messages written offline go out in one request");
    }
}
