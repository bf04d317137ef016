//! Somebody else's operation stands where a room's next one would: that copy of the room is not the truth. It goes without
//! a word of what it had, and everybody in it comes back to the room as the log has it.

use sea_orm::ConnectionTrait;
use tandem_testkit::both_databases;
use tandem_testkit::client::Steady;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;

use super::crew::{all_settle, all_type, assert_sent_away, check_told, crew, lines, room};
use super::foreign::{foreign_line, room_key};

const LINES: usize = 3;

both_databases! {
    async fn a_foreign_row_at_the_next_revision_costs_a_goodbye_and_no_operation(database) {
        let server = TestServer::start(database).await;
        let (lost, other) = (room(&server.client(), "first\n").await, room(&server.client(), "").await);
        let (mut here, mut there) = (crew(&server, &lost).await, crew(&server, &other).await);
        all_type(&mut here, "before", LINES).await;
        all_settle(&server, &lost, &mut here).await;

        let foreign = foreign_line(server.database(), &lost, "foreign\n").await;
        tokio::join!(all_type(&mut here, "lost", LINES), all_type(&mut there, "elsewhere", LINES));
        let text = all_settle(&server, &lost, &mut here).await;
        all_settle(&server, &other, &mut there).await;

        let lines = lines(&text);
        assert_eq!(lines.len(), 2 + 2 * LINES * here.len(), "{text}");
        assert!(lines.values().all(|times| *times == 1), "something stands there twice: {text}");
        assert!(lines.contains_key("foreign"));
        check_one_goodbye(&server, &here, &there);
        let revisions = here.iter().flat_map(|one| one.receipts.values().flatten());
        assert!(revisions.into_iter().all(|receipt| receipt.revision != foreign), "a receipt for what was lost");
        let database = server.stop().await;
        check_told(&database, &lost, &here).await;
        check_told(&database, &other, &there).await;
    }

    async fn a_moved_term_costs_a_goodbye_and_no_operation(database) {
        let server = TestServer::start(database).await;
        let (lost, other) = (room(&server.client(), "first\n").await, room(&server.client(), "").await);
        let (mut here, mut there) = (crew(&server, &lost).await, crew(&server, &other).await);
        all_type(&mut here, "before", LINES).await;
        all_settle(&server, &lost, &mut here).await;

        move_term(server.database(), &lost).await;
        tokio::join!(all_type(&mut here, "lost", LINES), all_type(&mut there, "elsewhere", LINES));
        let text = all_settle(&server, &lost, &mut here).await;
        all_settle(&server, &other, &mut there).await;

        assert_eq!(lines(&text).len(), 1 + 2 * LINES * here.len(), "{text}");
        check_one_goodbye(&server, &here, &there);
        let database = server.stop().await;
        check_told(&database, &lost, &here).await;
        check_told(&database, &other, &there).await;
    }
}

fn check_one_goodbye(server: &TestServer, here: &[Steady], there: &[Steady]) {
    for one in here {
        assert_eq!(one.farewells.len(), 1, "{:?}", one.farewells);
        assert_sent_away(&one.farewells[0], "ROOM_UNAVAILABLE");
    }
    for one in there {
        assert!(
            one.farewells.is_empty() && one.refusals.is_empty(),
            "{:?}",
            one.farewells
        );
    }
    assert_eq!(server.metric("tandem_rooms_discarded_total"), 1);
}

async fn move_term(database: &TestDatabase, room: &str) {
    let connection = database.connection().await;
    let key = room_key(database, &connection, room).await;
    let done = connection
        .execute_unprepared(&format!("update rooms set term = term + 1 where key = {key}"))
        .await;
    assert_eq!(done.expect("done").rows_affected(), 1);
}
