//! Who asks: the session behind the bearer token.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::Roster;
use bezel_protocol::{ConversationId, DeviceId, Hash, InviteId, Role, UserId, WorkspaceId};

use super::Refusal;
use crate::app::App;
use crate::clock::now_ms;
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

/// A device, or someone who holds an invite.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Visitor {
    Device(Device),
    Invite(WorkspaceId, InviteId, Hash),
}

impl Device {
    pub(crate) const fn caller(&self) -> Caller {
        Caller::Device { workspace: self.workspace, user: self.user, device: self.device }
    }
}

impl Visitor {
    pub(crate) const fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Device(device) => device.workspace,
            Self::Invite(workspace, ..) => *workspace,
        }
    }

    pub(crate) const fn caller(&self) -> Caller {
        match self {
            Self::Device(device) => device.caller(),
            Self::Invite(workspace, invite, _) => Caller::Invite { workspace: *workspace, invite: *invite },
        }
    }

    /// SHA-256 of the session's token.
    pub(crate) const fn token(&self) -> Hash {
        match self {
            Self::Device(Device { token, .. }) | Self::Invite(_, _, token) => *token,
        }
    }
}

impl<S: Store> FromRequestParts<Arc<App<S>>> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App<S>>) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers).ok_or_else(Refusal::unauthenticated)?;
        let session = app.session(token).await?.ok_or_else(Refusal::unauthenticated)?;
        let now_ms = now_ms();
        if session.expires_at_ms <= now_ms {
            return Err(Refusal::unauthenticated());
        }
        let roster = app.roster(session.workspace).ok_or_else(Refusal::unauthenticated)?;
        match session.subject {
            Subject::Invite(invite) if holds(&roster, invite, now_ms) => Ok(Self::Invite(session.workspace, invite, token)),
            Subject::Device(device) if roster.stands(device, now_ms) => {
                let user = roster.device(device).and_then(|device| roster.user(device.user)).ok_or_else(Refusal::unauthenticated)?;
                Ok(Self::Device(Device { workspace: session.workspace, user: user.id, device, role: user.role, token }))
            }
            Subject::Invite(_) | Subject::Device(_) => Err(Refusal::unauthenticated()),
        }
    }
}

impl<S: Store> FromRequestParts<Arc<App<S>>> for Device {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App<S>>) -> Result<Self, Refusal> {
        match Visitor::from_request_parts(parts, app).await? {
            Visitor::Device(device) => Ok(device),
            Visitor::Invite(..) => Err(Refusal::forbidden("an invitation may only join")),
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
