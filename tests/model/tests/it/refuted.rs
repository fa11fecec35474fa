//! Traces that broke a sentence of an earlier version of the protocol, step by step. Each breaks it again without the rule
//! that repairs it, and none does with all rules.

use bezel_model::judge::Judged;
use bezel_model::log::{Body, Change, Signed};
use bezel_model::people::Person::{Ana, Ben, Mal};
use bezel_model::people::{ByPerson, People, Person, Role, Statement};
use bezel_model::properties::{self as sentence, ALL, broken};
use bezel_model::rules::{Rule, Rules};
use bezel_model::settings::everything;
use bezel_model::world::Action::{CloseOffers, Commit, Day, Forge, Leave, Place, PutBack, State, Sync, Write};
use bezel_model::world::Fate::{KeptBack, Taken};
use bezel_model::world::{Action, Budget, Setting, World};

use crate::search::told;

type Step = fn(&Action) -> bool;

const USUAL: ByPerson<Role> = ByPerson { ana: Role::Owner, ben: Role::Member, mal: Role::Admin };

macro_rules! steps {
    ($($step:pat),* $(,)?) => { &[$((|action: &Action| matches!(action, $step)) as Step),*] };
}

fn setting(rules: Rules, roles: ByPerson<Role>) -> Setting {
    Setting { rules, roles, budget: Budget { forks: 0, ..everything().budget } }
}

/// The first possible action that fits, if one does.
fn step(setting: &Setting, world: &mut World, step: Step) {
    let fitting = world.actions(setting).into_iter().filter(step);
    if let Some(next) = fitting.into_iter().find_map(|action| world.after(setting, &action)) {
        *world = next;
    }
}

/// Walks the trace, and says whether the sentence held all the way.
fn holds(rules: Rules, roles: ByPerson<Role>, trace: &[Step], sentence: &str) -> bool {
    let setting = setting(rules, roles);
    let sentences: Vec<_> = ALL.into_iter().filter(|one| one.name == sentence).collect();
    let mut world = World::new(&setting);
    trace.iter().all(|one| {
        step(&setting, &mut world, *one);
        let holds = broken(&sentences, &setting, &world).is_none();
        if !holds && rules == Rules::all() {
            eprintln!("{}", told(&setting, &world));
        }
        holds
    })
}

/// Walks the trace, and says what the roles are once it has settled.
fn roles_at_end(rules: Rules, roles: ByPerson<Role>, trace: &[Step]) -> ByPerson<Role> {
    let setting = setting(rules, roles);
    let mut world = World::new(&setting);
    trace.iter().for_each(|one| step(&setting, &mut world, *one));
    let end = world.settled(&setting, &Person::HONEST);
    Judged::new(&end.ground(&setting), &end.relay.first, |_| false).newest(&end.ground(&setting)).roles
}

fn repaired_by(rules: &[Rule], roles: ByPerson<Role>, trace: &[Step], sentence: &str) {
    let letter = rules.iter().fold(Rules::all(), |left, rule| left.without(*rule));
    assert!(!holds(letter, roles, trace, sentence), "the first version breaks: {sentence}");
    assert!(holds(Rules::all(), roles, trace, sentence), "the repaired one keeps: {sentence}");
}

/// "If no valid entry before it names a roster head at which its device or user was shut out" bound for good: one entry from
/// the time of a suspension silenced the person after it was lifted.
#[test]
fn refuted_a_reinstated_person_was_mute_for_good() {
    let trace = steps![State(Statement::ShutOut(Ben)), Write(Ana, Taken), State(Statement::Reinstate(Ben)), Sync(Ben, None), Write(Ben, _)];
    repaired_by(&[Rule::HighestHead], USUAL, trace, sentence::NOBODY_STUCK);
}

/// The sentence spoke of envelopes alone. A suspended admin's commit was judged by the old head that it names.
#[test]
fn refuted_a_commit_of_somebody_shut_out_counted() {
    let trace = steps![
        State(Statement::ShutOut(Mal)),
        Write(Ana, Taken),
        Forge(Signed { head: 0, body: Body::Commit { change: Change::Remove(Ben), .. }, .. }, KeptBack),
        Place(_, Signed { author: Mal, .. }, _),
        Sync(Ana, None),
    ];
    repaired_by(&[Rule::ShutOutStatement], USUAL, trace, sentence::NOTHING_AFTER_THE_END);
}

/// A leave named no epoch: kept back, and placed when its author had been removed and had come again, it counted.
#[test]
fn refuted_a_leave_kept_back_counted_after_coming_again() {
    let trace = steps![
        Leave(Ben, KeptBack),
        Commit(Ana, Change::Remove(Ben), Taken),
        Sync(Ana, None),
        Commit(Ana, Change::Add(Ben), Taken),
        Place(_, Signed { body: Body::Leave, .. }, _),
        Sync(Ana, None),
    ];
    repaired_by(&[Rule::LeaveInEpoch], USUAL, trace, sentence::AS_WRITTEN);
}

/// Who is shut out was known from the contents of the entries before; whoever was shown their hashes alone judged otherwise.
#[test]
fn refuted_a_withheld_content_changed_the_verdict_on_another_entry() {
    let trace = steps![
        State(Statement::ShutOut(Mal)),
        Write(Ana, Taken),
        Forge(Signed { head: 0, body: Body::Envelope { .. }, .. }, KeptBack),
        Place(_, Signed { author: Mal, .. }, 0),
        Sync(Ana, None),
        Sync(Ben, Some(2)),
    ];
    repaired_by(&[Rule::StampedHead], USUAL, trace, sentence::AGREEMENT);
}

/// A restored relay had lost a commit that only a plain member held: no owner stood on the longer branch to restart it.
#[test]
fn refuted_a_lost_commit_held_by_a_plain_member_stranded_them() {
    let trace = steps![Commit(Ben, Change::Rotate, Taken), Sync(Ben, None), PutBack(1, true), CloseOffers, Day];
    repaired_by(&[Rule::CommitAgain, Rule::ReportLost], USUAL, trace, sentence::NOBODY_STUCK);
}

/// Of two lost commits only the first can be appended again, since the second names a place that is lost.
#[test]
fn refuted_two_lost_commits_stranded_their_owner() {
    let trace = steps![
        Commit(Ana, Change::Rotate, Taken),
        Sync(Ana, None),
        Commit(Ana, Change::Rotate, Taken),
        Sync(Ana, None),
        PutBack(1, true),
        CloseOffers,
    ];
    repaired_by(&[Rule::HolderGoesOn], USUAL, trace, sentence::NOBODY_STUCK);
}

/// Ben became an owner on the lost branch, and that commit came back behind the common prefix, but the next one can't.
#[test]
fn refuted_an_owner_made_behind_the_common_prefix_could_not_go_on() {
    let trace = steps![
        Commit(Ana, Change::Promote(Ben), Taken),
        Sync(Ben, None),
        Commit(Ben, Change::Remove(Ana), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
    ];
    repaired_by(&[Rule::HolderGoesOn], USUAL, trace, sentence::NOBODY_STUCK);
}

/// The first of two lost commits came back as it was, and passed for an owner's word that the second is given up.
#[test]
fn refuted_a_commit_that_came_back_gave_up_the_next_one() {
    let trace = steps![
        Commit(Ana, Change::Rotate, Taken),
        Sync(Ana, None),
        Commit(Ana, Change::Rotate, Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
        Sync(Ben, None),
        Day,
        Action::Recover(Ben, _),
        Sync(Ben, None),
    ];
    repaired_by(&[Rule::GoesOnKnowing], USUAL, trace, sentence::NEVER_BACK);
}

/// An owner went on from the common prefix before knowing whom the lost branch had put out.
#[test]
fn refuted_who_was_put_out_came_back_by_the_loss() {
    let trace = steps![
        Commit(Ana, Change::Remove(Mal), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
        Day,
        Sync(Ana, None),
        Commit(Ana, Change::Rotate, Taken),
        Sync(Ben, None),
    ];
    repaired_by(&[Rule::StaysOut], USUAL, trace, sentence::STAYS_OUT);
}

/// An owner let Mal in and put him out again. The first commit came back as it was, and passed for putting him in again.
#[test]
fn refuted_a_commit_that_came_back_undid_the_next_one() {
    let roles = ByPerson { mal: Role::Out, ..USUAL };
    let trace = steps![
        Commit(Ana, Change::Add(Mal), Taken),
        Sync(Ana, None),
        Commit(Ana, Change::Remove(Mal), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
        Day,
        Place(_, Signed { body: Body::Commit { change: Change::Add(Mal), .. }, .. }, _),
        Sync(Ben, None),
    ];
    repaired_by(&[Rule::GoesOnKnowing], roles, trace, sentence::STAYS_OUT);
}

/// Whom the lost commits had removed came first and removed a member who held them and had only compared heads so far.
#[test]
fn refuted_the_holder_was_removed_before_coming_by() {
    let trace = steps![
        Commit(Ana, Change::Remove(Mal), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
        Action::Offer(Ben),
        Day,
        Forge(Signed { body: Body::Commit { change: Change::Remove(Ben), opens: People::ALL }, .. }, Taken),
    ];
    let out = |rules| Person::ALL.map(|one| roles_at_end(rules, USUAL, trace)[one] == Role::Out);
    assert_eq!(out(Rules::all().without(Rule::AbsentByOwner)), [false, true, true], "the first version lets Ben be put out");
    assert_eq!(out(Rules::all()), [false, false, true], "only Mal is out, as on the lost branch");
}

/// Mal had left, and a plain member had removed the leaf. In the healed log that member had no right to it.
#[test]
fn refuted_who_had_left_was_back_by_the_loss() {
    let trace = steps![
        Forge(Signed { body: Body::Leave, .. }, Taken),
        Sync(Ben, None),
        Commit(Ben, Change::Remove(Mal), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
    ];
    let mal = |rules| roles_at_end(rules, USUAL, trace)[Mal];
    assert_eq!(mal(Rules::all().without(Rule::LeaverStaysOut)), Role::Admin, "the first version lets him stay");
    assert_eq!(mal(Rules::all()), Role::Out, "who left on a lost branch is removed");
}

/// The owner put Mal in again, and the report of the old branch would have put him out once more.
#[test]
fn refuted_a_report_undid_what_an_owner_did_since() {
    let trace = steps![
        Commit(Ana, Change::Remove(Mal), Taken),
        Sync(Ben, None),
        PutBack(1, true),
        CloseOffers,
        Day,
        Sync(Ana, None),
        Commit(Ana, Change::Remove(Mal), Taken),
        Sync(Ana, None),
        Commit(Ana, Change::Add(Mal), Taken),
    ];
    let mal = |rules| roles_at_end(rules, USUAL, trace)[Mal];
    assert_eq!(mal(Rules::all().without(Rule::PutInAgain)), Role::Out, "the first version puts him out once more");
    assert_eq!(mal(Rules::all()), Role::Member, "whom an owner of both sides put in again stays");
}

/// The only owner had cut the others off, by a commit that they can't open and false group info. Nobody could restart then.
#[test]
fn refuted_who_could_not_open_a_commit_waited_for_an_owner() {
    let roles = ByPerson { ana: Role::ReadOnly, mal: Role::Owner, ..USUAL };
    let trace = steps![
        Forge(Signed { body: Body::Commit { change: Change::Rotate, opens: People::NONE }, .. }, Taken),
        Sync(Ben, None),
        Action::Return(Ben, People::NONE, Taken),
        Sync(Ana, None),
    ];
    repaired_by(&[Rule::Return], roles, trace, sentence::NOBODY_STUCK);
}

/// A relay that once placed an attempt where it doesn't count answered "taken" ever after.
#[test]
fn refuted_an_attempt_that_does_not_count_blocked_its_author() {
    let trace = steps![State(Statement::ShutOut(Ben)), Write(Ana, KeptBack), Place(_, Signed { author: Ana, .. }, 0)];
    assert!(holds(Rules::all(), USUAL, trace, sentence::NOBODY_STUCK), "only what counts takes an id");
}
