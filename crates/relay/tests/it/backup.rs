//! What a user's devices leave on the relay for each other: a token alone changes none of it.

use bezel_protocol::Role;
use bezel_protocol::roster::Statement;
use bezel_protocol::wire::{EpochKeys, StoredVault, code, path};
use sqlx::{Connection as _, SqliteConnection};

use crate::support::{Ed25519Key, Shop};

/// Whoever had a device's token put what they liked in place of the vault, and the words opened nothing any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_is_not_overwritten_with_a_stolen_token() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let first = shop.ana.vault(1, b"vault");
    assert_eq!(shop.ana.put(path::VAULT, &first).await.status, 200);
    assert_eq!(shop.ana.put(path::VAULT, &first).await.status, 200, "the same again: its answer was lost");
    assert_eq!(ben.get(path::VAULT).await.refusal(), (404, code::NOT_FOUND.into()));
    // The thief has the token, and keys of their own or of somebody else.
    let thief = Ed25519Key::new(b"");
    let refused = (422, code::REFUSED.to_owned());
    for forged in [
        shop.ana.vault_by((shop.ana.device, &thief), 2, b"forged"),
        shop.ana.vault_by((ben.device, &ben.message_key), 2, b"forged"),
        shop.ana.vault_by((bezel_protocol::DeviceId::from_bytes([7; 16]), &thief), 2, b"forged"),
        StoredVault { version: 2, ..first.clone() },
        StoredVault { vault: b"forged".to_vec().into(), version: 2, ..first.clone() },
    ] {
        assert_eq!(shop.ana.put(path::VAULT, &forged).await.refusal(), refused);
    }
    assert_eq!(shop.ana.get(path::VAULT).await.body::<StoredVault>(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vault_only_rises_and_its_last_three_versions_are_kept() {
    let mut shop = Shop::open().await;
    for version in [1, 2, 5, 6] {
        assert_eq!(shop.ana.put(path::VAULT, &shop.ana.vault(version, b"vault")).await.status, 200);
    }
    for (version, content) in [(6, b"other"), (5, b"vault"), (1, b"vault")] {
        let answer = shop.ana.put(path::VAULT, &shop.ana.vault(version, content)).await;
        assert_eq!((answer.refusal(), answer.current()), ((409, code::STALE_VAULT.into()), Some(6)));
    }
    for version in [0, u64::MAX] {
        assert_eq!(shop.ana.put(path::VAULT, &shop.ana.vault(version, b"vault")).await.refusal(), (422, code::REFUSED.into()));
    }
    assert_eq!(shop.ana.get(path::VAULT).await.body::<StoredVault>().version, 6);
    shop.close().await;
    let database = format!("sqlite://{}", shop.folder.path().join("relay.db").display());
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    let kept: Vec<i64> = sqlx::query_scalar("SELECT version FROM vaults ORDER BY version").fetch_all(&mut connection).await.unwrap();
    assert_eq!(kept, [2, 5, 6]);
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_device_signs_no_vault() {
    let mut shop = Shop::open().await;
    let mut ben = shop.join(1, "ben", Role::Member).await;
    let (lost, lost_key) = (ben.device, ben.message_key.clone());
    // Ben has a second device; the first is lost.
    ben.take_device(bezel_protocol::DeviceId::from_bytes([8; 16]));
    let added = shop.roster.next(crate::support::now_ms(), Statement::DeviceAdd(ben.certificate())).sign(&[&ben.identity]).unwrap();
    assert_eq!(ben.post(path::ROSTER, &crate::support::statements_of(std::slice::from_ref(&added))).await.status, 200);
    shop.believe(&added);
    ben.log_in().await;
    assert_eq!(
        ben.put(path::VAULT, &ben.vault_by((lost, &lost_key), 1, b"by the other")).await.status,
        200,
        "any standing device may sign"
    );
    let revoked = shop.roster.next(crate::support::now_ms(), Statement::DeviceRevoke(lost)).sign(&[&ben.identity]).unwrap();
    assert_eq!(ben.post(path::ROSTER, &crate::support::statements_of(std::slice::from_ref(&revoked))).await.status, 200);
    assert_eq!(ben.put(path::VAULT, &ben.vault_by((lost, &lost_key), 2, b"by the thief")).await.refusal(), (422, code::REFUSED.into()));
    assert_eq!(ben.put(path::VAULT, &ben.vault(2, b"by the new one")).await.status, 200);
}

/// A bearer of a token could not replace a wrap, but come before the device with one of their own, which then stayed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backed_up_epoch_key_is_by_a_device_and_stays_as_it_was() {
    let mut shop = Shop::open().await;
    let ben = shop.join(1, "ben", Role::Member).await;
    let conversation = shop.ana.begin().await;
    for thief in [&Ed25519Key::new(b""), &ben.message_key] {
        let forged = shop.ana.epoch_key_by(thief, conversation, b"forged");
        assert_eq!(shop.ana.put(path::EPOCH_KEYS, &forged).await.refusal(), (422, code::REFUSED.into()));
    }
    let one = shop.ana.epoch_key_by(&shop.ana.message_key, conversation, b"one");
    let two = shop.ana.epoch_key_by(&shop.ana.message_key, conversation, b"two");
    assert_eq!(shop.ana.put(path::EPOCH_KEYS, &one).await.status, 200);
    assert_eq!(shop.ana.put(path::EPOCH_KEYS, &two).await.status, 200);
    assert_eq!(shop.ana.get(path::EPOCH_KEYS).await.body::<EpochKeys>().keys, one.keys);
    assert!(ben.get(path::EPOCH_KEYS).await.body::<EpochKeys>().keys.is_empty(), "another user's backup is not there");
}
