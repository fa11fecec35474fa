//! One conformance suite for every storage engine, denial cases included; and the schema as it stands.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod conformance;
mod schema;

use bezel_relay::store::SqliteStore;

/// Runs each test of the suite on an engine, opened by `$open`; the folder lives as long as the test.
macro_rules! conforms {
    ($engine:ident, $open:expr, [$($test:ident),* $(,)?]) => {
        mod $engine {
            $(
                #[tokio::test]
                async fn $test() {
                    let folder = tempfile::tempdir().unwrap();
                    crate::conformance::$test($open(folder.path().to_owned()).await).await;
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
        what_is_written_is_read,
        a_refused_unit_of_work_leaves_nothing,
        a_failing_neighbour_in_a_batch_changes_nothing_for_others,
        a_conversation_exists_only_for_those_who_are_in_it,
        places_are_gapless_and_kept_by_message_id,
        a_commit_replaces_members_and_takes_welcomes_of_those_removed,
        only_the_relay_itself_sees_sessions_statements_and_the_audit_log,
        an_invite_reaches_nothing_of_a_device,
        a_key_package_goes_to_one_claimer_only,
        backups_belong_to_their_user,
        the_audit_log_is_a_chain_that_can_not_be_changed,
    ]
);
