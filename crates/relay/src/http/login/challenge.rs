//! `POST /v1/login/challenge`: something to sign, for whoever asks. An unknown device gets one as well: nobody learns who exists.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::login::{LoginChallenge, Subject};
use bezel_protocol::wire::{Challenge, ChallengeRequest};

use crate::app::App;
use crate::http::{Cbor, Refusal};
use crate::store::{Caller, Store, StoreError};

pub(crate) async fn challenge<S: Store>(
    State(app): State<Arc<App<S>>>,
    Cbor(request): Cbor<ChallengeRequest>,
) -> Result<Cbor<Challenge>, Refusal> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|_| StoreError::Closed)?;
    let ChallengeRequest { workspace, subject } = request;
    let challenge = LoginChallenge { relay: app.key.public(), workspace, subject, nonce, issued_at_ms: app.now_ms() };
    app.remember_challenge(challenge);
    Ok(Cbor(Challenge { challenge, identity_required: identity_required(&app, &challenge).await? }))
}

/// At the first log-in of a user's first device, the identity key signs as well.
pub(super) async fn identity_required<S: Store>(app: &App<S>, challenge: &LoginChallenge) -> Result<bool, StoreError> {
    let Subject::Device(device) = challenge.subject else { return Ok(false) };
    let is_first = app.roster(challenge.workspace).is_some_and(|roster| {
        roster.device(device).and_then(|known| roster.user(known.user)).is_some_and(|user| user.first_device == Some(device))
    });
    Ok(is_first && !app.store.read(Caller::Relay, move |unit| Box::pin(unit.is_known_device(device))).await?)
}
