//! A database that is down, or answers nonsense, just when a room or file is to be read: it is refused, never shown empty,
//! and opens when the database is back.

use tandem::rpc::proto::v1;
use tandem_testkit::client::{Client, Steady, Way};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::proxy::{Cut, Proxy};
use tandem_testkit::server::TestServer;

use super::crew::{assert_come_later, assert_sent_away, room};
use super::stall::Stall;

const TEXT: &str = "all of it\n";
/// What is sent when a room is read: its reads are to see one moment.
const READS_A_ROOM: &[u8] = b"REPEATABLE READ";

/// A server before which everything passes a proxy, with a room that is not in memory.
async fn server() -> (Proxy, TestServer, String) {
    let database = TestDatabase::postgres().await;
    let Stall::Frozen(proxy) = Stall::of_all(&database).await else {
        unreachable!("PostgreSQL is reached by a proxy");
    };
    let stall = Stall::Frozen(proxy);
    let server = stall.server(database).await;
    let Stall::Frozen(proxy) = stall else { unreachable!() };
    let room = room(&server.client(), TEXT).await;
    (proxy, server, room)
}

/// Everybody who comes sees the whole text.
async fn is_all_there(server: &TestServer, room: &str) {
    for (at, way) in Way::ALL.into_iter().enumerate() {
        let one = Steady::join(&server.client(), way, room, "main.txt", &format!("client {at}")).await;
        assert_eq!(one.text(), TEXT);
    }
    let read = server.client().read_file(room, "main.txt").await.expect("read");
    assert_eq!(read.0, TEXT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_opens_no_room_and_shows_none_empty() {
    let (proxy, server, room) = server().await;
    proxy.refuse();
    let client = server.client();
    let (joins, read) = tokio::join!(joins(&client, &room), read(&client, &room));
    for status in joins.into_iter().chain([read]) {
        assert_come_later(&status, "STORE_UNAVAILABLE");
    }
    proxy.admit();
    is_all_there(&server, &room).await;
}

async fn joins(client: &Client, room: &str) -> Vec<tonic::Status> {
    let mut refused = Vec::new();
    for way in Way::ALL {
        let joined = Steady::try_join(client, way, room, "main.txt", "early").await;
        refused.push(joined.err().expect("it is down"));
    }
    refused
}

async fn read(client: &Client, room: &str) -> tonic::Status {
    client.read_file(room, "main.txt").await.expect_err("it is down")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_whose_load_is_cut_refuses_all_who_wait_and_opens_when_the_database_is_back() {
    let (proxy, server, room) = server().await;
    proxy.go_down_at(READS_A_ROOM);
    let client = server.client();
    let waiting = Way::ALL.map(|way| Steady::try_join(&client, way, &room, "main.txt", "early"));
    for refused in futures_util::future::join_all(waiting).await {
        assert_come_later(&refused.err().expect("it is down"), "STORE_UNAVAILABLE");
    }
    assert_eq!(proxy.cuts(), 1);
    proxy.admit();
    is_all_there(&server, &room).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_load_that_panics_leaves_the_room_to_the_next_who_asks() {
    let (proxy, server, room) = server().await;
    proxy.cut_next(READS_A_ROOM, Cut::Garble);
    // The room is asked for again at once, and this time it can be read.
    is_all_there(&server, &room).await;
    assert_eq!(proxy.cuts(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_just_now_is_not_opened_empty() {
    let (proxy, server, room) = server().await;
    let create = v1::CreateFileRequest {
        room: room.clone(),
        path: "other.txt".to_owned(),
        ..Default::default()
    };
    // The room is in memory now, main.txt is not.
    server.client().files().create_file(create).await.expect("a file");
    let mut early = Steady::join(&server.client(), Way::ALL[0], &room, "other.txt", "early").await;
    proxy.refuse();
    let open = v1::Open {
        file: Some(v1::open::File::Path("main.txt".to_owned())),
        ..Default::default()
    };
    let session = early.session();
    session.send(v1::client_message::Kind::Open(open)).await.expect("sent");
    early.read_to_the_end().await;
    assert_sent_away(&early.farewells[0], "STORE_UNAVAILABLE");
    assert_eq!(early.session().seen.open.len(), 1, "it was shown something of main.txt");
    proxy.admit();
    early.come_back().await;
    is_all_there(&server, &room).await;
}
