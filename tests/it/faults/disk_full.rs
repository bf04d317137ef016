//! The disk is full where SQLite writes; then there is room again, and everything goes on by itself.

use std::time::Duration;

use rand::Rng;
use tandem_testkit::client::reason;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::small_disk::SmallDisk;
use tandem_testkit::system_limits::limit_files;

use super::rounds::{self, Figures};
use super::stage::Stage;
use crate::store::sample::eventually;

/// Starts the program with its log lines in a file on the same disk.
const LOG_BESIDE_THE_DATA: [&str; 3] = ["sh", "-c", r#"exec "$0" "$@" 2>log"#];
/// Starts the program so that a file which may not grow is an error to it, not its end; its log lines have no room at all.
const DEAF_TO_LIMITS: [&str; 3] = ["sh", "-c", r#"trap "" XFSZ; exec "$0" "$@" 2>/dev/full"#];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_pause() {
    rounds::run("disk full", 1, |seed| async move {
        let Some(disk) = SmallDisk::mount() else {
            eprintln!("this user may not mount: the files have a limit instead of the disk");
            return limited(seed).await;
        };
        let folder = disk.folder().join("data");
        std::fs::create_dir(&folder).expect("a folder on the disk");
        let mut stage = Stage::open_by(&LOG_BESIDE_THE_DATA, TestDatabase::sqlite_in(folder), seed);
        stage.usual_team().await;
        stage.begin();
        for _ in 0..2 {
            stage.some_moment().await;
            disk.fill();
            stays_for_a_while(&mut stage, |_| disk.free()).await;
        }
        stage.finish().await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_may_not_grow_are_a_pause() {
    rounds::run("files limited", 1, limited).await;
}

/// The system lets the program's files grow no further, for a while.
async fn limited(seed: u64) -> Figures {
    let mut stage = Stage::open_by(&DEAF_TO_LIMITS, TestDatabase::sqlite(), seed);
    stage.usual_team().await;
    stage.begin();
    for _ in 0..2 {
        stage.some_moment().await;
        limit_files(stage.server.id(), Some(64 << 10));
        stays_for_a_while(&mut stage, |stage| limit_files(stage.server.id(), None)).await;
    }
    stage.finish().await
}

/// Waits until the program has felt it, and a random moment longer. Somebody who asks meanwhile waits as well, or is told
/// why not; `free` makes room again.
async fn stays_for_a_while(stage: &mut Stage, free: impl FnOnce(&Stage)) {
    let before = stage.server.metric("tandem_store_retries_total").await;
    let server = &stage.server;
    eventually("it is felt", async || {
        server.metric("tandem_store_retries_total").await >= before + 2.0
    })
    .await;
    stage.faults += 1;
    // Once in a while longer than anybody waits for the database.
    let most = if rounds::asked_for() { 12_000 } else { 500 };
    let longer = stage.random.random_range(0..most);
    let client = stage.server.client();
    let asks = tokio::spawn(async move { client.create_room(&[]).await });
    tokio::time::sleep(Duration::from_millis(longer)).await;
    free(stage);
    if let Err(refused) = asks.await.expect("a stranger") {
        assert_eq!(reason(&refused), "STORE_UNAVAILABLE", "{refused:?}");
    }
}
