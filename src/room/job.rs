//! What a room reads and writes beside the log. The actor runs jobs while it goes on with other commands.

use crate::error::{Error, Reason, Result};
use crate::id::{FileId, FileKey, OpId, Revision, SessionId, Source, Term, UserKey};
use crate::room::command::{Ask, Attach, Call};
use crate::room::history::Past;
use crate::room::load;
use crate::room::outbox::InFlight;
use crate::room::packing;
use crate::room::writing::{self, Compared};
use crate::store::model::{Answered, BindOutcome, Binding, Snapshot};

/// Something that several may wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Need {
    /// A file in memory.
    File(FileKey),
    /// A file's operations after a revision.
    History(FileKey, Revision),
    /// A client id bound.
    Binding(Binding),
}

/// Something to read or write.
pub(super) enum Job {
    /// Loads a file as it is at the committed head.
    Load(Box<load::Order>),
    /// Reads a file's operations after the first revision and up to the second.
    History {
        file: FileKey,
        after: Revision,
        up_to: Revision,
    },
    /// Binds a client id.
    Bind(Binding),
    /// Looks an operation of the past up.
    Lookup(Lookup),
    /// Finds the highest committed op id of a session that comes back.
    HighestOpId(Box<Attach>),
    /// Looks a request id up.
    Answered(Box<Call>),
    /// Reads a file's text at an earlier revision for a call.
    Text(Box<Call>, Box<load::Order>),
    /// Compares a call's whole text with the one that it was made from.
    Compare(Box<Call>, ropey::Rope),
    /// Keeps a snapshot.
    Snapshot(Snapshot),
    /// Packs the log up to a committed revision.
    Pack { term: Term, up_to: Revision },
    /// Ends a session that has left.
    EndSession(SessionId),
}

/// An operation of the past.
pub(super) struct Lookup {
    pub(super) session: SessionId,
    pub(super) stream: u64,
    pub(super) source: Source,
    pub(super) op_id: OpId,
    pub(super) file: Option<FileId>,
    /// Of an update: its file and bytes. One that adds nothing was never in the log, and is committed all the same.
    pub(super) update: Option<(FileKey, Vec<u8>)>,
    pub(super) permit: InFlight,
}

/// A job's result.
pub(super) enum Done {
    Loaded(FileKey, Result<Box<load::Loaded>>),
    History {
        file: FileKey,
        after: Revision,
        up_to: Revision,
        past: Result<Vec<Past>>,
    },
    /// The user whom the client id belongs to now.
    Bound(Binding, Result<UserKey>),
    Lookup(Lookup, Result<Option<Revision>>),
    HighestOpId(Box<Attach>, Result<OpId>),
    Answered(Box<Call>, Result<Option<Answered>>),
    Text(Box<Call>, Result<ropey::Rope>, Revision),
    Compared(Box<Call>, Result<Compared>),
    /// A file's Yjs state reads back as another text than its position deltas make.
    Diverged(FileKey),
    /// How far the log is packed now.
    Packed(Result<Revision>),
    /// A session that has left can't be resumed any more.
    SessionEnded(SessionId),
    Nothing,
}

/// Runs a job.
pub(super) async fn run(store: crate::store::Store, room: crate::id::RoomKey, job: Job) -> Done {
    match job {
        Job::Load(order) => {
            let key = order.file.key;
            Done::Loaded(key, load::file(&store, *order).await.map(Box::new))
        }
        Job::History { file, after, up_to } => {
            let past = load::history(&store, room, file, after, up_to).await;
            Done::History {
                file,
                after,
                up_to,
                past,
            }
        }
        Job::Bind(binding) => {
            let owner = store.bind(room, binding).await.map(|outcome| match outcome {
                BindOutcome::Bound => binding.user,
                BindOutcome::TakenBy(user) => user,
            });
            Done::Bound(binding, owner)
        }
        Job::Lookup(lookup) => {
            let found = store.operation(room, lookup.source, lookup.op_id).await;
            Done::Lookup(lookup, found)
        }
        Job::HighestOpId(attach) => {
            let highest = store.highest_op_id(room, Source::Session(attach.session.id)).await;
            Done::HighestOpId(attach, highest)
        }
        Job::Answered(call) => match call.request {
            Some(request) => {
                let found = store.answered(room, request.id).await;
                Done::Answered(call, found)
            }
            None => Done::Answered(call, Ok(None)),
        },
        Job::Text(call, order) => {
            let at = order.at;
            let text = load::text(&store, *order).await;
            Done::Text(call, text, at)
        }
        Job::Compare(mut call, old) => {
            // The call goes on without it; a text this long is not copied for nothing.
            call.text = None;
            let compared = match &call.ask {
                Ask::WriteFile(write) => writing::compare(old, write.text.clone()).await,
                _ => Err(Error::new(Reason::Internal, "the call has no text to compare")),
            };
            Done::Compared(call, compared)
        }
        Job::Snapshot(snapshot) => {
            let file = snapshot.file;
            if load::keep_snapshot(&store, room, snapshot).await {
                Done::Nothing
            } else {
                Done::Diverged(file)
            }
        }
        Job::Pack { term, up_to } => Done::Packed(packing::pack(&store, room, term, up_to).await),
        Job::EndSession(session) => {
            if let Err(error) = store.end_session(session).await {
                tracing::warn!(%session, %error, "a session that left could not be ended");
            }
            Done::SessionEnded(session)
        }
    }
}
