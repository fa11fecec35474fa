//! What stands between the system's thread and ours: a few samples, and how it ended.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::DeviceError;

/// A queue of at most `room` samples. It is held for the time of a copy only, so neither side waits for the other.
pub(super) struct Queue {
    name: String,
    room: usize,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    samples: VecDeque<f32>,
    /// How often the system's thread was here.
    turns: u64,
    ended: Option<DeviceError>,
}

impl Queue {
    pub(super) fn new(name: String, room: usize) -> Arc<Self> {
        let state = State { samples: VecDeque::with_capacity(room), turns: 0, ended: None };
        Arc::new(Self { name, room, state: Mutex::new(state), moved: Condvar::new() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn failed(&self, reason: String) -> DeviceError {
        DeviceError::Failed { name: self.name.clone(), reason }
    }

    /// The device is no more; whoever waits is told. The first reason stays.
    pub(super) fn end(&self, error: DeviceError) {
        self.state().ended.get_or_insert(error);
        self.moved.notify_all();
    }

    /// The system's thread heard something: the oldest goes where there is no room.
    pub(super) fn heard(&self, samples: impl Iterator<Item = f32>) {
        let mut state = self.state();
        for sample in samples {
            if state.samples.len() == self.room {
                state.samples.pop_front();
            }
            state.samples.push_back(sample);
        }
        state.turns += 1;
        self.moved.notify_all();
    }

    /// The system's thread plays: silence where nothing waits.
    pub(super) fn played<T>(&self, frames: impl Iterator<Item = T>, mut put: impl FnMut(T, f32)) {
        let mut state = self.state();
        for frame in frames {
            put(frame, state.samples.pop_front().unwrap_or(0.0));
        }
        state.turns += 1;
        self.moved.notify_all();
    }

    /// Waits for so many samples.
    ///
    /// # Errors
    /// When the device ended, or its thread did not come by for `patience`.
    pub(super) fn take(&self, count: usize, into: &mut Vec<f32>, patience: Duration) -> Result<(), DeviceError> {
        let mut state = self.wait(patience, |state| state.samples.len() >= count.min(self.room))?;
        let count = count.min(state.samples.len());
        into.clear();
        into.extend(state.samples.drain(..count));
        Ok(())
    }

    /// Waits for room, and leaves samples to be played.
    ///
    /// # Errors
    /// When the device ended, or its thread did not come by for `patience`.
    pub(super) fn put(&self, samples: &[f32], patience: Duration) -> Result<(), DeviceError> {
        let mut state = self.wait(patience, |state| state.samples.is_empty() || state.samples.len() + samples.len() <= self.room)?;
        state.samples.extend(samples);
        Ok(())
    }

    fn wait(&self, patience: Duration, ready: impl Fn(&State) -> bool) -> Result<MutexGuard<'_, State>, DeviceError> {
        let mut state = self.state();
        loop {
            if let Some(error) = &state.ended {
                return Err(error.clone());
            }
            if ready(&state) {
                return Ok(state);
            }
            let before = state.turns;
            let idle = |state: &mut State| state.turns == before && state.ended.is_none();
            let (after, waited) = self.moved.wait_timeout_while(state, patience, idle).unwrap_or_else(PoisonError::into_inner);
            state = after;
            if waited.timed_out() {
                state.ended.get_or_insert_with(|| DeviceError::Gone(self.name.clone()));
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(30);

    #[test]
    fn a_backlog_loses_its_oldest_samples() {
        let queue = Queue::new("Microphone".into(), 4);
        queue.heard((0..10u8).map(f32::from));
        let mut heard = Vec::new();
        queue.take(4, &mut heard, SOON).unwrap();
        assert_eq!(heard, [6.0, 7.0, 8.0, 9.0]);
    }

    #[test]
    fn a_reader_is_told_of_the_end_while_it_waits() {
        let queue = Queue::new("Microphone".into(), 4);
        let reader = std::thread::spawn({
            let queue = queue.clone();
            move || queue.take(4, &mut Vec::new(), Duration::from_secs(60))
        });
        queue.end(DeviceError::Gone("Microphone".into()));
        assert_eq!(reader.join().unwrap(), Err(DeviceError::Gone("Microphone".into())));
    }

    #[test]
    fn a_device_that_stands_still_is_gone_for_good() {
        let queue = Queue::new("Speaker".into(), 4);
        queue.put(&[0.1; 4], SOON).unwrap();
        assert_eq!(queue.put(&[0.2; 4], SOON), Err(DeviceError::Gone("Speaker".into())));
        queue.played([(); 4].into_iter(), |(), _| {});
        assert_eq!(queue.put(&[0.2; 4], SOON), Err(DeviceError::Gone("Speaker".into())));
    }

    #[test]
    fn silence_is_played_where_nothing_waits() {
        let queue = Queue::new("Speaker".into(), 4);
        queue.put(&[0.5; 2], SOON).unwrap();
        let mut played = Vec::new();
        queue.played(0..4, |_, sample| played.push(sample));
        assert_eq!(played, [0.5, 0.5, 0.0, 0.0]);
    }
}
