//! A file is deleted, restored and opened again before the first of that is committed.

use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, client_message};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, TextSession};
use tokio::task::JoinHandle;
use tonic::{Response, Status};

use super::crew::room;
use super::stall::{Stall, backlog_of};

both_databases! {
    async fn who_opens_a_file_that_was_restored_hears_of_it_though_its_deletion_is_committed_later(database) {
        let mut stall = Stall::of_commits(&database).await;
        let server = stall.server(database).await;
        let room = room(&server.client(), "here\n").await;
        let mut people = Vec::new();
        for (name, door) in [("Ana", Door::Collaborate), ("Ben", Door::Subscribe), ("Cleo", Door::Collaborate)] {
            let joined = TextSession::join(&server.client(), door, &room, name, Unit::CodePoint).await;
            people.push(joined.expect("in"));
        }
        let [ana, ben, cleo] = people.as_mut_slice() else { unreachable!() };
        let file = ana.open("main.txt").await.expect("open");
        cleo.open("main.txt").await.expect("open");

        // All of this waits for one commit: Ana had the file open before, Ben opens it for the first time, and Cleo does
        // not open it again.
        stall.begin().await;
        let deleted = delete(server.client(), &room, &file);
        backlog_of(&server, 1).await;
        let restored = restore(server.client(), &room, &file);
        backlog_of(&server, 2).await;
        for (at, one) in [&mut *ana, &mut *ben].into_iter().enumerate() {
            one.send(open(&file)).await.expect("sent");
            // It comes behind the open; what it waits for tells that both have arrived.
            let op_id = one.next_op_id();
            one.send_edit(op_id, &file, 1, vec![UnitChange::new(0, 0, "x")]).await.expect("sent");
            backlog_of(&server, 3 + at).await;
        }
        stall.end().await;

        deleted.await.expect("called").expect("deleted");
        restored.await.expect("called").expect("restored");
        for one in [&mut *ana, &mut *ben] {
            let op_id = one.peek_op_id() - 1;
            assert_eq!(one.receipt(op_id).await.state(), v1::ReceiptState::Committed);
        }
        ana.until("both edits", |seen| shown(seen, &file).as_deref() == Some("xxhere\n")).await;
        let op_id = ana.edit(&file, vec![UnitChange::new(0, 0, "later\n")]).await.expect("sent");
        ana.receipt(op_id).await;
        let text = "later\nxxhere\n";
        for one in [&mut *ana, &mut *ben] {
            one.until("the later line", |seen| shown(seen, &file).as_deref() == Some(text)).await;
        }
        // Cleo's open ended with the deletion.
        cleo.until("the restored file", |seen| seen.files.get(&file).is_some_and(|file| file.revision > 2)).await;
        assert!(!cleo.seen.open.contains_key(&file), "a deleted file is open");
        cleo.open("main.txt").await.expect("open");
        assert_eq!(cleo.text(&file), text);
    }
}

fn shown(seen: &tandem_testkit::client::Seen, file: &str) -> Option<String> {
    seen.open.get(file).map(|view| view.text.to_string())
}

fn delete(client: Client, room: &str, file: &str) -> JoinHandle<Result<Response<v1::DeleteFileResponse>, Status>> {
    let request = v1::DeleteFileRequest {
        room: room.to_owned(),
        file: Some(v1::delete_file_request::File::FileId(file.to_owned())),
        ..Default::default()
    };
    tokio::spawn(async move { client.files().delete_file(request).await })
}

fn restore(client: Client, room: &str, file: &str) -> JoinHandle<Result<Response<v1::RestoreFileResponse>, Status>> {
    let request = v1::RestoreFileRequest {
        room: room.to_owned(),
        file_id: file.to_owned(),
        ..Default::default()
    };
    tokio::spawn(async move { client.files().restore_file(request).await })
}

fn open(file: &str) -> client_message::Kind {
    client_message::Kind::Open(v1::Open {
        file: Some(v1::open::File::FileId(file.to_owned())),
        ..Default::default()
    })
}
