//! Connections are cut in the middle of a message, in both directions: those of the clients, and those to PostgreSQL.

use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::Place;
use tandem_testkit::rough_network::{RoughNetwork, Weather};

use super::rounds::{self, Figures};
use super::stage::Stage;
use super::team::USUAL;
use crate::store::sample::eventually;

/// How many connections of clients are cut in a round.
const CUTS: usize = 40;
/// How many to PostgreSQL: before it connects again, the program waits longer each time.
const CUTS_FROM_POSTGRES: usize = 8;

both_databases! {
    async fn connections_that_are_cut_in_the_middle_of_a_message_lose_nothing(database) {
        rounds::on(&database, "cut", 1, round).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_postgres_that_are_cut_in_the_middle_of_a_message_are_a_pause() {
    rounds::run("cut from postgres", 1, |seed| async move {
        let database = TestDatabase::postgres().await;
        let network = RoughNetwork::before(database.address(), seed).await;
        let place = Place {
            url: Some(database.url_through(network.address().port())),
            folder: database.folder().to_owned(),
        };
        let mut stage = Stage::open_at(place, database, seed);
        stage.usual_team().await;
        cuts(stage, &network, CUTS_FROM_POSTGRES).await
    })
    .await;
}

async fn round(database: TestDatabase, seed: u64) -> Figures {
    let mut stage = Stage::open(database, seed);
    let network = RoughNetwork::before(stage.server.address(), seed).await;
    let address = network.address();
    stage.team(|_| address, &USUAL).await;
    cuts(stage, &network, CUTS).await
}

async fn cuts(mut stage: Stage, network: &RoughNetwork, most: usize) -> Figures {
    stage.begin();
    stage.some_moment().await;
    network.set(Weather::Cutting);
    eventually("the cuts", async || network.cuts() >= most).await;
    network.set(Weather::Calm);
    stage.faults = network.cuts();
    stage.finish().await
}
