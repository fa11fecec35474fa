//! The relay: stores and routes what it can't read.
//!
//! The one invariant: no key of a member and no plaintext is ever here. The relay verifies signatures and rights, orders commits and
//! messages, keeps ciphertext, and wakes whoever is connected. It reaches no code that could decrypt.

#![warn(missing_docs)]

mod app;
pub mod audit;
mod backup;
mod blobs;
mod clock;
mod connections;
mod events;
mod files;
mod guest_token;
mod guests;
mod heal;
mod http;
mod reach;
mod relay_key;
mod server;
mod setup;
pub mod store;
mod tls;
mod turn;

pub use app::replay;
pub use backup::{BackupError, CopiedBlobs, backup, restored};
pub use blobs::{BadBlobLocation, BlobError, BlobLocation};
pub use clock::{Clock, SystemClock};
pub use connections::raise_open_files;
pub use files::{BadByteSize, ByteSize, FileOptions, SweepError, Swept, check_blobs};
pub use reach::{BadPublicUrl, ReachOptions, TlsFiles, TurnListen, check_public_url};
pub use relay_key::RelayKey;
pub use server::{Options, Relay, RelayStartError, RunningRelay};
pub use setup::{BadSetupToken, Setup, SetupToken};
pub use tls::TlsError;
