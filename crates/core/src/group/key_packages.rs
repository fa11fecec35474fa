//! Key packages: what this device leaves on the relay so that others can add it, and those of others.

use bezel_crypto::group::{KeyPackage, MadeKeyPackage};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{Bytes, ClaimKeyPackages, ClaimedKeyPackages, KeyPackageCounts, KeyPackageUpload, path};
use bezel_protocol::{Suite, UserId};

use super::{judge, own_certificate};
use crate::cache;
use crate::error::{Error, Result};
use crate::member::Member;

/// Below so many one-time key packages, new ones are made.
const LOW: u32 = 8;
/// So many are made.
const FULL: u32 = 24;

/// Tops up the key packages of this device on the relay.
///
/// # Errors
/// When the relay can't be reached.
pub(crate) async fn top_up(member: &Member) -> Result<()> {
    let counts: KeyPackageCounts = member.client.get(path::KEY_PACKAGES).await?;
    for suite in Suite::ALL {
        let there = counts.counts.iter().find(|count| count.suite == suite);
        let (one_time, has_last_resort) = there.map_or((0, false), |count| (count.one_time, count.last_resort));
        if one_time >= LOW && has_last_resort {
            continue;
        }
        upload(member, suite, FULL.saturating_sub(one_time), !has_last_resort).await?;
    }
    Ok(())
}

async fn upload(member: &Member, suite: Suite, count: u32, last_resort: bool) -> Result<()> {
    let certificate = own_certificate(member)?;
    let make = |last_resort| {
        MadeKeyPackage::make(&member.device_keys, &certificate, suite, last_resort, &judge(member))
            .map_err(|error| Error::new("key_packages", format!("{error}."), "Start again."))
    };
    let mut body = KeyPackageUpload { suite, one_time: Vec::new(), last_resort: None };
    let mut tx = member.cache.begin().await?;
    for is_last_resort in (0..count).map(|_| false).chain(last_resort.then_some(true)) {
        let made = make(is_last_resort)?;
        let private = made.private.expose();
        cache::keys::put_key_package(&mut tx, &made.reference, suite, is_last_resort, private, member.now_ms()).await?;
        if is_last_resort {
            body.last_resort = Some(Bytes(made.public));
        } else {
            body.one_time.push(Bytes(made.public));
        }
    }
    // The private halves are on disk before anybody can use the public ones.
    tx.commit().await?;
    Ok(member.client.post::<()>(path::KEY_PACKAGES, &body).await?)
}

/// A key package of every device of a user.
///
/// # Errors
/// When a device has left none, or the relay hands out somebody else's.
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
        key_packages.push(key_package);
    }
    if key_packages.is_empty() {
        return Err(Error::refused(
            "no_key_package",
            format!("{handle} has no device that can be added yet."),
            "Try again when they have opened Bezel once.",
        ));
    }
    Ok(key_packages)
}
