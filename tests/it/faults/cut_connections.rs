//! Connections between clients and program are cut in the middle of a message, in both directions.

use tandem_testkit::both_databases;
use tandem_testkit::client::WAIT;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::rough_network::{RoughNetwork, Weather};

use super::rounds::{self, Figures};
use super::stage::Stage;
use super::team::USUAL;
use crate::store::sample::eventually;

/// How many connections are cut in a round.
const CUTS: usize = 40;

both_databases! {
    async fn connections_that_are_cut_in_the_middle_of_a_message_lose_nothing(database) {
        rounds::on(&database, "cut", 1, round).await;
    }
}

async fn round(database: TestDatabase, seed: u64) -> Figures {
    let mut stage = Stage::open(database, seed);
    let network = RoughNetwork::before(stage.server.address(), seed).await;
    let address = network.address();
    stage.team(|_| address, &USUAL).await;
    stage.begin();
    stage.some_moment().await;
    network.set(Weather::Cutting);
    tokio::time::timeout(WAIT * 2, eventually("the cuts", async || network.cuts() >= CUTS))
        .await
        .expect("cuts");
    network.set(Weather::Calm);
    stage.faults = network.cuts();
    stage.finish().await
}
