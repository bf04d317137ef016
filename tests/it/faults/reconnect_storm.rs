//! Five hundred clients are cut off at once and come back at once.

use futures_util::future::join_all;
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::rough_network::RoughNetwork;
use tandem_testkit::system_limits::allow_open_files;

use super::member::Part;
use super::rounds::{self, Figures};
use super::stage::Stage;

const ROOMS: usize = 5;
/// In each room; a room has place for 200 sessions.
const CLIENTS: usize = 100;
/// How many receipts each team gets before and after: each edit goes to a hundred clients.
const SOME: usize = 5;
/// One in so many clients writes just before.
const STEP: usize = 7;
/// Each client has three ends of connections in this process, counted generously.
const OPEN_FILES: u64 = 4_096;

both_databases! {
    async fn five_hundred_clients_that_come_back_at_once_have_everything(database) {
        rounds::on(&database, "storm", 1, round).await;
    }
}

async fn round(database: TestDatabase, seed: u64) -> Figures {
    allow_open_files(OPEN_FILES);
    let mut stage = Stage::open(database, seed);
    let network = RoughNetwork::before(stage.server.address(), seed).await;
    let address = network.address();
    // Text and Yjs clients, by both doors; one of each kind writes all the time.
    let parts: Vec<_> = (0..CLIENTS)
        .map(|at| (at % 4, if at < 2 { Part::Writes } else { Part::Watches }))
        .collect();
    for _ in 0..ROOMS {
        stage.team(|_| address, &parts).await;
    }
    stage.begin();
    for team in &mut stage.teams {
        team.receipts(SOME).await;
    }
    for team in &mut stage.teams {
        team.end().await;
    }
    let members = stage.teams.iter_mut().flat_map(|team| &mut team.members);
    // Those have something on their way when it happens.
    let some = members.step_by(STEP);
    join_all(some.map(|member| member.last_word())).await;
    assert_eq!(network.cut_all(), ROOMS * CLIENTS, "not everybody had a connection");
    stage.begin();
    stage.faults = 1;
    for team in &mut stage.teams {
        team.receipts(SOME).await;
    }
    let figures = stage.settle_and_check().await;
    assert!(
        figures.resumes >= ROOMS * CLIENTS,
        "not everybody came back: {figures:?}"
    );
    figures
}
