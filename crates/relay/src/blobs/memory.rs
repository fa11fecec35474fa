//! Memory for parts of uploads: a bound for all, and a share for each user, so that the slow uploads of few don't stop those of many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bezel_protocol::UserId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many parts are in memory at once, of all uploads; who comes later waits.
const PARTS: usize = 16;
/// So many of them are one user's.
const PARTS_OF_A_USER: usize = 4;

/// Memory for parts.
pub(super) struct Memory {
    all: Arc<Semaphore>,
    shares: Mutex<HashMap<UserId, Weak<Semaphore>>>,
}

/// Memory for one part.
pub(crate) struct PartMemory {
    _of_all: OwnedSemaphorePermit,
    _of_share: OwnedSemaphorePermit,
    /// Kept as long as somebody counts by it.
    _share: Arc<Semaphore>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(PARTS)), shares: Mutex::default() }
    }
}

impl Memory {
    /// Waits until there is memory for a part of this user; `None` never comes while the relay runs.
    pub(super) async fn take(&self, user: UserId) -> Option<PartMemory> {
        let share = self.share(user);
        let of_share = Arc::clone(&share).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(PartMemory { _of_all: of_all, _of_share: of_share, _share: share })
    }

    fn share(&self, user: UserId) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        shares.retain(|_, share| share.strong_count() > 0);
        if let Some(share) = shares.get(&user).and_then(Weak::upgrade) {
            return share;
        }
        let share = Arc::new(Semaphore::new(PARTS_OF_A_USER));
        shares.insert(user, Arc::downgrade(&share));
        share
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    /// Sixteen slow uploads of two members held all the memory, and nobody else's upload went on.
    #[tokio::test]
    async fn slow_uploads_of_two_members_leave_memory_for_the_others() {
        let memory = Memory::default();
        let user = |number: u8| UserId::from_bytes([number; 16]);
        let mut held = Vec::new();
        for number in [1, 2] {
            for _ in 0..PARTS_OF_A_USER {
                held.push(memory.take(user(number)).now_or_never().flatten().expect("a share"));
            }
            assert!(memory.take(user(number)).now_or_never().is_none(), "the share is used up");
        }
        let others: Vec<_> = (3..5).map(|number| memory.take(user(number)).now_or_never().flatten().expect("room for another")).collect();
        drop(held.pop());
        assert!(memory.take(user(2)).now_or_never().flatten().is_some(), "a part that is written makes room");
        drop((held, others));
        assert_eq!(memory.all.available_permits(), PARTS, "all of it comes back");
    }
}
