//! A home that is not its device's only one becomes another device of its user, where the identity key lives here (protocol §11): the old id is
//! dead from then on, for the other copy as well, which does the same. What waits goes out from the new device.

use std::sync::Arc;

use bezel_crypto::{DeviceKeys, IdentityKeyPair};
use bezel_protocol::cose::Signer;
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{SignedStatement, Statement};
use bezel_protocol::wire::code;
use bezel_protocol::{DeviceId, SignedCertificate};

use super::copied::HOME_COPIED;
use crate::alarm::Cause;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::relay::{Client, KeyLogin};
use crate::{cache, roster, vault};

/// Whether, after an error, this home goes on as another device: its keys are in use elsewhere, or the other copy has become another one before.
/// Cut short at any moment, the next call goes on. The caller holds the work lock.
///
/// # Errors
/// When the relay can't be reached, or refuses.
pub(crate) async fn goes_on(member: &Member, after: &Error) -> Result<bool> {
    let Ok(identity) = member.identity() else { return Ok(false) };
    let client = by_identity(member, &identity)?;
    if !(member.copied.is_noticed() && after.code == HOME_COPIED) {
        if after.code != code::UNAUTHENTICATED {
            return Ok(false);
        }
        match roster::fetch_by(member, &client).await {
            // Neither the device nor the identity key is one that stands: there is nothing to go on with.
            Err(error) if error.code == code::UNAUTHENTICATED => return Ok(false),
            fetched => fetched?,
        };
        if !was_replaced(member, &identity).await? {
            return Ok(false);
        }
    }
    match replace(member, &identity, &client).await {
        // The identity key was rotated since on the other copy, which is the member from now on.
        Err(error) if error.code == code::UNAUTHENTICATED => Ok(false),
        replaced => replaced.map(|()| true),
    }
}

fn by_identity(member: &Member, identity: &Arc<IdentityKeyPair>) -> Result<Client> {
    let login = KeyLogin {
        subject: Subject::User(member.user()),
        key: Arc::<IdentityKeyPair>::clone(identity),
        relay_key: member.profile().relay_key,
        clock: Arc::clone(&member.environment.clock),
    };
    Ok(Client::new(member.relay())?.logged_in(member.profile().workspace, Arc::new(login)))
}

/// Whether the roster revokes this device by its own user, who adds another one in the same breath. A device that was only revoked stays so.
async fn was_replaced(member: &Member, identity: &IdentityKeyPair) -> Result<bool> {
    let roster = member.roster();
    let Some(revoked_by) = roster.device(member.device()).and_then(|device| device.revoked_by) else { return Ok(false) };
    let statements = cache::roster::from(&mut *member.cache.read().await?, revoked_by).await?;
    let mut following = statements.iter().filter_map(|bytes| SignedStatement::parse(bytes).ok()).take(2);
    let (Some(revoked), Some(added)) = (following.next(), following.next()) else { return Ok(false) };
    let is_another = |bytes: &[u8]| {
        SignedCertificate::parse(bytes).is_ok_and(|certificate| {
            let (user, device) = (certificate.certificate().user, certificate.certificate().device);
            user == member.user() && device != member.device()
        })
    };
    let is_added = matches!(&added.body().statement, Statement::DeviceAdd(bytes) if is_another(bytes));
    Ok(is_added && revoked.is_signed_by(identity.public()))
}

async fn replace(member: &Member, identity: &Arc<IdentityKeyPair>, client: &Client) -> Result<()> {
    roster::fetch_by(member, client).await?;
    let next = next_keys(member).await?;
    let roster = member.roster();
    if roster.device(next.device()).is_none() {
        let certificate = next.certify(identity, member.profile().workspace, member.user(), member.now_ms());
        let certificate = certificate.map_err(|error| Error::new("keys", format!("{error}."), "Start again."))?;
        let is_revoked = roster.device(member.device()).is_none_or(|device| device.revoked_at_ms.is_some());
        let statements =
            [(!is_revoked).then(|| Statement::DeviceRevoke(member.device())), Some(Statement::DeviceAdd(certificate.as_bytes().to_vec()))];
        let statements: Vec<(Statement, Vec<&dyn Signer>)> =
            statements.into_iter().flatten().map(|statement| (statement, vec![identity.as_ref() as &dyn Signer])).collect();
        roster::say_by(member, client, &statements).await?;
    }
    settle(member, next).await
}

/// The keys of the new device, kept before anybody hears of them. Those of a try that was cut short, unless they were revoked since.
async fn next_keys(member: &Member) -> Result<DeviceKeys> {
    let mut tx = member.cache.begin().await?;
    if let Some(kept) = cache::keys::next_device(&mut tx, member.device()).await? {
        if member.roster().device(kept.device()).is_none_or(|device| device.revoked_at_ms.is_none()) {
            return Ok(kept);
        }
        cache::keys::forget_other_devices(&mut tx, member.device()).await?;
    }
    let device = DeviceId::new(member.now_ms(), vault::id_bytes(&mut member.rng())?);
    let made = DeviceKeys::generate(device, &mut member.rng());
    let made = made.map_err(|error| Error::new("keys", format!("{error}."), "Try again."))?;
    cache::keys::put_device(&mut tx, &made).await?;
    tx.commit().await?;
    Ok(made)
}

/// The roster names the new device: from now on it is this one. Into its groups it comes one by one.
async fn settle(member: &Member, next: DeviceKeys) -> Result<()> {
    let replaced = Error::unverifiable(
        "device_replaced",
        "This computer's data was copied, or put back from a backup, and the other copy has been in use. This one goes on as a new device; what you wrote here is sent from it.",
        "If you did not do that, somebody has your data: revoke the other device, and tell an owner of the workspace.",
    );
    let mut tx = member.cache.begin().await?;
    cache::profile::set_device(&mut tx, next.device()).await?;
    cache::keys::forget_other_devices(&mut tx, next.device()).await?;
    cache::keys::forget_all_key_packages(&mut tx).await?;
    cache::copied::forget(&mut tx).await?;
    cache::alarms::settle_everywhere(&mut tx, HOME_COPIED).await?;
    cache::alarms::raise(&mut tx, &replaced, Cause::WORKSPACE, member.now_ms()).await?;
    tx.commit().await?;
    tracing::info!(device = %next.device(), "this home goes on as another device");
    member.keys.set_device(Arc::new(next));
    member.copied.forget();
    member.changed([Change::Alarm, Change::AppState, Change::People]);
    Ok(())
}
