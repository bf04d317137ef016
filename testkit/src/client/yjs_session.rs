//! A Yjs session.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use tandem::rpc::proto::v1::{self, client_message::Kind};
use tonic::Status;

use super::{Client, Door, Session};

/// A session that sends Yjs updates. It holds no Y.Doc: whoever has one takes the updates out with
/// [`YjsSession::take_updates`] and sends its own with [`YjsSession::update`].
pub struct YjsSession {
    session: Session,
    sent: BTreeMap<u64, v1::Update>,
}

impl Deref for YjsSession {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for YjsSession {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl YjsSession {
    /// Joins a room.
    ///
    /// # Errors
    ///
    /// What the server refused the join with.
    pub async fn join(client: &Client, door: Door, room: &str, name: &str) -> Result<Self, Status> {
        let join = v1::Join {
            room: room.to_owned(),
            name: name.to_owned(),
            mode: v1::Mode::Yjs as i32,
            position_unit: v1::PositionUnit::Utf16 as i32,
            ..Default::default()
        };
        Ok(Self {
            session: Session::join(client, door, join).await?,
            sent: BTreeMap::new(),
        })
    }

    /// Opens a file by path under a Y.Doc's client id and waits for the answer; returns the file's id.
    ///
    /// # Errors
    ///
    /// What sending failed with.
    ///
    /// # Panics
    ///
    /// If the room has no such file, or the answer does not come.
    pub async fn open(&mut self, path: &str, client_id: u32, state_vector: Bytes) -> Result<String, Status> {
        self.send(Kind::Open(v1::Open {
            file: Some(v1::open::File::Path(path.to_owned())),
            client_id,
            state_vector,
            ..Default::default()
        }))
        .await?;
        let is_open = |seen: &super::Seen| seen.file_id(path).is_some_and(|id| seen.open.contains_key(id));
        self.until(&format!("{path} to open"), is_open).await;
        let id = self.seen.file_id(path).expect("it has just been opened");
        Ok(id.to_owned())
    }

    /// The updates that came since the last call, in order.
    pub fn take_updates(&mut self, file_id: &str) -> Vec<Bytes> {
        let view = self.seen.open.get_mut(file_id);
        view.map(|view| std::mem::take(&mut view.updates)).unwrap_or_default()
    }

    /// Sends an update of the epoch that is known; returns the op_id.
    ///
    /// # Errors
    ///
    /// What sending failed with.
    pub async fn update(&mut self, file_id: &str, update: Bytes) -> Result<u64, Status> {
        let op_id = self.next_op_id();
        let epoch = self.seen.open.get(file_id).map(|view| view.epoch).unwrap_or_default();
        let update = v1::Update {
            op_id,
            file: Some(v1::update::File::FileId(file_id.to_owned())),
            epoch,
            update,
            more: false,
            origin: 0,
        };
        self.sent.insert(op_id, update.clone());
        self.send(Kind::Update(update)).await?;
        Ok(op_id)
    }

    /// Sends updates again, as they were.
    ///
    /// # Errors
    ///
    /// What sending failed with.
    pub async fn send_again(&mut self, op_ids: &[u64]) -> Result<(), Status> {
        let again = op_ids.iter().filter_map(|op_id| self.sent.get(op_id).cloned());
        let again = again.map(Kind::Update).collect();
        self.session.wire().send_all(again).await
    }

    /// Takes the session up on a new stream: opens the files as given, each with what its Y.Doc has, and sends again
    /// what has no receipt.
    ///
    /// # Errors
    ///
    /// What the server refused it with.
    pub async fn resume(&mut self, open: Vec<v1::Open>) -> Result<(), Status> {
        self.session.resume(open).await?;
        let receipts = &self.session.seen.receipts;
        self.sent.retain(|op_id, _| !receipts.contains_key(op_id));
        let again: Vec<Kind> = self.sent.values().cloned().map(Kind::Update).collect();
        if again.is_empty() {
            return Ok(());
        }
        self.session.wire().send_all(again).await
    }
}
