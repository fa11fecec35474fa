//! Leaving a group: an entry of the log, signed by a device for its user.

use bezel_observer::{Standing, check_leave};
use bezel_protocol::UserId;
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{Leave, Place};
use bezel_protocol::wire::Bytes;

use super::Group;
use super::error::GroupError;
use crate::device::DeviceKeys;

impl Group {
    /// Says for this device's user that they leave.
    ///
    /// # Errors
    /// [`GroupError::Refused`] for the last owner.
    pub fn say_leave(&self, device: &DeviceKeys, seen: Place) -> Result<Leave, GroupError> {
        let (conversation, epoch, roster) = (self.conversation(), self.epoch(), self.judge.roster().head());
        let signature = device.sign(&Leave::to_be_signed(conversation, epoch, device.device(), seen, roster));
        let signature = Bytes(signature.map_err(|_| GroupError::Malformed("device key"))?);
        let leave = Leave { conversation, epoch, device: device.device(), seen, roster, signature };
        self.judge_leave(&leave)?;
        Ok(leave)
    }

    /// Judges an entry by which somebody leaves, and tells who does.
    ///
    /// # Errors
    /// As for [`check_leave`].
    pub fn judge_leave(&self, leave: &Leave) -> Result<UserId, GroupError> {
        let (leaves, roles) = (self.leaves()?, self.roles()?);
        let standing = Standing { group: self.id, epoch: self.epoch(), suite: self.suite, leaves: &leaves, roles: &roles };
        Ok(check_leave(leave, &standing, &self.judge)?)
    }
}
