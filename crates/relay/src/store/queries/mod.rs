//! The queries, in the SQL that SQLite and PostgreSQL share; mounted once under each engine, which names `Connection` and `Row`.

mod audit;
mod backup;
mod conversation;
mod key_package;
mod message;
mod session;
mod workspace;

use bezel_protocol::{DeviceId, Hash, UserId, WorkspaceId};
use sqlx::Row as _;

use super::{Row, Unit};
use crate::store::{Caller, StoreError};

impl Unit<'_> {
    /// The same unit of work in the relay's own name, for effects that the relay has checked.
    pub fn as_relay(&mut self) -> Unit<'_> {
        Unit { connection: &mut *self.connection, caller: Caller::Relay }
    }

    /// The device in whose name this is done.
    fn device(&self) -> Result<(WorkspaceId, UserId, DeviceId), StoreError> {
        match self.caller {
            Caller::Device { workspace, user, device } => Ok((workspace, user, device)),
            Caller::Invite { .. } | Caller::Relay => Err(StoreError::WrongCaller),
        }
    }

    /// Only the relay itself may do this.
    fn relay(&self) -> Result<(), StoreError> {
        if self.caller == Caller::Relay { Ok(()) } else { Err(StoreError::WrongCaller) }
    }
}

fn id<T>(row: &Row, column: &str, from_slice: fn(&[u8]) -> Option<T>) -> Result<T, StoreError> {
    from_slice(row.try_get::<&[u8], _>(column)?).ok_or(StoreError::Damaged("id"))
}

fn hash(row: &Row, column: &str) -> Result<Hash, StoreError> {
    Hash::from_slice(row.try_get::<&[u8], _>(column)?).ok_or(StoreError::Damaged("hash"))
}

fn unsigned(row: &Row, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|_| StoreError::Damaged("number"))
}

/// A number as SQL holds it; ours stay far below the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
