//! What readers that fell behind are brought up to date with.

use std::time::Instant;

use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, server_message::Kind};
use tandem_testkit::client::{Door, Seen, TextSession, WAIT};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::steady::TextWriter;

use crate::slow_reader::{BACK, FILES, fallen_behind};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_gets_one_file_after_the_other_though_nothing_is_ever_quite_committed() {
    let database = TestDatabase::sqlite();
    let slow = ["--commit-interval-ms", "100"];
    let server = Process::start_with(env!("CARGO_BIN_EXE_tandem"), Place::of(&database), &slow);
    let paths = ["a.txt", "b.txt", "c.txt"];
    let created = server.client().create_room(&paths.map(|path| (path, ""))).await;
    let room = created.expect("a room").room.expect("a room").room_id;
    let joined = TextSession::join(&server.client(), Door::Collaborate, &room, "Reader", Unit::Utf8).await;
    let mut reader = joined.expect("joined");
    let (mut writers, mut files) = (Vec::new(), Vec::new());
    for path in paths {
        writers.push(TextWriter::join(&server.client(), Door::Collaborate, &room, path).await);
        files.push(reader.open(path).await.expect("opened"));
    }
    flood(&mut writers, 30).await;
    assert_eq!(fallen_behind(&server).await, paths.len());

    let back = Instant::now();
    let reading = async {
        let there = |seen: &Seen| files.iter().all(|file| seen.open[file].text.len_bytes() == 7);
        reader.until("the last word in each file", there).await;
        back.elapsed()
    };
    let writing = async {
        flood(&mut writers, 3).await;
        for writer in &mut writers {
            let all = |text: &Rope, _| vec![UnitChange::new(0, text.len_chars() as u32, "the end")];
            writer.edit(all).await;
        }
    };
    let (took, ()) = tokio::join!(reading, writing);
    assert!(took <= BACK, "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_missed_a_file_s_end_and_return_hears_of_both() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let client = server.client();
    let created = client.create_room(&FILES.map(|path| (path, ""))).await;
    let room = created.expect("a room").room.expect("a room").room_id;
    let joined = TextSession::join(&server.client(), Door::Subscribe, &room, "Reader", Unit::Utf8).await;
    let mut reader = joined.expect("joined");
    let [main, notes] = FILES;
    reader.open(main).await.expect("opened");
    let file = reader.open(notes).await.expect("opened");
    let mut writers = vec![TextWriter::join(&server.client(), Door::Collaborate, &room, main).await];
    flood(&mut writers, 60).await;
    assert_eq!(fallen_behind(&server).await, 1);
    let delete = v1::DeleteFileRequest {
        room: room.clone(),
        file: Some(v1::delete_file_request::File::FileId(file.clone())),
        ..Default::default()
    };
    client.files().delete_file(delete).await.expect("deleted");
    let restore = v1::RestoreFileRequest {
        room: room.clone(),
        file_id: file.clone(),
        ..Default::default()
    };
    client.files().restore_file(restore).await.expect("restored");

    let mut heard = Vec::new();
    let hearing = tokio::time::timeout(WAIT, async {
        while heard.last() != Some(&v1::FileChange::Restored) {
            if let Some(Kind::FileChanged(changed)) = reader.step().await {
                heard.push(changed.change());
            }
        }
    });
    // What it heard says more than that it took too long.
    let _ = hearing.await;
    assert_eq!(heard, [v1::FileChange::Deleted, v1::FileChange::Restored]);
    reader.open(notes).await.expect("opened again");
    let mut writer = TextWriter::join(&client, Door::Collaborate, &room, notes).await;
    writer.edit(|_, _| vec![UnitChange::new(0, 0, "it is back")]).await;
    let there = |seen: &Seen| seen.open[&file].text == "it is back";
    reader.until("an edit of the file that is back", there).await;
}

/// Lets each writer replace its whole text so many times by a quarter of a MiB.
async fn flood(writers: &mut [TextWriter], times: usize) {
    let writing = writers.iter_mut().map(|writer| async {
        for _ in 0..times {
            let whole = |text: &Rope, _| vec![UnitChange::new(0, text.len_chars() as u32, "x".repeat(256 << 10))];
            let (_, revision) = writer.edit(whole).await;
            writer.see(revision).await;
        }
    });
    futures_util::future::join_all(writing).await;
}
