//! Rooms, operations and sessions to store.

use std::future::Future;
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection};
use tandem::id::{
    ClientId, Epoch, FileId, FileKey, OpId, ParticipantId, Revision, RoomId, RoomKey, SessionId, Source, Term, UserKey,
};
use tandem::store::model::{Append, File, Kind, LineEnding, Mode, Operation, Origin, Room, Session};
use tandem::store::{AppendError, Store};
use uuid::Uuid;

/// The one file of a sample room.
pub(crate) const FILE: FileKey = FileKey(1);

/// Waits for something that must happen soon.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(Duration::from_secs(30), work).await;
    result.unwrap_or_else(|_| panic!("not within 30 s: {what}"))
}

/// Asks again until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    soon(what, async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

pub(crate) fn room(slug: Option<&str>, created: i64) -> Room {
    Room {
        key: RoomKey(0),
        id: RoomId::new(),
        slug: slug.map(str::to_owned),
        title: "a room".to_owned(),
        term: Term(0),
        created,
    }
}

pub(crate) fn file(path: &str) -> File {
    File {
        key: FILE,
        id: FileId::new(),
        path: path.to_owned(),
        line_ending: LineEnding::CrLf,
        deleted: false,
        epoch: Epoch(1),
        server_client: ClientId(u32::MAX),
        created: Revision(1),
    }
}

pub(crate) fn operation(revision: u64, source: Source, op_id: u64) -> Operation {
    Operation {
        revision: Revision(revision),
        source,
        op_id: OpId(op_id),
        file: FILE,
        epoch: Epoch(1),
        user: UserKey(7),
        kind: Kind::Edit,
        origin: Origin::Typed,
        update: format!("update {revision}").into_bytes().into(),
        delta: format!("delta {revision}").into_bytes().into(),
        path: String::new(),
        time: 1_800_000_000_000_000 + revision as i64,
    }
}

pub(crate) fn append(room: RoomKey, incarnation: u64, operations: Vec<Operation>) -> Append {
    Append {
        room,
        incarnation,
        term: Term(0),
        operations,
        files: Vec::new(),
        answered: None,
    }
}

/// A room with one file, created by revision 1.
pub(crate) async fn stored_room(store: &Store, path: &str) -> Room {
    let mut create = operation(1, Source::Server, 1);
    create.kind = Kind::Create;
    create.path = path.to_owned();
    let first = Append {
        files: vec![file(path)],
        ..append(RoomKey(0), 0, vec![create])
    };
    store.create_room(room(None, 1), first).await.expect("a room is stored")
}

/// A copy of a room that appends one operation after another.
pub(crate) struct Writer {
    pub(crate) store: Store,
    pub(crate) room: RoomKey,
    pub(crate) incarnation: u64,
    pub(crate) source: Source,
    pub(crate) head: u64,
}

impl Writer {
    pub(crate) fn new(store: &Store, room: RoomKey, head: u64) -> Self {
        let source = Source::Session(SessionId::new());
        Self {
            store: store.clone(),
            room,
            incarnation: store.incarnation(),
            source,
            head,
        }
    }

    /// Queues the next operation.
    pub(crate) fn send(&mut self) -> impl Future<Output = Result<(), AppendError>> + Send + use<> {
        self.head += 1;
        self.send_operation(operation(self.head, self.source, self.head))
    }

    pub(crate) fn send_operation(
        &mut self,
        operation: Operation,
    ) -> impl Future<Output = Result<(), AppendError>> + Send + use<> {
        let permit = self
            .store
            .reserve(1, operation.update.len())
            .expect("there is place in the backlog");
        self.store
            .append(append(self.room, self.incarnation, vec![operation]), permit)
    }

    pub(crate) async fn head(&self) -> u64 {
        let state = self.store.load_room(self.room).await.expect("the store answers");
        state.expect("the room is there").head.0
    }
}

pub(crate) fn session(room: RoomKey, name: &str) -> Session {
    let mut token_hash = [0; 32];
    token_hash[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    Session {
        id: SessionId::new(),
        room,
        user: UserKey(0),
        participant: ParticipantId::new(),
        name: name.to_owned(),
        token_hash,
        mode: Mode::Yjs,
        unit: 2,
        created: 5,
    }
}

/// Puts an operation of somebody else into the log, past the store.
pub(crate) async fn foreign_operation(connection: &DatabaseConnection, room: RoomKey, revision: u64) {
    let statement = format!(
        "insert into operations (room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, \
         path, term, time) select room, {revision}, source, {}, file, epoch, author, kind, origin, yjs_update, delta, \
         path, term, time from operations where room = {room} and revision = 1",
        1_000_000 + revision
    );
    let done = connection
        .execute_unprepared(&statement)
        .await
        .expect("the log takes a foreign row");
    assert_eq!(done.rows_affected(), 1);
}
