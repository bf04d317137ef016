//! A large text that is written at once is compared beside the room: everybody else goes on meanwhile.

use std::fmt::Write;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, TextSession, reason};
use tandem_testkit::server::TestServer;
use tonic::Status;

use super::crew::crew;

/// A text as large as a file may be, less the room for what others write meanwhile, of short lines in no order: the most
/// that there is to compare.
fn large(seed: u64) -> String {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut text = "the first line\n".to_owned();
    while text.len() < (4 << 20) - (16 << 10) {
        writeln!(text, "{}", random.random_range(0..500_000)).expect("a string");
    }
    text
}

async fn room(client: &Client, text: &str) -> (String, u64) {
    let files = [("large.txt", text), ("main.txt", "")];
    let created = client.create_room(&files).await.expect("a room");
    (created.room.expect("a room").room_id, 1)
}

async fn write(
    client: Client,
    room: String,
    text: String,
    only_if_unchanged: bool,
) -> Result<v1::WriteFileResponse, Status> {
    let request = v1::WriteFileRequest {
        room,
        file: Some(v1::write_file_request::File::Path("large.txt".to_owned())),
        base_revision: Some(1),
        text,
        only_if_unchanged,
        ..Default::default()
    };
    Ok(client.files().write_file(request).await?.into_inner())
}

both_databases! {
    async fn others_get_their_receipts_while_a_large_text_is_compared(database) {
        let server = TestServer::start(database).await;
        let (old, new) = (large(1), large(2));
        let (room, _) = room(&server.client(), &old).await;
        let mut crew = crew(&server, &room).await;
        // The file is in memory: what is measured is the comparing.
        server.client().read_file(&room, "large.txt").await.expect("read");

        let begun = Instant::now();
        let mut written = tokio::spawn(write(server.client(), room.clone(), new.clone(), false));
        let mut longest = Duration::ZERO;
        let mut receipts = 0;
        let took = loop {
            for one in &mut crew {
                let sent = Instant::now();
                one.type_in("typed meanwhile\n").await;
                one.settle().await;
                longest = longest.max(sent.elapsed());
                receipts += 1;
            }
            if written.is_finished() {
                break begun.elapsed();
            }
        };
        let answer = (&mut written).await.expect("called").expect("written");
        assert!(!answer.merged, "nobody else wrote there");
        println!("{receipts} receipts while it took {took:?}, the longest wait {longest:?}");
        assert!(longest < took / 2, "a receipt took {longest:?} of the {took:?} that the write took");
        let (text, _) = server.client().read_file(&room, "large.txt").await.expect("read");
        assert!(text == new, "another text");
        assert_eq!(server.metric("tandem_rooms_discarded_total"), 0);
    }

    async fn what_others_write_while_a_large_text_is_compared_is_merged(database) {
        let server = TestServer::start(database).await;
        let (old, new) = (large(3), large(4));
        let (room, base) = room(&server.client(), &old).await;
        let mut ana = TextSession::join(&server.client(), Door::Collaborate, &room, "Ana", Unit::CodePoint).await.expect("in");
        let file = ana.seen.file_id("large.txt").expect("it is there").to_owned();
        server.client().read_file(&room, "large.txt").await.expect("read");
        let written = tokio::spawn(write(server.client(), room.clone(), new.clone(), false));
        let unchanged = tokio::spawn(write(server.client(), room.clone(), new.clone(), true));
        let mut lines = 0;
        while !(written.is_finished() && unchanged.is_finished()) {
            let op_id = ana.next_op_id();
            let line = format!("line {lines} of Ana's\n");
            ana.send_edit(op_id, &file, base, vec![UnitChange::new(0, 0, line)]).await.expect("sent");
            assert_eq!(ana.receipt(op_id).await.state(), v1::ReceiptState::Committed);
            lines += 1;
        }
        assert!(written.await.expect("called").expect("written").merged);
        let moved = unchanged.await.expect("called").expect_err("it has changed since");
        assert_eq!(reason(&moved), "HEAD_MOVED");
        let (text, _) = server.client().read_file(&room, "large.txt").await.expect("read");
        assert!(lines > 0);
        for line in 0..lines {
            assert!(text.contains(&format!("line {line} of Ana's\n")), "line {line} is gone");
        }
        let without: String = text.split_inclusive('\n').filter(|line| !line.contains("Ana's")).collect();
        assert!(without == new, "another text");
    }
}

/// A letter instead of a whole text, or the other way round, took hours to compare, and all that time the room stood.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_text_is_made_so_that_it_takes_long_to_compare() {
    let server = TestServer::start(tandem_testkit::database::TestDatabase::sqlite()).await;
    let (room, _) = room(&server.client(), "a").await;
    let hostile = "b".repeat((4 << 20) - 1) + "c";
    let written = write(server.client(), room.clone(), hostile.clone(), false)
        .await
        .expect("written");
    let (text, revision) = server.client().read_file(&room, "large.txt").await.expect("read");
    assert!(text == hostile && revision == written.revision);
}
