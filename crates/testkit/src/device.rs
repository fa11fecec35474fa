//! A second device of a person: their home copied before they are in any conversation, with keys of its own, named in the roster by the
//! first.

use anyhow::Result;
use bezel_core::{Member, sync};
use bezel_crypto::{DeviceKeys, Rng as _, SystemRng};
use bezel_protocol::DeviceId;
use bezel_protocol::roster::{Roster, Statement};
use bezel_protocol::wire::{Bytes, NewStatements, RosterAppended, RosterPage, path};
use sqlx::Connection as _;

use crate::Shop;
use crate::attacker::{Line, Loot, open};

impl Shop {
    /// Changes the database of a member's home, which nobody has open, as one likes. Returns how many rows that touched.
    ///
    /// # Errors
    /// When it does not open, or refuses.
    pub async fn meddle_at_home(&self, name: &str, statement: &'static str) -> Result<u64> {
        let mut database = open(&self.home(name)).await?;
        let done = sqlx::query(statement).execute(&mut database).await?;
        database.close().await?;
        Ok(done.rows_affected())
    }

    /// A number that the database of a member's home answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn count_at_home(&self, name: &str, question: &'static str) -> Result<i64> {
        let mut database = open(&self.home(name)).await?;
        let count = sqlx::query_scalar(question).fetch_one(&mut database).await?;
        database.close().await?;
        Ok(count)
    }

    /// A second device of a member who is in no conversation yet, and the first one, which was closed for it.
    ///
    /// # Errors
    /// When the home can't be copied, or the relay does not take the device.
    pub async fn second_device(&self, first: Member, name: &str) -> Result<(Member, Member)> {
        first.close().await;
        let second = format!("{name}-second");
        let (from, to) = (self.home(name), self.home(&second));
        self.copy_home(name, &second)?;
        // In the first one's name, before it logs in again.
        let mut of_the_first = open(&from).await?;
        let person = Loot::read(&mut of_the_first).await?;
        let line = person.log_in(&mut of_the_first, format!("http://{}", self.relay())).await?;
        of_the_first.close().await?;
        let device = DeviceKeys::generate(device_id(self.clock_ms())?, &mut SystemRng)?;
        let page = person.add(&device, self.clock_ms(), &line).await?;
        let mut database = open(&to).await?;
        for forget in ["DELETE FROM logins", "DELETE FROM key_packages", "DELETE FROM device_keys", "DELETE FROM roster_statements"] {
            sqlx::query(forget).execute(&mut database).await?;
        }
        for (sequence, statement) in (0_i64..).zip(&page.statements) {
            let insert = sqlx::query("INSERT INTO roster_statements (sequence, statement) VALUES ($1, $2)");
            insert.bind(sequence).bind(&statement.0).execute(&mut database).await?;
        }
        let id = device.device();
        sqlx::query("INSERT INTO device_keys (device, keys) VALUES ($1, $2)")
            .bind(id.as_bytes().as_slice())
            .bind(device.to_bytes().expose())
            .execute(&mut database)
            .await?;
        sqlx::query("UPDATE profile SET device = $1").bind(id.as_bytes().as_slice()).execute(&mut database).await?;
        database.close().await?;
        let (first, second) = (self.reopen(name).await?, self.reopen(&second).await?);
        for device in [&first, &second] {
            sync::once(device).await?;
        }
        Ok((first, second))
    }

    /// Changes the database of a member who is closed, as a backup that was put back does.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn change_home(&self, name: &str, statements: &[&'static str]) -> Result<()> {
        let mut database = open(&self.home(name)).await?;
        for statement in statements {
            sqlx::query(*statement).execute(&mut database).await?;
        }
        Ok(database.close().await?)
    }
}

impl Loot {
    /// Says in the roster that the person has another device. Returns the roster from then on.
    async fn add(&self, device: &DeviceKeys, now_ms: i64, line: &Line) -> Result<RosterPage> {
        let page: RosterPage = line.get(path::ROSTER).await?.body()?;
        let roster = Roster::replay(self.genesis, page.statements.iter().map(|statement| statement.0.as_slice()))?;
        let certificate = device.certify(&self.identity, self.workspace, self.user, now_ms)?;
        let added = roster.next(now_ms, Statement::DeviceAdd(certificate.as_bytes().to_vec())).sign(&[&self.identity])?;
        let new = NewStatements { statements: vec![Bytes(added.as_bytes().to_vec())] };
        let _: RosterAppended = line.post(path::ROSTER, &new).await?.body()?;
        line.get(path::ROSTER).await?.body()
    }
}

fn device_id(now_ms: i64) -> Result<DeviceId> {
    let mut random = [0; 10];
    SystemRng.fill(&mut random)?;
    Ok(DeviceId::new(now_ms, random))
}
