//! Reads files back from the log.
//!
//! A file's state is the newest snapshot that can be trusted, and the operations after it. A snapshot is trusted if
//! its text has the hash that was kept with it; otherwise the one before is tried, and in the end the log from its
//! beginning. Where Yjs bytes can't be read, the position deltas still tell the text. A file that cannot be read is
//! refused, never shown empty.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ropey::Rope;

use crate::document::{Delta, Document};
use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, FileKey, Revision, RoomKey, UserKey};
use crate::limits;
use crate::room::history::{History, Past};
use crate::room::refusals::too_old;
use crate::store::model::{File, Kind, LoggedChange, Snapshot};
use crate::store::{ReadError, Store};
use crate::telemetry::metric;

/// What to load.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// The room.
    pub(super) room: RoomKey,
    /// The file.
    pub(super) file: File,
    /// The revision to load it at.
    pub(super) at: Revision,
}

/// A file read back.
pub(super) struct Loaded {
    pub(super) document: Document,
    /// The text that the position deltas make, if the Yjs bytes make another.
    pub(super) differs: Option<Rope>,
    pub(super) history: History,
    pub(super) snapshot: Revision,
    pub(super) since_snapshot: u64,
    pub(super) bindings: HashMap<ClientId, UserKey>,
}

/// A file's document, recent history and bound client ids.
pub(super) async fn file(store: &Store, order: Order) -> Result<Loaded> {
    let Order { room, file, at } = order;
    let key = file.key;
    let (bindings, history, newest) = tokio::try_join!(
        store.bindings(room, key),
        recent_history(store, room, &file, at),
        store.snapshot(room, key, at),
    )?;
    let bindings = bindings
        .into_iter()
        .filter(|b| b.epoch == file.epoch)
        .map(|b| (b.client, b.user))
        .collect();
    let mut snapshot = newest;
    loop {
        // What is before the file's present epoch does not help.
        let tried = snapshot.take().filter(|snapshot| snapshot.epoch == file.epoch);
        let revision = tried.as_ref().map(|snapshot| snapshot.revision);
        if let Some(Built {
            document,
            differs,
            since_snapshot,
        }) = try_from(store, room, &file, tried, at).await?
        {
            return Ok(Loaded {
                document,
                differs,
                history,
                snapshot: revision.unwrap_or_default().max(file.created),
                since_snapshot,
                bindings,
            });
        }
        let Some(revision) = revision else {
            return Err(unreadable(&file));
        };
        snapshot = before(store, room, key, revision).await?;
    }
}

/// The snapshot before the one at a revision.
async fn before(store: &Store, room: RoomKey, file: FileKey, revision: Revision) -> Result<Option<Snapshot>> {
    match revision.0.checked_sub(1) {
        Some(before) => store.snapshot(room, file, Revision(before)).await,
        None => Ok(None),
    }
}

/// A file as a snapshot, or the log's beginning, and the changes after it make it; `None` if they can't be trusted.
async fn try_from(
    store: &Store,
    room: RoomKey,
    file: &File,
    snapshot: Option<Snapshot>,
    at: Revision,
) -> Result<Option<Built>> {
    let revision = snapshot.as_ref().map_or(Revision(0), |snapshot| snapshot.revision);
    let mut changes = match store.changes(room, file.key, revision, at).await {
        Ok(changes) => changes,
        Err(ReadError::Damaged(_)) => return Ok(None),
        Err(ReadError::Failed(error)) => return Err(error),
    };
    changes.retain(|change| change.epoch == file.epoch);
    let server_client = file.server_client;
    let state = snapshot.as_ref().map_or(0, |snapshot| snapshot.state.len());
    let bytes = state
        + changes
            .iter()
            .map(|change| change.update.len() + change.delta.len())
            .sum::<usize>();
    let built = working(bytes, move || build(server_client, snapshot, &changes)).await?;
    let built = built.inspect_err(|why| {
        metrics::counter!(metric::SNAPSHOTS_DISTRUSTED).increment(1);
        tracing::error!(room = room.0, file = file.key.0, %revision, why, "a stored state does not stand");
    });
    Ok(built.ok())
}

/// What a state and the changes after it make.
struct Built {
    document: Document,
    /// The text that the position deltas make, if that is another.
    differs: Option<Rope>,
    /// How many changes there were.
    since_snapshot: u64,
}

/// A document from a state and the changes after it.
fn build(server_client: ClientId, snapshot: Option<Snapshot>, changes: &[LoggedChange]) -> Result<Built, String> {
    let since_snapshot = changes.len() as u64;
    let start = match snapshot {
        Some(snapshot) => trusted(snapshot, server_client)?,
        None if !begins(changes) => return Err("the log does not have the file's beginning".to_owned()),
        None => Document::new(server_client),
    };
    let by_deltas = replay(start.text().clone(), changes)?;
    let updates = changes
        .iter()
        .map(|change| change.update.as_slice())
        .filter(|update| !update.is_empty());
    let (document, differs) = match start.load_more(updates) {
        Ok(document) => {
            let differs = by_deltas != *document.text();
            (document, differs.then_some(by_deltas))
        }
        Err(error) => {
            tracing::error!(%error, "Yjs bytes in the log cannot be read: the position deltas tell the text");
            (Document::new(server_client), Some(by_deltas))
        }
    };
    Ok(Built {
        document,
        differs,
        since_snapshot,
    })
}

/// Whether changes begin where a file's text does.
fn begins(changes: &[LoggedChange]) -> bool {
    let first = changes.first().map(|change| change.kind);
    matches!(first, Some(Kind::Create | Kind::Reseed))
}

/// A snapshot's document, if its text has the hash that was kept with it.
fn trusted(snapshot: Snapshot, server_client: ClientId) -> Result<Document, String> {
    let document = Document::load(server_client, Some(&snapshot.state), []).map_err(|error| error.to_string())?;
    if document.text_hash() == snapshot.text_hash {
        Ok(document)
    } else {
        Err("the snapshot's text does not have the hash that was kept with it".to_owned())
    }
}

/// The text that position deltas make of the text before them.
fn replay(mut text: Rope, changes: &[LoggedChange]) -> Result<Rope, String> {
    for change in changes {
        if change.kind == Kind::Reseed {
            // It brought the text that the deltas before it had made.
            let update = Some(change.update.as_slice()).filter(|update| !update.is_empty());
            let anew = Document::load(ClientId(1), None, update).map_err(|error| error.to_string())?;
            text = anew.text().clone();
        } else if !change.delta.is_empty() {
            let delta = Delta::decode(&change.delta).map_err(|error| error.to_string())?;
            if !delta.apply(&mut text) {
                return Err(format!(
                    "the delta of revision {} does not fit the text before it",
                    change.revision
                ));
            }
        }
    }
    Ok(text)
}

/// A file's newest operations, back to the oldest that is kept in memory, or to one that cannot be read: an edit on a
/// base before that is too old.
async fn recent_history(store: &Store, room: RoomKey, file: &File, at: Revision) -> Result<History> {
    let recent = store.recent_changes(room, file.key, at, limits::HISTORY_LOADED).await?;
    // If all were read it goes back to the file's creation.
    let mut after = recent.complete_after.unwrap_or(file.created);
    let mut readable = Vec::new();
    for change in recent
        .changes
        .into_iter()
        .rev()
        .filter(|change| !change.delta.is_empty())
    {
        let revision = change.revision;
        match past(change) {
            Some(past) => readable.push(past),
            None => {
                after = after.max(revision);
                break;
            }
        }
    }
    let mut history = History::after(after);
    for past in readable.into_iter().rev().filter(|past| past.revision > after) {
        history.push(past);
    }
    Ok(history)
}

/// A file's operations after one revision and up to another.
pub(super) async fn history(
    store: &Store,
    room: RoomKey,
    file: FileKey,
    after: Revision,
    up_to: Revision,
) -> Result<Vec<Past>> {
    if up_to.0.saturating_sub(after.0) > limits::REBASE_OPERATIONS {
        return Err(too_old(up_to, Revision(up_to.0 - limits::REBASE_OPERATIONS)));
    }
    match store.changes(room, file, after, up_to).await {
        Ok(changes) => all_past(changes).map_err(|unreadable| too_old(up_to, unreadable)),
        Err(ReadError::Damaged(unreadable)) => Err(too_old(up_to, unreadable)),
        Err(ReadError::Failed(error)) => Err(error),
    }
}

/// Logged operations that concern the text.
///
/// # Errors
/// The first revision that cannot be read.
fn all_past(changes: Vec<LoggedChange>) -> Result<Vec<Past>, Revision> {
    let of_text = changes.into_iter().filter(|change| !change.delta.is_empty());
    of_text
        .map(|change| {
            let revision = change.revision;
            past(change).ok_or(revision)
        })
        .collect()
}

/// A logged operation; `None` if it cannot be read.
fn past(change: LoggedChange) -> Option<Past> {
    let delta = Delta::decode(&change.delta).inspect_err(|error| {
        tracing::error!(revision = %change.revision, %error, "a delta in the log cannot be read");
    });
    Some(Past {
        revision: change.revision,
        delta: Arc::new(delta.ok()?),
        source: change.source,
        op_id: change.op_id,
        participant: None,
        origin: change.origin,
    })
}

/// A file's text at a revision, from a snapshot and the position deltas after it.
pub(super) async fn text(store: &Store, order: Order) -> Result<Rope> {
    let Order { room, file, at } = order;
    let (after, mut rope) = text_of_snapshot(store, room, file.key, at).await?;
    let changes = match store.changes(room, file.key, after, at).await {
        Ok(changes) => changes,
        Err(ReadError::Damaged(_)) => return Err(unreadable(&file)),
        Err(ReadError::Failed(error)) => return Err(error),
    };
    if after == Revision(0) && !begins(&changes) {
        return Err(unreadable(&file));
    }
    let past = all_past(changes).map_err(|_revision| unreadable(&file))?;
    let rope = blocking(move || past.iter().all(|past| past.delta.apply(&mut rope)).then_some(rope));
    rope.await?.ok_or_else(|| unreadable(&file))
}

/// The newest text up to a revision that is kept in a snapshot, and its revision; nothing, at 0, if there is none.
async fn text_of_snapshot(store: &Store, room: RoomKey, file: FileKey, at: Revision) -> Result<(Revision, Rope)> {
    let mut newest = store.snapshot(room, file, at).await?;
    while let Some(snapshot) = newest {
        let revision = snapshot.revision;
        let bytes = snapshot.state.len();
        if let Ok(document) = working(bytes, move || trusted(snapshot, ClientId(1))).await? {
            return Ok((revision, document.text().clone()));
        }
        newest = before(store, room, file, revision).await?;
    }
    Ok((Revision(0), Rope::new()))
}

/// Keeps a snapshot if a document made from it has the text that it should have. `false`: it has another.
pub(super) async fn keep_snapshot(store: &Store, room: RoomKey, snapshot: Snapshot) -> bool {
    let (file, revision) = (snapshot.file, snapshot.revision);
    let checked = working(snapshot.state.len(), move || {
        let document = Document::load(ClientId(1), Some(&snapshot.state), []).ok()?;
        (document.text_hash() == snapshot.text_hash).then_some(snapshot)
    });
    let Ok(Some(snapshot)) = checked.await else {
        metrics::counter!(metric::SNAPSHOTS_DISTRUSTED).increment(1);
        tracing::error!(room = room.0, file = file.0, %revision, "a snapshot reads back as another text");
        return false;
    };
    if let Err(error) = store.put_snapshot(room, snapshot).await {
        tracing::warn!(room = room.0, file = file.0, %revision, %error, "a snapshot could not be kept");
    }
    true
}

/// Runs work on so many bytes: what is soon done right here, the rest beside the tasks.
async fn working<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    if bytes > limits::WORK_INLINE_BYTES {
        return blocking(work).await;
    }
    // As beside the tasks, a panic is the work's end and not the room's.
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| failed())
}

/// Runs what takes long beside the tasks.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on a document failed");
        failed()
    })
}

fn failed() -> Error {
    Error::new(Reason::Internal, "work on the file failed: tell the operator")
}

fn unreadable(file: &File) -> Error {
    Error::new(
        Reason::FileUnreadable,
        format!(
            "what is stored of {} cannot be read back: keep unsaved text as a draft, and tell the operator",
            file.path
        ),
    )
    .with("file", file.id)
}
