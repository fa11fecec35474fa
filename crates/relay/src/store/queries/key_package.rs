//! Key packages: put by their device, handed out once, and not beyond their end.

use core::ops::RangeInclusive;

use async_trait::async_trait;
use bezel_protocol::wire::NewKeyPackage;
use bezel_protocol::{DeviceId, Suite};
use sqlx::Row as _;

use super::super::EngineUnit;
use super::unsigned;
use crate::store::{KeyPackageStock, KeyPackages, StoreError};

#[async_trait]
impl KeyPackages for EngineUnit<'_> {
    async fn put_key_packages(
        &mut self,
        suite: Suite,
        one_time: &[NewKeyPackage],
        last_resort: Option<&NewKeyPackage>,
    ) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        for new in one_time {
            self.insert_key_package(device, suite, false, new).await?;
        }
        if let Some(new) = last_resort {
            sqlx::query("DELETE FROM key_packages WHERE device_id = $1 AND suite = $2 AND last_resort = 1")
                .bind(device.as_bytes().as_slice())
                .bind(i64::from(suite.code()))
                .execute(&mut *self.connection)
                .await?;
            self.insert_key_package(device, suite, true, new).await?;
        }
        Ok(())
    }

    async fn drop_key_packages(&mut self, suite: Suite, in_force: &RangeInclusive<i64>, all_one_time: bool) -> Result<(), StoreError> {
        let (_, _, device) = self.device()?;
        sqlx::query("DELETE FROM key_packages WHERE device_id = $1 AND suite = $2 AND not_after_ms NOT BETWEEN $3 AND $4")
            .bind(device.as_bytes().as_slice())
            .bind(i64::from(suite.code()))
            .bind(in_force.start())
            .bind(in_force.end())
            .execute(&mut *self.connection)
            .await?;
        if all_one_time {
            sqlx::query("DELETE FROM key_packages WHERE device_id = $1 AND suite = $2 AND last_resort = 0")
                .bind(device.as_bytes().as_slice())
                .bind(i64::from(suite.code()))
                .execute(&mut *self.connection)
                .await?;
        }
        Ok(())
    }

    async fn count_key_packages(&mut self, suite: Suite, in_force: RangeInclusive<i64>) -> Result<KeyPackageStock, StoreError> {
        let (_, _, device) = self.device()?;
        let row = sqlx::query(
            "SELECT coalesce(sum(1 - last_resort), 0)                   AS one_time,
                    min(CASE WHEN last_resort = 0 THEN not_after_ms END) AS first_ends_at_ms,
                    max(CASE WHEN last_resort = 1 THEN not_after_ms END) AS last_resort_ends_at_ms
             FROM key_packages WHERE device_id = $1 AND suite = $2 AND not_after_ms BETWEEN $3 AND $4",
        )
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(suite.code()))
        .bind(in_force.start())
        .bind(in_force.end())
        .fetch_one(&mut *self.connection)
        .await?;
        Ok(KeyPackageStock {
            one_time: unsigned(&row, "one_time")?,
            first_ends_at_ms: row.try_get("first_ends_at_ms")?,
            last_resort_ends_at_ms: row.try_get("last_resort_ends_at_ms")?,
        })
    }

    async fn claim_key_package(
        &mut self,
        device: DeviceId,
        suite: Suite,
        in_force: RangeInclusive<i64>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let (workspace, _, _) = self.device()?;
        let row = sqlx::query(
            "SELECT k.id, k.last_resort, k.key_package
             FROM key_packages k
             JOIN standing_devices d ON d.device_id = k.device_id AND d.workspace_id = $3
             WHERE k.device_id = $1 AND k.suite = $2 AND k.not_after_ms BETWEEN $4 AND $5
             ORDER BY k.last_resort, k.id LIMIT 1",
        )
        .bind(device.as_bytes().as_slice())
        .bind(i64::from(suite.code()))
        .bind(workspace.as_bytes().as_slice())
        .bind(in_force.start())
        .bind(in_force.end())
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
        new: &NewKeyPackage,
    ) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO key_packages (device_id, suite, last_resort, key_package, not_after_ms) VALUES ($1, $2, $3, $4, $5)")
            .bind(device.as_bytes().as_slice())
            .bind(i64::from(suite.code()))
            .bind(i64::from(last_resort))
            .bind(&new.key_package.0)
            .bind(new.not_after_ms)
            .execute(&mut *self.connection)
            .await?;
        Ok(())
    }
}
