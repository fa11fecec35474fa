//! Calls: who is in one, and when.

use async_trait::async_trait;
use bezel_protocol::CallId;
use bezel_protocol::wire::{CallRecord, NewCall};

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

/// Calls. Every method but [`Calls::end_silent_calls`] is for devices that are in the conversation; others get
/// [`StoreError::WrongCaller`], or find nothing.
#[async_trait]
pub trait Calls {
    /// Begins a call with the caller's device in it; the caller's device is in the conversation, as was seen in this unit. The same call of
    /// the same conversation again joins it.
    async fn insert_call(&mut self, new: &NewCall, now_ms: i64) -> Result<Presence, StoreError>;

    /// The caller's device comes into the call, or is still in it.
    async fn join_call(&mut self, call: CallId, now_ms: i64) -> Result<Presence, StoreError>;

    /// The caller's device leaves the call. The last one ends it. Returns whether there is such a call.
    async fn leave_call(&mut self, call: CallId, now_ms: i64) -> Result<bool, StoreError>;

    /// Who was in the call, and when.
    async fn call(&mut self, call: CallId) -> Result<Option<CallRecord>, StoreError>;

    /// Devices that have not been heard since `before_ms` have left, at the time when they were last heard; calls without anybody are
    /// over. For the relay itself. Returns how many devices left so.
    async fn end_silent_calls(&mut self, before_ms: i64) -> Result<u64, StoreError>;
}
