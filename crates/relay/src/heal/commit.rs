//! When a healed log takes new commits.

use bezel_protocol::roster::{Roster, Status};
use bezel_protocol::{ConversationId, Role, UserId};

use crate::app::App;
use crate::http::Refusal;
use crate::store::{Caller, Membership, Store};

/// New commits wait so long for an owner or admin other than their author.
const PATIENCE_MS: i64 = 24 * 60 * 60 * 1000;

/// Whether somebody may commit in a log that was healed in this generation: another owner or admin has come by since, or a day has passed; and
/// whom the commit puts out or demotes follows the log since, unless its author acts as owner or the roster shut that person out. Else somebody
/// whom the lost commits removed would remove those who would heal them.
pub(crate) async fn may_commit<S: Store>(
    app: &App<S>,
    (conversation, roster): (ConversationId, &Roster),
    (author, before): (UserId, &Membership),
    after: &Membership,
    now_ms: i64,
) -> Result<(), Refusal> {
    let subject = *conversation.as_bytes();
    let found = app
        .store
        .read(Caller::Relay, move |unit| Box::pin(async move { Ok((unit.healing(subject).await?, unit.compared(subject).await?)) }));
    let (Some(state), compared) = found.await? else { return Ok(()) };
    let Some(healed_at_ms) = state.healed_at_ms else { return Err(Refusal::healing()) };
    let role = |user: UserId| before.members.iter().find(|(member, _)| *member == user).map(|(_, role)| *role);
    let is_led = compared.iter().any(|(_, user, _)| *user != author && role(*user).is_some_and(Role::administers));
    if !is_led && now_ms.saturating_sub(healed_at_ms) < PATIENCE_MS {
        return Err(Refusal::healing_commit());
    }
    let stands = |user: UserId| roster.user(user).is_some_and(|user| user.status == Status::Active);
    let acts_as_owner = match role(author) {
        Some(Role::Owner) => true,
        Some(Role::Admin) => !before.members.iter().any(|(user, role)| *role == Role::Owner && stands(*user)),
        _ => false,
    };
    let lowers = |user: UserId, old: Role| after.members.iter().find(|(member, _)| *member == user).is_none_or(|(_, new)| *new > old);
    let is_absent = |user: UserId| stands(user) && !compared.iter().any(|(_, other, follows)| *other == user && *follows);
    let puts_out_absent = before.members.iter().any(|(user, old)| *user != author && lowers(*user, *old) && is_absent(*user));
    if puts_out_absent && !acts_as_owner { Err(Refusal::healing_commit()) } else { Ok(()) }
}
