//! Who asks: the session behind the bearer token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::{ConversationId, DeviceId, Hash, InviteId, Role, UserId, WorkspaceId};

use super::Refusal;
use super::watch::WhoAsks;
use crate::app::App;
use crate::store::{Caller, Store};

/// A device whose session holds and which the roster lets act, now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    pub(crate) workspace: WorkspaceId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    /// The user's role in the workspace.
    pub(crate) role: Role,
    pub(crate) token: Hash,
}

/// A device, one whose certificate has ended, someone who holds an invite, or a user by the identity key: to all of them the roster is open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Visitor {
    Device(Device),
    /// Its user is active and nobody revoked it: it may fetch its renewal, or make it.
    Lapsed(Device),
    Invite(WorkspaceId, InviteId, Hash),
    /// No device of it may be able to speak: it says which devices it has.
    User(WorkspaceId, UserId, Hash),
}

impl Device {
    pub(crate) const fn caller(&self) -> Caller {
        Caller::Device { workspace: self.workspace, user: self.user, device: self.device }
    }
}

impl Visitor {
    pub(crate) const fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Device(device) | Self::Lapsed(device) => device.workspace,
            Self::Invite(workspace, ..) | Self::User(workspace, ..) => *workspace,
        }
    }

    pub(crate) const fn caller(&self) -> Caller {
        match self {
            Self::Device(device) | Self::Lapsed(device) => device.caller(),
            Self::Invite(workspace, invite, _) => Caller::Invite { workspace: *workspace, invite: *invite },
            Self::User(workspace, user, _) => Caller::User { workspace: *workspace, user: *user },
        }
    }

    /// SHA-256 of the session's token.
    pub(crate) const fn token(&self) -> Hash {
        match self {
            Self::Device(Device { token, .. })
            | Self::Lapsed(Device { token, .. })
            | Self::Invite(_, _, token)
            | Self::User(_, _, token) => *token,
        }
    }
}

impl<S: Store> FromRequestParts<Arc<App<S>>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App<S>>) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
        let session = app.session(token).await?.ok_or_else(Refusal::unauthenticated)?;
        let now_ms = app.now_ms();
        if session.expires_at_ms <= now_ms {
            return Err(Refusal::unauthenticated());
        }
        let roster = app.roster(session.workspace).ok_or_else(Refusal::unauthenticated)?;
        match session.subject {
            Subject::Invite(invite) if holds(&roster, invite, now_ms) => Ok(Self::Invite(session.workspace, invite, token)),
            Subject::Device(device) if roster.stands(device, now_ms) || roster.is_lapsed(device, now_ms) => {
                let user = roster.device(device).and_then(|device| roster.user(device.user)).ok_or_else(Refusal::unauthenticated)?;
                if let Some(who) = parts.extensions.get::<WhoAsks>() {
                    who.is(user.id, device);
                }
                let caller = Device { workspace: session.workspace, user: user.id, device, role: user.role, token };
                Ok(if roster.stands(device, now_ms) { Self::Device(caller) } else { Self::Lapsed(caller) })
            }
            Subject::User(user) if roster.user(user).is_some_and(|user| user.status == Status::Active) => {
                Ok(Self::User(session.workspace, user, token))
            }
            Subject::Invite(_) | Subject::Device(_) | Subject::User(_) => Err(Refusal::unauthenticated()),
        }
    }
}

impl<S: Store> FromRequestParts<Arc<App<S>>> for Device {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App<S>>) -> Result<Self, Refusal> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Device(device) => Ok(device),
            Visitor::Lapsed(_) => Err(Refusal::lapsed()),
            Visitor::Invite(..) => Err(Refusal::forbidden("an invitation may only join")),
            Visitor::User(..) => Err(Refusal::forbidden("an identity key alone only says which devices there are")),
        }
    }
}

/// Whether an invite is in force. One that was used up still lets its holder look whether the joining went through.
pub(super) fn holds(roster: &Roster, invite: InviteId, now_ms: i64) -> bool {
    roster.invite(invite).is_some_and(|invite| !invite.revoked && now_ms <= invite.statement.expires_at_ms)
}

/// SHA-256 of the token: the token itself is kept nowhere.
fn bearer(headers: &HeaderMap) -> Option<Hash> {
    let token = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let token = hex::decode(token).ok().filter(|token| token.len() == 32)?;
    Some(Hash::of(&token))
}

/// An id in a path; anything else is not there.
pub(crate) fn conversation(text: &str) -> Result<ConversationId, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
