//! How long a message takes from one member to the other: from the call that sends it until the other's page shows it, woken by the relay's
//! events and by nothing else. Two members and the relay share this process and its processors; they speak over loopback.
//!
//! `BEZEL_BENCH_FOLDER` sets where the data is: on a disk each message waits for synced writes, in `/dev/shm` for none.

#![expect(clippy::print_stdout, reason = "its table is read where it was started")]

#[expect(dead_code, reason = "the other benchmark needs more of it")]
mod setup;

use std::time::Duration;

use anyhow::{Context as _, Result};
use bezel_core::{Change, Member, message, sync};
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Live, converse};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::sync::broadcast::error::RecvError;

use setup::{Place, Times, cheap, now};

const MESSAGES: usize = 500;
/// Until the receipts of the message before have come to rest: people do not write faster.
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT_BYTES: usize = 40;
const LONG_BYTES: usize = 1024;

#[tokio::main]
async fn main() -> Result<()> {
    // Whoever lists tests asks every target; only `cargo bench` wants the numbers.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let place = Place::open().await?;
    let ana = place.owner("ana", cheap()?).await?;
    let ben = place.join(&ana, "ben", cheap()?).await?;
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    sync::once(&ben).await?;
    let (ana, ben) = (Live::start(ana)?, Live::start(ben)?);
    // The first ones also open connections and log in.
    measured(&ana, &ben, ring, (20, SHORT_BYTES)).await?;
    println!("{}\n{}", place.describe()?, Times::heading());
    for bytes in [SHORT_BYTES, LONG_BYTES] {
        let times = measured(&ana, &ben, ring, (MESSAGES, bytes)).await?;
        println!("{}", times.row(&format!("sent until shown, text of {bytes} bytes"))?);
        let envelope = envelope_bytes(&place).await?;
        println!("its envelope: {envelope} bytes, {} beside the text", envelope.saturating_sub(bytes));
    }
    println!("{}", place.describe()?);
    ana.stop().await?;
    ben.stop().await?;
    place.close().await;
    Ok(())
}

/// Sends one text after the other.
async fn measured(ana: &Member, ben: &Member, ring: ConversationId, (count, bytes): (usize, usize)) -> Result<Times> {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("{number:0bytes$}");
        times.push(tokio::time::timeout(PATIENCE, deliver(ana, ben, ring, &text)).await.context("the message did not arrive")??);
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Times::new(times))
}

async fn deliver(ana: &Member, ben: &Member, ring: ConversationId, text: &str) -> Result<Duration> {
    let mut changes = ben.changes();
    let start = now();
    message::send(ana, ring, text, None).await?;
    loop {
        match changes.recv().await {
            Ok(Change::Messages(changed)) if changed == ring => {}
            Err(RecvError::Lagged(_)) => {}
            Ok(_) => continue,
            Err(closed) => return Err(closed.into()),
        }
        let page = message::list(ben, ring, None, 1).await?;
        if page.messages.iter().any(|message| message.text.as_deref() == Some(text)) {
            return Ok(start.elapsed());
        }
    }
}

/// What the relay holds of the newest message.
async fn envelope_bytes(place: &Place) -> Result<usize> {
    let database = SqliteConnectOptions::new().filename(place.relay_database()).read_only(true);
    let mut database = database.connect().await?;
    let newest = "SELECT size_bytes FROM encrypted_message_metadata ORDER BY sequence DESC LIMIT 1";
    let bytes: i64 = sqlx::query_scalar(newest).fetch_one(&mut database).await?;
    database.close().await?;
    Ok(usize::try_from(bytes)?)
}
