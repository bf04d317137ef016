//! The log as the database has it: the one place where tests read it.

use std::collections::HashSet;
use std::time::Duration;

use tandem::id::{Revision, RoomRef};
use tandem::store::model::LoggedChange;

use crate::database::TestDatabase;

/// The operations of a room that has one file, in order, while no server has the database open.
///
/// # Panics
///
/// If it can't be read, a revision is missing, or an operation stands there twice.
pub async fn read(database: &TestDatabase, room: &str) -> Vec<LoggedChange> {
    let store = database.open().await;
    let room = RoomRef::Id(room.parse().expect("an id"));
    let at = store.find_room(&room).await.expect("read").expect("the room");
    let files = store
        .load_room(at.room.key)
        .await
        .expect("read")
        .expect("the room")
        .files;
    let changes = store
        .changes(at.room.key, files[0].file.key, Revision(0), at.head)
        .await
        .expect("read");
    store.close(Duration::from_secs(5)).await;
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(change.revision.0, index as u64 + 1, "a gap in the log");
    }
    assert_eq!(changes.len() as u64, at.head.0, "the log ends before its head");
    let numbers: HashSet<_> = changes.iter().map(|change| (change.source, change.op_id)).collect();
    assert_eq!(numbers.len(), changes.len(), "an operation stands in the log twice");
    changes
}
