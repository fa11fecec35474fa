//! Who may use TURN: whoever is in a call, as long as that is so, by short-lived credentials that are bound to both.

use core::fmt;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bezel_protocol::{CallId, DeviceId, GuestId};
use tokio::sync::Notify;

use crate::relay_key::RelayKey;

/// Credentials are good for so long, and no longer than their holder is in the call.
const CREDENTIALS_LAST_MS: i64 = 12 * 60 * 60 * 1000;

/// A device or a guest, in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Attendance {
    call: CallId,
    who: Attendee,
}

/// Who is in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Attendee {
    Device(DeviceId),
    Guest(GuestId),
}

impl From<DeviceId> for Attendee {
    fn from(device: DeviceId) -> Self {
        Self::Device(device)
    }
}

impl From<GuestId> for Attendee {
    fn from(guest: GuestId) -> Self {
        Self::Guest(guest)
    }
}

impl Attendance {
    pub(crate) fn new(call: CallId, who: impl Into<Attendee>) -> Self {
        Self { call, who: who.into() }
    }
}

impl fmt::Display for Attendance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.who {
            Attendee::Device(device) => write!(f, "{}:{device}", self.call),
            Attendee::Guest(guest) => write!(f, "{}:{guest}", self.call),
        }
    }
}

/// Who is in which call, and until when unless it is said again.
pub(crate) struct Access {
    key: hmac::Key,
    /// By [`Attendance`] as it stands in a username.
    present: Mutex<HashMap<String, (CallId, i64)>>,
    /// Told when somebody left.
    pub(super) left: Notify,
}

impl Access {
    pub(crate) fn new(key: &RelayKey) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.derive("bezel/relay/turn").as_slice());
        Self { key, present: Mutex::default(), left: Notify::new() }
    }

    fn present(&self) -> MutexGuard<'_, HashMap<String, (CallId, i64)>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is in a call until `until_ms`, milliseconds since the epoch.
    pub(crate) fn enter(&self, attendance: Attendance, until_ms: i64) {
        self.present().insert(attendance.to_string(), (attendance.call, until_ms));
    }

    /// Somebody has left: the credentials are worth nothing from now on.
    pub(crate) fn leave(&self, attendance: Attendance) {
        self.present().remove(&attendance.to_string());
        self.left.notify_one();
    }

    /// A call is over.
    pub(crate) fn end_call(&self, call: CallId) {
        self.present().retain(|_, (of, _)| *of != call);
        self.left.notify_one();
    }

    /// Forgets those who have gone without a word.
    pub(super) fn sweep(&self, now_ms: i64) {
        self.present().retain(|_, (_, until_ms)| *until_ms > now_ms);
    }

    /// Username and password for somebody who is in a call (as in draft-uberti-behave-turn-rest-00: the time until which they are good stands
    /// in the name, and the password is a MAC over the name).
    pub(crate) fn credentials(&self, attendance: Attendance, now_ms: i64) -> (String, String) {
        let username = format!("{}:{attendance}", now_ms.saturating_add(CREDENTIALS_LAST_MS) / 1000);
        let password = self.password(&username);
        (username, password)
    }

    fn password(&self, username: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, username.as_bytes()))
    }

    /// The password that belongs to a username, while its time lasts and its holder is in the call.
    pub(super) fn password_of(&self, username: &str, now_ms: i64) -> Option<String> {
        let (expiry, attendance) = username.split_once(':')?;
        let expires_at_ms = expiry.parse::<i64>().ok()?.checked_mul(1000)?;
        let is_present = self.present().get(attendance).is_some_and(|(_, until_ms)| *until_ms > now_ms);
        (expires_at_ms > now_ms && is_present).then(|| self.password(username))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn access() -> Access {
        let folder = tempfile::tempdir().unwrap();
        Access::new(&RelayKey::make(&folder.path().join("relay.key")).unwrap())
    }

    pub(crate) fn attendance(call: u8, device: u8) -> Attendance {
        Attendance::new(CallId::from_bytes([call; 16]), DeviceId::from_bytes([device; 16]))
    }

    #[test]
    fn credentials_end_with_their_time_with_the_presence_and_with_the_call() {
        let access = access();
        let (username, password) = access.credentials(attendance(1, 1), 0);
        assert_eq!(access.password_of(&username, 0), None, "not in the call");
        access.enter(attendance(1, 1), i64::MAX);
        assert_eq!(access.password_of(&username, 0).as_ref(), Some(&password));
        assert_eq!(access.password_of(&username, CREDENTIALS_LAST_MS), None, "the time is over");
        access.leave(attendance(1, 1));
        assert_eq!(access.password_of(&username, 0), None, "left");
        access.enter(attendance(1, 1), 1000);
        assert_eq!(access.password_of(&username, 1000), None, "gone without a word");
        access.enter(attendance(1, 1), i64::MAX);
        access.end_call(CallId::from_bytes([1; 16]));
        assert_eq!(access.password_of(&username, 0), None, "the call is over");
    }

    #[test]
    fn credentials_serve_one_holder_in_one_call() {
        let access = access();
        access.enter(attendance(1, 1), i64::MAX);
        access.enter(attendance(2, 1), i64::MAX);
        let (of_first, password) = access.credentials(attendance(1, 1), 0);
        let (of_second, _) = access.credentials(attendance(2, 1), 0);
        assert_ne!(access.password_of(&of_second, 0), Some(password.clone()));
        let later = of_first.replacen("43200:", "99999:", 1);
        assert_ne!(later, of_first);
        assert_ne!(access.password_of(&later, 0), Some(password), "a longer life has another password");
    }

    proptest! {
        #[test]
        fn any_username_has_a_password_or_none(username in ".{0,80}") {
            prop_assert_eq!(access().password_of(&username, 0), None);
        }
    }
}
