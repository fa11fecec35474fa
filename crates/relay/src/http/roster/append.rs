//! `POST /v1/roster`: the roster grows, by the same rules that every member applies and by the relay's own limits in time.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::DeviceId;
use bezel_protocol::roster::{Roster, RosterError, SignedStatement, Statement};
use bezel_protocol::wire::{Event, NewStatements, RosterAppended};
use bezel_protocol::{SignedCertificate, UserId};

use super::limits;
use crate::app::{App, audit};
use crate::heal;
use crate::http::auth::Visitor;
use crate::http::{Cbor, Refusal};
use crate::store::{Caller, CheckedStatement, Store};

/// A statement may be dated so far ahead of the relay's clock.
pub(crate) const CLOCK_SLACK_MS: i64 = 5 * 60 * 1000;
/// So many statements at once.
const MAX_STATEMENTS: usize = 64;

pub(crate) async fn append<S: Store>(
    State(app): State<Arc<App<S>>>,
    visitor: Visitor,
    Cbor(new): Cbor<NewStatements>,
) -> Result<Cbor<RosterAppended>, Refusal> {
    let statements = parse(&new)?;
    may_say(&visitor, &statements)?;
    let _growth = app.roster_growth.lock().await;
    let before = app.roster(visitor.workspace()).ok_or_else(Refusal::not_found)?;
    if !heal::may_grow(&app, &before).await? {
        return Err(Refusal::healing());
    }
    not_from_the_future(&before, &statements, app.now_ms())?;
    grow(&app, visitor.caller(), Some(&visitor), &before, statements).await.map(Cbor)
}

/// Appends statements that the roster's own rules allow; those of a visitor within the relay's limits. The caller holds the lock under which
/// the roster grows.
pub(super) async fn grow<S: Store>(
    app: &App<S>,
    caller: Caller,
    visitor: Option<&Visitor>,
    before: &Arc<Roster>,
    statements: Vec<SignedStatement>,
) -> Result<RosterAppended, Refusal> {
    let now_ms = app.now_ms();
    let roster = Arc::new(grown(before, &statements)?);
    let checked = limits::counted(&statements, visitor.map(|visitor| (&**before, visitor)), now_ms);
    if let Some(visitor) = visitor {
        limits::check(app, visitor, &checked).await?;
    }
    let shut_out = shut_out(before, &roster, now_ms);
    store(app, caller, (Arc::clone(before), Arc::clone(&roster)), (statements, checked)).await?;
    app.forget_sessions(
        |_, session| matches!(session.subject, bezel_protocol::login::Subject::Device(device) if shut_out.contains(&device)),
    );
    app.set_roster(Arc::clone(&roster));
    shut_out.iter().for_each(|device| app.hub.shut_out(*device));
    let devices = roster.users().flat_map(|user| roster.devices_of(user.id)).map(|device| device.id);
    app.hub.send(devices, &Event::Roster(roster.head()));
    Ok(RosterAppended { head: roster.head() })
}

pub(super) fn parse(new: &NewStatements) -> Result<Vec<SignedStatement>, Refusal> {
    if new.statements.is_empty() || new.statements.len() > MAX_STATEMENTS {
        return Err(Refusal::malformed("1 to 64 statements are wanted"));
    }
    let statements = new.statements.iter().map(|bytes| SignedStatement::parse(&bytes.0)).collect::<Result<Vec<_>, _>>();
    statements.map_err(|error| Refusal::roster(&error))
}

/// A statement is dated at the relay's time at the latest, or at the head's where that lies later: a clock that ran ahead once must not
/// keep everybody from inviting, revoking and rotating until the true time has come up with it.
fn not_from_the_future(before: &Roster, statements: &[SignedStatement], now_ms: i64) -> Result<(), Refusal> {
    let latest_ms = before.head_at_ms().max(now_ms.saturating_add(CLOCK_SLACK_MS));
    if statements.iter().any(|statement| statement.body().at_ms > latest_ms) {
        return Err(Refusal::refused("a statement is dated in the future: set the clock of your computer"));
    }
    Ok(())
}

/// Who holds an invite may join by it and add the first device. Whose certificate has ended may renew it, under the old identity key or a
/// new one. Who holds an identity key may put one new device in the place of another. Nothing else.
fn may_say(visitor: &Visitor, statements: &[SignedStatement]) -> Result<(), Refusal> {
    match visitor {
        Visitor::Device(_) => Ok(()),
        Visitor::Invite(_, invite, _) => {
            let says = |index: usize| statements.get(index).map(|statement| &statement.body().statement);
            match (says(0), says(1), statements.len()) {
                (Some(Statement::Join(join)), Some(Statement::DeviceAdd(_)), 2) if join.invite == *invite => Ok(()),
                _ => Err(Refusal::forbidden("an invitation may only join, with one device")),
            }
        }
        Visitor::User(_, user, _) => {
            let says: Vec<&Statement> = statements.iter().map(|statement| &statement.body().statement).collect();
            match says.as_slice() {
                [Statement::DeviceRevoke(_), Statement::DeviceAdd(bytes)] | [Statement::DeviceAdd(bytes)] if is_of(bytes, *user) => Ok(()),
                _ => Err(Refusal::forbidden("an identity key alone only puts a device in the place of another")),
            }
        }
        Visitor::Lapsed(device) => {
            let renews = |statement: &Statement| match statement {
                Statement::DeviceAdd(bytes) => is_of(bytes, device.user),
                Statement::IdentityRotate(rotate) => rotate.user == device.user,
                _ => false,
            };
            if statements.iter().all(|statement| renews(&statement.body().statement)) { Ok(()) } else { Err(Refusal::lapsed()) }
        }
    }
}

fn is_of(certificate: &[u8], user: UserId) -> bool {
    SignedCertificate::parse(certificate).is_ok_and(|certificate| certificate.certificate().user == user)
}

fn grown(before: &Roster, statements: &[SignedStatement]) -> Result<Roster, Refusal> {
    let mut roster = before.clone();
    for statement in statements {
        match roster.append(statement) {
            Ok(()) => {}
            Err(RosterError::OutOfOrder { .. } | RosterError::Forked { .. }) => return Err(Refusal::stale_roster(before.head().sequence)),
            Err(error) => return Err(Refusal::roster(&error)),
        }
    }
    Ok(roster)
}

/// Devices that could act before and can't any more.
fn shut_out(before: &Roster, after: &Roster, now_ms: i64) -> Vec<DeviceId> {
    let users: Vec<UserId> = before.users().map(|user| user.id).collect();
    let standing = users.into_iter().flat_map(|user| before.standing_devices(user, now_ms).map(|device| device.id).collect::<Vec<_>>());
    standing.filter(|device| !after.stands(*device, now_ms)).collect()
}

async fn store<S: Store>(
    app: &App<S>,
    caller: Caller,
    (before, after): (Arc<Roster>, Arc<Roster>),
    (statements, checked): (Vec<SignedStatement>, Vec<CheckedStatement>),
) -> Result<(), Refusal> {
    let (is_audited, now_ms) = (app.settings.audit_logging, app.now_ms());
    app.store
        .write(caller, move |unit| {
            Box::pin(async move {
                for statement in &statements {
                    let body = statement.body();
                    audit(unit, is_audited, &format!("roster_{}", body.statement.kind()), Some(body.sequence.to_string())).await?;
                }
                // The effects are the relay's own doing: it checked them.
                let mut relay = unit.as_relay();
                for statement in &checked {
                    relay.append_statement(after.workspace(), statement).await?;
                }
                relay.apply_roster(Some(&before), &after, now_ms).await
            })
        })
        .await?;
    Ok(())
}
