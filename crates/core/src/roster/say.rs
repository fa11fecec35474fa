//! Says something in the roster, with the user's identity key.

use bezel_protocol::cose::Signer;
use bezel_protocol::roster::{Roster, SignedStatement, Statement};
use bezel_protocol::wire::{Bytes, NewStatements, RosterAppended, code, path};

use super::fetch::fetch_by;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::Client;

/// How often a statement is signed anew because somebody else was faster.
const ATTEMPTS: usize = 8;

/// Appends statements, each with its signers in order; all or none.
///
/// # Errors
/// When the roster's rules forbid it (said before anything is sent), or the relay can't be reached.
pub(crate) async fn say(member: &Member, statements: &[(Statement, Vec<&dyn Signer>)]) -> Result<()> {
    say_by(member, &member.client, statements).await
}

/// The same in the name of whoever the client speaks for.
///
/// # Errors
/// As for [`say`].
pub(crate) async fn say_by(member: &Member, client: &Client, statements: &[(Statement, Vec<&dyn Signer>)]) -> Result<()> {
    for _ in 0..ATTEMPTS {
        let signed = sign(&member.roster(), member.now_ms(), statements)?;
        let body = NewStatements { statements: signed.iter().map(|statement| Bytes(statement.as_bytes().to_vec())).collect() };
        let answer = client.post::<RosterAppended>(path::ROSTER, &body).await;
        match answer {
            Err(error) if error.is(code::STALE_ROSTER) => {
                fetch_by(member, client).await?;
            }
            Err(error) => return Err(error.into()),
            Ok(_) => {
                fetch_by(member, client).await?;
                return Ok(());
            }
        }
    }
    Err(Error::refused("stale_roster", "Others kept changing the workspace at the same moment.", "Try again."))
}

/// Signs the statements one after the other, on a copy of the roster: what it refuses is never sent.
fn sign(roster: &Roster, now_ms: i64, statements: &[(Statement, Vec<&dyn Signer>)]) -> Result<Vec<SignedStatement>> {
    let mut roster = roster.clone();
    let mut signed = Vec::with_capacity(statements.len());
    for (statement, signers) in statements {
        let statement = roster.next(now_ms, statement.clone()).sign(signers).map_err(|_| {
            Error::new("signing_failed", "The identity key could not sign.", "Start again; if it stays so, restore this device.")
        })?;
        roster.append(&statement).map_err(refused)?;
        signed.push(statement);
    }
    Ok(signed)
}

/// A rule of the roster, said to the one who tried.
pub(crate) fn refused(error: bezel_protocol::roster::RosterError) -> Error {
    let message = match &error {
        bezel_protocol::roster::RosterError::Refused { fault, .. } => format!("The workspace's rules don't allow it: {fault}."),
        other => format!("The workspace's rules don't allow it: {other}."),
    };
    Error::refused("not_allowed", message, "Ask an owner or admin of the workspace.")
}
