//! What is stored is damaged: the text is right, from an older snapshot or from the log, or the file is refused by a name
//! that says so. It is never empty and never another one.

use sea_orm::ConnectionTrait;
use tandem::document::{Document, Unit, UnitChange};
use tandem::id::ClientId;
use tandem::rpc::proto::v1::{self, client_message};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, Steady, TextSession, Way, reason, reason_of};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tonic::Code;

use super::foreign::{literal, room_key};
use crate::packed::pack;

const LINES: usize = 5;

/// A stopped server's database, with a room whose `main.txt` has so many lines, one operation each, and whose `other.txt`
/// has one.
async fn written(database: TestDatabase) -> (TestDatabase, String, String) {
    let server = TestServer::start(database).await;
    let files = [("main.txt", ""), ("other.txt", "other\n")];
    let created = server.client().create_room(&files).await.expect("a room");
    let room = created.room.expect("a room").room_id;
    let text = type_lines(&server.client(), &room, 0).await;
    (server.stop().await, room, text)
}

/// Types so many more lines, one operation each; the text.
async fn type_lines(client: &Client, room: &str, from: usize) -> String {
    let mut ana = Steady::join(client, Way::ALL[0], room, "main.txt", "Ana").await;
    for line in from..from + LINES {
        ana.type_in(&format!("line {line}\n")).await;
        ana.settle().await;
    }
    let (text, _) = client.read_file(room, "main.txt").await.expect("read");
    ana.shows(&text).await;
    ana.leave().await;
    text
}

/// Everybody who comes, by every door, and whoever reads, gets this text.
async fn is_shown(server: &TestServer, room: &str, text: &str) {
    let (read, _) = server.client().read_file(room, "main.txt").await.expect("read");
    assert_eq!(read, text);
    for (at, way) in Way::ALL.into_iter().enumerate() {
        let one = Steady::join(&server.client(), way, room, "main.txt", &format!("client {at}")).await;
        assert_eq!(one.text(), text);
        one.leave().await;
    }
}

/// What a snapshot says.
struct Stored {
    revision: u64,
    state: Vec<u8>,
    hash: [u8; 32],
}

impl Stored {
    /// A good snapshot of a text that the file never had.
    fn of_another_text(revision: u64) -> Self {
        Self::of(revision, "another text\n")
    }

    fn of(revision: u64, text: &str) -> Self {
        let mut document = Document::new(ClientId(5));
        document
            .edit(Unit::Utf8, &[UnitChange::new(0, 0, text)])
            .expect("an edit");
        let (state, hash) = document.snapshot();
        Self { revision, state, hash }
    }

    /// Puts it beside the snapshots of `main.txt` that are there, or in the place of one.
    async fn put(self, database: &TestDatabase, room: &str) {
        self.put_of(1, database, room).await;
    }

    async fn put_of(self, file: i64, database: &TestDatabase, room: &str) {
        let connection = database.connection().await;
        let key = room_key(database, &connection, room).await;
        let (state, hash) = (literal(database, &self.state), literal(database, &self.hash));
        let insert = format!(
            "insert into snapshots (room, file, revision, epoch, state, text_hash, created) values \
             ({key}, {file}, {}, 1, {state}, {hash}, 1) on conflict (room, file, revision) do update set \
             state = excluded.state, text_hash = excluded.text_hash",
            self.revision
        );
        let done = connection.execute_unprepared(&insert).await.expect("stored");
        assert_eq!(done.rows_affected(), 1);
    }
}

/// Changes the rooms' log, of which there is one.
async fn change(database: &TestDatabase, statement: &str) {
    let connection = database.connection().await;
    let done = connection.execute_unprepared(statement).await.expect("changed");
    assert!(done.rows_affected() > 0, "{statement}");
}

/// The head after [`written`]: two files, and the lines.
const HEAD: u64 = 2 + LINES as u64;

both_databases! {
    async fn a_snapshot_above_the_head_is_never_shown_not_even_when_the_log_has_grown_past_it(database) {
        let (database, room, text) = written(database).await;
        Stored::of_another_text(HEAD + 2).put(&database, &room).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        assert_eq!(server.metric("tandem_snapshots_distrusted_total"), 1);
        let text = type_lines(&server.client(), &room, LINES).await;
        assert_eq!(text.lines().count(), 2 * LINES);
        let database = server.stop().await;
        // Not even if the newest snapshot, which is good, is gone.
        change(&database, &format!("delete from snapshots where revision > {}", HEAD + 2)).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
    }

    async fn a_snapshot_without_its_own_hash_is_passed_over(database) {
        let (database, room, text) = written(database).await;
        let other = Stored::of_another_text(HEAD);
        Stored { hash: [7; 32], ..other }.put(&database, &room).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        assert!(server.metric("tandem_snapshots_distrusted_total") > 0);
        // The next one is good again.
        let text = type_lines(&server.client(), &room, LINES).await;
        let server = server.restart().await;
        is_shown(&server, &room, &text).await;
        assert_eq!(server.metric("tandem_snapshots_distrusted_total"), 0);
    }

    async fn a_snapshot_of_garbage_is_passed_over(database) {
        let (mut database, room, text) = written(database).await;
        let garbage: [&[u8]; 4] = [b"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[0; 64], b"\x01\x7f\x01\x00\x04\x01\x01t\x05a"];
        for state in garbage {
            let hash = hash_of(&text);
            Stored { revision: HEAD, state: state.to_vec(), hash }.put(&database, &room).await;
            let server = TestServer::start(database).await;
            is_shown(&server, &room, &text).await;
            assert!(server.metric("tandem_snapshots_distrusted_total") > 0, "{state:?}");
            database = server.stop().await;
        }
    }

    async fn yjs_bytes_of_garbage_are_read_from_the_deltas_and_the_file_starts_anew(database) {
        let (database, room, text) = written(database).await;
        change(&database, "delete from snapshots").await;
        let garbage = literal(&database, b"no update");
        change(&database, &format!("update operations set yjs_update = {garbage} where revision = 4")).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        assert_eq!(server.metric("tandem_reseeded_total"), 1);
        let text = type_lines(&server.client(), &room, LINES).await;
        let server = server.restart().await;
        is_shown(&server, &room, &text).await;
        assert_eq!(server.metric("tandem_reseeded_total"), 0);
    }

    async fn a_delta_of_garbage_behind_a_good_snapshot_costs_old_bases_only(database) {
        let (database, room, text) = written(database).await;
        let garbage = literal(&database, b"no delta");
        change(&database, &format!("update operations set delta = {garbage} where revision = 4")).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        let mut ana = join(&server, &room, Door::Collaborate).await;
        let file = ana.open("main.txt").await.expect("open");
        let op_id = ana.next_op_id();
        ana.send_edit(op_id, &file, 3, vec![UnitChange::new(0, 0, "on an old base\n")]).await.expect("sent");
        let refused = ana.receipt(op_id).await;
        assert_eq!(reason_of(&refused.error.expect("refused")), "BASE_TOO_OLD");
        let op_id = ana.edit(&file, vec![UnitChange::new(0, 0, "new\n")]).await.expect("sent");
        assert_eq!(ana.receipt(op_id).await.state(), v1::ReceiptState::Committed);
        is_shown(&server, &room, &format!("new\n{text}")).await;
        is_refused_at(&server, &room, 4).await;
    }

    async fn a_delta_of_garbage_refuses_its_file_and_nothing_else(database) {
        let (database, room, _) = written(database).await;
        change(&database, "delete from snapshots").await;
        let garbage = literal(&database, b"no delta");
        change(&database, &format!("update operations set delta = {garbage} where revision = 4")).await;
        is_refused(database, &room).await;
    }

    async fn a_row_that_is_gone_refuses_its_file_and_nothing_else(database) {
        let (database, room, _) = written(database).await;
        change(&database, "delete from snapshots").await;
        change(&database, "delete from operations where revision = 4").await;
        is_refused(database, &room).await;
    }

    async fn a_damaged_segment_refuses_its_file_and_nothing_else(database) {
        let (database, room, _) = written(database).await;
        pack(&database).await;
        change(&database, "delete from snapshots").await;
        // The other file's operations are in the same segment, but it has a snapshot after those.
        Stored::of(2, "other\n").put_of(2, &database, &room).await;
        damage_segment(&database).await;
        is_refused(database, &room).await;
    }

    async fn a_segment_that_is_gone_is_not_an_empty_file(database) {
        let (database, room, _) = written(database).await;
        pack(&database).await;
        change(&database, "delete from snapshots").await;
        // The other file's operations are in the same segment, but it has a snapshot after those.
        Stored::of(2, "other\n").put_of(2, &database, &room).await;
        change(&database, "delete from segments").await;
        is_refused(database, &room).await;
    }

    async fn a_segment_that_is_gone_behind_a_good_snapshot_is_no_empty_text_of_the_past(database) {
        let (database, room, text) = written(database).await;
        pack(&database).await;
        change(&database, "delete from segments").await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        is_refused_at(&server, &room, 4).await;
    }

    async fn a_damaged_segment_behind_a_good_snapshot_costs_old_bases_only(database) {
        let (database, room, text) = written(database).await;
        pack(&database).await;
        damage_segment(&database).await;
        let server = TestServer::start(database).await;
        is_shown(&server, &room, &text).await;
        let mut ana = join(&server, &room, Door::Collaborate).await;
        let file = ana.open("main.txt").await.expect("open");
        for (base, reason) in [(3, Some("BASE_TOO_OLD")), (HEAD, None)] {
            let op_id = ana.next_op_id();
            ana.send_edit(op_id, &file, base, vec![UnitChange::new(0, 0, "new\n")]).await.expect("sent");
            let error = ana.receipt(op_id).await.error;
            assert_eq!(error.as_ref().map(reason_of).as_deref(), reason);
        }
        is_shown(&server, &room, &format!("new\n{text}")).await;
        is_refused_at(&server, &room, 4).await;
    }

    async fn a_file_whose_beginning_is_gone_is_not_shown_empty(database) {
        let (database, room, _) = written(database).await;
        change(&database, "delete from snapshots").await;
        change(&database, "delete from operations where file = 1").await;
        is_refused(database, &room).await;
    }
}

async fn damage_segment(database: &TestDatabase) {
    let garbage = literal(database, b"\x01no segment, but the right version of one");
    change(database, &format!("update segments set data = {garbage}")).await;
}

async fn join(server: &TestServer, room: &str, door: Door) -> TextSession {
    let joined = TextSession::join(&server.client(), door, room, "Ana", Unit::CodePoint).await;
    joined.expect("the room opens")
}

/// The file's text at a revision can't be read.
async fn is_refused_at(server: &TestServer, room: &str, revision: u64) {
    let old = v1::ReadFileRequest {
        room: room.to_owned(),
        file: Some(v1::read_file_request::File::Path("main.txt".to_owned())),
        revision: Some(revision),
    };
    let refused = server.client().files().read_file(old).await;
    assert_eq!(reason(&refused.expect_err("that one can't be read")), "FILE_UNREADABLE");
}

/// The file can be neither opened nor read nor written, by the name of the trouble; the room's other file goes on, and
/// so do the streams.
async fn is_refused(database: TestDatabase, room: &str) {
    let server = TestServer::start(database).await;
    let status = server.client().read_file(room, "main.txt").await.expect_err("refused");
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::DataLoss, "FILE_UNREADABLE")
    );
    for door in Door::ALL {
        let mut one = join(&server, room, door).await;
        let file = one.seen.file_id("main.txt").expect("it is listed").to_owned();
        one.send(client_message::Kind::Open(v1::Open {
            file: Some(v1::open::File::FileId(file.clone())),
            ..Default::default()
        }))
        .await
        .expect("sent");
        one.until("a refusal", |seen| !seen.refused.is_empty()).await;
        let error = one.seen.refused[0].error.clone().expect("why");
        assert_eq!(reason_of(&error), "FILE_UNREADABLE");
        assert!(one.seen.open.is_empty(), "it was shown something");
        let op_id = one.next_op_id();
        one.send_edit(op_id, &file, HEAD, vec![UnitChange::new(0, 0, "lost?\n")])
            .await
            .expect("sent");
        let refused = one.receipt(op_id).await;
        assert_eq!(reason_of(&refused.error.expect("refused")), "FILE_UNREADABLE");
        let other = one.open("other.txt").await.expect("open");
        let op_id = one
            .edit(&other, vec![UnitChange::new(0, 0, "more\n")])
            .await
            .expect("sent");
        assert_eq!(one.receipt(op_id).await.state(), v1::ReceiptState::Committed);
    }
    let (other, _) = server.client().read_file(room, "other.txt").await.expect("read");
    assert_eq!(other, "more\nmore\nother\n");
}

fn hash_of(text: &str) -> [u8; 32] {
    let mut document = Document::new(ClientId(6));
    document
        .edit(Unit::Utf8, &[UnitChange::new(0, 0, text)])
        .expect("an edit");
    document.text_hash()
}
