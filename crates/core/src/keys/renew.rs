//! Certificates of the user's devices: renewed at half their life by the device that holds the identity key, whatever becomes of that key.

use bezel_crypto::IdentityKeyPair;
use bezel_protocol::Certificate;
use bezel_protocol::certificate::CERTIFICATE_LIFETIME_MS;
use bezel_protocol::cose::Signer;
use bezel_protocol::roster::Statement;

use super::rotate::signing_failed;
use crate::error::{Error, Result};
use crate::member::Member;
use crate::roster;

/// Renews the certificates of all devices of this user that have lived half their life or ended, where the identity key is on this device.
///
/// # Errors
/// When the relay can't be reached, or refuses.
pub(crate) async fn renew_by_age(member: &Member) -> Result<()> {
    let Ok(identity) = member.identity() else { return Ok(()) };
    let due_ms = member.now_ms() + CERTIFICATE_LIFETIME_MS / 2;
    let renewals = certificates(member, &identity, Some(due_ms))?;
    let statements: Vec<(Statement, Vec<&dyn Signer>)> =
        renewals.into_iter().map(|statement| (statement, vec![identity.as_ref() as &dyn Signer])).collect();
    if statements.is_empty() { Ok(()) } else { roster::say(member, &statements).await }
}

/// The relay says that this device's certificate has ended. Its renewal may be in the roster already; else it is made here.
///
/// # Errors
/// `certificate_lapsed` when neither, or when the relay's clock is so far ahead that no renewal helps.
pub(crate) async fn renew_lapsed(member: &Member) -> Result<()> {
    let end_ms = |member: &Member| {
        let roster = member.roster();
        roster.device(member.device()).and_then(|device| device.current()).map(|current| current.certificate().not_after_ms)
    };
    let before = end_ms(member);
    roster::fetch(member).await?;
    if end_ms(member) > before {
        return Ok(());
    }
    if member.identity().is_err() {
        return Err(Error::refused(
            "certificate_lapsed",
            "The certificate of this device has ended: it was not online for a long time. Your identity key is on another device.",
            "Open Bezel on the device where you began and let it synchronise: it renews this one. Then synchronise here again.",
        ));
    }
    renew_by_age(member).await?;
    if end_ms(member) > before {
        return Ok(());
    }
    Err(Error::refused(
        "certificate_lapsed",
        "The relay takes the certificate of this device for ended, though by this computer's clock it is not.",
        "Compare the date of this computer with the relay's, and set the one that is wrong.",
    ))
}

/// `device_add` statements that certify the devices of this user again: those whose certificates end before `due_ms`, or all.
pub(super) fn certificates(member: &Member, identity: &IdentityKeyPair, due_ms: Option<i64>) -> Result<Vec<Statement>> {
    let roster = member.roster();
    let not_after_ms = member.now_ms() + CERTIFICATE_LIFETIME_MS;
    let current = roster.unrevoked_devices(member.user()).filter_map(|device| device.current());
    let due = current.filter(|current| due_ms.is_none_or(|due_ms| current.certificate().not_after_ms <= due_ms));
    due.map(|current| {
        let renewed = Certificate { not_after_ms, ..current.certificate().clone() };
        let signed = renewed.sign(identity).map_err(|_| signing_failed())?;
        Ok(Statement::DeviceAdd(signed.as_bytes().to_vec()))
    })
    .collect()
}
