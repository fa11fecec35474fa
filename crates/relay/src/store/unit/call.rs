//! Calls: who is in one, and when.

use async_trait::async_trait;
use bezel_protocol::wire::{CallRecord, NewCall};
use bezel_protocol::{CallId, ConversationId};

use crate::store::StoreError;

/// Where a device stands with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is in it.
    Present,
    /// The call is over: nobody comes in any more.
    Over,
    /// There is no such call for it.
    NotThere,
}

/// What became of a device that leaves a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It is not in it, or not any more; somebody may be.
    Left,
    /// The call is over.
    Ended,
    /// There is no such call for it.
    NotThere,
}

/// What was ended for want of a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// How many devices and guests have left so.
    pub left: u64,
    /// Calls that are over by it.
    pub calls: Vec<CallId>,
}

/// Calls. Every method but [`Calls::end_silent_calls`] is for devices that are in the conversation; others get
/// [`StoreError::WrongCaller`], or find nothing.
#[async_trait]
pub trait Calls {
    /// Begins a call with the caller's device in it; the caller's device is in the conversation, as was seen in this unit. The same call of
    /// the same conversation again joins it.
    async fn insert_call(&mut self, new: &NewCall, now_ms: i64) -> Result<Presence, StoreError>;

    /// The caller's device comes into the call, or is still in it.
    async fn join_call(&mut self, call: CallId, now_ms: i64) -> Result<Presence, StoreError>;

    /// The caller's device leaves the call. The last device ends it, and guests leave with it.
    async fn leave_call(&mut self, call: CallId, now_ms: i64) -> Result<Departure, StoreError>;

    /// Whether a call goes on in a conversation that the caller's device is in.
    async fn is_call_going_on(&mut self, conversation: ConversationId) -> Result<bool, StoreError>;

    /// Who was in the call, and when.
    async fn call(&mut self, call: CallId) -> Result<Option<CallRecord>, StoreError>;

    /// Devices and guests that have not been heard since `before_ms` have left, at the time when they were last heard; calls without any
    /// device are over. For the relay itself.
    async fn end_silent_calls(&mut self, before_ms: i64) -> Result<Silence, StoreError>;
}
