//! The log's writer, a room, or the database's driver panics: that costs what it happened in a goodbye at most, and
//! nobody an operation. The server is never left half dead.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tandem::store::{AppendError, Store};
use tandem_testkit::both_databases;
use tandem_testkit::server::TestServer;

use super::crew::{all_settle, all_type, assert_sent_away, check_told, crew, lines, room};
use crate::store::sample::{Writer, eventually, stored_room};

const LINES: usize = 3;

/// Somebody who panics when told.
struct Touchy;

impl Wake for Touchy {
    fn wake(self: Arc<Self>) {
        panic!("as the test wants it");
    }
}

both_databases! {
    async fn a_writer_that_panics_tells_those_whose_operations_it_had_and_goes_on(database) {
        let mut settings = database.settings();
        // Time enough for all that follows to meet in one commit.
        settings.commit_interval = Duration::from_millis(300);
        let store = Store::open(settings).await.expect("the store opens");
        let mut rooms = Vec::new();
        for _ in 0..3 {
            rooms.push(Writer::new(&store, stored_room(&store, "main.txt").await.key, 1));
        }
        let [first, second, third] = rooms.as_mut_slice() else { unreachable!() };
        assert_eq!(first.send().await, Ok(()));

        let told = first.send();
        let touchy = Waker::from(Arc::new(Touchy));
        let mut panics = pin!(second.send());
        assert_eq!(panics.as_mut().poll(&mut Context::from_waker(&touchy)), Poll::Pending);
        let had = third.send();
        assert_eq!(told.await, Ok(()), "it comes before");
        assert_eq!(had.await, Err(AppendError::Unknown));
        assert_eq!(third.head().await, 2, "it was committed all the same");
        // Who has read the log again goes on.
        let mut again = Writer::new(&store, third.room, third.head().await);
        assert_eq!(again.send().await, Ok(()));
        assert_eq!(first.send().await, Ok(()));
        store.close(Duration::from_secs(10)).await;
        assert_eq!(first.send().await, Err(AppendError::Closed));
    }

    async fn a_writer_that_panics_after_a_commit_costs_a_goodbye_and_no_operation(database) {
        panics_at("tandem_store_commits_total", database).await;
    }

    async fn a_writer_that_panics_again_and_again_costs_goodbyes_and_no_operation(database) {
        let server = TestServer::start(database).await;
        let room = room(&server.client(), "").await;
        let mut crew = crew(&server, &room).await;
        for round in 0..3 {
            let panics = server.metric("tandem_panics_total");
            server.panic_at("tandem_store_commits_total");
            all_type(&mut crew, &format!("round {round} line"), LINES).await;
            eventually("the panic", async || server.metric("tandem_panics_total") > panics).await;
        }
        let text = all_settle(&server, &room, &mut crew).await;
        assert_eq!(lines(&text).len(), 3 * LINES * crew.len(), "{text}");
        let database = server.stop().await;
        check_told(&database, &room, &crew).await;
    }

    async fn a_room_that_panics_costs_a_goodbye_and_no_operation(database) {
        panics_at("tandem_operations_total", database).await;
    }
}

/// Something panics while everybody types.
async fn panics_at(counted: &'static str, database: tandem_testkit::database::TestDatabase) {
    let server = TestServer::start(database).await;
    let (lost, other) = (room(&server.client(), "").await, room(&server.client(), "").await);
    let (mut here, mut there) = (crew(&server, &lost).await, crew(&server, &other).await);
    server.panic_at(counted);
    all_type(&mut here, "a line", LINES).await;
    let text = all_settle(&server, &lost, &mut here).await;
    assert_eq!(server.metric("tandem_panics_total"), 1);
    assert_eq!(lines(&text).len(), LINES * here.len(), "{text}");
    for one in &here {
        assert_eq!(one.farewells.len(), 1, "{:?}", one.farewells);
        if one.farewells[0].goodbye.is_some() {
            assert_sent_away(&one.farewells[0], "ROOM_UNAVAILABLE");
        }
    }
    // Others go on as before.
    all_type(&mut there, "a line", LINES).await;
    all_settle(&server, &other, &mut there).await;
    assert!(there.iter().all(|one| one.farewells.is_empty()));
    let database = server.stop().await;
    check_told(&database, &lost, &here).await;
    check_told(&database, &other, &there).await;
}
