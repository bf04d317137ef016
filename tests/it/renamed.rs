//! A whole text that is being compared while its file gets another path, and another file the old one.

use std::time::Duration;

use tandem::rpc::proto::v1::{self, rename_file_request, write_file_request};
use tandem_testkit::client::Client;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

/// Tries until a write is met in the middle of its comparison.
const TRIES: u64 = 60;
/// What is compared: lines of which none is like another, so that it takes a while.
const LINES: usize = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_written_text_stays_with_its_file_though_another_takes_the_path_meanwhile() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let lines = |what: &str| (0..LINES).map(|at| format!("{what} {at}\n")).collect::<String>();
    let (before, after) = (lines("before"), lines("after"));
    for attempt in 0..TRIES {
        let created = server
            .client()
            .create_room(&[("main.txt", &before)])
            .await
            .expect("a room");
        let room = created.room.expect("a room");
        let write = v1::WriteFileRequest {
            room: room.room_id.clone(),
            file: Some(write_file_request::File::Path("main.txt".to_owned())),
            base_revision: Some(room.head_revision),
            text: after.clone(),
            ..Default::default()
        };
        let (mut writer, other) = (server.client().files(), server.client());
        let written = tokio::spawn(async move { writer.write_file(write).await });
        // Not a wait for a fact: when it comes is what the tries are about.
        tokio::time::sleep(Duration::from_millis(attempt * 4)).await;
        change_places(&other, &room.room_id).await;
        let written = written.await.expect("an answer");
        let (main, _) = other.read_file(&room.room_id, "main.txt").await.expect("read");
        assert_eq!(main, "another", "the write went to another file");
        match written {
            // It was there before the file had its new path.
            Ok(written) if written.get_ref().file.as_ref().expect("a file").path == "main.txt" => {}
            Ok(_) => {
                let (old, _) = other.read_file(&room.room_id, "old.txt").await.expect("read");
                assert!(old == after, "the write is not in its file");
                return;
            }
            // It came between the two, or after both.
            Err(status) => {
                let reason = tandem_testkit::client::reason(&status);
                assert!(
                    ["FILE_NOT_FOUND", "BASE_TOO_OLD"].contains(&reason.as_str()),
                    "{status:?}"
                );
            }
        }
    }
    panic!("no write was met in the middle of its comparison");
}

/// Gives the file another path, and the path to another file.
async fn change_places(client: &Client, room: &str) {
    let rename = v1::RenameFileRequest {
        room: room.to_owned(),
        file: Some(rename_file_request::File::Path("main.txt".to_owned())),
        new_path: "old.txt".to_owned(),
        ..Default::default()
    };
    client.files().rename_file(rename).await.expect("renamed");
    let create = v1::CreateFileRequest {
        room: room.to_owned(),
        path: "main.txt".to_owned(),
        text: "another".to_owned(),
        ..Default::default()
    };
    client.files().create_file(create).await.expect("created");
}
