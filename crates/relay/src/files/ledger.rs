//! What goes out, counted. A member who shows a film asks for thousands of ranges: the first of them is written to the log before a byte
//! goes out, the bytes of all are added to the same line every few seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::wire::FileLogAction;
use bezel_protocol::{DeviceId, FileId};

use crate::clock::now_ms;
use crate::store::{Caller, Store, StoreError};

/// Requests that follow each other closer than this are one line.
const TOGETHER_MS: i64 = 10 * 60_000;
/// So many lines are remembered at most; then they are looked up in the database again.
const MAX_LINES: usize = 10_000;

/// What makes two requests one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    file: FileId,
    device: DeviceId,
    action: FileLogAction,
    reason: Option<&'static str>,
}

/// A line that is still added to.
#[derive(Debug)]
struct Line {
    log: i64,
    last_at_ms: i64,
    /// Not yet written.
    bytes: u64,
    is_stale: bool,
}

/// The lines that are still added to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    lines: Arc<Mutex<BTreeMap<Key, Line>>>,
}

/// Counts the bytes of one answer.
#[derive(Debug)]
pub(crate) struct Tally {
    ledger: Ledger,
    key: Key,
    log: i64,
    bytes: u64,
}

impl Ledger {
    /// Sees to it that a line about this is written. `None` when there is no such file in the caller's workspace.
    pub(crate) async fn note(
        &self,
        store: &impl Store,
        (caller, device): (Caller, DeviceId),
        file: FileId,
        action: FileLogAction,
        reason: Option<&'static str>,
    ) -> Result<Option<Tally>, StoreError> {
        let key = Key { file, device, action, reason };
        let now_ms = now_ms();
        let log = if let Some(log) = self.touch(key, now_ms) {
            log
        } else {
            let times = (now_ms, now_ms - TOGETHER_MS);
            let written = store.write(caller, move |unit| Box::pin(unit.log_file(file, action, reason, 0, times))).await?;
            let Some(log) = written else { return Ok(None) };
            self.add(key, log, 0, now_ms);
            log
        };
        Ok(Some(Tally { ledger: self.clone(), key, log, bytes: 0 }))
    }

    /// Writes what was counted.
    pub(crate) async fn flush(&self, store: &impl Store) -> Result<(), StoreError> {
        let counted = self.take(now_ms());
        if counted.is_empty() {
            return Ok(());
        }
        let again = counted.clone();
        let written = store.write(Caller::Relay, move |unit| {
            Box::pin(async move {
                for (_, log, bytes, last_at_ms) in counted {
                    unit.add_to_file_log(log, bytes, last_at_ms).await?;
                }
                Ok(())
            })
        });
        if let Err(error) = written.await {
            // Counted again the next time.
            for (key, log, bytes, last_at_ms) in again {
                self.add(key, log, bytes, last_at_ms);
            }
            return Err(error);
        }
        Ok(())
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line about this, if one is open.
    fn touch(&self, key: Key, now_ms: i64) -> Option<i64> {
        let mut lines = self.lines();
        let line = lines.get_mut(&key).filter(|line| now_ms - line.last_at_ms <= TOGETHER_MS)?;
        line.last_at_ms = now_ms;
        line.is_stale = true;
        Some(line.log)
    }

    /// Adds to a line, whether it is remembered or not.
    fn add(&self, key: Key, log: i64, bytes: u64, now_ms: i64) {
        let mut lines = self.lines();
        if lines.len() >= MAX_LINES {
            // Those with nothing to write fall away: the database finds them again.
            lines.retain(|_, line| line.bytes > 0);
        }
        let new = Line { log, last_at_ms: now_ms, bytes: 0, is_stale: false };
        let line = lines.entry(key).and_modify(|line| line.last_at_ms = line.last_at_ms.max(now_ms)).or_insert(new);
        line.bytes += bytes;
        line.is_stale |= bytes > 0;
    }

    /// What is to be written, and forgets what is over.
    fn take(&self, now_ms: i64) -> Vec<(Key, i64, u64, i64)> {
        let mut lines = self.lines();
        lines.retain(|_, line| line.is_stale || now_ms - line.last_at_ms <= TOGETHER_MS);
        let stale = lines.iter_mut().filter(|(_, line)| line.is_stale);
        stale
            .map(|(key, line)| {
                line.is_stale = false;
                (*key, line.log, std::mem::take(&mut line.bytes), line.last_at_ms)
            })
            .collect()
    }
}

impl Tally {
    /// So many bytes went out.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Hands over what was counted so far.
    pub(crate) fn settle(&mut self) {
        self.ledger.add(self.key, self.log, std::mem::take(&mut self.bytes), now_ms());
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key =
        Key { file: FileId::from_bytes([1; 16]), device: DeviceId::from_bytes([2; 16]), action: FileLogAction::Preview, reason: None };

    #[test]
    fn a_line_is_added_to_until_nothing_comes_for_a_while() {
        let ledger = Ledger::default();
        ledger.add(KEY, 7, 0, 1000);
        assert_eq!(ledger.take(1000), [], "there is nothing to write");
        assert_eq!(ledger.touch(KEY, 1000 + TOGETHER_MS), Some(7));
        ledger.add(KEY, 7, 30, 1000 + TOGETHER_MS);
        assert_eq!(ledger.take(0), [(KEY, 7, 30, 1000 + TOGETHER_MS)]);
        assert_eq!(ledger.touch(KEY, 1001 + 2 * TOGETHER_MS), None, "a new line begins");
    }

    #[test]
    fn bytes_of_an_answer_that_takes_longer_than_its_line_are_not_lost() {
        let ledger = Ledger::default();
        ledger.add(KEY, 7, 0, 1000);
        let mut tally = Tally { ledger: ledger.clone(), key: KEY, log: 7, bytes: 0 };
        assert_eq!(ledger.take(2000 + TOGETHER_MS), []);
        assert!(ledger.lines().is_empty(), "the line was forgotten");
        tally.add(50);
        drop(tally);
        let written: Vec<_> = ledger.take(0).into_iter().map(|(_, log, bytes, _)| (log, bytes)).collect();
        assert_eq!(written, [(7, 50)]);
    }
}
