//! Everything of one room, and the one order of what happens in it.
//!
//! Handlers (in the neighbouring files) change the state at the head and say what follows: rows to append, things to
//! read, answers to give. Answers and events are *gated*: each leaves when the head of its moment is committed, in
//! the order in which they were made. So nobody is ever told of anything that could still be lost.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use metrics::Counter;
use tokio::sync::oneshot;

use crate::document::Delta;
use crate::error::{Error, Reason, Result};
use crate::id::{
    Epoch, FileId, FileKey, OpId, ParticipantId, RequestId, Revision, RoomKey, SessionId, Source, Term, UserKey,
};
use crate::limits;
use crate::pieces;
use crate::room::command::{Answer, Call, Command};
use crate::room::directory::Directory;
use crate::room::history::Past;
use crate::room::job::{Job, Need};
use crate::room::member::{Form, Member};
use crate::room::message::{Encode, Event, FileChange, FileInfo, RoomInfo};
use crate::room::open_file::OpenFile;
use crate::room::outbox::InFlight;
use crate::room::packing::Packing;
use crate::room::whole::Whole;
use crate::store::model::{Answered, Append, File, Kind, Micros, Operation, Origin, Snapshot};
use crate::store::{Permit, Store};
use crate::telemetry::metric;

/// The time of one turn of the actor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// For waits.
    pub(super) at: Instant,
    /// For the log.
    pub(super) wall: Micros,
}

/// What the actor has to do after a turn.
pub(super) enum Effect {
    /// Rows for the log; handed over in order.
    Append(Append, Permit),
    /// Something to read or write beside the log.
    Job(Job),
}

/// Why a handler could not finish.
pub(super) enum Stop {
    /// It needs something first, and is called again when that is there.
    Wait(Need),
    /// The session's reader has to take what is queued first.
    WaitForReader,
    /// The request is refused.
    Refuse(Error),
    /// The stream has to end and come back later: passing trouble.
    Later(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Refuse(error)
    }
}

/// Where the answer to a unary call goes.
pub(super) type Reply = oneshot::Sender<Result<Answer>>;

/// Something that leaves once everything up to `at` is committed.
pub(super) struct Gated {
    at: Revision,
    out: Out,
}

/// What leaves.
pub(super) enum Out {
    /// A stream begins.
    Attach {
        session: SessionId,
        stream: u64,
        joined: Box<Event>,
    },
    /// An answer to one session's stream.
    Tell {
        session: SessionId,
        stream: u64,
        event: Box<Event>,
        permit: InFlight,
    },
    /// A file's whole content, shared by all who open it now.
    Whole {
        session: SessionId,
        stream: u64,
        whole: Arc<Whole>,
        permit: InFlight,
    },
    /// An accepted operation.
    Operation(Box<Accepted>),
    /// An event for everybody but one.
    Everyone {
        event: Box<Event>,
        except: Option<SessionId>,
    },
    /// The answer to a unary call.
    Reply {
        reply: oneshot::Sender<Result<Answer>>,
        answer: Answer,
    },
    /// The answer to a unary call with a request id, for all who wait for it.
    Replies { request: RequestId, answer: Answer },
    /// Where people are, for all sessions of one form but one.
    Presence {
        form: Form,
        event: Box<Event>,
        except: Option<SessionId>,
    },
    /// The end of what a stream that fell behind is brought up to date with.
    CaughtUp { session: SessionId, stream: u64 },
    /// The end of a session that has left, after its last receipts.
    Ended { session: SessionId },
    /// A file's state to keep.
    Snapshot(Snapshot),
}

/// An operation on its way to those who see it.
pub(super) struct Accepted {
    pub(super) file: FileKey,
    pub(super) id: FileId,
    pub(super) revision: Revision,
    pub(super) epoch: Epoch,
    /// What it did to the text, if it concerns the text.
    pub(super) text: Option<(Arc<Delta>, Bytes)>,
    /// What it did to the directory, if it concerns that.
    pub(super) change: Option<(FileInfo, FileChange)>,
    /// The author's session.
    pub(super) author: Option<(SessionId, ParticipantId, OpId)>,
    pub(super) origin: Origin,
    pub(super) permit: InFlight,
}

/// Who does an operation, and under which number.
pub(super) struct Author {
    pub(super) source: Source,
    pub(super) op_id: OpId,
    pub(super) user: UserKey,
    pub(super) session: Option<(SessionId, ParticipantId)>,
    pub(super) permit: InFlight,
    /// The unary call's request and the answer to keep with it.
    pub(super) answered: Option<Answered>,
}

/// What an operation does.
pub(super) struct Change {
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    /// Delta and Yjs bytes, if it concerns the text.
    pub(super) text: Option<(Delta, Vec<u8>)>,
    /// The whole new Yjs state, of a file that starts anew; else empty.
    pub(super) state: Vec<u8>,
    /// The file after it, if its row changes.
    pub(super) row: Option<File>,
    /// What everybody is told of the directory.
    pub(super) announced: Option<FileChange>,
}

/// Everything of one room.
pub(super) struct RoomState {
    pub(super) info: RoomInfo,
    pub(super) key: RoomKey,
    pub(super) term: Term,
    /// Tells this copy's appends from those of an earlier one.
    pub(super) incarnation: u64,
    pub(super) store: Store,
    pub(super) encode: Arc<dyn Encode>,
    /// The newest accepted revision.
    pub(super) head: Revision,
    /// The newest committed revision.
    pub(super) committed: Revision,
    pub(super) directory: Directory,
    /// Boxed, because a table has more places than files.
    pub(super) files: HashMap<FileKey, Box<OpenFile>>,
    pub(super) members: HashMap<SessionId, Member>,
    /// Unary calls with a request id that are on their way, and who waits for them.
    pub(super) requests: HashMap<RequestId, ([u8; 32], Vec<Reply>)>,
    /// Who waits for what.
    pub(super) waiting: HashMap<Need, Vec<Waiter>>,
    pub(super) effects: Vec<Effect>,
    pub(super) gated: VecDeque<Gated>,
    /// Whether presence has to be sent at the next tick.
    pub(super) presence_dirty: bool,
    /// How far the log is packed.
    pub(super) packing: Packing,
    /// A defect or a lost race: this copy is not the truth any more.
    pub(super) broken: Option<String>,
    /// Counts accepted operations; looked up once.
    pub(super) accepted: Counter,
    /// When the last heartbeat went out.
    pub(super) heartbeat: Instant,
    /// When somebody last asked for something.
    pub(super) used: Instant,
}

/// Who waits.
#[derive(Debug)]
pub(super) enum Waiter {
    /// A session: its first parked message.
    Session(SessionId),
    /// A unary call.
    Call(Box<Call>),
}

impl RoomState {
    /// A room just read from the log.
    #[expect(clippy::too_many_arguments, reason = "the parts of a room, each of another kind")]
    pub(super) fn new(
        info: RoomInfo,
        key: RoomKey,
        (term, packed): (Term, Revision),
        incarnation: u64,
        directory: Directory,
        store: Store,
        encode: Arc<dyn Encode>,
        now: Instant,
    ) -> Self {
        let head = info.head;
        Self {
            info,
            key,
            term,
            incarnation,
            store,
            encode,
            head,
            committed: head,
            directory,
            files: HashMap::new(),
            members: HashMap::new(),
            requests: HashMap::new(),
            waiting: HashMap::new(),
            effects: Vec::new(),
            gated: VecDeque::new(),
            presence_dirty: false,
            packing: Packing::new(packed, head, now),
            broken: None,
            accepted: metrics::counter!(metric::OPERATIONS),
            heartbeat: now,
            used: now,
        }
    }

    /// Handles one command.
    pub(super) fn handle(&mut self, command: Command, now: Now) {
        self.used = now.at;
        match command {
            Command::Attach(attach) => self.attach(*attach, now),
            Command::Message {
                session,
                stream,
                message,
                permit,
            } => {
                self.message(session, stream, message, permit, now);
            }
            Command::Call(call) => self.call(*call, now),
            Command::Renamed(info) => {
                self.info = RoomInfo {
                    head: self.info.head,
                    ..info
                }
            }
            Command::Deleted | Command::Shutdown => {}
        }
    }

    /// Accepts an operation: it has the next revision, goes to the log, and to those who see it when it is there.
    pub(super) fn accept(
        &mut self,
        file: FileKey,
        author: Author,
        change: Change,
        permit: Permit,
        now: Now,
    ) -> Revision {
        let _step = tracing::debug_span!("accept", room = %self.info.id, op_id = author.op_id.0).entered();
        self.accepted.increment(1);
        let revision = self.head.next();
        self.head = revision;
        let row = change.row;
        let names = matches!(change.kind, Kind::Create | Kind::Rename | Kind::Restore);
        let path = row
            .as_ref()
            .filter(|_| names)
            .map_or_else(String::new, |row| row.path.clone());
        if let Some(row) = &row {
            self.put_row(row, revision);
        }
        let (delta, update) = match change.text {
            Some((delta, update)) => (Some(delta), update),
            None => (None, change.state),
        };
        let update = pieces::kept(update);
        let encoded = pieces::kept(delta.as_ref().map(Delta::encode).unwrap_or_default());
        self.packing.accepted(revision, update.len() + encoded.len());
        let participant = author.session.map(|(_, participant)| participant);
        let delta = delta.map(Arc::new);
        self.remember(file, revision, delta.clone(), &author, participant, change.origin, now);
        let announced = change.announced;
        let (epoch, id, announced) = match self.directory.get(file) {
            Some(entry) => {
                let announced = announced.map(|change| (entry.info(), change));
                (entry.file.epoch, entry.file.id, announced)
            }
            None => return self.defect(revision, "an operation on a file that the directory does not have"),
        };
        let operation = Operation {
            revision,
            source: author.source,
            op_id: author.op_id,
            file,
            epoch,
            user: author.user,
            kind: change.kind,
            origin: change.origin,
            update: update.clone(),
            delta: encoded,
            path,
            time: now.wall,
        };
        let append = Append {
            room: self.key,
            term: self.term,
            incarnation: self.incarnation,
            operations: vec![operation],
            files: row.into_iter().collect(),
            answered: author.answered,
        };
        self.effects.push(Effect::Append(append, permit));
        self.gate(Out::Operation(Box::new(Accepted {
            file,
            id,
            revision,
            epoch,
            text: delta.map(|delta| (delta, update)),
            change: announced,
            author: author
                .session
                .map(|(session, participant)| (session, participant, author.op_id)),
            origin: change.origin,
            permit: author.permit,
        })));
        revision
    }

    fn put_row(&mut self, row: &File, revision: Revision) {
        let bytes = self.directory.get(row.key).map_or(0, |entry| entry.bytes);
        self.directory.put(crate::room::directory::Entry {
            file: row.clone(),
            revision,
            bytes,
        });
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one operation, each of another kind"
    )]
    fn remember(
        &mut self,
        file: FileKey,
        revision: Revision,
        delta: Option<Arc<Delta>>,
        author: &Author,
        participant: Option<ParticipantId>,
        origin: Origin,
        now: Now,
    ) {
        let mut bytes = self.directory.get(file).map_or(0, |entry| entry.bytes);
        if let Some(open) = self.files.get_mut(&file) {
            bytes = u64::from(open.document.len().utf8);
            open.used = now.at;
            if let Some(delta) = delta {
                open.since_snapshot += 1;
                for member in self.members.values_mut() {
                    if let Some(cursor) = member.cursor.as_mut().filter(|cursor| cursor.file == file) {
                        cursor.carry(&delta);
                    }
                }
                open.history.push(Past {
                    revision,
                    delta,
                    source: author.source.uuid(),
                    op_id: author.op_id,
                    participant,
                    origin,
                });
            }
        }
        self.directory.touch(file, revision, bytes);
    }

    /// Notes a state that must not be: this copy is given up, and the room is read again from the log.
    pub(super) fn defect<T>(&mut self, value: T, what: impl Into<String>) -> T {
        self.broken.get_or_insert(what.into());
        value
    }

    /// Lets something leave once everything up to the head is committed; at once if it is.
    pub(super) fn gate(&mut self, out: Out) {
        if self.gated.is_empty() && self.committed >= self.head {
            self.release(out);
        } else {
            self.gated.push_back(Gated { at: self.head, out });
        }
    }

    /// Answers a session's message.
    pub(super) fn tell(&mut self, session: SessionId, stream: u64, event: Event, permit: InFlight) {
        self.gate(Out::Tell {
            session,
            stream,
            event: Box::new(event),
            permit,
        });
    }

    /// Everything up to `revision` is committed: what waited for it leaves.
    pub(super) fn on_committed(&mut self, revision: Revision) {
        let _step = tracing::debug_span!("release", room = %self.info.id, revision = revision.0).entered();
        self.committed = self.committed.max(revision);
        self.info.head = self.committed;
        while self.gated.front().is_some_and(|gated| gated.at <= self.committed) {
            if let Some(gated) = self.gated.pop_front() {
                self.release(gated.out);
            }
        }
    }

    /// Room in the database's backlog for one operation.
    ///
    /// # Errors
    /// [`Stop::Later`] if the backlog is full.
    pub(super) fn reserve(&self, bytes: usize) -> Result<Permit, Stop> {
        self.store.reserve(1, bytes).map_err(Stop::Later)
    }

    /// Whether a text may grow by `more` bytes.
    ///
    /// # Errors
    /// FILE_TOO_LARGE, ROOM_TOO_LARGE.
    pub(super) fn admit_bytes(&self, before: u64, more: u64) -> Result<()> {
        if before + more > u64::from(limits::FILE_BYTES) {
            return Err(Error::new(
                Reason::FileTooLarge,
                format!(
                    "a file has at most {} bytes: split it, or keep large data elsewhere",
                    limits::FILE_BYTES
                ),
            )
            .with("limit", limits::FILE_BYTES));
        }
        if more > 0 && self.directory.bytes() + more > limits::ROOM_BYTES {
            return Err(Error::new(
                Reason::RoomTooLarge,
                format!(
                    "a room's files have at most {} bytes together: delete one",
                    limits::ROOM_BYTES
                ),
            )
            .with("limit", limits::ROOM_BYTES));
        }
        Ok(())
    }

    /// Whether everything that was accepted is committed and nothing is on its way.
    pub(super) fn is_settled(&self) -> bool {
        self.committed >= self.head && self.gated.is_empty() && self.effects.is_empty() && self.waiting.is_empty()
    }
}
