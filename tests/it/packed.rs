//! Rooms whose log is packed: nobody who comes, comes back or reads sees a difference.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use tandem::document::{Unit, UnitChange};
use tandem::id::{Revision, RoomRef, Term};
use tandem::limits;
use tandem::rpc::proto::v1::{self, ReceiptState, client_message::Kind};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, TextSession};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::log;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::server::{Setup, TestServer};
use uuid::Uuid;

use crate::store::sample::eventually;

/// Sent at once; the receipt of the last is waited for.
const AT_ONCE: u64 = 250;

/// Packs all rooms' logs, while no server has them open.
pub(crate) async fn pack(database: &TestDatabase) {
    let store = database.open().await;
    for at in store.list_rooms(None, 100).await.expect("read") {
        while store.pack(at.room.key, Term(0), at.head).await.expect("packed") < at.head {}
    }
    store.close(Duration::from_secs(10)).await;
}

async fn new_room(client: &Client) -> String {
    let created = client.create_room(&[("main.txt", "")]).await.expect("a room");
    created.room.expect("a room").room_id
}

async fn join(client: &Client, room: &str) -> (TextSession, String) {
    let joined = TextSession::join(client, Door::Collaborate, room, "Ana", Unit::CodePoint).await;
    let mut ana = joined.expect("joined");
    let file = ana.open("main.txt").await.expect("opened");
    (ana, file)
}

/// Types so many characters, each an edit of its own.
async fn type_keys(ana: &mut TextSession, file: &str, keys: u64) {
    for _ in 0..keys.div_ceil(AT_ONCE) {
        let base = ana.revision(file);
        let mut last = 0;
        for _ in 0..AT_ONCE.min(keys) {
            last = ana.next_op_id();
            let key = char::from(b'a' + (last % 26) as u8).to_string();
            ana.send_edit(last, file, base, vec![UnitChange::new(0, 0, key)])
                .await
                .expect("sent");
        }
        assert_eq!(ana.receipt(last).await.state(), ReceiptState::Committed);
        let revision = ana.seen.receipts[&last].revision;
        ana.until("one's own edits", |seen| seen.open[file].revision >= revision)
            .await;
    }
}

/// The only number that a query finds, in a column `found`.
async fn found(connection: &DatabaseConnection, query: &str) -> i64 {
    let statement = Statement::from_string(connection.get_database_backend(), query);
    let row = connection.query_one_raw(statement).await.expect("read").expect("a row");
    row.try_get("", "found").expect("a number")
}

async fn rows(database: &TestDatabase) -> i64 {
    let connection = database.connection().await;
    let rows = found(&connection, "select count(*) as found from operations").await;
    connection.close().await.expect("closed");
    rows
}

async fn read_at(client: &Client, room: &str, revision: u64) -> String {
    let request = v1::ReadFileRequest {
        room: room.to_owned(),
        file: Some(v1::read_file_request::File::Path("main.txt".to_owned())),
        revision: Some(revision),
    };
    let mut parts = client.files().read_file(request).await.expect("read").into_inner();
    let mut text = String::new();
    while let Some(part) = parts.message().await.expect("a part") {
        text.push_str(&part.text);
    }
    text
}

both_databases! {
    async fn a_room_is_packed_while_people_type_and_when_they_leave(database) {
        let mut setup = Setup::default();
        setup.bounds.room_idle = Duration::from_secs(1);
        let server = TestServer::start_as(database, setup).await;
        let room = new_room(&server.client()).await;
        let (mut ana, file) = join(&server.client(), &room).await;
        type_keys(&mut ana, &file, limits::PACK_AT + 226).await;
        let packed = async |least| {
            let all = || server.metric("tandem_store_packed_operations_total") >= least;
            eventually("the packing", async || all()).await;
        };
        packed(limits::PACK_AT as i64).await;
        type_keys(&mut ana, &file, 250).await;
        let text = ana.text(&file);
        ana.send(Kind::Leave(v1::Leave {})).await.expect("sent");
        eventually("the room to leave", async || server.metric("tandem_rooms_open") == 0).await;
        let all = 1 + text.len() as i64;
        let few = limits::PACK_LEAST as i64;
        packed(all - few).await;
        let server = server.restart().await;
        assert!(rows(server.database()).await < few);
        let (read, _) = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!(read, text);
        let (mut ana, file) = join(&server.client(), &room).await;
        type_keys(&mut ana, &file, 3).await;
        assert_eq!(ana.text(&file).len(), text.len() + 3);
    }

    async fn who_resumes_after_packing_and_sends_everything_again_gets_the_same_receipts(database) {
        let mut server = TestServer::start(database).await;
        let room = new_room(&server.client()).await;
        let (mut ana, file) = join(&server.client(), &room).await;
        type_keys(&mut ana, &file, 5).await;
        // One that is refused stands between those that are committed.
        let refused = ana.edit(&file, vec![UnitChange::new(900, 0, "outside")]).await.expect("sent");
        assert_eq!(ana.receipt(refused).await.state(), ReceiptState::Refused);
        type_keys(&mut ana, &file, 5).await;
        let (receipts, text) = (ana.seen.receipts.clone(), ana.text(&file));
        for _ in 0..2 {
            let database = server.stop().await;
            pack(&database).await;
            assert_eq!(rows(&database).await, 0);
            server = TestServer::start(database).await;
            ana.cut();
            ana.move_to(&server.client());
            ana.seen.receipts.clear();
            ana.resume().await.expect("resumed");
            let all = |seen: &tandem_testkit::client::Seen| seen.receipts.len() == receipts.len();
            ana.until("all receipts", all).await;
            for (op_id, receipt) in &receipts {
                let again = &ana.seen.receipts[op_id];
                assert_eq!((again.state(), again.revision), (receipt.state(), receipt.revision));
            }
            assert_eq!(ana.text(&file), text);
        }
        assert!(ana.seen.contradictions.is_empty());
        type_keys(&mut ana, &file, 1).await;
        let (read, head) = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!((read.len(), head), (11, 12));
    }

    async fn a_base_inside_a_segment_is_as_good_as_any(database) {
        let server = TestServer::start(database).await;
        let room = new_room(&server.client()).await;
        let (mut ana, file) = join(&server.client(), &room).await;
        for line in ["one\n", "two\n", "three\n"] {
            let op_id = ana.edit(&file, vec![UnitChange::new(0, 0, line)]).await.expect("sent");
            ana.receipt(op_id).await;
            ana.until("one's own edit", |seen| seen.open[&file].text.to_string().starts_with(line)).await;
        }
        // So many more that what is read with the file does not go back to those.
        type_keys(&mut ana, &file, limits::HISTORY_LOADED as u64 + 226).await;
        let database = server.stop().await;
        pack(&database).await;
        let server = TestServer::start(database).await;
        assert_eq!(read_at(&server.client(), &room, 3).await, "two\none\n");
        let (mut ben, file) = join(&server.client(), &room).await;
        let op_id = ben.next_op_id();
        ben.send_edit(op_id, &file, 3, vec![UnitChange::new(4, 3, "1")]).await.expect("sent");
        assert_eq!(ben.receipt(op_id).await.state(), ReceiptState::Committed);
        ben.until("the edit", |seen| seen.open[&file].text.to_string().ends_with("three\ntwo\n1\n")).await;
    }

    async fn a_call_that_is_sent_again_after_packing_gets_its_first_answer(database) {
        let server = TestServer::start(database).await;
        let room = new_room(&server.client()).await;
        let write = v1::WriteFileRequest {
            room: room.clone(),
            file: Some(v1::write_file_request::File::Path("main.txt".to_owned())),
            text: "written\n".to_owned(),
            base_revision: Some(1),
            request_id: Uuid::new_v4().to_string(),
            ..Default::default()
        };
        let first = server.client().files().write_file(write.clone()).await.expect("written").into_inner();
        let database = server.stop().await;
        pack(&database).await;
        let server = TestServer::start(database).await;
        let again = server.client().files().write_file(write).await.expect("the first answer").into_inner();
        assert_eq!(again, first);
        let (read, head) = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!((read.as_str(), head), ("written\n", 2));
    }

    async fn a_server_killed_while_it_packs_has_the_same_log(database) {
        const KEYS: u64 = 4_000;
        let seed = crate::number("TANDEM_SEED").unwrap_or(11);
        eprintln!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
        let room = new_room(&server.client()).await;
        let (mut ana, file) = join(&server.client(), &room).await;
        type_keys(&mut ana, &file, KEYS).await;
        let text = ana.text(&file);
        server.kill();
        drop(ana);
        let written = log::read(&database, &room).await;
        assert_eq!(written.len() as u64, KEYS + 1);
        let (mut packed, mut kills) = (packed_up_to(&database, &room).await, 0);
        while KEYS + 1 - packed >= limits::PACK_AT {
            server.start_again();
            let (one, _) = join(&server.client(), &room).await;
            let beside = database.connection().await;
            let moved = "select coalesce(max(packed), 0) as found from rooms";
            eventually("the packing", async || found(&beside, moved).await as u64 > packed).await;
            tokio::time::sleep(Duration::from_micros(random.random_range(0..30_000))).await;
            server.kill();
            kills += 1;
            drop(one);
            beside.close().await.expect("closed");
            assert_eq!(log::read(&database, &room).await, written);
            packed = packed_up_to(&database, &room).await;
            assert_eq!(rows(&database).await as u64, KEYS + 1 - packed);
        }
        assert!(kills > 0 || packed > 0, "nothing was packed");
        server.start_again();
        let (read, _) = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!(read, text);
    }
}

async fn packed_up_to(database: &TestDatabase, room: &str) -> u64 {
    let store = database.open().await;
    let room = RoomRef::Id(room.parse().expect("an id"));
    let key = store.find_room(&room).await.expect("read").expect("the room").room.key;
    let Revision(packed) = store.load_room(key).await.expect("read").expect("the room").packed;
    store.close(Duration::from_secs(5)).await;
    packed
}
