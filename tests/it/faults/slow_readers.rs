//! Readers get a few bytes now and then, until they have fallen behind; then everything.

use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::rough_network::{RoughNetwork, Weather};

use super::member::Part;
use super::rounds::{self, Figures};
use super::stage::Stage;
use crate::slow_reader::fallen_behind;
use crate::store::sample::eventually;

/// The readers, all behind the slow network: one of each kind by each door. Some write as well.
const SLOW: [(usize, Part); 4] = [
    (0, Part::Watches),
    (1, Part::Watches),
    (2, Part::Writes),
    (3, Part::Writes),
];
/// The others.
const QUICK: [(usize, Part); 3] = [(0, Part::WritesMuch), (3, Part::WritesMuch), (1, Part::Writes)];

both_databases! {
    async fn slow_readers_in_a_team_have_everything_in_the_end(database) {
        rounds::on(&database, "slow", 1, round).await;
    }
}

async fn round(database: TestDatabase, seed: u64) -> Figures {
    let mut stage = Stage::open(database, seed);
    let network = RoughNetwork::before(stage.server.address(), seed).await;
    let (slow, quick) = (network.address(), stage.server.address());
    let door = |at| if at < SLOW.len() { slow } else { quick };
    stage.team(door, &[SLOW.as_slice(), &QUICK].concat()).await;
    stage.begin();
    stage.some_moment().await;
    network.set(Weather::Dripping);
    let server = &stage.server;
    eventually("somebody falls behind", async || fallen_behind(server).await > 0).await;
    stage.some_moment().await;
    network.set(Weather::Calm);
    stage.faults = SLOW.len();
    stage.finish().await
}
