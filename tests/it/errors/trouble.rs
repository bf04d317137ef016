//! Errors that need trouble rather than bad input.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sea_orm::{ConnectionTrait, TransactionTrait};
use tandem::document::Unit;
use tandem::limits::{LOADING_WAITERS, RETRY_DELAY};
use tandem::rpc::proto::v1;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem_testkit::client::{Client, Door, TextSession, reason, reason_of};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// An error of passing trouble says how long to wait.
fn assert_passing(status: &Status, code: Code, name: &str) {
    assert_eq!((status.code(), reason(status).as_str()), (code, name), "{status:?}");
    let delay = status.get_details_retry_info().and_then(|retry| retry.retry_delay);
    assert!(delay.is_some_and(|delay| delay >= RETRY_DELAY), "{delay:?}");
    assert!(status.message().contains(": "), "{}", status.message());
}

async fn room(client: &Client) -> String {
    let created = client
        .create_room(&[("main.txt", "kept"), ("other.txt", "other")])
        .await;
    created.expect("a room").room.expect("a room").room_id
}

/// Opens main.txt in a new session that is told goodbye for it.
async fn goodbye(client: &Client, room: &str, door: Door) -> (TextSession, Status, v1::Goodbye) {
    let mut ada = TextSession::join(client, door, room, "Ada", Unit::CodePoint)
        .await
        .expect("joined");
    let open = v1::Open {
        file: Some(v1::open::File::Path("main.txt".into())),
        ..Default::default()
    };
    ada.send(Kind::Open(open)).await.expect("sent");
    let end = ada.end().await.expect_err("the file cannot be had");
    let goodbye = ada.seen.goodbye.clone().expect("a goodbye");
    assert!(goodbye.retry_delay.is_some());
    (ada, end, goodbye)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_is_told_with_a_delay() {
    let server = TestServer::start(TestDatabase::postgres().await).await;
    let client = server.client();
    let room = room(&client).await;
    // The room is read again, without its texts.
    let server = server.restart().await;
    let client = server.client();
    let list = v1::ListFilesRequest {
        room: room.clone(),
        ..Default::default()
    };
    client.files().list_files(list).await.expect("the room is open");
    let beside = server.database().connection().await;
    let lock = beside.begin().await.expect("a transaction");
    let stall = "LOCK TABLE snapshots IN ACCESS EXCLUSIVE MODE";
    lock.execute_unprepared(stall).await.expect("the database stalls");
    let call = client.read_file(&room, "main.txt");
    let (call, (mut ada, end, goodbye)) = tokio::join!(call, goodbye(&client, &room, Door::Collaborate));
    assert_passing(
        &call.expect_err("it does not answer"),
        Code::Unavailable,
        "STORE_UNAVAILABLE",
    );
    assert_passing(&end, Code::Unavailable, "STORE_UNAVAILABLE");
    assert_eq!(reason_of(&goodbye.error.expect("an error")), "STORE_UNAVAILABLE");
    lock.rollback().await.expect("it answers again");
    ada.resume().await.expect("the session is there");
    let file = ada.open("main.txt").await.expect("open");
    assert_eq!(ada.text(&file), "kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_who_wait_for_a_room_are_told_to_come_back() {
    const MORE: usize = 6;
    let server = TestServer::start(TestDatabase::postgres().await).await;
    let room = room(&server.client()).await;
    let server = server.restart().await;
    let beside = server.database().connection().await;
    let lock = beside.begin().await.expect("a transaction");
    // A room is found without its files, and does not load.
    let stall = "LOCK TABLE files IN ACCESS EXCLUSIVE MODE";
    lock.execute_unprepared(stall).await.expect("loading stalls");
    // One connection takes 200 calls at once.
    let clients: Vec<Client> = (0..=LOADING_WAITERS / 150).map(|_| server.client()).collect();
    let mut calls: FuturesUnordered<_> = (0..LOADING_WAITERS + MORE)
        .map(|n| {
            let mut files = clients[n % clients.len()].files();
            let room = room.clone();
            async move {
                let request = v1::ListFilesRequest {
                    room,
                    ..Default::default()
                };
                files.list_files(request).await
            }
        })
        .collect();
    let first = async {
        for _ in 0..MORE {
            let refused = calls.next().await.expect("a call").expect_err("the room does not load");
            assert_passing(&refused, Code::ResourceExhausted, "OVERLOADED");
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), first).await;
    told.expect("those who are too many are not told");
    lock.rollback().await.expect("loading goes on");
    while let Some(answer) = calls.next().await {
        assert_eq!(answer.expect("the room is there").into_inner().files.len(), 2);
    }
}
