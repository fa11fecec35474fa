//! The age of the identity key.

use bezel_protocol::roster::User;

use crate::cache;
use crate::error::Result;
use crate::member::Member;

/// How old the user's identity key is, in milliseconds. The roster's time is that of its signer, or of a head that a clock which ran ahead has
/// left in the future; where this machine made the key, its own note is asked as well. A key that both date in the future is of an unknown
/// age, and so too old.
pub(crate) async fn identity_age_ms(member: &Member, user: &User) -> Result<i64> {
    let made_at_ms = cache::keys::identity_made_at_ms(&mut *member.cache.read().await?, user.identity.fingerprint()).await?;
    let since_ms = made_at_ms.map_or(user.identity_since_ms, |made_at_ms| made_at_ms.min(user.identity_since_ms));
    let age_ms = member.now_ms() - since_ms;
    Ok(if age_ms < 0 && made_at_ms.is_some() { i64::MAX } else { age_ms.max(0) })
}
