//! Each rule switched off by itself: the search then finds a state that breaks a sentence. So no sentence holds by chance.
//! `StampedHead`, `AbsentByOwner`, `GoesOnKnowing`, `StaysOut`, `LeaverStaysOut` and `PutInAgain` are shown by their traces in
//! `refuted.rs`; a search for them would take long.

use bezel_model::people::{ByPerson, Role};
use bezel_model::properties as sentence;
use bezel_model::rules::Rule;
use bezel_model::world::{Budget, Setting};

use crate::search::search;

const NOTHING: Budget = Budget { writes: 0, commits: 0, leaves: 0, statements: 0, forgeries: 0, lies: 0, forks: 0, copies: 0 };
const USUAL: ByPerson<Role> = ByPerson { ana: Role::Owner, ben: Role::Member, mal: Role::Admin };

/// Searches without these rules, then with all of them.
fn needs(rules: &[Rule], roles: ByPerson<Role>, budget: Budget, depth: usize, sentence: &str) {
    let sentences: Vec<_> = sentence::ALL.into_iter().filter(|one| one.name == sentence).collect();
    let all = bezel_model::rules::Rules::all();
    let without = rules.iter().fold(all, |left, rule| left.without(*rule));
    if let Ok(states) = search(Setting { rules: without, roles, budget }, depth, &sentences) {
        panic!("without {rules:?} \"{sentence}\" holds in {states} states, so it doesn't need them");
    }
    if let Err(trace) = search(Setting { rules: all, roles, budget }, depth, &sentences) {
        panic!("with all rules {trace}");
    }
}

macro_rules! needed {
    ($($name:ident: $rules:expr, $budget:expr, $depth:expr, $sentence:expr;)*) => {
        $(#[test] fn $name() { needs(&$rules, USUAL, $budget, $depth, $sentence); })*
    };
}

needed! {
    an_entry_counts_only_behind_what_its_author_saw:
        [Rule::SeenInLog], Budget { forgeries: 1, lies: 2, ..NOTHING }, 3, sentence::AS_WRITTEN;
    an_envelope_counts_only_in_its_epoch:
        [Rule::EnvelopeInEpoch], Budget { writes: 1, commits: 1, lies: 2, ..NOTHING }, 4, sentence::AS_WRITTEN;
    a_leave_counts_only_in_its_epoch:
        [Rule::LeaveInEpoch], Budget { leaves: 1, commits: 1, lies: 2, ..NOTHING }, 4, sentence::AS_WRITTEN;
    who_is_shut_out_posts_nothing:
        [Rule::ShutOutEnvelope], Budget { writes: 1, statements: 1, forgeries: 1, lies: 2, ..NOTHING }, 5, sentence::NOTHING_AFTER_THE_END;
    who_is_shut_out_commits_nothing:
        [Rule::ShutOutStatement], Budget { writes: 1, statements: 1, forgeries: 1, lies: 2, ..NOTHING }, 5, sentence::NOTHING_AFTER_THE_END;
    who_is_taken_back_is_heard_again:
        [Rule::HighestHead], Budget { writes: 2, statements: 2, ..NOTHING }, 5, sentence::NOBODY_STUCK;
    an_id_counts_once:
        [Rule::FirstAttempt], Budget { forgeries: 2, ..NOTHING }, 3, sentence::FIRST_ATTEMPT;
    a_commit_needs_its_right:
        [Rule::CommitRight], Budget { forgeries: 1, lies: 2, ..NOTHING }, 3, sentence::BY_RIGHT;
    nothing_of_who_left_counts:
        [Rule::Left], Budget { forgeries: 2, ..NOTHING }, 3, sentence::NOTHING_AFTER_THE_END;
    who_cannot_open_a_commit_comes_back:
        [Rule::Return], Budget { forgeries: 1, ..NOTHING }, 2, sentence::NOBODY_STUCK;
    an_external_commit_takes_its_authors_leaf_alone:
        [Rule::ReturnOwnLeaf], Budget { forgeries: 1, ..NOTHING }, 3, sentence::MEMBERSHIP;
    a_contradicting_log_is_not_followed:
        [Rule::OwnChain], Budget { writes: 2, lies: 1, copies: 1, ..NOTHING }, 5, sentence::TWO_LOGS;
    a_verified_commit_is_not_left:
        [Rule::NeverBehindCommit], Budget { commits: 1, copies: 1, ..NOTHING }, 5, sentence::NEVER_BACK;
    an_attempt_is_sealed_once_an_epoch:
        [Rule::SameAttempt], Budget { writes: 2, lies: 3, ..NOTHING }, 7, sentence::AGREEMENT;
    a_device_never_names_an_older_place:
        [Rule::SeenNeverFalls], Budget { writes: 3, ..NOTHING }, 5, sentence::SEEN_NEVER_FALLS;
    members_offer_what_is_lost:
        [Rule::Offer], Budget { writes: 1, copies: 1, ..NOTHING }, 3, sentence::SAME_PLACE;
    an_author_sends_again_what_is_lost:
        [Rule::SendAgain], Budget { writes: 1, copies: 1, ..NOTHING }, 4, sentence::AUTHOR_SAVES;
    a_reader_keeps_what_is_lost:
        [Rule::KeepLost], Budget { writes: 1, copies: 1, ..NOTHING }, 4, sentence::READER_SAVES;
    a_lost_commit_comes_back:
        [Rule::CommitAgain, Rule::ReportLost], Budget { commits: 1, copies: 1, ..NOTHING }, 5, sentence::NOBODY_STUCK;
    a_lost_branch_is_reported:
        [Rule::ReportLost], Budget { commits: 2, copies: 1, ..NOTHING }, 6, sentence::NOBODY_STUCK;
    a_report_is_answered_where_nothing_is_to_do:
        [Rule::RotateForBranch], Budget { commits: 2, copies: 1, ..NOTHING }, 6, sentence::NOBODY_STUCK;
    an_owner_goes_on_from_their_own_lost_branch:
        [Rule::HolderGoesOn], Budget { commits: 2, copies: 1, ..NOTHING }, 6, sentence::NOBODY_STUCK;
    who_goes_on_acts_as_owner_in_the_log:
        [Rule::OwnerHere], Budget { commits: 1, forgeries: 1, copies: 1, ..NOTHING }, 7, sentence::NEVER_BACK;
}

/// Somebody whom the lost branch put out doesn't lead its holders away from it.
#[test]
fn who_goes_on_acts_as_owner_on_the_branch() {
    let roles = ByPerson { mal: Role::Owner, ..USUAL };
    let budget = Budget { commits: 1, forgeries: 1, copies: 1, ..NOTHING };
    needs(&[Rule::OwnerOnBranch], roles, budget, 7, sentence::NEVER_BACK);
}
