//! Starting a file's Yjs history anew, under a new epoch.
//!
//! Where the text that Yjs bytes make and the text that position deltas make ever differ, the deltas win: receipts and
//! text clients were told them. The file gets a new Y.Doc with that text, as one operation of the log. Text sessions
//! notice nothing; Yjs sessions are told to begin again. The rows of the old epoch stay as evidence.

use rand::Rng;
use ropey::Rope;

use crate::document::{Document, Failure, Unit, UnitChange};
use crate::id::{ClientId, Epoch, FileKey, OpId, SessionId, Source, UserKey};
use crate::room::message::Event;
use crate::room::open_file::OpenFile;
use crate::room::state::{Author, Change, Now, Out, RoomState};
use crate::store::model::{File, Kind, Origin};
use crate::telemetry::metric;

impl RoomState {
    /// Starts a loaded file anew with the text that its position deltas make.
    pub(super) fn reseed(&mut self, key: FileKey, text: &Rope, now: Now) {
        let Some(old) = self.directory.get(key).map(|entry| entry.file.clone()) else {
            return;
        };
        tracing::error!(room = %self.info.id, file = %old.id, epoch = old.epoch.0, "Yjs bytes and position deltas differ: the file starts anew");
        metrics::counter!(metric::RESEEDED).increment(1);
        let server_client = ClientId(rand::rng().random_range(1..=u32::MAX));
        let (document, update) = match fresh(server_client, text) {
            Ok(fresh) => fresh,
            Err(why) => return self.defect((), why),
        };
        let Ok(permit) = self.reserve(update.len() * 2 + 512) else {
            // Passing trouble with the database: the room is read again, and this is tried again then.
            return self.defect((), "a file has to start anew and the database does not take it");
        };
        let row = File {
            epoch: Epoch(old.epoch.0 + 1),
            server_client,
            ..old
        };
        let revision = self.head.next();
        let Some(file) = self.files.remove(&key) else { return };
        let mut anew = OpenFile::new(document, file.history, revision, now.at);
        anew.since_snapshot = 1;
        self.files.insert(key, Box::new(anew));
        let author = Author {
            source: Source::Server,
            op_id: OpId(revision.0),
            user: UserKey(0),
            session: None,
            permit: None,
            answered: None,
        };
        let change = Change {
            kind: Kind::Reseed,
            origin: Origin::Unspecified,
            text: None,
            state: update,
            row: Some(row),
            announced: None,
        };
        self.accept(key, author, change, permit, now);
        self.tell_yjs_sessions_to_begin_again(key);
    }

    fn tell_yjs_sessions_to_begin_again(&mut self, key: FileKey) {
        let Some((id, epoch)) = self.directory.get(key).map(|entry| (entry.file.id, entry.file.epoch)) else {
            return;
        };
        let mut told: Vec<(SessionId, u64)> = Vec::new();
        for member in self.members.values_mut() {
            if let Some(yjs) = member.open.get_mut(&key).and_then(|open| open.yjs.as_mut()) {
                yjs.resync_first = true;
                told.push((member.session.id, member.stream));
            }
        }
        for (session, stream) in told {
            let event = Event::Resync {
                file: id,
                revision: self.head,
                text: None,
                epoch,
            };
            self.gate(Out::Tell {
                session,
                stream,
                event: Box::new(event),
                permit: None,
            });
        }
    }
}

fn fresh(server_client: ClientId, text: &Rope) -> Result<(Document, Vec<u8>), String> {
    let mut document = Document::new(server_client);
    if text.len_bytes() == 0 {
        return Ok((document, Vec::new()));
    }
    let whole = UnitChange {
        offset: 0,
        delete: 0,
        insert: text.to_string(),
    };
    match document.edit(Unit::Utf8, &[whole]) {
        Ok(applied) => Ok((document, applied.update)),
        Err(Failure::Refused(error)) => Err(error.to_string()),
        Err(Failure::Broken(why)) => Err(why),
    }
}
