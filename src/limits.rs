//! Every bound of the server in one place, each with its reason.

use std::time::Duration;

/// A file's text, in bytes of UTF-8. Larger files are data, not code.
pub const FILE_BYTES: u32 = 4 << 20;
/// Texts of all living files of a room together, in bytes of UTF-8.
pub const ROOM_BYTES: u64 = 64 << 20;
/// Living files in a room.
pub const FILES: usize = 200;
/// Files of a room, deleted ones included: they stay in the directory.
pub const FILES_EVER: usize = 10_000;
/// A path, in bytes of UTF-8.
pub const PATH_BYTES: usize = 512;
/// A room's title, in bytes of UTF-8.
pub const TITLE_BYTES: usize = 200;
/// A participant's name, in characters.
pub const NAME_CHARS: usize = 64;
/// One edit's inserted text, or one update message, in bytes.
pub const EDIT_BYTES: usize = 1 << 20;
/// Changes in one edit.
pub const EDIT_CHANGES: usize = 10_000;
/// An update sent in parts, in bytes: a page that comes back from a long time offline.
pub const UPDATE_BYTES: usize = 8 << 20;
/// What the server reads as one message of Collaborate, or one Publish: several edits, or the largest with its envelope.
pub const PUBLISH_IN_BYTES: usize = 4 << 20;
/// What the server reads as one request for completions: code, and as much context, with their envelope.
pub const COMPLETION_IN_BYTES: usize = (2 << 20) + (256 << 10);
/// What the server reads as one unary message: a whole text, or a room's first files.
pub const UNARY_IN_BYTES: usize = 16 << 20;
/// What the server sends as one message: far below the 4 MiB that every gRPC library accepts, and small enough that
/// other messages get a turn in between.
pub const MESSAGE_OUT_BYTES: usize = 256 << 10;
/// A part of a text in ReadFile; with its envelope below [`MESSAGE_OUT_BYTES`].
pub const READ_PART_BYTES: usize = 192 << 10;
/// Sessions of a room at once, those away included.
pub const SESSIONS: usize = 200;
/// Operations of one session without a receipt: what a fast client has on its way in a second.
pub const IN_FLIGHT: usize = 1_024;
/// Messages in one Publish.
pub const PUBLISH_MESSAGES: usize = 256;
/// A presence, in bytes.
pub const PRESENCE_BYTES: usize = 4 << 10;
/// Yjs client ids that one session may announce for one file: one a refusal or reopening.
pub const CLIENT_IDS_PER_SESSION: usize = 64;
/// Yjs client ids of a file: state vectors, and conflicts at one place, grow with them.
pub const CLIENT_IDS_PER_FILE: usize = 8_192;

/// Events that wait for one slow reader, in bytes; beyond, it is resynced.
pub const OUTBOX_BYTES: usize = 1 << 20;
/// The same in messages.
pub const OUTBOX_MESSAGES: usize = 4_096;
/// How long a file's whole content is kept encoded for the next who opens it: a class comes within seconds.
pub const WHOLE_KEPT: Duration = Duration::from_secs(5);
/// Commands that wait for one room's actor; beyond, callers wait.
pub const ROOM_COMMANDS: usize = 1_024;
/// Calls that wait for a room that is loading; beyond, they are refused.
pub const LOADING_WAITERS: usize = 1_024;
/// Operations that wait for the database, over all rooms; beyond, UNAVAILABLE.
pub const BACKLOG_OPERATIONS: usize = 10_000;
/// The same in bytes.
pub const BACKLOG_BYTES: usize = 64 << 20;
/// Operations in one commit: one that size takes some 10 ms, and what waits meanwhile shares the next.
pub const BATCH_OPERATIONS: usize = 4_000;
/// Rows in one statement with a place for each value: PostgreSQL has at most 65,535 of those, SQLite 32,766.
pub const STATEMENT_ROWS: usize = 500;
/// The same in bytes: a commit that size still takes well under a second.
pub const BATCH_BYTES: usize = 16 << 20;
/// Writes other than operations that wait for the database: joins, snapshots, new rooms; beyond, UNAVAILABLE.
pub const BACKLOG_WRITES: usize = 4_096;
/// Such writes between two commits of the log, so that neither starves the other.
pub const WRITES_BETWEEN_COMMITS: usize = 32;
/// Operations that one room hands to the log together.
pub const APPEND_OPERATIONS: usize = 128;
/// Rows read from the log at once.
pub const LOG_PAGE: u64 = 1_000;
/// Operations in one segment of the packed log: reading one takes well under a millisecond, and what a row costs beside
/// its operations hardly counts.
pub const SEGMENT_OPERATIONS: usize = 2_048;
/// The same in bytes of Yjs updates, deltas and paths; a single larger operation has a segment of its own.
pub const SEGMENT_BYTES: usize = 256 << 10;
/// Segments read at once.
pub const SEGMENTS_PAGE: u64 = 8;
/// Rows that are packed in one transaction: the log's commits wait a few milliseconds for it.
pub const PACK_OPERATIONS: usize = 512;
/// The same in bytes.
pub const PACK_BYTES: usize = 256 << 10;
/// Rows that a quiet room, or one that leaves the memory, need not pack: they cost less than the packing.
pub const PACK_LEAST: u64 = 64;
/// Rows that a room gathers while people type before they are packed: what a typist writes in half a minute, so that the
/// rows take little beside what is packed.
pub const PACK_AT: u64 = 256;
/// An operation of so many bytes is packed soon: what takes more than a few pages of the database is no row to search.
pub const PACK_LARGE: usize = 16 << 10;
/// A room with more operations a second is packed later.
pub const PACK_HOT: u64 = 200;
/// But not later than with this many rows.
pub const PACK_BEHIND: u64 = 16_384;
/// Between two transactions that pack one room: other rooms' commits and packing have their turn.
pub const PACK_PAUSE: Duration = Duration::from_millis(20);
/// How soon after trouble a room is packed again.
pub const PACK_AGAIN: Duration = Duration::from_secs(60);
/// A file's recent operations kept in memory to carry edits over and to resume, in operations.
pub const HISTORY_OPERATIONS: usize = 4_096;
/// The same in bytes.
pub const HISTORY_BYTES: usize = 8 << 20;
/// Operations read into a file's history when it is loaded: what clients come back to after a restart. Earlier ones are
/// read when somebody's edit is on them.
pub const HISTORY_LOADED: usize = 256;
/// A state that is read right where it is asked for, in bytes: it takes some tenths of a millisecond.
pub const WORK_INLINE_BYTES: usize = 16 << 10;
/// Whole texts compared at once, over all rooms: each takes a core for some tenths of a second at worst.
pub const COMPARISONS: usize = 2;
/// Revisions that an edit on an old base may be carried over.
pub const REBASE_OPERATIONS: u64 = 100_000;
/// What carrying one edit over may take, in its changes and those that it is carried over, each time counted anew: some
/// tenths of a second.
pub const REBASE_STEPS: usize = 20_000_000;
/// Operations of a file between two snapshots: 1,000 are applied in a few milliseconds.
pub const SNAPSHOT_EVERY: u64 = 1_000;
/// How long after a file's last snapshot those may count, if they come faster.
pub const SNAPSHOT_APART: Duration = Duration::from_secs(10);
/// Operations of a file between two snapshots, however fast they come: applied in some tens of milliseconds.
pub const SNAPSHOT_AT_MOST: u64 = 10_000;
/// Snapshots kept of a file: the newest, and two to fall back on.
pub const SNAPSHOTS_KEPT: u64 = 3;

/// How long a cut-off participant is shown as away before it is gone.
pub const AWAY: Duration = Duration::from_secs(15);
/// How long a Subscribe session may say nothing before it counts as away: over gRPC-Web nothing else tells.
pub const SILENCE: Duration = Duration::from_secs(45);
/// How often a quiet stream gets a checkpoint.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often presence is sent to the others: 20 times a second looks smooth.
pub const PRESENCE_TICK: Duration = Duration::from_millis(50);
/// How long after an edit its author counts as typing.
pub const TYPING: Duration = Duration::from_secs(3);
/// How long a room without sessions stays in memory.
pub const ROOM_IDLE: Duration = Duration::from_secs(60);
/// Rooms that nobody is in and that stay in memory for those who come back; what memory a crowd of them has taken is
/// hardly given back to the system.
pub const IDLE_ROOMS: usize = 512;
/// How long a room stays in memory beyond those.
pub const ROOM_IDLE_CROWDED: Duration = Duration::from_millis(250);
/// How long streams wait for receipts on their way before they get goodbye at shutdown.
pub const LAST_RECEIPTS: Duration = Duration::from_secs(2);
/// How long before the end of the grace time what is still open is cut: the process has to end within it.
pub const LAST_MOMENT: Duration = Duration::from_millis(100);
/// How long an ending room waits for the database before it leaves the rest to the log's writer.
pub const DRAIN: Duration = Duration::from_secs(5);
/// How long a file that nobody has open stays in memory.
pub const FILE_IDLE: Duration = Duration::from_secs(120);
/// How soon after its last operation a file gets its snapshot, if the room is otherwise quiet.
pub const SNAPSHOT_IDLE: Duration = Duration::from_secs(30);
/// What a client is told to wait before it comes back, at least; the server adds as much again at random.
pub const RETRY_DELAY: Duration = Duration::from_millis(500);

/// Items in one answer of the completion engine.
pub const COMPLETE_ITEMS: usize = 100;
/// Text before the cursor that one completion looks at, in bytes: some 2,000 lines.
pub const COMPLETE_BEFORE_BYTES: usize = 64 << 10;
/// The same after the cursor.
pub const COMPLETE_AFTER_BYTES: usize = 32 << 10;
/// What it looks at of one other file, from the file's beginning, in bytes.
pub const COMPLETE_OTHER_BYTES: usize = 32 << 10;
/// What it looks at of all other files together, in bytes.
pub const COMPLETE_OTHERS_BYTES: usize = 256 << 10;
/// The longest word that is offered, in characters; longer ones are data.
pub const COMPLETE_WORD_CHARS: usize = 60;
/// How soon after the last commit of the log began a busy log begins the next.
pub const COMMIT_INTERVAL: Duration = Duration::from_millis(4);
/// How long one try of a commit, or one statement, may take before its connection is given up.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a call waits for the database, tries and all.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection that we have closed stays for the peer to read the last of it and close too.
pub const LINGER: Duration = Duration::from_secs(1);
/// How long a start waits for another process to let go of the SQLite file.
pub const LOCK_WAIT: Duration = Duration::from_secs(1);
/// How long migrations may take at start, the wait for another process's included.
pub const MIGRATION_TIMEOUT: Duration = Duration::from_secs(300);
/// The longest wait between two tries to reach the database.
pub const STORE_BACKOFF: Duration = Duration::from_secs(2);

/// A text that is sent along for one completion, in bytes of UTF-8; its context may have as much again.
pub const COMPLETE_CODE_BYTES: usize = 1 << 20;
/// Texts above this are completed off the threads that serve connections, in bytes.
pub const COMPLETE_INLINE_BYTES: usize = 64 << 10;
/// Events in one SendFeedback.
pub const FEEDBACK_EVENTS: usize = 100;
/// How long a stream may be open without a join.
pub const JOIN_WAIT: Duration = Duration::from_secs(15);
/// Refusals of unreadable messages that wait for one slow reader; beyond, its messages wait.
pub const REFUSALS: usize = 64;

/// Connections at once; beyond, new ones are closed and gRPC clients come back by themselves.
pub const CONNECTIONS: usize = 10_000;
/// Calls at once on one connection. Beyond, they wait in the client, so this is far above what a person needs.
pub const CALLS_PER_CONNECTION: u32 = 200;
/// What may be on its way up in one call, in bytes, before the server has read it.
pub const CALL_WINDOW_BYTES: u32 = 1 << 20;
/// The same for all calls of a connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// A request's headers, in bytes: a resume token is short, and no cookie is ours.
pub const HEADER_BYTES: u32 = 16 << 10;
/// How long a new connection may take until it says which protocol it speaks.
pub const FIRST_BYTES: Duration = Duration::from_secs(10);
/// How long an HTTP/1.1 request's headers may take.
pub const HEADERS: Duration = Duration::from_secs(15);
/// How long an HTTP/2 connection is quiet before the server asks whether anybody is there.
pub const PING_AFTER: Duration = Duration::from_secs(20);
/// How long the answer to that may take.
pub const PING_ANSWER: Duration = Duration::from_secs(10);
/// How long a call may take to begin its answer if it names no deadline of its own.
pub const CALL_DEADLINE: Duration = Duration::from_secs(30);
/// What is still read of a refused HTTP/1.1 request, in bytes: several times what an honest caller sends too much.
pub const HEARD_OUT_BYTES: usize = 64 << 20;
/// How long that may take.
pub const HEARD_OUT: Duration = Duration::from_secs(10);
/// How long the database may take to answer a readiness check.
pub const READY_CHECK: Duration = Duration::from_secs(2);
/// How long a browser may remember that a page may call the server.
pub const PREFLIGHT_AGE: Duration = Duration::from_secs(2 * 60 * 60);
