//! A text session.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, client_message::Kind};
use tonic::Status;

use super::{Client, Door, Session};

/// A session that sends position edits, and sends those again after a resume that have no receipt.
pub struct TextSession {
    session: Session,
    /// What was sent; those with a receipt are dropped at the next resume.
    sent: BTreeMap<u64, v1::Edit>,
}

impl Deref for TextSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for TextSession {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl TextSession {
    /// Joins a room.
    ///
    /// # Errors
    ///
    /// What the server refused the join with.
    pub async fn join(client: &Client, door: Door, room: &str, name: &str, unit: Unit) -> Result<Self, Status> {
        let join = v1::Join {
            room: room.to_owned(),
            name: name.to_owned(),
            mode: v1::Mode::Text as i32,
            position_unit: unit.number(),
            ..Default::default()
        };
        Ok(Self {
            session: Session::join(client, door, join).await?,
            sent: BTreeMap::new(),
        })
    }

    /// Opens a file by path and waits for its text; returns its id.
    ///
    /// # Errors
    ///
    /// What sending failed with.
    ///
    /// # Panics
    ///
    /// If the room has no such file, or the answer does not come.
    pub async fn open(&mut self, path: &str) -> Result<String, Status> {
        let file = v1::open::File::Path(path.to_owned());
        self.send(Kind::Open(v1::Open {
            file: Some(file),
            ..Default::default()
        }))
        .await?;
        let is_open = |seen: &super::Seen| seen.file_id(path).is_some_and(|id| seen.open.contains_key(id));
        self.until(&format!("{path} to open"), is_open).await;
        let id = self.seen.file_id(path).expect("it has just been opened");
        Ok(id.to_owned())
    }

    /// The text of an open file, as it was told.
    pub fn text(&self, file_id: &str) -> String {
        self.seen
            .open
            .get(file_id)
            .map(|view| view.text.to_string())
            .unwrap_or_default()
    }

    /// The revision of [`Self::text`].
    pub fn revision(&self, file_id: &str) -> u64 {
        self.seen
            .open
            .get(file_id)
            .map(|view| view.revision)
            .unwrap_or_default()
    }

    /// Edits a file on the revision that is known of it; returns the op_id.
    ///
    /// # Errors
    ///
    /// What sending failed with; the edit is sent again after a resume.
    pub async fn edit(&mut self, file_id: &str, changes: Vec<UnitChange>) -> Result<u64, Status> {
        let op_id = self.next_op_id();
        let base = self.revision(file_id);
        self.send_edit(op_id, file_id, base, changes).await?;
        Ok(op_id)
    }

    /// Sends an edit as one of the pure client machines made it.
    ///
    /// # Errors
    ///
    /// As [`Self::edit`].
    pub async fn send_edit(
        &mut self,
        op_id: u64,
        file_id: &str,
        base: u64,
        changes: Vec<UnitChange>,
    ) -> Result<(), Status> {
        let changes = changes.into_iter().map(|change| v1::Change {
            offset: change.offset,
            delete: change.delete,
            insert: change.insert,
        });
        let edit = v1::Edit {
            op_id,
            file: Some(v1::edit::File::FileId(file_id.to_owned())),
            base_revision: Some(base),
            changes: changes.collect(),
            origin: 0,
        };
        self.sent.insert(op_id, edit.clone());
        self.send(Kind::Edit(edit)).await
    }

    /// Sends edits again, as they were.
    ///
    /// # Errors
    ///
    /// As [`Self::edit`].
    pub async fn send_again(&mut self, op_ids: &[u64]) -> Result<(), Status> {
        let again = op_ids.iter().filter_map(|op_id| self.sent.get(op_id).cloned());
        let again = again.map(Kind::Edit).collect();
        self.session.wire().send_all(again).await
    }

    /// Takes the session up on a new stream: opens its files at the revisions that are known, and sends again what has
    /// no receipt.
    ///
    /// # Errors
    ///
    /// What the server refused it with.
    pub async fn resume(&mut self) -> Result<(), Status> {
        let views = self.seen.open.iter();
        let open = views.map(|(id, view)| v1::Open {
            file: Some(v1::open::File::FileId(id.clone())),
            after_revision: view.revision,
            ..Default::default()
        });
        let open = open.collect();
        self.session.resume(open).await?;
        let receipts = &self.session.seen.receipts;
        self.sent.retain(|op_id, _| !receipts.contains_key(op_id));
        let again: Vec<Kind> = self.sent.values().cloned().map(Kind::Edit).collect();
        if again.is_empty() {
            return Ok(());
        }
        self.session.wire().send_all(again).await
    }
}
