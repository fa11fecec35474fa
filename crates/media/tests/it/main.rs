//! Pictures as members have them, and bytes that were never meant to be one.

mod bombs;
mod damage;
mod fixture;
mod pictures;

use std::sync::{Mutex, MutexGuard, PoisonError};

use peak_alloc::PeakAlloc;

/// It counts for the whole process; `cargo nextest` gives each test one of its own.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;
static ALONE: Mutex<()> = Mutex::new(());

/// One at a time, where several tests that count share a process.
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}
