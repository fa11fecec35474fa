//! `POST /v1/login`: the signed challenge comes back, a session begins.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::Hash;
use bezel_protocol::login::{LoginStatement, Subject};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{Bytes, LoginRequest, Session};

use super::challenge::identity_required;
use crate::app::{App, audit};
use crate::clock::now_ms;
use crate::http::{Cbor, Refusal, auth};
use crate::store::{Caller, SessionRow, Store, StoreError};

/// A session lasts an hour.
const SESSION_LIFETIME_MS: i64 = 60 * 60 * 1000;

pub(crate) async fn log_in<S: Store>(State(app): State<Arc<App<S>>>, Cbor(request): Cbor<LoginRequest>) -> Result<Cbor<Session>, Refusal> {
    let statement = request.statement;
    let is_ours = app.take_challenge(&statement.nonce).is_some_and(|challenge| challenge == statement);
    let roster = app.roster(statement.workspace).filter(|_| is_ours).ok_or_else(Refusal::unauthenticated)?;
    let needs_identity = identity_required(&app, &statement).await?;
    check(&roster, &statement, &request, needs_identity).ok_or_else(Refusal::unauthenticated)?;

    let mut token = vec![0; 32];
    getrandom::fill(&mut token).map_err(|_| StoreError::Closed)?;
    let (token_hash, expires_at_ms) = (Hash::of(&token), now_ms() + SESSION_LIFETIME_MS);
    let session = SessionRow { workspace: statement.workspace, subject: statement.subject, expires_at_ms };
    let is_audited = app.settings.audit_logging;
    let begun = app
        .store
        .write(Caller::Relay, move |unit| {
            Box::pin(async move {
                // Whoever was shut out since the signatures were checked gets none.
                if !unit.insert_session(token_hash, session, now_ms()).await? {
                    return Ok(false);
                }
                if let Subject::Device(device) = session.subject {
                    unit.insert_known_device(device, now_ms()).await?;
                    audit(unit, is_audited, "log_in", Some(device.to_string())).await?;
                }
                Ok(true)
            })
        })
        .await?;
    if begun { Ok(Cbor(Session { token: Bytes(token), expires_at_ms })) } else { Err(Refusal::unauthenticated()) }
}

/// Every signature that is due, by keys that stand.
fn check(roster: &Roster, statement: &LoginStatement, request: &LoginRequest, needs_identity: bool) -> Option<()> {
    let message = statement.to_be_signed();
    match statement.subject {
        Subject::Invite(invite) => {
            let key = roster.invite(invite).filter(|_| auth::holds(roster, invite, now_ms()))?.statement.key;
            key.verify(&message, &request.signature.0).ok()
        }
        Subject::Device(device) => {
            let known = roster.device(device).filter(|_| roster.stands(device, now_ms()))?;
            known.current()?.certificate().message_key.verify(&message, &request.signature.0).ok()?;
            if !needs_identity {
                return Some(());
            }
            let signature = request.identity_signature.as_ref()?;
            roster.user(known.user)?.identity.verify(&message, &signature.0).ok()
        }
    }
}
