//! The relay over a real socket, as a member meets it, and as an attacker does.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails where it panics")]

mod attacks;
mod audit;
mod backup;
mod bounds;
mod calls;
mod crash;
mod day;
mod files;
mod garbage;
mod group_attacks;
mod guests;
mod heal;
mod login;
mod race;
mod roster;
mod setup;
mod start;
mod support;
mod tls;
mod turn;
