//! `POST /v1/workspaces`: a workspace begins.

use std::sync::Arc;

use axum::extract::State;
use bezel_protocol::roster::{Roster, SignedStatement, Statement};
use bezel_protocol::wire::NewWorkspace;

use crate::app::{App, audit};
use crate::http::roster::{CLOCK_SLACK_MS, counted};
use crate::http::{Cbor, Refusal};
use crate::store::{Caller, Store};

/// The most bytes of a statement.
const MAX_STATEMENT_BYTES: usize = 64 * 1024;

pub(crate) async fn create<S: Store>(State(app): State<Arc<App<S>>>, Cbor(new): Cbor<NewWorkspace>) -> Result<(), Refusal> {
    // What costs nothing comes first: whoever asks may be anybody, and keys of RSA are slow to read.
    if !app.accepts_workspaces() {
        return Err(Refusal::full());
    }
    check_token(&app, new.setup_token.as_deref())?;
    let now_ms = app.now_ms();
    let (statements, roster) = begun(&new, now_ms)?;
    let roster = Arc::new(roster);
    let _growth = app.roster_growth.lock().await;
    if app.roster(roster.workspace()).is_some() {
        return Err(Refusal::conflict("this workspace exists already"));
    }
    if !app.accepts_workspaces() {
        return Err(Refusal::full());
    }
    let (applied, is_audited) = (Arc::clone(&roster), app.settings.audit_logging);
    app.store
        .write(Caller::Relay, move |unit| {
            Box::pin(async move {
                let workspace = applied.workspace();
                unit.insert_workspace(workspace, now_ms).await?;
                for statement in counted(&statements, None, now_ms) {
                    unit.append_statement(workspace, &statement).await?;
                }
                unit.apply_roster(None, &applied, now_ms).await?;
                audit(unit, is_audited, "workspace_create", Some(workspace.to_string())).await
            })
        })
        .await?;
    app.set_roster(roster);
    Ok(())
}

fn check_token<S: Store>(app: &App<S>, given: Option<&str>) -> Result<(), Refusal> {
    let is_known = app.setup_token.as_ref().is_none_or(|token| given.is_some_and(|given| token.is(given)));
    if is_known { Ok(()) } else { Err(Refusal::setup_token(given.is_some())) }
}

/// The statements, and the roster that they begin.
fn begun(new: &NewWorkspace, now_ms: i64) -> Result<(Vec<SignedStatement>, Roster), Refusal> {
    if new.statements.len() != 2 || new.statements.iter().any(|statement| statement.0.len() > MAX_STATEMENT_BYTES) {
        return Err(Refusal::malformed("a workspace begins with two statements, each of 64 KiB at most"));
    }
    let statements = new.statements.iter().map(|bytes| SignedStatement::parse(&bytes.0)).collect::<Result<Vec<_>, _>>();
    let statements = statements.map_err(|error| Refusal::roster(&error))?;
    let [genesis, device] = statements.as_slice() else {
        return Err(Refusal::malformed("a workspace begins with its genesis and the owner's first device"));
    };
    if !matches!(device.body().statement, Statement::DeviceAdd(_)) {
        return Err(Refusal::malformed("the second statement adds the owner's first device"));
    }
    if statements.iter().any(|statement| statement.body().at_ms > now_ms + CLOCK_SLACK_MS) {
        return Err(Refusal::refused("a statement is dated in the future: set the clock of your computer"));
    }
    let mut roster = Roster::begin(genesis).map_err(|error| Refusal::roster(&error))?;
    roster.append(device).map_err(|error| Refusal::roster(&error))?;
    Ok((statements, roster))
}
