//! Withdraws invitations that have ended.

use bezel_protocol::cose::Signer;
use bezel_protocol::roster::Statement;

use crate::clock::DAY_MS;
use crate::error::Result;
use crate::member::Member;
use crate::roster;

/// A joiner's clock may be behind by so much.
const GRACE_MS: i64 = DAY_MS;
/// So many in a round; the next one goes on.
const MAX_AT_ONCE: usize = 32;

/// Withdraws this member's invitations that ended unused. Who joins says when, and nobody else knows better: without a word in the roster a
/// relay that lends a hand could let somebody in by an old link.
///
/// # Errors
/// When the relay can't be reached, or refuses.
pub(crate) async fn withdraw_ended(member: &Member) -> Result<()> {
    let Ok(identity) = member.identity() else { return Ok(()) };
    let roster = member.roster();
    let ended_ms = member.now_ms() - GRACE_MS;
    if roster.user(member.user()).is_none_or(|user| !user.role.administers()) {
        return Ok(());
    }
    let ended = roster.invites().filter(|invite| {
        invite.inviter == member.user() && !invite.revoked && invite.uses_left > 0 && invite.statement.expires_at_ms < ended_ms
    });
    let statements: Vec<(Statement, Vec<&dyn Signer>)> = ended
        .take(MAX_AT_ONCE)
        .map(|invite| (Statement::InviteRevoke(invite.statement.invite), vec![identity.as_ref() as &dyn Signer]))
        .collect();
    if statements.is_empty() { Ok(()) } else { roster::say(member, &statements).await }
}
