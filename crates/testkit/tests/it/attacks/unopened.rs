//! Commits whose tag is false: nobody but members can check it. What becomes of the others, whoever made it and whatever it did.

use anyhow::Result;
use bezel_core::conversation::{self as conversations, NewMember};
use bezel_core::{people, sync};
use bezel_crypto::group::Change;
use bezel_protocol::Role;
use bezel_protocol::log::SignedCommit;

use super::stage::{Stage, round};

/// Mal makes a change that the relay takes and nobody opens.
async fn unopened(stage: &Stage, change: Change<'_>) -> Result<()> {
    let built = stage.mal.build_commit(stage.ring, change, stage.mal.head(stage.ring).await?).await?;
    let mut commit = SignedCommit::decode(&built.entry)?.commit.0;
    if let Some(last) = commit.last_mut() {
        *last ^= 1;
    }
    let entry = stage.mal.sign_commit(commit, &built.group_info)?;
    assert_eq!(stage.mal.post_commit(stage.ring, entry, built.group_info, &[]).await?.code(), "ok", "the relay can't know");
    Ok(())
}

/// Nobody else is in the epoch of such a commit, so the way back is by its author's word. To shut the author out first took it from everybody.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_could_not_open_a_commit_comes_back_though_its_author_was_shut_out() -> Result<()> {
    for is_revoked in [false, true] {
        let stage = Stage::with_mal(Role::Member).await?;
        unopened(&stage, Change::rotate()).await?;
        if is_revoked {
            bezel_core::device::revoke(&stage.ana, stage.mal.device()).await?;
        } else {
            people::suspend(&stage.ana, stage.mal.loot.user).await?;
        }
        for member in [&stage.ana, &stage.ben] {
            assert_eq!(round(member).await, None);
        }
        stage.goes_on().await?;
        let there = conversations::show(&stage.ben, stage.ring).await?.members;
        assert_eq!(there.iter().any(|member| member.handle == "mal"), is_revoked, "who is suspended is out by now");
    }
    Ok(())
}

/// Who is put out learns it from the log, without a key.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_put_out_by_a_commit_that_nobody_opens_learns_so_and_may_be_let_in_again() -> Result<()> {
    let stage = Stage::with_mal(Role::Admin).await?;
    unopened(&stage, Change::rotate().remove_user(stage.ben.user())).await?;
    sync::once(&stage.ana).await?;
    assert_eq!(round(&stage.ben).await, None);
    assert!(conversations::show(&stage.ben, stage.ring).await?.removed);
    assert_eq!(round(&stage.ben).await, None, "and that is the end of it");
    conversations::add(&stage.ana, stage.ring, NewMember { user: stage.ben.user(), role: Role::Member }).await?;
    assert_eq!(round(&stage.ben).await, None);
    stage.goes_on().await
}
