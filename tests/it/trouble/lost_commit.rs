//! The connection is lost in the middle of a COMMIT, with the rows there or not there: nobody sees anything but a pause.

use std::time::Duration;

use tandem_testkit::client::{Steady, Way};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::proxy::{Cut, Proxy};
use tandem_testkit::server::{Setup, TestServer};

use super::crew::{all_settle, all_type, check_told, crew, lines, room};
use crate::store::sample::eventually;

const ROUNDS: usize = 4;
const LINES: usize = 3;

/// Everybody types while COMMITs are cut, and everybody has each receipt once and the same text.
async fn with_commits_cut(cut: Cut) {
    let database = TestDatabase::postgres().await;
    let proxy = Proxy::before(&database.url()).await;
    let setup = Setup {
        database_url: Some(database.url_through(proxy.port())),
        ..Setup::default()
    };
    let server = TestServer::start_as(database, setup).await;
    let room = room(&server.client(), "").await;
    let mut crew = crew(&server, &room).await;
    for round in 1..=ROUNDS {
        proxy.cut_next_commit(cut);
        all_type(&mut crew, &format!("round {round} line"), LINES).await;
        eventually("the cut", async || proxy.cuts() == round).await;
        all_settle(&server, &room, &mut crew).await;
    }
    let text = all_settle(&server, &room, &mut crew).await;
    let lines = lines(&text);
    assert_eq!(lines.len(), ROUNDS * LINES * crew.len(), "{text}");
    assert!(
        lines.values().all(|times| *times == 1),
        "something stands there twice: {text}"
    );
    assert!(crew.iter().all(nothing_but_a_pause), "{:?}", crew[0].farewells);
    assert_eq!(server.metric("tandem_rooms_discarded_total"), 0);
    let database = server.stop().await;
    check_told(&database, &room, &crew).await;
}

fn nothing_but_a_pause(one: &Steady) -> bool {
    one.farewells.is_empty() && one.refusals.is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_never_arrived_are_a_pause() {
    with_commits_cut(Cut::BeforeServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_that_nobody_heard_of_are_a_pause() {
    with_commits_cut(Cut::AfterServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_whose_answer_makes_the_driver_panic_are_a_pause() {
    with_commits_cut(Cut::Garble).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_join_whose_commit_is_lost_is_let_in() {
    let database = TestDatabase::postgres().await;
    let proxy = Proxy::before(&database.url()).await;
    let mut setup = Setup {
        database_url: Some(database.url_through(proxy.port())),
        ..Setup::default()
    };
    setup.bounds.statement_timeout = Duration::from_secs(2);
    let server = TestServer::start_as(database, setup).await;
    let room = room(&server.client(), "here\n").await;
    let cuts = [Cut::BeforeServer, Cut::AfterServer, Cut::Garble];
    for (at, cut) in cuts.into_iter().enumerate() {
        proxy.cut_next_commit(cut);
        let name = format!("client {at}");
        let joined = Steady::try_join(&server.client(), Way::ALL[at], &room, "main.txt", &name).await;
        let mut one = joined.expect("let in");
        one.shows("here\n").await;
        assert_eq!(proxy.cuts(), at + 1);
        one.leave().await;
    }
}
