//! What happens often: requests that were refused, and secrets that were fetched. It is counted and written to the audit log once a minute, so
//! that a flood of it is one entry and not a flood of entries.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bezel_protocol::{DeviceId, UserId};

use crate::clock::now_ms;
use crate::store::{Caller, Store, StoreError};

/// So many different things are counted between two writes; what comes on top is counted together.
const MAX_COUNTS: usize = 1000;

/// What makes two events one entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// `None` where nobody is known to have asked.
    who: Option<(UserId, DeviceId)>,
    action: &'static str,
    subject: String,
}

/// Events that wait to be written.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    counts: Mutex<BTreeMap<Key, u64>>,
}

impl Counts {
    /// Counts an event. `subject` names ids only.
    pub(crate) fn note(&self, who: Option<(UserId, DeviceId)>, action: &'static str, subject: impl Into<String>) {
        self.add(Key { who, action, subject: subject.into() }, 1);
    }

    fn add(&self, mut key: Key, count: u64) {
        let mut counts = self.counts();
        if counts.len() >= MAX_COUNTS && !counts.contains_key(&key) {
            (key.who, key.subject) = (None, "others".into());
        }
        *counts.entry(key).or_default() += count;
    }

    /// Writes what was counted.
    ///
    /// # Errors
    /// When the database fails; it is counted on then.
    pub(crate) async fn flush(&self, store: &impl Store) -> Result<(), StoreError> {
        let counted = std::mem::take(&mut *self.counts());
        if counted.is_empty() {
            return Ok(());
        }
        let again = counted.clone();
        let written = store.write(Caller::Relay, move |unit| {
            Box::pin(async move {
                for (Key { who, action, subject }, count) in counted {
                    let subject = if count == 1 { subject } else { format!("{subject} ({count} times)") };
                    let subject = Some(subject.trim_start().to_owned()).filter(|subject| !subject.is_empty());
                    unit.audit_as(who, action, subject, now_ms()).await?;
                }
                Ok(())
            })
        });
        if let Err(error) = written.await {
            again.into_iter().for_each(|(key, count)| self.add(key, count));
            return Err(error);
        }
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_bounded() {
        let counts = Counts::default();
        for _ in 0..10_000 {
            counts.note(None, "log_in_refused", "unknown");
        }
        assert_eq!(counts.counts().values().copied().collect::<Vec<_>>(), [10_000]);
        for number in 0..10_000 {
            counts.note(None, "refused", number.to_string());
        }
        let counts = counts.counts();
        assert!(counts.len() <= MAX_COUNTS + 1, "{}", counts.len());
        assert_eq!(counts.values().sum::<u64>(), 20_000, "nothing is left out of the count");
    }
}
