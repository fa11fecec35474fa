//! Wakes whoever is connected. Losing an event loses nothing: the heads tell everything.

mod socket;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::wire::Event;
use bezel_protocol::{DeviceId, Hash};
use tokio::sync::mpsc;

pub(crate) use socket::connect;

/// So many events wait for a slow socket; then it is told to compare everything.
const QUEUE: usize = 64;

/// The connected devices.
#[derive(Default)]
pub(crate) struct Hub {
    listeners: Mutex<HashMap<DeviceId, Vec<Listener>>>,
    is_closed: AtomicBool,
}

struct Listener {
    /// SHA-256 of the session's token.
    token: Hash,
    events: mpsc::Sender<Event>,
    overflowed: Arc<AtomicBool>,
}

/// The receiving end of a connected device.
pub(crate) struct Listening {
    events: mpsc::Receiver<Event>,
    overflowed: Arc<AtomicBool>,
}

impl Hub {
    pub(crate) fn listen(&self, device: DeviceId, token: Hash) -> Listening {
        let (sender, events) = mpsc::channel(QUEUE);
        let overflowed = Arc::new(AtomicBool::new(false));
        let listener = Listener { token, events: sender, overflowed: Arc::clone(&overflowed) };
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_closed.load(Ordering::Acquire) {
            listeners.entry(device).or_default().push(listener);
        }
        Listening { events, overflowed }
    }

    pub(crate) fn send(&self, devices: impl IntoIterator<Item = DeviceId>, event: &Event) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        for device in devices {
            let Some(of_device) = listeners.get_mut(&device) else { continue };
            of_device.retain(|listener| match listener.events.try_send(event.clone()) {
                Ok(()) => true,
                Err(mpsc::error::TrySendError::Full(_)) => {
                    listener.overflowed.store(true, Ordering::Release);
                    true
                }
                Err(mpsc::error::TrySendError::Closed(_)) => false,
            });
            if of_device.is_empty() {
                listeners.remove(&device);
            }
        }
    }

    /// Ends the connections of a session.
    pub(crate) fn end(&self, token: Hash, device: DeviceId) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_device) = listeners.get_mut(&device) {
            of_device.retain(|listener| listener.token != token);
        }
    }

    /// Ends the connections of a device.
    pub(crate) fn shut_out(&self, device: DeviceId) {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner).remove(&device);
    }

    /// Ends every connection, and those that come.
    pub(crate) fn close(&self) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_closed.store(true, Ordering::Release);
        listeners.clear();
    }
}

impl Listening {
    /// The next event; after an overflow, first the order to compare everything.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        if self.events.is_empty() && self.overflowed.swap(false, Ordering::AcqRel) {
            return Some(Event::Resync);
        }
        self.events.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_socket_is_told_to_compare_everything() {
        let hub = Hub::default();
        let device = DeviceId::from_bytes([1; 16]);
        let mut listening = hub.listen(device, Hash::ZERO);
        for _ in 0..QUEUE + 1 {
            hub.send([device], &Event::Welcome);
        }
        for _ in 0..QUEUE {
            assert_eq!(listening.next().await, Some(Event::Welcome));
        }
        assert_eq!(listening.next().await, Some(Event::Resync), "what did not fit must not be lost silently");
    }
}
