//! Edits on a base that is older than what the server has in memory of the file's history.

use tandem::document::{Unit, UnitChange};
use tandem::limits::HISTORY_OPERATIONS;
use tandem::rpc::proto::v1::ReceiptState;
use tandem_testkit::client::{Door, TextSession};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

/// Edits that are sent before the first receipt is waited for.
const TOGETHER: usize = 256;
/// Edits on the old base.
const LATE: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_on_an_old_base_lands_where_it_was_meant_however_fast_others_write() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let client = server.client();
    let created = client.create_room(&[("main.txt", "mark")]).await.expect("a room");
    let room = created.room.expect("a room").room_id;
    let file = created.files[0].file_id.clone();
    let join = async |name| TextSession::join(&server.client(), Door::Collaborate, &room, name, Unit::CodePoint).await;
    let (mut writer, mut late) = (join("Ana").await.expect("joined"), join("Ben").await.expect("joined"));
    // Neither has the file open: receipts tell them enough.
    let base = writer.seen.joined.head_revision;

    let mut written = 0;
    let mut head = base;
    while written < HISTORY_OPERATIONS + TOGETHER {
        head = type_in_front(&mut writer, &file, head).await;
        written += TOGETHER;
    }
    for _ in 0..LATE {
        let op_id = late.next_op_id();
        let edit = late.send_edit(op_id, &file, base, vec![UnitChange::new(4, 0, "!")]);
        edit.await.expect("sent");
        // While the server reads the log for Ben, Ana types on.
        let (newest, receipt) = tokio::join!(type_in_front(&mut writer, &file, head), late.receipt(op_id));
        assert_eq!(receipt.state(), ReceiptState::Committed, "{receipt:?}");
        head = newest;
        written += TOGETHER;
    }

    let text = client.read_file(&room, "main.txt").await.expect("read").0;
    let end = text.trim_start_matches('x');
    assert_eq!(text.len() - end.len(), written);
    assert_eq!(end, format!("mark{}", "!".repeat(LATE)));
}

/// Types at the very beginning; the head after it.
async fn type_in_front(writer: &mut TextSession, file: &str, base: u64) -> u64 {
    let mut last = 0;
    for _ in 0..TOGETHER {
        last = writer.next_op_id();
        let edit = writer.send_edit(last, file, base, vec![UnitChange::new(0, 0, "x")]);
        edit.await.expect("sent");
    }
    let receipt = writer.receipt(last).await;
    assert_eq!(receipt.state(), ReceiptState::Committed, "{receipt:?}");
    receipt.revision
}
