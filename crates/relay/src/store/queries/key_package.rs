//! Key packages: put by their device, handed out once.

use async_trait::async_trait;
use bezel_protocol::{DeviceId, Suite};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::unsigned;
use crate::store::{KeyPackages, StoreError};

#[async_trait]
impl KeyPackages for EngineUnit<'_> {
    async fn put_key_packages(&mut self, suite: Suite, one_time: &[Vec<u8>], last_resort: Option<&[u8]>) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        for key_package in one_time {
            self.insert_key_package(device, suite, false, key_package).await?;
        }
        if let Some(key_package) = last_resort {
            sqlx::query("DELETE FROM key_packages WHERE device_id = $1 AND suite = $2 AND last_resort = 1")
                .bind(device.as_bytes().as_slice())
                .bind(i64::from(suite.code()))
                .execute(&mut *self.connection)
                .await?;
            self.insert_key_package(device, suite, true, key_package).await?;
        }
        Ok(())
    }

    async fn count_key_packages(&mut self, suite: Suite) -> Result<(u64, u64), StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT coalesce(sum(1 - last_resort), 0) AS one_time, coalesce(sum(last_resort), 0) AS last_resort
             FROM key_packages WHERE device_id = $1 AND suite = $2",
        )
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(suite.code()))
        .fetch_one(&mut *self.connection)
        .await?;
        Ok((unsigned(&row, "one_time")?, unsigned(&row, "last_resort")?))
    }

    async fn claim_key_package(&mut self, device: DeviceId, suite: Suite) -> Result<Option<Vec<u8>>, StoreError> {
        let (workspace, _, _) = self.device()?;
        let row = sqlx::query(
            "SELECT k.id, k.last_resort, k.key_package
             FROM key_packages k
             JOIN standing_devices d ON d.device_id = k.device_id AND d.workspace_id = $3
             WHERE k.device_id = $1 AND k.suite = $2
             ORDER BY k.last_resort, k.id LIMIT 1",
        )
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(suite.code()))
        .bind(workspace.as_bytes().as_slice())
        .fetch_optional(&mut *self.connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if unsigned(&row, "last_resort")? == 0 {
            sqlx::query("DELETE FROM key_packages WHERE id = $1").bind(row.try_get::<i64, _>("id")?).execute(&mut *self.connection).await?;
        }
        Ok(Some(row.try_get("key_package")?))
    }
}

impl EngineUnit<'_> {
    async fn insert_key_package(
        &mut self,
        device: DeviceId,
        suite: Suite,
        last_resort: bool,
        key_package: &[u8],
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO key_packages (device_id, suite, last_resort, key_package) VALUES ($1, $2, $3, $4)")
            .bind(device.as_bytes().as_slice())
            .bind(i64::from(suite.code()))
            .bind(i64::from(last_resort))
            .bind(key_package)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}
