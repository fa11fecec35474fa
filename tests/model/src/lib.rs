//! The rules of a conversation's log as a small program, and everything that can happen to it.
//!
//! The crate is a specification that runs. [`judge`] holds the rules by which the relay and every member judge an entry,
//! [`member`] what an honest client signs and takes, [`relay`] what an honest relay does and how it lies, [`forge`] what a
//! malicious member signs. [`branch`] and [`heal`] say how a conversation goes on of which a restored relay has lost commits.
//! [`properties`] are the sentences of `docs/protocol.md`. `tests/search.rs` looks at every state
//! up to a depth, `tests/walk.rs` at random ones far deeper, `tests/mutations.rs` switches off each rule and shows the
//! sentence that then breaks, and `tests/refuted.rs` keeps the traces that broke an earlier version of the protocol.
//!
//! # What is abstracted
//! - Cryptography is ideal: a digest is equal where its input is, nobody signs for another.
//! - MLS is an epoch (a number, and a secret over all commits), the roles, and for each commit who can open it.
//! - Three people with one device each: Ana and Ben follow the rules, Mal signs anything. Mal reads all that the relay has.
//! - `stored_at`, limits, sizes and the time of day are left out; "ten minutes" and "a day" may end at any moment.
//! - Contents are read whole or, one at a time, kept back; everything public is read before.
//! - The roster is known to all and doesn't fork. A restored relay lost conversations, not the roster.
//! - Only who stands comes in by an external commit. Checks by a newcomer from `begin`, receipts and the mark "written
//!   before the messages above" are not in it.
//!
//! # What is searched
//! In the gate every state to depth 3, and a step or two further in settings with fewer actions: 217,039 states in which all
//! sentences hold. In the long run a step more: 1,266,962 states, two minutes on two busy cores. The random walk takes
//! 100,000 steps in walks of up to 60.

pub mod branch;
pub mod fair;
pub mod forge;
pub mod heal;
pub mod judge;
pub mod log;
pub mod member;
pub mod people;
pub mod properties;
pub mod relay;
pub mod rules;
pub mod settings;
pub mod world;
