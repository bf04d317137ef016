//! People who edit all the time: each waits for its receipt before the next edit, and tells how long that took.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem::rpc::proto::v1::{Receipt, ReceiptState};

use crate::client::{Client, Door, TextSession, YjsSession};
use crate::yjs_client::YjsClient;

/// Somebody with a text session, who counts in code points.
pub struct TextWriter {
    /// The session.
    pub session: TextSession,
    file: String,
}

impl TextWriter {
    /// Joins and opens a file.
    ///
    /// # Panics
    ///
    /// If the server refuses it.
    pub async fn join(client: &Client, door: Door, room: &str, path: &str) -> Self {
        let joined = TextSession::join(client, door, room, "Text", Unit::CodePoint).await;
        let mut session = joined.expect("joined");
        let file = session.open(path).await.expect("opened");
        Self { session, file }
    }

    /// The text as it was told.
    pub fn text(&self) -> Rope {
        self.session.seen.open[&self.file].text.clone()
    }

    /// Edits the text as `make` says and waits for the receipt; says how long it took.
    ///
    /// # Panics
    ///
    /// If the edit is refused, or the stream ends.
    pub async fn edit(&mut self, make: impl FnOnce(&Rope, Unit) -> Vec<UnitChange>) -> (Duration, u64) {
        let changes = make(&self.text(), Unit::CodePoint);
        let begun = Instant::now();
        let op_id = self.session.edit(&self.file, changes).await.expect("sent");
        let receipt = self.session.receipt(op_id).await;
        let took = begun.elapsed();
        (took, committed(&receipt))
    }

    /// Reads until it has a revision.
    ///
    /// # Panics
    ///
    /// If that does not come.
    pub async fn see(&mut self, revision: u64) {
        let file = self.file.clone();
        let there = |seen: &crate::client::Seen| seen.open[&file].revision >= revision;
        self.session.until("everybody's edits", there).await;
    }
}

/// Somebody with a Y.Doc.
pub struct YjsWriter {
    /// The session.
    pub session: YjsSession,
    /// The Y.Doc.
    pub doc: YjsClient,
    file: String,
}

impl YjsWriter {
    /// Joins and opens a file with a new Y.Doc of this id.
    ///
    /// # Panics
    ///
    /// If the server refuses it.
    pub async fn join(client: &Client, door: Door, room: &str, path: &str, id: u32) -> Self {
        let mut session = YjsSession::join(client, door, room, "Yjs").await.expect("joined");
        let file = session.open(path, id, Bytes::new()).await.expect("opened");
        let mut writer = Self {
            session,
            doc: YjsClient::new(ClientId(id)),
            file,
        };
        writer.receive();
        writer
    }

    /// Takes what came into the Y.Doc.
    pub fn receive(&mut self) {
        for update in self.session.take_updates(&self.file) {
            self.doc.receive(&update);
        }
    }

    /// Edits the text as `make` says and waits for the receipt; says how long it took. `None` if nothing changes.
    ///
    /// # Panics
    ///
    /// If the update is refused, or the stream ends.
    pub async fn edit(&mut self, make: impl FnOnce(&Rope, Unit) -> Vec<UnitChange>) -> Option<(Duration, u64)> {
        self.receive();
        self.doc.edit(&make(&Rope::from_str(&self.doc.text()), Unit::Utf16));
        let update = self.doc.take_written().pop()?;
        let begun = Instant::now();
        let op_id = self.session.update(&self.file, update.into()).await.expect("sent");
        let receipt = self.session.receipt(op_id).await;
        let took = begun.elapsed();
        Some((took, committed(&receipt)))
    }

    /// Reads until it has a revision of somebody else's.
    ///
    /// # Panics
    ///
    /// If that does not come.
    pub async fn see(&mut self, revision: u64) {
        let file = self.file.clone();
        let there = |seen: &crate::client::Seen| seen.open[&file].revision >= revision;
        self.session.until("everybody's edits", there).await;
        self.receive();
    }
}

fn committed(receipt: &Receipt) -> u64 {
    assert_eq!(receipt.state(), ReceiptState::Committed, "{receipt:?}");
    receipt.revision
}

/// The median.
///
/// # Panics
///
/// If there is nothing.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
