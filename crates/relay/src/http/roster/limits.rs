//! What a roster may grow by in a stretch of time. Only the relay counts so, and by its own clock: a limit in time that clients applied
//! would hang on whose clock is asked, and stick the whole workspace where two differ.

use std::collections::BTreeSet;

use bezel_protocol::roster::{Roster, SignedStatement, Statement};
use bezel_protocol::{DeviceId, Role, SignedCertificate, UserId};

use crate::app::App;
use crate::http::Refusal;
use crate::http::auth::Visitor;
use crate::store::{Caller, CheckedStatement, Store};

const HOUR_MS: i64 = 60 * 60 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;
const MONTH_MS: i64 = 30 * DAY_MS;
/// Identity keys that a user may take in a month.
const ROTATIONS_A_MONTH: u64 = 5;
/// Statements of a device in an hour, whose user administers: a shop may take all its people in on one morning.
const STATEMENTS_AN_HOUR: u64 = 600;
/// The same of everybody else, who only look after devices of their own.
const OWN_STATEMENTS_AN_HOUR: u64 = 60;

/// Devices that a user puts in the place of others in a day, by the identity key alone.
const REPLACEMENTS_A_DAY: u64 = 8;

/// A renewal by itself. One that follows the rotation of the identity key counts with that.
const RENEWAL: &str = "renewal";
const ROTATION: &str = "identity_rotate";
const REPLACEMENT: &str = "replacement";

/// Says of each statement as what it counts. Without `context` a workspace begins.
pub(crate) fn counted(statements: &[SignedStatement], context: Option<(&Roster, &Visitor)>, at_ms: i64) -> Vec<CheckedStatement> {
    let by = context.and_then(|(_, visitor)| match visitor {
        Visitor::Device(device) | Visitor::Lapsed(device) => Some(device.device),
        Visitor::Invite(..) | Visitor::User(..) => None,
    });
    let by_identity = context.and_then(|(_, visitor)| if let Visitor::User(_, user, _) = visitor { Some(*user) } else { None });
    let mut rotated: BTreeSet<UserId> = BTreeSet::new();
    let mut named: BTreeSet<DeviceId> = BTreeSet::new();
    let mut count = |statement: &Statement| match statement {
        Statement::IdentityRotate(rotate) => {
            rotated.insert(rotate.user);
            (ROTATION, Some(*rotate.user.as_bytes()))
        }
        Statement::DeviceAdd(_) if by_identity.is_some() => (REPLACEMENT, by_identity.map(|user| *user.as_bytes())),
        Statement::DeviceAdd(bytes) => {
            let Ok(signed) = SignedCertificate::parse(bytes) else { return (statement.kind(), None) };
            let certificate = signed.certificate();
            let is_first = named.insert(certificate.device);
            let is_known = context.is_some_and(|(roster, _)| roster.device(certificate.device).is_some());
            let is_free = is_first && (!is_known || rotated.contains(&certificate.user));
            (if is_free { statement.kind() } else { RENEWAL }, Some(*certificate.device.as_bytes()))
        }
        other => (other.kind(), None),
    };
    statements
        .iter()
        .map(|signed| {
            let body = signed.body();
            let (kind, subject) = count(&body.statement);
            CheckedStatement { sequence: body.sequence, bytes: signed.as_bytes().to_vec(), kind, subject, by, at_ms }
        })
        .collect()
}

/// Refuses what goes beyond a limit. The caller holds the lock under which the roster grows.
pub(super) async fn check<S: Store>(app: &App<S>, visitor: &Visitor, statements: &[CheckedStatement]) -> Result<(), Refusal> {
    let (workspace, now_ms) = (visitor.workspace(), app.now_ms());
    for (kind, limit, span_ms, message) in [
        (RENEWAL, 1, DAY_MS, "the certificate of a device is renewed once a day at most"),
        (ROTATION, ROTATIONS_A_MONTH, MONTH_MS, "an identity key is rotated five times in 30 days at most"),
        (REPLACEMENT, REPLACEMENTS_A_DAY, DAY_MS, "a user's devices are replaced eight times a day at most"),
    ] {
        let subjects: Vec<[u8; 16]> = statements.iter().filter(|each| each.kind == kind).filter_map(|each| each.subject).collect();
        for subject in subjects.iter().copied().collect::<BTreeSet<_>>() {
            let new = subjects.iter().filter(|each| **each == subject).count() as u64;
            let counted = app.store.read(Caller::Relay, move |unit| {
                Box::pin(unit.count_statements_about(workspace, kind, subject, (now_ms - span_ms, now_ms)))
            });
            if counted.await? + new > limit {
                return Err(Refusal::too_many_because(message));
            }
        }
    }
    let Visitor::Device(device) = visitor else { return Ok(()) };
    let (by, limit) = (device.device, of_role(device.role));
    let counted = app.store.read(Caller::Relay, move |unit| Box::pin(unit.count_statements_by(by, (now_ms - HOUR_MS, now_ms))));
    if counted.await? + statements.len() as u64 > limit {
        return Err(Refusal::too_many_because(format!("a device changes the workspace at most {limit} times an hour")));
    }
    Ok(())
}

const fn of_role(role: Role) -> u64 {
    if role.administers() { STATEMENTS_AN_HOUR } else { OWN_STATEMENTS_AN_HOUR }
}
