//! Attacks by name: what a member who has turned, a guest, or whoever runs the relay tries, and what the others see of it.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod calls;
mod envelopes;
mod files;
mod groups;
mod guests;
mod keys;
mod limits;
mod log;
mod roster;
mod stage;
mod unopened;
