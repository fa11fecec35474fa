//! Statements about who is in the workspace: by members without the right, and hidden, swapped or made up by the relay.

use anyhow::Result;
use bezel_core::people::{self, PersonStatus};
use bezel_core::{device, message, sync};
use bezel_crypto::{DeviceKeys, SystemRng, rng};
use bezel_protocol::envelope::RosterHead;
use bezel_protocol::roster::{InviteStatement, RoleChange, SignedStatement, Statement};
use bezel_protocol::wire::{Bytes, Heads, RosterPage, path};
use bezel_protocol::{DeviceId, InviteId, Role, cbor};
use bezel_testkit::Liar;

use super::stage::{Stage, round, thread};

/// The relay hands out a roster that goes on by these statements, whatever its own rules say.
fn hand_out(liar: &Liar, statements: &[SignedStatement]) {
    let Some(last) = statements.last() else { return };
    let head = RosterHead { sequence: last.body().sequence, hash: last.hash() };
    let added: Vec<Bytes> = statements.iter().map(|statement| Bytes(statement.as_bytes().to_vec())).collect();
    liar.lie_about(path::HEADS, move |bytes| {
        let heads: Heads = cbor::decode(&bytes).unwrap();
        cbor::encode(&Heads { roster: head, ..heads })
    });
    liar.lie_about(path::ROSTER, move |bytes| {
        let Ok(mut page) = cbor::decode::<RosterPage>(&bytes) else { return bytes };
        page.statements.extend(added.clone());
        cbor::encode(&RosterPage { head, ..page })
    });
}

/// What ana and ben know of somebody: role, and where they stand.
fn known(stage: &Stage, handle: &str) -> Vec<(Role, PersonStatus)> {
    let of = |member| people::list(member).into_iter().find(|person| person.handle == handle).map(|person| (person.role, person.status));
    [&stage.ana, &stage.ben].into_iter().filter_map(of).collect()
}

/// A statement that an honest relay refuses, and that changes nothing for anybody where another one hands it out.
async fn is_refused(stage: &Stage, statement: Statement) -> Result<()> {
    let before = (known(stage, "ana"), known(stage, "ben"), known(stage, "mal"));
    let signed = stage.mal.sign_statement(statement).await?;
    assert_eq!(stage.mal.append(std::slice::from_ref(&signed)).await?.status, 422);
    hand_out(&stage.liar, &[signed]);
    for member in [&stage.ana, &stage.ben] {
        assert_eq!(round(member).await, Some("roster_refused"));
        assert_eq!(stage.alarms(member).await?, ["roster_refused"]);
    }
    assert_eq!((known(stage, "ana"), known(stage, "ben"), known(stage, "mal")), before);
    stage.liar.repent();
    stage.goes_on().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_makes_themselves_owner_stays_a_member() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let promotion = Statement::Role(RoleChange { user: stage.mal.loot.user, role: Role::Owner });
    is_refused(&stage, promotion).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_makes_themselves_owner_stays_an_admin() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    people::set_role(&stage.ana, stage.mal.loot.user, Role::Admin).await?;
    sync::once(&stage.ben).await?;
    let promotion = Statement::Role(RoleChange { user: stage.mal.loot.user, role: Role::Owner });
    is_refused(&stage, promotion).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_who_shuts_the_owner_out_does_not() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    people::set_role(&stage.ana, stage.mal.loot.user, Role::Admin).await?;
    sync::once(&stage.ben).await?;
    is_refused(&stage, Statement::Suspend(stage.ana.user())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_revokes_anothers_device_does_not() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    is_refused(&stage, Statement::DeviceRevoke(stage.ben.device())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_certifies_a_device_for_somebody_else_does_not() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    let new = DeviceKeys::generate(DeviceId::new(stage.mal.now_ms(), rng::array(&mut SystemRng)?), &mut SystemRng)?;
    let certificate = new.certify(&stage.mal.loot.identity, stage.mal.loot.workspace, stage.ben.user(), stage.mal.now_ms())?;
    is_refused(&stage, Statement::DeviceAdd(certificate.as_bytes().to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_invites_does_not() -> Result<()> {
    let stage = Stage::with_mal(Role::Guest).await?;
    let key = *stage.mal.loot.device.message_key();
    let invite = InviteId::new(stage.mal.now_ms(), rng::array(&mut SystemRng)?);
    let invitation = InviteStatement { invite, key, role: Role::Owner, expires_at_ms: stage.mal.now_ms() + 86_400_000, uses: 9 };
    is_refused(&stage, Statement::Invite(invitation)).await
}

/// What the owner said once is not said again by whoever hands it out.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_said_again_shuts_nobody_out() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    people::suspend(&stage.ana, stage.ben.user()).await?;
    let page: RosterPage = stage.mal.line.get(path::ROSTER).await?.body()?;
    let suspension = SignedStatement::parse(&page.statements.last().unwrap().0)?;
    people::reinstate(&stage.ana, stage.ben.user()).await?;
    hand_out(&stage.liar, &[suspension]);
    assert!(round(&stage.ana).await.is_some_and(|code| code.starts_with("roster_")));
    assert_eq!(known(&stage, "ben")[0].1, PersonStatus::Active);
    stage.liar.repent();
    sync::once(&stage.ana).await?;
    Ok(())
}

/// An admin signs two statements of one number, and the relay shows each to one reader.
#[tokio::test(flavor = "multi_thread")]
async fn an_admin_and_a_relay_who_show_two_workspaces_are_found_out_by_the_first_message() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    people::set_role(&stage.ana, stage.mal.loot.user, Role::Admin).await?;
    sync::once(&stage.ben).await?;
    let shown_to_ben = stage.mal.sign_statement(Statement::Suspend(stage.ben.user())).await?;
    let one = stage.mal.sign_statement(Statement::DeviceRevoke(stage.mal.device())).await?;
    let head = RosterHead { sequence: one.body().sequence, hash: shown_to_ben.hash() };
    assert_eq!(stage.mal.append(&[one]).await?.code(), "ok");
    let other = Bytes(shown_to_ben.as_bytes().to_vec());
    stage.liar.lie_about(path::HEADS, move |bytes| {
        let heads: Heads = cbor::decode(&bytes).unwrap();
        cbor::encode(&Heads { roster: head, ..heads })
    });
    stage.liar.lie_about(path::ROSTER, move |bytes| {
        let Ok(mut page) = cbor::decode::<RosterPage>(&bytes) else { return bytes };
        page.statements.iter_mut().for_each(|statement| *statement = other.clone());
        cbor::encode(&RosterPage { head, ..page })
    });
    round(&stage.ben).await;
    assert_eq!(known(&stage, "ben")[1].1, PersonStatus::Suspended, "it is rightly signed");
    stage.liar.repent();
    sync::once(&stage.ana).await?;
    message::send(&stage.ana, stage.other, "are you there?", None).await?;
    round(&stage.ben).await;
    assert!(
        stage.alarms(&stage.ben).await?.iter().any(|alarm| alarm.starts_with("roster_forked")),
        "{:?}",
        stage.alarms(&stage.ben).await?
    );
    let shown = thread(&stage.ben, stage.other).await?;
    assert!(!shown.contains(&"ana: are you there?".to_owned()), "nothing of it is believed: {shown:?}");
    Ok(())
}

/// Who is kept from the news is not shown what was said by their light.
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_hides_a_suspension_is_found_out_by_the_next_entry() -> Result<()> {
    let stage = Stage::with_mal(Role::Member).await?;
    sync::once(&stage.ben).await?;
    let known_head = stage.mal.roster().await?.head();
    people::suspend(&stage.ana, stage.mal.loot.user).await?;
    message::send(&stage.ana, stage.ring, "mal is out", None).await?;
    stage.liar.lie_about(path::HEADS, move |bytes| {
        let heads: Heads = cbor::decode(&bytes).unwrap();
        cbor::encode(&Heads { roster: known_head, ..heads })
    });
    stage.liar.lie_about(path::ROSTER, move |_| cbor::encode(&RosterPage { head: known_head, statements: Vec::new() }));
    assert_eq!(round(&stage.ben).await, Some("log_forked"));
    assert_eq!(stage.alarms(&stage.ben).await?, ["log_forked in ring"]);
    stage.liar.repent();
    stage.goes_on().await
}

/// A stolen device does not outlive its revocation by what it signs.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_says_nothing_more_in_the_roster_or_a_conversation() -> Result<()> {
    let mut stage = Stage::with_mal(Role::Member).await?;
    let statement = stage.mal.sign_statement(Statement::DeviceRevoke(stage.mal.device())).await?;
    let words = stage.mal.seal_text(&stage.mal.header(stage.ring).await?, "still here")?;
    device::revoke(&stage.ana, stage.mal.device()).await?;
    assert_eq!(stage.mal.append(&[statement]).await?.code(), "unauthenticated");
    assert_eq!(stage.mal.store(words).await?.code(), "unauthenticated");
    stage.goes_on().await?;
    assert!(thread(&stage.ben, stage.ring).await?.iter().all(|line| !line.contains("still here")));
    Ok(())
}
