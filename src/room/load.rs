//! Reads files back from the log.
//!
//! A file's state is the newest snapshot that can be trusted, and the operations after it. A snapshot is trusted if
//! its text has the hash that was kept with it; otherwise the one before is tried, and in the end the log from its
//! beginning. A file that cannot be read is refused, never shown empty.

use std::collections::HashMap;
use std::sync::Arc;

use ropey::Rope;

use crate::document::{Delta, Document};
use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, FileKey, Revision, RoomKey, UserKey};
use crate::limits;
use crate::room::history::{History, Past};
use crate::room::refusals::too_old;
use crate::store::Store;
use crate::store::model::{File, Kind, LoggedChange, Snapshot};
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
    let bindings = store.bindings(room, key).await?;
    let bindings = bindings
        .into_iter()
        .filter(|b| b.epoch == file.epoch)
        .map(|b| (b.client, b.user))
        .collect();
    let history = recent_history(store, room, &file, at).await?;
    let snapshots = store.snapshots(room, key, at).await?;
    let mut tries: Vec<Option<Snapshot>> = snapshots
        .into_iter()
        .filter(|snapshot| snapshot.epoch == file.epoch)
        .map(Some)
        .collect();
    tries.push(None);
    for snapshot in tries {
        let revision = snapshot.as_ref().map_or(Revision(0), |snapshot| snapshot.revision);
        let mut changes = store.changes(room, key, revision, at).await?;
        changes.retain(|change| change.epoch == file.epoch);
        let since_snapshot = changes.len() as u64;
        let server_client = file.server_client;
        match blocking(move || build(server_client, snapshot.as_ref(), &changes)).await? {
            Ok((document, differs)) => {
                let snapshot = revision.max(file.created);
                return Ok(Loaded {
                    document,
                    differs,
                    history,
                    snapshot,
                    since_snapshot,
                    bindings,
                });
            }
            Err(why) => {
                metrics::counter!(metric::SNAPSHOTS_DISTRUSTED).increment(1);
                tracing::error!(room = room.0, file = key.0, %revision, why, "a stored state does not stand");
            }
        }
    }
    Err(unreadable(&file))
}

/// A document from a state and the changes after it, and the text that the position deltas make if that is another.
fn build(
    server_client: ClientId,
    snapshot: Option<&Snapshot>,
    changes: &[LoggedChange],
) -> Result<(Document, Option<Rope>), String> {
    let state = snapshot.map(|snapshot| snapshot.state.as_slice());
    let mut by_deltas = Rope::new();
    if let Some(snapshot) = snapshot {
        let alone = Document::load(server_client, state, []).map_err(|error| error.to_string())?;
        if alone.text_hash() != snapshot.text_hash {
            return Err("the snapshot's text does not have the hash that was kept with it".into());
        }
        by_deltas = alone.text().clone();
    }
    let updates = changes
        .iter()
        .map(|change| change.update.as_slice())
        .filter(|update| !update.is_empty());
    let document = Document::load(server_client, state, updates).map_err(|error| error.to_string())?;
    for change in changes {
        if change.kind == Kind::Reseed {
            // It brought the text that the deltas before it had made.
            let anew = Document::load(
                server_client,
                None,
                [change.update.as_slice()].into_iter().filter(|u| !u.is_empty()),
            );
            by_deltas = anew.map_err(|error| error.to_string())?.text().clone();
        } else if !change.delta.is_empty() {
            let delta = Delta::decode(&change.delta).map_err(|error| error.to_string())?;
            if !delta.apply(&mut by_deltas) {
                return Err(format!(
                    "the delta of revision {} does not fit the text before it",
                    change.revision
                ));
            }
        }
    }
    let differs = by_deltas != *document.text();
    Ok((document, differs.then_some(by_deltas)))
}

async fn recent_history(store: &Store, room: RoomKey, file: &File, at: Revision) -> Result<History> {
    let recent = store.recent_changes(room, file.key, at, limits::HISTORY_LOADED).await?;
    let complete = (recent.len() as u64) < limits::HISTORY_LOADED;
    let oldest = recent.first().map_or(file.created, |change| change.revision);
    // If all were read it goes back to the file's creation; else to the operation before the oldest that was read,
    // of which all that is known is that it is below.
    let after = if complete { file.created } else { oldest };
    let mut history = History::after(after);
    for past in to_past(recent)?.into_iter().filter(|past| past.revision > after) {
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
    to_past(store.changes(room, file, after, up_to).await?)
}

fn to_past(changes: Vec<LoggedChange>) -> Result<Vec<Past>> {
    let mut past = Vec::with_capacity(changes.len());
    for change in changes.into_iter().filter(|change| !change.delta.is_empty()) {
        let delta = Delta::decode(&change.delta).map_err(|error| {
            tracing::error!(revision = %change.revision, %error, "a delta in the log cannot be read");
            broken_log()
        })?;
        past.push(Past {
            revision: change.revision,
            delta: Arc::new(delta),
            source: change.source,
            op_id: change.op_id,
            participant: None,
            origin: change.origin,
        });
    }
    Ok(past)
}

/// A file's text at a revision, from a snapshot and the position deltas after it.
pub(super) async fn text(store: &Store, order: Order) -> Result<Rope> {
    let Order { room, file, at } = order;
    let mut start = (Revision(0), Rope::new());
    for snapshot in store.snapshots(room, file.key, at).await? {
        let revision = snapshot.revision;
        let text = blocking(move || {
            let document = Document::load(ClientId(1), Some(&snapshot.state), []).ok()?;
            (document.text_hash() == snapshot.text_hash).then(|| document.text().clone())
        });
        if let Some(text) = text.await? {
            start = (revision, text);
            break;
        }
    }
    let (after, mut rope) = start;
    let past = to_past(store.changes(room, file.key, after, at).await?)?;
    let rope = blocking(move || past.iter().all(|past| past.delta.apply(&mut rope)).then_some(rope));
    rope.await?.ok_or_else(|| unreadable(&file))
}

/// Keeps a snapshot if a document made from it has the text that it should have. `false`: it has another.
pub(super) async fn keep_snapshot(store: &Store, room: RoomKey, snapshot: Snapshot) -> bool {
    let (file, revision) = (snapshot.file, snapshot.revision);
    let checked = blocking(move || {
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

/// Runs what takes long beside the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work on a document failed");
        broken_log()
    })
}

fn unreadable(file: &File) -> Error {
    Error::new(
        Reason::RoomUnavailable,
        format!(
            "{} cannot be read back just now: nothing of it is lost; try again, or tell the operator",
            file.path
        ),
    )
    .with("file", file.id)
    .retry_after(limits::RETRY_DELAY)
}

fn broken_log() -> Error {
    Error::new(
        Reason::RoomUnavailable,
        "the file cannot be read back just now: try again, or tell the operator",
    )
    .retry_after(limits::RETRY_DELAY)
}
