//! Synchronisation: compare heads, fetch what is missing, send what waits. The log on the relay is the word; events only wake.

mod audit;
mod backfill;
mod connection;
mod follow;
mod once;

pub use audit::{AuditCheckpoint, audit_checkpoint};
pub use connection::{Connection, ConnectionName, connection};
pub use follow::follow;
pub use once::once;

pub(crate) use connection::ConnectionState;
