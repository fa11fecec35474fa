//! What a member holds the relay to: its key, its audit log, the vault, and that each device is one.

use anyhow::Result;
use bezel_core::{Member, alarm, invite, message, sync};
use bezel_protocol::audit::TreeHead;
use bezel_protocol::wire::{Heads, SignedCheckpoint, StoredVault, path};
use bezel_protocol::{Hash, Role, cbor};
use bezel_testkit::{Shop, converse, texts};

async fn newest_alarm(member: &Member) -> Result<Option<String>> {
    Ok(alarm::list(member).await?.into_iter().next().map(|alarm| alarm.code))
}

/// Another relay with another key at the address was talked to as if it were the one that was known.
#[tokio::test(flavor = "multi_thread")]
async fn another_relay_at_the_address_gets_nothing_signed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let ben = shop.join(&ana, "ben", Role::Member).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    let link = invite::create(&ana, Role::Member, 1).await?.link;
    let logged_in = shop.count("SELECT max(login_number) FROM known_devices").await?;
    shop.swap_relay_key().await?;
    let refused = message::send(&ana, ring, "for the other relay", None).await.unwrap_err();
    assert_eq!(refused.code, "relay_changed", "{refused}");
    let refused = sync::once(&ana).await.unwrap_err();
    assert_eq!(refused.code, "relay_changed", "{refused}");
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("relay_changed"));
    assert_eq!(shop.count("SELECT max(login_number) FROM known_devices").await?, logged_in, "nobody logged in");
    assert_eq!(texts(&ana, ring).await?, ["for the other relay"], "it waits here");

    // Nor does somebody who joins sign anything for it.
    let refused = shop.join_by(&link, "cy").await.err().unwrap();
    assert_eq!(refused.downcast::<bezel_core::Error>()?.code, "relay_changed");
    Ok(())
}

/// Only the length of the audit log was compared: a rewritten one was believed as soon as it was longer.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_that_was_rewritten_and_made_longer_is_noticed() -> Result<()> {
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    sync::once(&ana).await?;
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?, None, "an honest log grows without an alarm");
    let seen = sync::audit_checkpoint(&ana).await?.unwrap();
    shop.meddle(&[
        "DROP TRIGGER encryption_audit_logs_no_delete",
        "DROP TRIGGER audit_tree_no_delete",
        "DELETE FROM encryption_audit_logs",
        "DELETE FROM audit_tree",
    ])
    .await?;
    while shop.count("SELECT count(*) FROM encryption_audit_logs").await? <= i64::try_from(seen.entries)? {
        invite::create(&ana, Role::Member, 1).await?;
    }
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("audit_rewritten"));
    assert_eq!(sync::audit_checkpoint(&ana).await?.unwrap().root, seen.root, "what was seen is kept as the proof");
    Ok(())
}

/// Leaving the checkpoint out was believed.
#[tokio::test(flavor = "multi_thread")]
async fn an_audit_log_that_is_withheld_is_noticed() -> Result<()> {
    assert_eq!(after(|heads| heads.audit = None).await?.as_deref(), Some("audit_withheld"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_the_relay_did_not_sign_is_noticed() -> Result<()> {
    let unsigned = |checkpoint: &mut SignedCheckpoint| checkpoint.signature.0.fill(0);
    assert_eq!(after(move |heads| heads.audit.iter_mut().for_each(unsigned)).await?.as_deref(), Some("audit_unsigned"));
    let moved = |checkpoint: &mut SignedCheckpoint| checkpoint.tree = TreeHead { entries: checkpoint.tree.entries + 1, root: Hash::ZERO };
    assert_eq!(after(move |heads| heads.audit.iter_mut().for_each(moved)).await?.as_deref(), Some("audit_unsigned"));
    Ok(())
}

/// A relay that signs a longer log and has no proof that it begins with what it showed.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_proves_nothing_is_not_believed() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    sync::once(&ana).await?;
    invite::create(&ana, Role::Member, 1).await?;
    liar.lie_about(path::AUDIT_PROOF, |_| cbor::encode(&bezel_protocol::wire::AuditProof { nodes: vec![Hash::ZERO; 3] }));
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("audit_rewritten"));
    Ok(())
}

/// The alarm of a member whose heads were changed on the way after an honest round.
async fn after(change: impl Fn(&mut Heads) + Send + 'static) -> Result<Option<String>> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?, None);
    liar.lie_about(path::HEADS, move |bytes| {
        let Ok(mut heads) = cbor::decode::<Heads>(&bytes) else { return bytes };
        change(&mut heads);
        cbor::encode(&heads)
    });
    sync::once(&ana).await?;
    newest_alarm(&ana).await
}

/// The vault could be swapped for an older one, and nobody noticed before the words were needed.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_vault_is_noticed_and_the_newest_put_back() -> Result<()> {
    let (mut shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?, None, "an honest relay raises no alarm");
    assert_eq!(shop.count("SELECT max(version) FROM vaults").await?, 1);
    ana.close().await;
    // The relay loses it: it is put back, above every version that was there.
    shop.meddle(&["DELETE FROM vaults"]).await?;
    let ana = shop.reopen("ana").await?;
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("vault_changed"));
    assert_eq!(shop.count("SELECT max(version) FROM vaults").await?, 2);
    sync::once(&ana).await?;
    ana.close().await;
    // And a relay that hands out the first one again is told so.
    liar.lie_about(path::VAULT, |bytes| {
        let Ok(vault) = cbor::decode::<StoredVault>(&bytes) else { return bytes };
        cbor::encode(&StoredVault { version: 1, ..vault })
    });
    let ana = shop.reopen("ana").await?;
    sync::once(&ana).await?;
    assert_eq!(shop.count("SELECT max(version) FROM vaults").await?, 3, "put there again");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vault_of_other_bytes_is_noticed_whoever_numbered_it() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    liar.lie_about(path::VAULT, |bytes| {
        let Ok(vault) = cbor::decode::<StoredVault>(&bytes) else { return bytes };
        cbor::encode(&StoredVault { version: 9, vault: b"of the relay's own".to_vec().into(), ..vault })
    });
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?.as_deref(), Some("vault_changed"));
    Ok(())
}

/// A newer version by another device of the same person is what the first one takes for its own.
#[tokio::test(flavor = "multi_thread")]
async fn two_devices_of_one_person_agree_on_the_vault() -> Result<()> {
    let mut shop = Shop::open().await?;
    let ana = shop.owner("ana").await?;
    let (first, second) = shop.second_device(ana, "ana").await?;
    first.close().await;
    second.close().await;
    shop.meddle(&["DELETE FROM vaults"]).await?;
    let second = shop.reopen("ana-second").await?;
    sync::once(&second).await?;
    assert_eq!(newest_alarm(&second).await?.as_deref(), Some("vault_changed"));
    let first = shop.reopen("ana").await?;
    sync::once(&first).await?;
    assert_eq!(newest_alarm(&first).await?, None, "version 2 is by the second device");
    assert_eq!(shop.count("SELECT count(*) FROM vaults").await?, 1);
    Ok(())
}

/// The relay's word alone ends no device: only what this device signed counts, and what this home signed itself does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_shows_old_or_invented_log_ins_ends_no_device() -> Result<()> {
    use bezel_protocol::wire::Session;
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    ana.close().await;
    let mut shown = None;
    liar.lie_about(path::LOGIN, move |bytes| {
        let Ok(mut session) = cbor::decode::<Session>(&bytes) else { return bytes };
        match &shown {
            // The same old log-in again and again, and then one by a number that was never reached.
            None => shown = session.last_login.clone(),
            Some(old) => {
                let mut old: bezel_protocol::login::SignedLogin = old.clone();
                old.statement.number = 1_000_000;
                session.last_login = Some(old);
            }
        }
        cbor::encode(&session)
    });
    for _ in 0..3 {
        let ana = shop.reopen("ana").await?;
        sync::once(&ana).await?;
        assert_eq!(newest_alarm(&ana).await?, None);
        ana.close().await;
    }
    Ok(())
}

/// A log-in whose answer was lost leaves a gap in the numbers, and is none of a copy's.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_no_evidence_of_a_copy() -> Result<()> {
    let (shop, liar) = Shop::open_behind_a_liar().await?;
    let ana = shop.owner("ana").await?;
    ana.close().await;
    let mut left = 2;
    liar.lie_about(path::LOGIN, move |bytes| {
        if bytes.len() < 32 || left == 0 {
            return bytes;
        }
        left -= 1;
        b"lost".to_vec()
    });
    let ana = shop.reopen("ana").await?;
    for _ in 0..2 {
        assert!(sync::once(&ana).await.is_err());
    }
    sync::once(&ana).await?;
    assert_eq!(newest_alarm(&ana).await?, None);
    Ok(())
}
