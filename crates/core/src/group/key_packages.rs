//! Key packages: what this device leaves on the relay so that others can add it, and those of others.

use bezel_crypto::group::{KeyPackage, MadeKeyPackage};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{
    Bytes, ClaimKeyPackages, ClaimedKeyPackages, KEY_PACKAGE_LIFETIME_MS, KeyPackageCounts, KeyPackageUpload, NewKeyPackage, SuiteCount,
    path,
};
use bezel_protocol::{Suite, UserId};

use super::{judge, own_certificate};
use crate::cache;
use crate::clock::DAY_MS;
use crate::error::{Error, Result};
use crate::member::Member;

/// Below so many one-time key packages, new ones are made.
const LOW: u32 = 8;
/// So many are made.
const FULL: u32 = 24;
/// One-time key packages are replaced when they last no longer than this.
const HALF_LIFE_MS: i64 = KEY_PACKAGE_LIFETIME_MS / 2;
/// The last resort may serve several who add this device, so it is replaced sooner.
const LAST_RESORT_AGE_MS: i64 = 30 * DAY_MS;
/// A welcome may be on its way for so long after its key package has ended.
const WELCOMES_COME_LATE_MS: i64 = 30 * DAY_MS;

/// Renews the key packages of this device on the relay by number and by age, and destroys private halves that have served.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn top_up(member: &Member) -> Result<()> {
    let now_ms = member.now_ms();
    let mut tx = member.cache.begin().await?;
    cache::keys::forget_key_packages(&mut tx, now_ms - WELCOMES_COME_LATE_MS).await?;
    tx.commit().await?;
    let counts: KeyPackageCounts = member.client.get(path::KEY_PACKAGES).await?;
    for suite in Suite::ALL {
        let stock = counts.counts.iter().find(|count| count.suite == suite);
        let one_time = stock.map_or(0, |stock| stock.one_time);
        let is_old = stock.and_then(|stock| stock.first_ends_at_ms).is_some_and(|end_ms| is_due(end_ms, HALF_LIFE_MS, now_ms));
        let count = match (is_old, one_time) {
            (true, _) => FULL,
            (false, waiting) if waiting < LOW => FULL - waiting,
            (false, _) => 0,
        };
        let last_resort = needs_last_resort(member, suite, stock).await?;
        if count > 0 || last_resort {
            upload(member, suite, (count, is_old), last_resort).await?;
        }
    }
    Ok(())
}

/// Puts new key packages in place of all that the relay has: those may be used already, where it was put back from a copy.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn renew_all(member: &Member) -> Result<()> {
    for suite in Suite::ALL {
        upload(member, suite, (FULL, true), true).await?;
    }
    Ok(())
}

/// Whether a key package has no more than `rest_ms` to live, or says that it lives longer than any does: a clock ran ahead when it was made,
/// and nobody can use it yet.
const fn is_due(not_after_ms: i64, rest_ms: i64, now_ms: i64) -> bool {
    let left_ms = not_after_ms.saturating_sub(now_ms);
    left_ms <= rest_ms || left_ms > KEY_PACKAGE_LIFETIME_MS
}

async fn needs_last_resort(member: &Member, suite: Suite, stock: Option<&SuiteCount>) -> Result<bool> {
    let here = cache::keys::last_resort(&mut *member.cache.read().await?, suite).await?;
    let is_there = stock.is_some_and(|stock| stock.last_resort_ends_at_ms.is_some());
    let is_good = here.is_some_and(|here| {
        !here.is_used && !is_due(here.not_after_ms, KEY_PACKAGE_LIFETIME_MS - LAST_RESORT_AGE_MS - DAY_MS, member.now_ms())
    });
    Ok(!is_there || !is_good)
}

async fn upload(member: &Member, suite: Suite, (count, replaces): (u32, bool), last_resort: bool) -> Result<()> {
    let certificate = own_certificate(member)?;
    let make = |last_resort| {
        MadeKeyPackage::make(&member.device_keys(), &certificate, suite, last_resort, &judge(member))
            .map_err(|error| Error::new("key_packages", format!("{error}."), "Start again."))
    };
    let mut body = KeyPackageUpload { suite, one_time: Vec::new(), last_resort: None, replaces };
    let mut tx = member.cache.begin().await?;
    for is_last_resort in (0..count).map(|_| false).chain(last_resort.then_some(true)) {
        let made = make(is_last_resort)?;
        cache::keys::put_key_package(&mut tx, &made, member.now_ms()).await?;
        let new = NewKeyPackage { key_package: Bytes(made.public), not_after_ms: made.not_after_ms };
        if is_last_resort {
            body.last_resort = Some(new);
        } else {
            body.one_time.push(new);
        }
    }
    // The private halves are on disk before anybody can use the public ones.
    tx.commit().await?;
    Ok(member.client.post::<()>(path::KEY_PACKAGES, &body).await?)
}

/// The code of an error about somebody of whom no device has a key package in force.
pub(crate) const NO_KEY_PACKAGE: &str = "no_key_package";

/// A key package of every device of a user that has left one which is in force.
///
/// # Errors
/// [`NO_KEY_PACKAGE`] when none has; or the relay hands out somebody else's.
pub(crate) async fn claim(member: &Member, roster: &Roster, user: UserId, suite: Suite) -> Result<Vec<KeyPackage>> {
    let devices: Vec<_> = roster.standing_devices(user, member.now_ms()).map(|device| device.id).collect();
    let handle = roster.user(user).map_or_else(|| "This person".into(), |user| user.handle.to_string());
    let body = ClaimKeyPackages { suite, devices: devices.clone() };
    let claimed: ClaimedKeyPackages = member.client.post(path::CLAIM, &body).await?;
    let mut key_packages = Vec::with_capacity(devices.len());
    for device in devices {
        let Some(claimed) = claimed.key_packages.iter().find(|claimed| claimed.device == device) else { continue };
        let key_package = KeyPackage::parse(&claimed.key_package.0)
            .ok()
            .filter(|key_package| key_package.device() == device && key_package.user() == user)
            .ok_or_else(|| {
                Error::unverifiable(
                    "wrong_key_package",
                    format!("The relay handed out a false key package for {handle}."),
                    "Do not go on: speak with whoever runs the relay.",
                )
            })?;
        // What the group would refuse is no key package: nothing may begin for its sake.
        if key_package.not_after_ms() > member.now_ms() && key_package.check(&judge(member)).is_ok() {
            key_packages.push(key_package);
        }
    }
    if key_packages.is_empty() {
        return Err(Error::refused(
            NO_KEY_PACKAGE,
            format!("{handle} can't be added now: no device of theirs has left a key that is still in force. Such keys last 90 days."),
            format!("Ask {handle} to open Bezel once while it is online, then try again."),
        ));
    }
    Ok(key_packages)
}
