//! The clock on the wall jumps, forth and back, while everything works.

use std::fs;
use std::path::Path;

use rand::Rng;
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::Process;

use super::rounds::{self, Figures};
use super::stage::Stage;

/// The variable that names the library which gives a process another clock.
const FAKETIME_VARIABLE: &str = "TANDEM_TEST_FAKETIME";
/// How far it jumps at most, in seconds: ten years.
const FAR: i64 = 10 * 365 * 24 * 60 * 60;

both_databases! {
    async fn clocks_that_jump_lose_nothing(database) {
        rounds::on(&database, "clock", 1, round).await;
    }
}

async fn round(database: TestDatabase, seed: u64) -> Figures {
    let library = std::env::var(FAKETIME_VARIABLE)
        .unwrap_or_else(|_| panic!("{FAKETIME_VARIABLE} is not set: run `cargo xtask test`"));
    let clock = database.folder().join("clock");
    jump(&clock, 0);
    let wrapper = [
        "env",
        &format!("LD_PRELOAD={library}"),
        &format!("FAKETIME_TIMESTAMP_FILE={}", clock.display()),
        "FAKETIME_NO_CACHE=1",
        // The clock that timers go by never jumps, and files have the times that they have.
        "DONT_FAKE_MONOTONIC=1",
        "NO_FAKE_STAT=1",
    ];
    let mut stage = Stage::open_by(&wrapper, database, seed);
    stage.usual_team().await;
    stage.begin();
    for at in 0..6 {
        stage.some_moment().await;
        let most = if stage.random.random() { FAR } else { 5 };
        jump(&clock, stage.random.random_range(-most..=most));
        stage.faults += 1;
        if at == 3 {
            // A new process has another time than the one before.
            stage.kill();
            stage.start_again();
        }
    }
    let seconds = stage.random.random_range(1..FAR);
    jump(&clock, seconds);
    assert_jumped(&stage.server, seconds).await;
    stage.finish().await
}

/// Sets the clock so many seconds before or after the true time.
fn jump(clock: &Path, seconds: i64) {
    // In one step: a file half written says nothing.
    let next = clock.with_extension("next");
    fs::write(&next, format!("{seconds:+}\n")).expect("a file for the time");
    fs::rename(&next, clock).expect("the time is set");
}

/// The program goes by that clock: what it makes now is from then.
async fn assert_jumped(server: &Process, seconds: i64) {
    let created = server.client().create_room(&[]).await.expect("a room");
    let time = created.room.expect("a room").create_time.expect("a time").seconds;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let ahead = time - i64::try_from(now.as_secs()).expect("a time");
    assert!((ahead - seconds).abs() < 60, "{ahead} s ahead, not {seconds}");
}
