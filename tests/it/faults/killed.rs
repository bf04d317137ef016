//! The program is killed at random moments.

use rand::Rng;
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;

use super::rounds::{self, Figures};
use super::stage::Stage;

both_databases! {
    async fn a_program_that_is_killed_under_load_loses_nothing(database) {
        rounds::on(&database, "killed", 2, round).await;
    }
}

/// One to four kills, each at some moment of the team's work; some while it is still coming back.
async fn round(database: TestDatabase, seed: u64) -> Figures {
    let mut stage = Stage::open(database, seed);
    stage.usual_team().await;
    stage.begin();
    for _ in 0..stage.random.random_range(1..=4) {
        if stage.random.random_bool(0.75) {
            stage.some_moment().await;
        }
        stage.kill();
        stage.faults += 1;
        stage.start_again();
    }
    stage.finish().await
}
