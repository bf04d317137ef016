//! A thread that writes common commits to the SQLite file, row by row with statements that are always the same.
//!
//! A list of rows in one statement through the pool, as everything else goes, cost more than twice the time: for each
//! commit a text of its length, two wakings of the pool's thread, and a copy of each value.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::rows;
use crate::store::convert::column;
use crate::store::failure::Failure;
use crate::store::lock::FileLock;
use crate::store::writer::batch::RoomBatch;

/// Whether a room takes operations: it lives, in this term, and they are behind what is packed.
const TAKES: &str = "select exists (select 1 from rooms where key = ? and term = ? and deleted is null and packed < ?)";

const INSERT: &str = concat!(
    "insert into operations (",
    columns!(),
    ") values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
);

/// Pages that are kept in memory, in KiB: the ends of the log's trees, and what a large commit changes.
const CACHE_KIB: i64 = 512;

/// One commit to write.
struct Work {
    rooms: Arc<Vec<RoomBatch>>,
    reply: oneshot::Sender<rusqlite::Result<bool>>,
}

/// The thread, which ends when this is dropped and its last commit is through.
pub(in crate::store::writer) struct LogThread {
    work: SyncSender<Work>,
    ended: oneshot::Receiver<()>,
}

impl LogThread {
    /// Starts it. It waits for other connections' writes for as long as `busy`, and holds the file's lock while it may
    /// write.
    pub(super) fn start(file: &Path, busy: Duration, lock: Option<Arc<FileLock>>) -> Result<Self, Failure> {
        let file = file.to_owned();
        // One commit at a time.
        let (work, commits) = sync_channel(1);
        let (end, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("tandem-log".to_owned())
            .spawn(move || {
                // The last to be dropped.
                let _end: oneshot::Sender<()> = end;
                let _lock = lock;
                run(open(&file, busy), &commits);
            })
            .map_err(passing)?;
        Ok(Self { work, ended })
    }

    /// Ends it, and waits until the file is let go.
    pub(super) async fn end(self) {
        drop(self.work);
        let _dropped = self.ended.await;
    }

    /// Writes all operations; `false`, and nothing is written, if a room does not take them.
    pub(super) async fn write(&self, rooms: Arc<Vec<RoomBatch>>) -> Result<bool, Failure> {
        let (reply, outcome) = oneshot::channel();
        self.work.try_send(Work { rooms, reply }).map_err(passing)?;
        outcome.await.map_err(passing)?.map_err(passing)
    }
}

/// Whatever it is: the long way looks, and tells trouble that passes from trouble that does not.
fn passing(trouble: impl std::fmt::Display) -> Failure {
    Failure::Passing(trouble.to_string())
}

fn open(file: &Path, busy: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(busy)?;
    // The file is in WAL mode since it was made; what a commit means belongs to each connection.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Negative: in KiB.
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

fn run(opened: rusqlite::Result<Connection>, commits: &Receiver<Work>) {
    let connection = match opened {
        Ok(connection) => connection,
        Err(error) => {
            if let Ok(first) = commits.recv() {
                let _ = first.reply.send(Err(error));
            }
            return;
        }
    };
    while let Ok(Work { rooms, reply }) = commits.recv() {
        let outcome = commit(&connection, &rooms);
        let failed = outcome.is_err();
        drop(rooms);
        // Who has given up looks into the log.
        let _ = reply.send(outcome);
        if failed {
            return;
        }
    }
}

/// One transaction. After an error the connection is closed, which takes back what is not committed.
fn commit(connection: &Connection, rooms: &[RoomBatch]) -> rusqlite::Result<bool> {
    let step = |statement: &str| connection.prepare_cached(statement)?.execute([]);
    step("begin immediate")?;
    for room in rooms {
        if !takes(connection, room)? {
            step("rollback")?;
            return Ok(false);
        }
    }
    insert(connection, rooms)?;
    step("commit")?;
    Ok(true)
}

fn takes(connection: &Connection, room: &RoomBatch) -> rusqlite::Result<bool> {
    // They follow each other: what holds for the first of a term holds for the others.
    let mut known = None;
    for append in &room.appends {
        let Some(first) = append.operations.first().filter(|_| known != Some(append.term)) else {
            continue;
        };
        let mut statement = connection.prepare_cached(TAKES)?;
        let values = params![append.room.0, append.term.0, column(first.revision.0)];
        if !statement.query_row(values, |row| row.get(0))? {
            return Ok(false);
        }
        known = Some(append.term);
    }
    Ok(true)
}

fn insert(connection: &Connection, rooms: &[RoomBatch]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(INSERT)?;
    for row in rows(rooms) {
        let operation = row.operation;
        statement.execute(params![
            row.room.0,
            column(operation.revision.0),
            operation.source.uuid().as_bytes().as_slice(),
            column(operation.op_id.0),
            operation.file.0,
            i64::from(operation.epoch.0),
            operation.user.0,
            operation.kind as i16,
            operation.origin as i16,
            operation.update.as_ref(),
            operation.delta.as_ref(),
            operation.path.as_bytes(),
            row.term.0,
            operation.time,
        ])?;
    }
    Ok(())
}
