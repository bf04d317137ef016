//! The program is killed in the middle of a session, again and again: what anybody was told is in the log.

use std::path::Path;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem::document::{Delta, Unit, UnitChange};
use tandem::rpc::proto::v1;
use tandem::store::model::LoggedChange;
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::log;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::replay::{self, Author, Shown};
use tandem_testkit::traces;
use tokio::sync::watch;

const KILLS: usize = 10;
const EDITS: usize = 6_000;

both_databases! {
    async fn what_anybody_was_told_survives_ten_kills_and_the_author_finishes(database) {
        let trace = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/rustcode.json.gz");
        let mut edits = replay::edits(&traces::sequential(&trace).expect("the trace"), false);
        edits.truncate(EDITS);
        let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
        let client = server.client();
        let created = client.create_room(&[("main.txt", "")]).await.expect("a room");
        let room = created.room.expect("a room").room_id;
        let mut author = Author::join(&client, &room, "main.txt").await.expect("joined");
        let mut text = replay::text_watcher(&server.client(), &room, "main.txt").await.expect("joined");
        let (mut page, mut doc) =
            replay::yjs_watcher(&server.client(), &room, "main.txt", 4711).await.expect("joined");
        let file = author.file().to_owned();
        let (tell, until) = watch::channel(None);
        let (mut by_text, mut by_page) = (Shown::default(), Shown::default());
        let writing = async {
            let told = write_and_kill(&mut server, &mut author, &edits, &database, &room).await;
            tell.send_replace(Some(author.session.revision(&file)));
            told
        };
        let (kills, (), ()) = tokio::join!(
            writing,
            replay::watch_text(&mut text, &file, &mut by_text, until.clone()),
            replay::watch_yjs(&mut page, &mut doc, &file, &mut by_page, until),
        );
        assert_eq!(kills, KILLS, "the trace was over too soon");
        server.kill();
        let log = log::read(&database, &room).await;
        check_receipts(&author, &log);
        check_shown(&by_text, &by_page, &log);
        assert_eq!(text.text(&file), author.text());
        assert_eq!(doc.text(), author.text());
        server.start_again();
        let read = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!(read.0, author.text());
    }
}

/// Plays the trace; kills the server at ten moments, checks the log, and goes on.
async fn write_and_kill(
    server: &mut Process,
    author: &mut Author,
    edits: &[UnitChange],
    database: &TestDatabase,
    room: &str,
) -> usize {
    let seed = 7;
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut at, mut kills) = (0, 0);
    loop {
        let moment = Duration::from_millis(random.random_range(20..300));
        let wanted = kills < KILLS;
        let played = tokio::select! {
            played = author.run(edits, &mut at) => Some(played),
            () = tokio::time::sleep(moment), if wanted => None,
        };
        match played {
            Some(Ok(())) => return kills,
            Some(Err(_cut)) => {}
            None => {
                server.kill();
                kills += 1;
                check_receipts(author, &log::read(database, room).await);
                server.start_again();
            }
        }
        while author.session.resume().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn check_receipts(author: &Author, log: &[LoggedChange]) {
    for receipt in author.session.seen.receipts.values() {
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
        let row = log.get(usize::try_from(receipt.revision).expect("small") - 1);
        let row = row.unwrap_or_else(|| panic!("acknowledged and lost: {receipt:?}"));
        assert_eq!(
            row.op_id.0, receipt.op_id,
            "another operation has this revision: {receipt:?}"
        );
    }
    assert!(author.session.seen.contradictions.is_empty());
}

fn check_shown(by_text: &Shown, by_page: &Shown, log: &[LoggedChange]) {
    assert!(
        by_text.edited.len() > 1_000 && by_page.updated.len() > 1_000,
        "the watchers saw little"
    );
    for edited in &by_text.edited {
        let row = &log[usize::try_from(edited.revision).expect("small") - 1];
        let delta = Delta::decode(&row.delta).expect("a delta");
        let shown: Vec<UnitChange> = edited
            .changes
            .iter()
            .map(|change| UnitChange::new(change.offset, change.delete, change.insert.as_str()))
            .collect();
        assert_eq!(delta.changes_in(Unit::Utf16), shown, "shown and lost: {edited:?}");
    }
    for updated in &by_page.updated {
        // One that brings a reader up to date is of many rows.
        if updated.participant_id.is_empty() {
            continue;
        }
        let row = &log[usize::try_from(updated.revision).expect("small") - 1];
        assert_eq!(
            row.update, updated.update,
            "shown and lost: revision {}",
            updated.revision
        );
    }
}
