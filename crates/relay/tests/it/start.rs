//! How a relay starts, and when it does not.

use bezel_protocol::Role;
use bezel_protocol::settings::Settings;
use bezel_protocol::wire::{Heads, path};
use bezel_relay::{FileOptions, Options, ReachOptions, Relay, RelayStartError, RunningRelay, Setup};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::support::{Shop, start};

async fn try_start(folder: &std::path::Path) -> Result<RunningRelay, RelayStartError> {
    let listen = "127.0.0.1:0".parse().unwrap();
    Relay::start(Options {
        data: folder.to_owned(),
        listen,
        max_workspaces: 1,
        settings: Settings::default(),
        files: FileOptions::default(),
        reach: ReachOptions::default(),
        max_connections: None,
        setup: Setup::ByAddress,
    })
    .await
}

/// Two relays with one database would each believe their own roster: whom one shuts out, the other lets in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_relay_with_the_same_data_does_not_start() {
    let mut shop = Shop::open().await;
    assert!(matches!(try_start(shop.folder.path()).await, Err(RelayStartError::InUse)));
    shop.close().await;
    assert!(try_start(shop.folder.path()).await.is_ok(), "the first one has ended");
}

/// Members know the relay by its key; a new one in its place would look like another relay, or like a forgery.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_key_is_not_replaced_in_silence() {
    let mut shop = Shop::open().await;
    shop.close().await;
    let key = shop.folder.path().join("relay.key");
    std::fs::rename(&key, shop.folder.path().join("elsewhere")).unwrap();
    let refused = try_start(shop.folder.path()).await.unwrap_err().to_string();
    assert!(refused.contains("relay.key is missing"), "{refused}");
    assert!(!key.exists());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let shop = Shop::open().await;
    let mode = std::fs::metadata(shop.folder.path().join("relay.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Whoever stops the relay and copies `relay.db` has everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_ended_leaves_one_whole_file() {
    let mut shop = Shop::open().await;
    let log = shop.folder.path().join("relay.db-wal");
    assert!(log.exists());
    shop.close().await;
    assert!(!log.exists(), "the write-ahead log must be taken into the file");
}

/// A database of a version before the tables of users and devices, or one that was repaired by hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_follows_from_the_roster_is_brought_in_step_at_the_start() {
    let mut shop = Shop::open().await;
    let mut ben = shop.join(1, "ben", Role::Member).await;
    shop.close().await;
    let database = format!("sqlite://{}", shop.folder.path().join("relay.db").display());
    let mut connection = SqliteConnection::connect(&database).await.unwrap();
    connection.execute("DELETE FROM devices").await.unwrap();
    connection.execute("DELETE FROM users").await.unwrap();
    connection.close().await.unwrap();
    let relay = start(shop.folder.path()).await;
    for person in [&mut shop.ana, &mut ben] {
        person.base = format!("http://{}", relay.addr());
        person.log_in().await;
        person.get(path::HEADS).await.body::<Heads>();
    }
    relay.shutdown().await;
}
