//! Puts an alarm away.

use crate::cache;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;

/// A person has seen the alarm. It comes back when it is raised again.
///
/// # Errors
/// When there is no alarm with this number.
pub async fn acknowledge(member: &Member, id: &str) -> Result<()> {
    let unknown = || Error::new("no_such_alarm", "There is no such alarm.", "Look at the list of alarms.");
    let id = id.trim().parse().map_err(|_| unknown())?;
    let mut tx = member.cache.begin().await?;
    if !cache::alarms::acknowledge(&mut tx, id, member.now_ms()).await? {
        return Err(unknown());
    }
    tx.commit().await?;
    member.changed([Change::Alarm]);
    Ok(())
}
