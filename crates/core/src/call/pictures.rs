//! Where the pictures of calls go.

use std::sync::{Arc, PoisonError, RwLock};

use bezel_calls::call::Peer;
use bezel_calls::session::Sink;
use bezel_crypto::call::Track;

use crate::member::Member;

/// Hands pictures to whoever shows them at the moment; nobody may.
#[derive(Default)]
pub(crate) struct Pictures(RwLock<Option<Arc<dyn Sink>>>);

impl Sink for Pictures {
    fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], timestamp: i64) {
        let sink = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(sink) = sink {
            sink.picture(peer, track, frame, timestamp);
        }
    }
}

/// From now on pictures go to `sink`, or nowhere.
pub fn show_pictures(member: &Member, sink: Option<Arc<dyn Sink>>) {
    *member.calls.pictures.0.write().unwrap_or_else(PoisonError::into_inner) = sink;
}
