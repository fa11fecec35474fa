//! How long a member waits for a home with many messages: to come up to date, to open, to list its conversations and to show a page.
//!
//! The home is made as homes are made: one member writes, a relay keeps, the other fetches, verifies, decrypts and indexes. `BEZEL_MESSAGES`
//! sets how many (100,000), `BEZEL_BENCH_FOLDER` where the data is. The database has just been written when it is read, so no disk is read.

#![expect(clippy::print_stdout, reason = "its table is read where it was started")]

#[expect(dead_code, reason = "the other benchmark needs more of it")]
mod setup;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bezel_core::{Member, conversation, message, sync};
use bezel_crypto::slots::Cost;
use bezel_protocol::{ConversationId, Role};
use bezel_testkit::{Live, converse, until};

use setup::{Place, Times, cheap, now, unlock};

const MESSAGES: usize = 100_000;
/// As the window asks for them.
const PAGE: u32 = 100;
/// Beside the long one, each with one message.
const OTHER_CONVERSATIONS: usize = 19;
/// So many messages wait at most before they are sent.
const OUTBOX: usize = 1000;
const OPENINGS: usize = 30;
const ROUNDS: usize = 500;

#[tokio::main]
async fn main() -> Result<()> {
    // Whoever lists tests asks every target; only `cargo bench` wants the numbers.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let messages = std::env::var("BEZEL_MESSAGES").map_or(Ok(MESSAGES), |messages| messages.parse())?;
    let place = Place::open().await?;
    // Her passphrase costs what it costs people, his next to nothing.
    let ana = place.owner("ana", Cost::DEFAULT).await?;
    let ben = place.join(&ana, "ben", cheap()?).await?;
    for _ in 0..OTHER_CONVERSATIONS {
        let other = converse(&ana, &[(&ben, Role::Member)]).await?;
        message::send(&ana, other, &text(0), None).await?;
    }
    let ring = converse(&ana, &[(&ben, Role::Member)]).await?;
    println!("{}", place.describe()?);
    write(ana, ring, messages).await?;
    fetch(&ben, ring, messages).await?;
    ben.close().await;
    let database = std::fs::metadata(place.home("ben").database())?.len();
    println!("database of the one who received: {} MiB", database >> 20);

    println!("{}\n{}", place.describe()?, Times::heading());
    println!("{}", openings(&place, "ben").await?.row("open until the list is there, without Argon2id")?);
    println!("{}", openings(&place, "ana").await?.row("open until the list is there, with a passphrase")?);
    let ben = Member::open(&place.home("ben"), place.environment(), &unlock()?).await?;
    println!("{}", lists(&ben).await?.row(&format!("list of {} conversations", OTHER_CONVERSATIONS + 1))?);
    let (walk, middle) = walk(&ben, ring, messages).await?;
    println!("{}", walk.row(&format!("every page of {PAGE} once, from the newest to the oldest"))?);
    println!("{}", pages(&ben, ring, None).await?.row("the newest page")?);
    println!("{}", pages(&ben, ring, Some(&middle)).await?.row("the page in the middle")?);
    println!("{}", place.describe()?);
    ben.close().await;
    place.close().await;
    Ok(())
}

fn text(number: usize) -> String {
    format!("{number}: the ring with the oval sapphire is set and can be fetched on Friday after ten")
}

/// Writes into the outbox, as behind a connection that is gone, and sends what waits there when it is so many.
async fn write(member: Member, ring: ConversationId, messages: usize) -> Result<()> {
    let live = Live::start(member)?;
    let start = now();
    for number in 0..messages {
        message::send(&live, ring, &text(number), None).await?;
        // Nothing is deaf before it has listened.
        if number == 0 {
            until("the first message is sent", async || is_sent(&live, ring).await).await?;
            live.grow_deaf();
        }
        if number % OUTBOX == 0 {
            sync::once(&live).await?;
        }
    }
    sync::once(&live).await?;
    ensure!(is_sent(&live, ring).await, "the newest message is at the relay");
    println!("{messages} messages written, sealed and sent in {:.1?}", start.elapsed());
    live.crash().await
}

/// Whether the newest message is on the relay's disk.
async fn is_sent(member: &Member, ring: ConversationId) -> bool {
    let page = message::list(member, ring, None, 1).await;
    page.is_ok_and(|page| page.messages.iter().any(|newest| newest.state == message::MessageState::Sent))
}

async fn fetch(member: &Member, ring: ConversationId, messages: usize) -> Result<()> {
    let start = now();
    sync::once(member).await?;
    println!("{messages} messages fetched, verified, decrypted and indexed in {:.1?}", start.elapsed());
    conversation::mark_read(member, ring).await?;
    Ok(())
}

/// From the unlocking to the list that a window shows first.
async fn openings(place: &Place, name: &str) -> Result<Times> {
    let mut times = Vec::with_capacity(OPENINGS);
    for _ in 0..OPENINGS {
        let start = now();
        let member = Member::open(&place.home(name), place.environment(), &unlock()?).await?;
        let list = conversation::list(&member).await?;
        times.push(start.elapsed());
        ensure!(list.len() == OTHER_CONVERSATIONS + 1, "all conversations are listed");
        member.close().await;
    }
    Ok(Times::new(times))
}

async fn lists(member: &Member) -> Result<Times> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = now();
        conversation::list(member).await?;
        times.push(start.elapsed());
    }
    Ok(Times::new(times))
}

/// Goes through the whole conversation. Returns also where its middle is.
async fn walk(member: &Member, ring: ConversationId, messages: usize) -> Result<(Times, String)> {
    let (mut times, mut cursors, mut seen): (Vec<Duration>, Vec<String>, usize) = Default::default();
    loop {
        let start = now();
        let page = message::list(member, ring, cursors.last().map(String::as_str), PAGE).await?;
        times.push(start.elapsed());
        seen += page.messages.iter().filter(|shown| shown.verified && shown.text.is_some()).count();
        match page.earlier {
            Some(cursor) => cursors.push(cursor),
            None => break,
        }
    }
    ensure!(seen == messages, "{seen} of {messages} messages can be read");
    let middle = cursors.get(cursors.len() / 2).context("more than one page")?;
    Ok((Times::new(times), middle.clone()))
}

async fn pages(member: &Member, ring: ConversationId, before: Option<&str>) -> Result<Times> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = now();
        let page = message::list(member, ring, before, PAGE).await?;
        times.push(start.elapsed());
        ensure!(page.messages.len() == PAGE as usize, "the page is full");
    }
    Ok(Times::new(times))
}
