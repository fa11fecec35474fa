//! `POST /v1/login`: the signed challenge comes back, a session begins.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::Hash;
use bezel_protocol::login::{LoginStatement, SignedLogin, Subject};
use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::wire::{Bytes, LoginRequest, Session};

use super::challenge::identity_required;
use crate::app::{App, audit};
use crate::http::{Cbor, Refusal, auth};
use crate::store::{Caller, LoginNoted, SessionRow, Store, StoreError};

/// A session lasts an hour.
const SESSION_LIFETIME_MS: i64 = 60 * 60 * 1000;

pub(crate) async fn log_in<S: Store>(State(app): State<Arc<App<S>>>, Cbor(request): Cbor<LoginRequest>) -> Result<Cbor<Session>, Refusal> {
    let challenge = request.statement.challenge;
    let begun = begin(&app, request).await;
    if let Err(Failed { why: Some(why), .. }) = &begun
        && app.settings.audit_logging
    {
        // Only whom the roster names is named: a stranger must not fill the log with ids.
        let roster = app.roster(challenge.workspace);
        let subject = match challenge.subject {
            Subject::Device(device) if roster.as_ref().is_some_and(|roster| roster.device(device).is_some()) => device.to_string(),
            Subject::Invite(invite) if roster.as_ref().is_some_and(|roster| roster.invite(invite).is_some()) => invite.to_string(),
            Subject::User(user) if roster.as_ref().is_some_and(|roster| roster.user(user).is_some()) => user.to_string(),
            Subject::Device(_) | Subject::Invite(_) | Subject::User(_) => "unknown".into(),
        };
        app.counts.note(None, "log_in_refused", format!("{subject} {why}"));
    }
    begun.map(Cbor).map_err(|failed| failed.refusal)
}

/// Why nobody was let in. Who asks is told no more than that there is no such session; the audit log tells the reason.
struct Failed {
    refusal: Refusal,
    /// None where the relay itself failed.
    why: Option<&'static str>,
}

impl Failed {
    fn because(why: &'static str) -> Self {
        Self { refusal: Refusal::unauthenticated(), why: Some(why) }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self { refusal: error.into(), why: None }
    }
}

async fn begin<S: Store>(app: &App<S>, request: LoginRequest) -> Result<Session, Failed> {
    let (statement, challenge) = (request.statement, request.statement.challenge);
    let is_ours = app.take_challenge(&challenge.nonce).is_some_and(|kept| kept == challenge);
    let roster = app.roster(challenge.workspace).filter(|_| is_ours).ok_or_else(|| Failed::because("challenge"))?;
    let needs_identity = identity_required(app, &challenge).await?;
    let now_ms = app.now_ms();
    check((&roster, now_ms), &statement, &request, needs_identity).map_err(Failed::because)?;

    let mut token = vec![0; 32];
    getrandom::fill(&mut token).map_err(|_| StoreError::Closed)?;
    let (token_hash, expires_at_ms) = (Hash::of(&token), now_ms + SESSION_LIFETIME_MS);
    let session = SessionRow { workspace: challenge.workspace, subject: challenge.subject, expires_at_ms };
    let login = SignedLogin { statement, signature: request.signature };
    let is_audited = app.settings.audit_logging;
    let begun = app
        .store
        .write(Caller::Relay, move |unit| {
            Box::pin(async move {
                let noted = match session.subject {
                    Subject::Device(device) => unit.note_login(device, &login, now_ms).await?,
                    Subject::Invite(_) | Subject::User(_) => LoginNoted::Taken { before: None },
                };
                let LoginNoted::Taken { before } = noted else { return Ok(Some(noted)) };
                // Whoever was shut out since the signatures were checked gets none.
                if !unit.insert_session(token_hash, session, now_ms).await? {
                    return Ok(None);
                }
                let who = match session.subject {
                    Subject::Device(device) => Some(device.to_string()),
                    Subject::User(user) => Some(user.to_string()),
                    Subject::Invite(_) => None,
                };
                if who.is_some() {
                    audit(unit, is_audited, "log_in", who).await?;
                }
                Ok(Some(LoginNoted::Taken { before }))
            })
        })
        .await?;
    match begun {
        Some(LoginNoted::Taken { before }) => Ok(Session { token: Bytes(token), expires_at_ms, last_login: before }),
        Some(LoginNoted::NotHigher { last }) => Err(Failed { refusal: Refusal::login_number(&last), why: Some("number") }),
        None => Err(Failed::because("shut_out")),
    }
}

/// Every signature that is due, by keys that stand. A device whose certificate has ended comes in as well: what it may do then is said
/// where the session is used.
fn check(
    (roster, now_ms): (&Roster, i64),
    statement: &LoginStatement,
    request: &LoginRequest,
    needs_identity: bool,
) -> Result<(), &'static str> {
    let message = statement.to_be_signed();
    match statement.challenge.subject {
        Subject::Invite(invite) => {
            let known = roster.invite(invite).ok_or("not_in_roster")?;
            if !auth::holds(roster, invite, now_ms) {
                return Err("ended");
            }
            known.statement.key.verify(&message, &request.signature.0).map_err(|_| "signature")
        }
        Subject::User(user) => {
            let known = roster.user(user).ok_or("not_in_roster")?;
            if known.status != Status::Active {
                return Err("shut_out");
            }
            known.identity.verify(&message, &request.signature.0).map_err(|_| "signature")
        }
        Subject::Device(device) => {
            let known = roster.device(device).ok_or("not_in_roster")?;
            // The number is kept as SQLite's: signed.
            if !i64::try_from(statement.number).is_ok_and(|number| number > 0) {
                return Err("number");
            }
            if !roster.stands(device, now_ms) && !roster.is_lapsed(device, now_ms) {
                return Err("shut_out");
            }
            let key = &known.current().ok_or("shut_out")?.certificate().message_key;
            key.verify(&message, &request.signature.0).map_err(|_| "signature")?;
            if !needs_identity {
                return Ok(());
            }
            let (signature, user) = (request.identity_signature.as_ref(), roster.user(known.user));
            let verified = signature.zip(user).map(|(signature, user)| user.identity.verify(&message, &signature.0));
            verified.and_then(Result::ok).ok_or("identity_signature")
        }
    }
}
