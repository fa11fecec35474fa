//! This device's log-ins: each is written down, and on the disk, before it is signed. A crash leaves a gap and never a repeat.

use bezel_protocol::Hash;
use bezel_protocol::login::{LoginChallenge, LoginStatement};

use super::row::signed;
use super::{Connection, unsigned};
use crate::error::Result;

/// So many log-ins are remembered: far more than the relay can show as the last.
const KEPT: u64 = 1000;

/// Numbers a log-in and writes it down. It may be signed when the transaction is on the disk.
pub(crate) async fn begin(db: &mut Connection, challenge: LoginChallenge) -> Result<LoginStatement> {
    let number = last(db).await? + 1;
    let statement = LoginStatement { challenge, number };
    sqlx::query("INSERT INTO logins (number, statement) VALUES ($1, $2)")
        .bind(signed(number))
        .bind(hash_of(&statement).as_bytes().as_slice())
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM logins WHERE number <= $1").bind(signed(number.saturating_sub(KEPT))).execute(db).await?;
    Ok(statement)
}

/// Whether this home can't have signed a log-in: it is none of those that are remembered, nor older than all of them.
pub(crate) async fn is_foreign(db: &mut Connection, statement: &LoginStatement) -> Result<bool> {
    if last(db).await?.saturating_sub(KEPT) >= statement.number {
        return Ok(false);
    }
    let row = sqlx::query("SELECT 1 AS known FROM logins WHERE number = $1 AND statement = $2")
        .bind(signed(statement.number))
        .bind(hash_of(statement).as_bytes().as_slice())
        .fetch_optional(db)
        .await?;
    Ok(row.is_none())
}

/// The newest number; 0 before the first log-in.
async fn last(db: &mut Connection) -> Result<u64> {
    unsigned(&sqlx::query("SELECT coalesce(max(number), 0) AS last FROM logins").fetch_one(db).await?, "last")
}

fn hash_of(statement: &LoginStatement) -> Hash {
    Hash::of(&statement.to_be_signed())
}

#[cfg(test)]
mod tests {
    use bezel_crypto::{Secret, SystemRng};
    use bezel_protocol::login::Subject;
    use bezel_protocol::{DeviceId, WorkspaceId};

    use super::*;
    use crate::cache::Cache;

    fn challenge(nonce: u8) -> LoginChallenge {
        let relay = bezel_crypto::InviteKeyPair::generate(bezel_protocol::InviteId::from_bytes([1; 16]), &mut SystemRng).unwrap();
        let subject = Subject::Device(DeviceId::from_bytes([3; 16]));
        LoginChallenge { relay: *relay.public(), workspace: WorkspaceId::from_bytes([2; 16]), subject, nonce: [nonce; 32], issued_at_ms: 1 }
    }

    async fn begin_one(cache: &Cache, nonce: u8) -> LoginStatement {
        let mut tx = cache.begin().await.unwrap();
        let statement = begin(&mut tx, challenge(nonce)).await.unwrap();
        tx.commit().await.unwrap();
        statement
    }

    /// A number that was used again after a crash would look like the log-in of a copy.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_number_is_never_used_twice_even_when_the_power_goes_before_the_answer() {
        let folder = std::env::temp_dir().join(format!("bezel-logins-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let key: Secret<32> = Secret::random(&mut SystemRng).unwrap();
        let cache = Cache::open(&folder.join("member.db"), &key, true).await.unwrap();
        let first = begin_one(&cache, 1).await;
        let second = begin_one(&cache, 2).await;
        assert_eq!((first.number, second.number), (1, 2));
        // What the disk holds at the moment at which the statement is handed out to be signed.
        let copy = folder.join("after-the-power-cut.db");
        for suffix in ["", "-wal"] {
            std::fs::copy(folder.join(format!("member.db{suffix}")), format!("{}{suffix}", copy.display())).unwrap();
        }
        let after = Cache::open(&copy, &key, false).await.unwrap();
        let third = begin_one(&after, 3).await;
        assert_eq!(third.number, 3, "the number was on the disk before it was signed");
        let mut db = after.read().await.unwrap();
        assert!(!is_foreign(&mut db, &first).await.unwrap() && !is_foreign(&mut db, &third).await.unwrap());
        assert!(
            is_foreign(&mut db, &LoginStatement { challenge: challenge(9), number: 2 }).await.unwrap(),
            "another log-in by a number of ours"
        );
        assert!(
            is_foreign(&mut db, &LoginStatement { challenge: challenge(9), number: 4 }).await.unwrap(),
            "a number that was never reached"
        );
        drop(db);
        after.close().await;
        cache.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// A relay may show any old log-in of this device; one that is no longer remembered must not pass for a copy's.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_log_in_from_before_all_that_are_remembered_shows_nothing() {
        let folder = std::env::temp_dir().join(format!("bezel-old-logins-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let cache = Cache::open(&folder.join("member.db"), &Secret::random(&mut SystemRng).unwrap(), true).await.unwrap();
        let first = begin_one(&cache, 1).await;
        let mut tx = cache.begin().await.unwrap();
        sqlx::query("INSERT INTO logins (number, statement) VALUES (1500, x'00')").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(begin_one(&cache, 2).await.number, 1501);
        assert!(!is_foreign(&mut cache.read().await.unwrap(), &first).await.unwrap());
        cache.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
