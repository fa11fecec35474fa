//! Wakes whoever is connected. Losing an event loses nothing: the heads tell everything.

mod socket;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bezel_protocol::wire::Event;
use bezel_protocol::{DeviceId, Hash, cbor};
use bytes::Bytes;
use tokio::sync::mpsc;

pub(crate) use socket::connect;

/// So many events wait for a slow socket; then it is told to compare everything.
const QUEUE: usize = 64;
/// And so many bytes of them.
const QUEUE_BYTES: usize = 1024 * 1024;
/// So many sockets of a device; one more closes the oldest.
const SOCKETS_A_DEVICE: usize = 4;

/// The connected devices.
#[derive(Default)]
pub(crate) struct Hub {
    listeners: Mutex<HashMap<DeviceId, Vec<Listener>>>,
    is_closed: AtomicBool,
}

struct Listener {
    /// SHA-256 of the session's token.
    token: Hash,
    /// Encoded once, shared by all to whom it goes.
    events: mpsc::Sender<Bytes>,
    queue: Arc<Queue>,
}

/// What both ends know of a queue.
#[derive(Default)]
struct Queue {
    bytes: AtomicUsize,
    overflowed: AtomicBool,
}

/// The receiving end of a connected device.
pub(crate) struct Listening {
    events: mpsc::Receiver<Bytes>,
    queue: Arc<Queue>,
}

impl Hub {
    pub(crate) fn listen(&self, device: DeviceId, token: Hash) -> Listening {
        let (sender, events) = mpsc::channel(QUEUE);
        let queue = Arc::<Queue>::default();
        let listener = Listener { token, events: sender, queue: Arc::clone(&queue) };
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_closed.load(Ordering::Acquire) {
            let of_device = listeners.entry(device).or_default();
            of_device.retain(|listener| !listener.events.is_closed());
            if of_device.len() >= SOCKETS_A_DEVICE {
                of_device.remove(0);
            }
            of_device.push(listener);
        }
        Listening { events, queue }
    }

    pub(crate) fn send(&self, devices: impl IntoIterator<Item = DeviceId>, event: &Event) {
        let event = Bytes::from(cbor::encode(event));
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        for device in devices {
            let Some(of_device) = listeners.get_mut(&device) else { continue };
            of_device.retain(|listener| listener.tell(&event));
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

impl Listener {
    /// Queues an event, or notes that one was left out. Returns whether the socket is still there.
    fn tell(&self, event: &Bytes) -> bool {
        let waiting = self.queue.bytes.fetch_add(event.len(), Ordering::AcqRel);
        // A single event of whatever size finds an empty queue.
        let fits = waiting == 0 || waiting + event.len() <= QUEUE_BYTES;
        let outcome = if fits { self.events.try_send(event.clone()) } else { Err(mpsc::error::TrySendError::Full(Bytes::new())) };
        if outcome.is_err() {
            self.queue.bytes.fetch_sub(event.len(), Ordering::AcqRel);
            self.queue.overflowed.store(true, Ordering::Release);
        }
        !self.events.is_closed()
    }
}

impl Listening {
    /// The next event, encoded; after an overflow, first the order to compare everything.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        if self.events.is_empty() && self.queue.overflowed.swap(false, Ordering::AcqRel) {
            return Some(cbor::encode(&Event::Resync).into());
        }
        let event = self.events.recv().await?;
        self.queue.bytes.fetch_sub(event.len(), Ordering::AcqRel);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use bezel_protocol::ConversationId;

    use super::*;

    const DEVICE: DeviceId = DeviceId::from_bytes([1; 16]);

    async fn next(listening: &mut Listening) -> Option<Event> {
        listening.next().await.map(|event| cbor::decode(&event).unwrap())
    }

    fn transient(bytes: usize) -> Event {
        Event::Transient { conversation: ConversationId::from_bytes([1; 16]), envelope: vec![7; bytes].into() }
    }

    #[tokio::test]
    async fn a_slow_socket_is_told_to_compare_everything() {
        let hub = Hub::default();
        let mut listening = hub.listen(DEVICE, Hash::ZERO);
        for _ in 0..QUEUE + 1 {
            hub.send([DEVICE], &Event::Welcome);
        }
        for _ in 0..QUEUE {
            assert_eq!(next(&mut listening).await, Some(Event::Welcome));
        }
        assert_eq!(next(&mut listening).await, Some(Event::Resync), "what did not fit must not be lost silently");
        hub.send([DEVICE], &Event::Welcome);
        assert_eq!(next(&mut listening).await, Some(Event::Welcome), "and it goes on");
    }

    /// Seventy transients of a mebibyte, copied for each of twenty sockets that did not read, were 1.3 GB of the relay's memory.
    #[tokio::test]
    async fn what_waits_for_sockets_is_bounded_in_bytes_and_shared() {
        let hub = Hub::default();
        let mut slow: Vec<_> = (0..SOCKETS_A_DEVICE).map(|_| hub.listen(DEVICE, Hash::ZERO)).collect();
        for _ in 0..QUEUE {
            hub.send([DEVICE], &transient(60_000));
        }
        let mut first = Vec::new();
        for listening in &mut slow {
            let waiting = listening.queue.bytes.load(Ordering::Acquire);
            assert!(waiting <= QUEUE_BYTES, "{waiting}");
            first.push(listening.next().await.unwrap());
            let mut rest = 0;
            while listening.next().await.unwrap().len() > 1000 {
                rest += 1;
            }
            assert!((10..QUEUE).contains(&rest), "what fits is told, then all is to be compared: {rest}");
        }
        assert!(first.iter().all(|event| event.as_ptr() == first[0].as_ptr()), "one copy for all sockets");
    }

    #[tokio::test]
    async fn one_socket_too_many_closes_the_oldest_of_the_device() {
        let hub = Hub::default();
        let other = DeviceId::from_bytes([2; 16]);
        let mut of_another = hub.listen(other, Hash::ZERO);
        let mut sockets: Vec<_> = (0..=SOCKETS_A_DEVICE).map(|_| hub.listen(DEVICE, Hash::ZERO)).collect();
        hub.send([DEVICE, other], &Event::Welcome);
        assert_eq!(next(&mut sockets[0]).await, None, "the oldest is closed");
        for socket in &mut sockets[1..] {
            assert_eq!(next(socket).await, Some(Event::Welcome));
        }
        assert_eq!(next(&mut of_another).await, Some(Event::Welcome), "other devices are not touched");
    }
}
