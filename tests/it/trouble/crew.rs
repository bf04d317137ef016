//! Everybody in a room: text and Yjs clients, each by both doors.

use std::collections::{BTreeMap, HashSet};

use futures_util::future::join_all;
use tandem::document::{Delta, Unit, UnitChange};
use tandem::rpc::proto::v1;
use tandem::store::model::LoggedChange;
use tandem_testkit::client::{Client, Farewell, Steady, Way, delay, reason, reason_of};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Creates a room with this text in its `main.txt`; the room's id.
pub(super) async fn room(client: &Client, text: &str) -> String {
    let created = client.create_room(&[("main.txt", text)]).await.expect("a room");
    created.room.expect("a room").room_id
}

/// One client of each kind by each door.
pub(super) async fn crew(server: &TestServer, room: &str) -> Vec<Steady> {
    let mut crew = Vec::new();
    for (at, way) in Way::ALL.into_iter().enumerate() {
        // Each has a connection of its own.
        crew.push(Steady::join(&server.client(), way, room, "main.txt", &format!("client {at}")).await);
    }
    crew
}

/// Everybody types so many lines at the same time, without waiting for receipts.
pub(super) async fn all_type(crew: &mut [Steady], what: &str, lines: usize) {
    let typing = crew.iter_mut().enumerate().map(|(who, one)| async move {
        for line in 0..lines {
            one.type_in(&format!("{what} {line} of {who}\n")).await;
        }
    });
    join_all(typing).await;
}

/// Waits until everybody has all receipts and shows the text that the server has; that text.
pub(super) async fn all_settle(server: &TestServer, room: &str, crew: &mut [Steady]) -> String {
    join_all(crew.iter_mut().map(Steady::settle)).await;
    let (text, _) = server.client().read_file(room, "main.txt").await.expect("read");
    join_all(crew.iter_mut().map(|one| one.shows(&text))).await;
    text
}

/// Checks what everybody was told against the log, which the stopped server leaves: each operation has one receipt and
/// one row, and what was shown is what is there.
pub(super) async fn check_told(database: &TestDatabase, room: &str, crew: impl IntoIterator<Item = &Steady>) {
    let log = tandem_testkit::log::read(database, room).await;
    let mut revisions = HashSet::new();
    for one in crew {
        check_receipts(one, &log, &mut revisions);
        check_shown(one, &log);
    }
}

fn check_receipts(one: &Steady, log: &[LoggedChange], revisions: &mut HashSet<u64>) {
    assert_eq!(
        one.sent.keys().collect::<Vec<_>>(),
        one.receipts.keys().collect::<Vec<_>>()
    );
    for (op_id, receipts) in &one.receipts {
        let [receipt] = receipts.as_slice() else {
            panic!("not one receipt: {receipts:?}");
        };
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
        assert!(revisions.insert(receipt.revision), "a revision for two: {receipt:?}");
        let row = row(log, receipt.revision);
        assert_eq!(row.op_id.0, *op_id, "another operation has this revision: {receipt:?}");
        let delta = Delta::decode(&row.delta).expect("a delta");
        assert_eq!(delta.changes[0].insert, one.sent[op_id], "another text: {receipt:?}");
    }
}

fn check_shown(one: &Steady, log: &[LoggedChange]) {
    for edited in &one.edited {
        let delta = Delta::decode(&row(log, edited.revision).delta).expect("a delta");
        let changes = edited.changes.iter();
        let shown: Vec<UnitChange> = changes
            .map(|change| UnitChange::new(change.offset, change.delete, change.insert.as_str()))
            .collect();
        assert_eq!(delta.changes_in(Unit::CodePoint), shown, "shown and lost: {edited:?}");
    }
    for updated in &one.updated {
        assert_eq!(
            row(log, updated.revision).update,
            updated.update,
            "shown and lost: {updated:?}"
        );
    }
}

fn row(log: &[LoggedChange], revision: u64) -> &LoggedChange {
    let index = usize::try_from(revision).expect("small") - 1;
    log.get(index)
        .unwrap_or_else(|| panic!("told and lost: revision {revision}"))
}

/// Checks that a stream ended with a goodbye that says why and when to come back, and the same as its status.
pub(super) fn assert_sent_away(farewell: &Farewell, why: &str) {
    let goodbye = farewell.goodbye.as_ref().expect("a goodbye before the end");
    let error = goodbye.error.as_ref().expect("a goodbye says why");
    assert_eq!(reason_of(error), why);
    assert!(delay(goodbye).is_some_and(|delay| !delay.is_zero()), "{goodbye:?}");
    assert_come_later(farewell.status.as_ref().expect_err("an end with an error"), why);
}

/// Checks an error that asks to come back later.
pub(super) fn assert_come_later(status: &Status, why: &str) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert_eq!(reason(status), why, "{status:?}");
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    assert!(delay.is_some_and(|delay| !delay.is_zero()), "{status:?}");
}

/// How often each line stands in a text.
pub(super) fn lines(text: &str) -> BTreeMap<&str, usize> {
    let mut lines = BTreeMap::new();
    for line in text.lines() {
        *lines.entry(line).or_default() += 1;
    }
    lines
}
