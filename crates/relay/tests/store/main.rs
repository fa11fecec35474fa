//! One conformance suite for every storage engine, denial cases included; and the schema as it stands.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails where it panics")]

mod append;
mod conformance;
mod denials;
mod files;
mod guest_links;
mod leaves;
mod log;
mod lost;
mod schema;

use bezel_relay::store::SqliteStore;

/// Runs each test of the suite on an engine, opened by `$open`; the folder lives as long as the test.
macro_rules! conforms {
    ($engine:ident, $open:expr, [$($suite:ident::$test:ident),* $(,)?]) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    crate::$suite::$test($open(folder.path().to_owned()).await).await;
                }
            )*
        }
    };
}

async fn sqlite_in(folder: std::path::PathBuf) -> SqliteStore {
    SqliteStore::open(&folder.join("relay.db")).await.unwrap()
}

conforms!(
    sqlite,
    crate::sqlite_in,
    [
        conformance::what_is_written_is_read,
        conformance::a_refused_unit_of_work_leaves_nothing,
        conformance::a_failing_neighbour_in_a_batch_changes_nothing_for_others,
        denials::a_conversation_exists_only_for_those_who_are_in_it,
        denials::a_stranger_changes_nothing_in_a_conversation,
        conformance::of_two_commits_for_one_epoch_one_finds_it,
        conformance::who_comes_later_sees_messages_from_there_on,
        conformance::pages_of_commits_are_bounded_in_bytes,
        conformance::pages_of_welcomes_are_bounded_in_bytes,
        conformance::only_the_newest_receipt_of_a_device_stays,
        denials::who_is_shut_out_begins_no_unit_of_work,
        denials::an_id_belongs_to_one_workspace_for_ever,
        denials::another_workspaces_key_packages_and_roster_are_not_there,
        append::places_are_gapless_and_kept_by_id_and_counter,
        append::two_devices_may_use_one_id,
        append::an_envelope_names_a_place_and_an_epoch_that_are_there,
        append::several_envelopes_are_appended_in_order,
        append::what_is_stored_already_keeps_its_place_before_what_is_new,
        append::what_is_sent_twice_at_one_time_has_one_place,
        append::appends_that_wait_together_are_judged_each_by_itself,
        append::an_append_takes_the_prefix_that_it_can,
        append::who_may_not_write_gets_no_place,
        append::pages_of_envelopes_are_bounded_in_bytes,
        conformance::a_commit_replaces_members_and_takes_welcomes_of_those_removed,
        leaves::a_commit_that_was_judged_before_somebody_left_brings_nobody_back,
        leaves::of_two_leaves_that_were_judged_together_one_is_judged_again,
        log::entry_1_is_the_beginning,
        log::a_removed_device_sees_the_log_up_to_its_removal_and_nothing_after,
        log::a_device_that_comes_back_sees_all,
        log::a_device_whose_user_stays_sees_the_log_to_its_end,
        log::a_commit_is_not_stamped_with_an_older_roster_than_the_entry_before_it,
        log::commits_are_counted_by_device_and_from_a_time_on,
        lost::each_of_several_that_were_told_is_handed_out,
        denials::only_the_relay_itself_sees_sessions_statements_and_the_audit_log,
        denials::an_invite_reaches_nothing_of_a_device,
        conformance::a_key_package_goes_to_one_claimer_only,
        denials::backups_belong_to_their_user,
        denials::healing_is_the_relays_own,
        conformance::the_audit_log_is_a_chain_that_can_not_be_changed,
        files::a_file_comes_in_by_parts_in_order_and_is_ready_at_its_end,
        files::lines_about_a_file_that_follow_each_other_are_one,
        files::parts_of_a_revoked_file_are_listed_until_they_are_deleted,
        files::what_is_over_is_ended,
        files::a_file_exists_only_for_members_of_its_conversation,
        files::a_removed_members_own_file_is_nothing_to_them,
        files::a_member_governs_only_what_is_theirs,
        files::only_the_relay_itself_tends_files,
        guest_links::a_link_of_single_use_admits_one_guest_who_may_come_again,
        guest_links::a_link_ends_with_its_time_and_by_revocation_but_who_is_in_stays,
        guest_links::guests_leave_with_the_last_device_and_with_silence,
        guest_links::a_link_exists_only_for_members_of_its_conversation,
        guest_links::links_are_listed_as_long_as_they_hold_for_who_reads_the_conversation,
        guest_links::what_the_relay_does_for_browsers_nobody_else_does,
    ]
);
