//! The queries, in the SQL that SQLite and PostgreSQL share; mounted once under each engine, which names `Connection`, `Row` and
//! `EngineUnit`. Each query holds the rule of who may see the row: an engine with row-level security checks it a second time.

pub(super) mod append;
mod audit;
mod backup;
mod call;
mod commit;
mod conversation;
mod file;
mod file_log;
mod file_upkeep;
mod guest_link;
mod healing;
mod key_package;
mod log;
mod lost;
mod message;
mod roster;
mod session;
mod user_key;

use bezel_protocol::{DeviceId, Hash, UserId, WorkspaceId};
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::Row as _;

use super::{EngineUnit, Row};
use crate::store::{Caller, StoreError, Unit, UnitOfWork};

impl UnitOfWork for EngineUnit<'_> {
    fn caller(&self) -> Caller {
        self.caller
    }

    fn as_relay(&mut self) -> Box<Unit<'_>> {
        Box::new(EngineUnit { connection: &mut *self.connection, caller: Caller::Relay })
    }
}

impl EngineUnit<'_> {
    /// Lets a device in only while it stands, by what this transaction sees.
    pub(super) async fn enter(&mut self) -> Result<(), StoreError> {
        let Caller::Device { workspace, user, device } = self.caller else { return Ok(()) };
        sqlx::query("SELECT 1 AS stands FROM standing_devices WHERE device_id = $1 AND user_id = $2 AND workspace_id = $3")
            .bind(device.as_bytes().as_slice())
            .bind(user.as_bytes().as_slice())
            .bind(workspace.as_bytes().as_slice())
            .fetch_optional(&mut *self.connection)
            .await?
            .map(|_| ())
            .ok_or(StoreError::ShutOut)
    }

    /// The device in whose name this is done.
    fn device(&self) -> Result<(WorkspaceId, UserId, DeviceId), StoreError> {
        match self.caller {
            Caller::Device { workspace, user, device } => Ok((workspace, user, device)),
            Caller::Invite { .. } | Caller::User { .. } | Caller::Relay => Err(StoreError::WrongCaller),
        }
    }

    /// Only the relay itself may do this.
    fn relay(&self) -> Result<(), StoreError> {
        if self.caller == Caller::Relay { Ok(()) } else { Err(StoreError::WrongCaller) }
    }
}

/// What rows hold, of at most so many bytes together; the first is always there.
async fn page_of<T>(
    mut rows: BoxStream<'_, Result<Row, sqlx::Error>>,
    max_bytes: usize,
    read: impl Fn(&Row) -> Result<T, StoreError>,
    length: impl Fn(&T) -> usize,
) -> Result<Vec<T>, StoreError> {
    let (mut page, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        let entry = read(&row)?;
        bytes += length(&entry);
        if bytes > max_bytes && !page.is_empty() {
            break;
        }
        page.push(entry);
    }
    Ok(page)
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
