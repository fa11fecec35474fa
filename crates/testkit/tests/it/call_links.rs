//! Links into calls, as those see them who may withdraw them.

use std::time::Duration;

use anyhow::Result;
use bezel_core::Change;
use bezel_core::call;
use bezel_protocol::content::CallMedia;
use bezel_testkit::{Guest, Live, Shop, tone, two, until};

const HOUR: Duration = Duration::from_secs(3600);

/// Ids of the links that hold, who made them, and whether each was used.
async fn open(member: &Live) -> Result<Vec<(String, String, bool)>> {
    let links = call::link::list(member).await?;
    Ok(links.into_iter().map(|open| (open.link, open.from, open.is_used)).collect())
}

/// What a link was made for is known to everyone in the conversation until it ends, on each device, and any of them may withdraw it.
#[tokio::test(flavor = "multi_thread")]
async fn links_are_listed_until_they_end_and_withdrawn_by_whoever_may_write() -> Result<()> {
    let shop = Shop::open().await?;
    let (ana, ben, ring) = two(&shop).await?;
    assert_eq!(open(&ana).await?, [], "none was made");
    let once = call::link::create(&ana, ring, CallMedia::Audio, HOUR, true).await?;
    let many = call::link::create(&ana, ring, CallMedia::Audio, 2 * HOUR, false).await?;
    let (once_row, many_row) = ((once.link.clone(), "ana".to_owned(), false), (many.link.clone(), "ana".to_owned(), false));
    assert_eq!(open(&ben).await?, [once_row, many_row.clone()], "those that end first before others");
    let listed = call::link::list(&ben).await?;
    assert!(listed.iter().all(|open| open.conversation == ring.to_string() && !open.mine));
    assert_eq!(listed.first().map(|open| (open.is_single_use, open.call.clone())), Some((true, once.call.clone())));
    assert!(call::link::list(&ana).await?.iter().all(|open| open.mine));

    // The client is let in: by the link of single use nobody else comes.
    let guest = Guest::knock(&once.url, "Mrs Aldaine").await?;
    ben.answer(tone()).await?;
    until("the client is in", async || guest.state().generation.is_some()).await?;
    assert_eq!(open(&ana).await?, [(once.link.clone(), "ana".to_owned(), true), many_row.clone()]);

    let mut changes = ben.changes();
    call::link::revoke(&ben, once.link.parse()?).await?;
    assert_eq!(open(&ana).await?, [many_row]);
    while changes.recv().await? != Change::Calls {}
    call::link::revoke(&ana, many.link.parse()?).await?;
    assert_eq!(open(&ben).await?, []);
    Ok(())
}
