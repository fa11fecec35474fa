//! Files over a real socket.

mod full_disk;
mod headers;
mod limits;
mod rights;
mod stage;
mod suite;
mod sweep;

/// Runs each test of the suite with blobs in a folder, and with blobs in an S3-compatible store.
macro_rules! on_every_store {
    ($($test:ident),* $(,)?) => {
        mod folder {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::suite::$test(super::stage::Stage::with_folder(&[]).await).await;
                }
            )*
        }
        mod s3 {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::suite::$test(super::stage::Stage::with_s3().await).await;
                }
            )*
        }
    };
}

on_every_store!(
    what_goes_up_in_parts_comes_down_whole,
    every_border_of_parts_and_its_neighbours_are_read_right,
    a_killed_relay_goes_on_with_at_most_one_part_repeated,
    a_broken_connection_loses_at_most_one_part,
    memory_does_not_grow_with_the_file,
    several_uploads_at_once_share_the_relay,
    a_revoked_file_is_gone_at_once_and_its_blob_soon,
    an_upload_that_is_given_up_leaves_nothing,
    what_nobody_knows_is_swept_and_what_is_known_stays,
    a_revocation_that_a_kill_interrupted_is_finished_by_the_sweep,
);
