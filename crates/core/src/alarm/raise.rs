//! Raises an alarm.

use bezel_protocol::DeviceId;

use super::{Accused, Cause};
use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

impl Member {
    /// Keeps an alarm that a person must see.
    pub(crate) async fn raise_alarm(&self, error: &Error, cause: Cause) -> Result<()> {
        let mut tx = self.cache.begin().await?;
        cache::alarms::raise(&mut tx, error, cause, self.now_ms()).await?;
        tx.commit().await?;
        self.changed([Change::Alarm]);
        Ok(())
    }
}

/// A device, with the user whose it is.
pub(crate) fn accused(member: &Member, device: DeviceId) -> Accused {
    Accused { device, user: member.roster().device(device).map(|device| device.user) }
}
