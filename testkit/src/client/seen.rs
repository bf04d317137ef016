//! What a session was told so far.

use std::collections::BTreeMap;

use bytes::Bytes;
use ropey::Rope;
use tandem::document::Unit;
use tandem::rpc::proto::v1::server_message::Kind;
use tandem::rpc::proto::v1::{self, Change};

/// What a session was told so far: the server's messages, carried out.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The newest answer to a join.
    pub joined: v1::Joined,
    /// Who is here, by participant id; those who left are gone from it.
    pub participants: BTreeMap<String, v1::Participant>,
    /// The room's files, by id; deleted ones too, if the session heard of them.
    pub files: BTreeMap<String, v1::File>,
    /// The open files, by id.
    pub open: BTreeMap<String, FileView>,
    /// Receipts, by op_id.
    pub receipts: BTreeMap<u64, v1::Receipt>,
    /// op_ids that got a second receipt which says something else. Always empty with a good server.
    pub contradictions: Vec<u64>,
    /// The newest presence of each participant.
    pub presences: BTreeMap<String, v1::ParticipantPresence>,
    /// What was refused, in order.
    pub refused: Vec<v1::Refused>,
    /// The newest checkpoint.
    pub checkpoint: u64,
    /// How many resyncs came.
    pub resyncs: usize,
    /// The goodbye, once it came.
    pub goodbye: Option<v1::Goodbye>,
}

/// What a session knows of a file that it has open.
#[derive(Clone, Debug, Default)]
pub struct FileView {
    /// A text session's text.
    pub text: Rope,
    /// The revision that is known.
    pub revision: u64,
    /// The file's epoch.
    pub epoch: u32,
    /// A Yjs session's updates, in order, the first from opened; whoever applies them takes them out.
    pub updates: Vec<Bytes>,
    /// What the server had committed when the file was opened, as a Yjs state vector.
    pub state_vector: Bytes,
    /// The op_ids of the session's own edits that came back, in order.
    pub own: Vec<u64>,
}

impl Seen {
    /// Carries one message out; offsets are in `unit`.
    pub fn apply(&mut self, kind: &Kind, unit: Unit) {
        match kind {
            Kind::Joined(joined) => self.join(joined),
            Kind::Opened(opened) => self.open(opened),
            Kind::Edited(edited) => {
                let view = self.open.get_mut(&edited.file_id);
                // What was opened twice brings its edits twice.
                if let Some(view) = view.filter(|view| edited.revision > view.revision) {
                    apply_changes(&mut view.text, unit, &edited.changes);
                    view.revision = edited.revision;
                    view.own.extend(Some(edited.op_id).filter(|id| *id != 0));
                }
            }
            Kind::Updated(updated) => {
                if let Some(view) = self.open.get_mut(&updated.file_id) {
                    view.updates.push(updated.update.clone());
                    view.revision = updated.revision;
                }
            }
            Kind::Receipt(receipt) => {
                let old = self.receipts.insert(receipt.op_id, receipt.clone());
                if old.is_some_and(|old| (old.state, old.revision) != (receipt.state, receipt.revision)) {
                    self.contradictions.push(receipt.op_id);
                }
            }
            Kind::PresenceChanged(changed) => {
                let presences = changed.presences.iter().cloned();
                self.presences
                    .extend(presences.map(|one| (one.participant_id.clone(), one)));
            }
            Kind::FileChanged(changed) => {
                if let Some(file) = &changed.file {
                    self.files.insert(file.file_id.clone(), file.clone());
                    if file.deleted {
                        self.open.remove(&file.file_id);
                    }
                }
            }
            Kind::ParticipantChanged(changed) => self.participant(changed),
            Kind::Checkpoint(checkpoint) => self.checkpoint = checkpoint.revision,
            Kind::Resync(resync) => self.resync(resync),
            Kind::Goodbye(goodbye) => self.goodbye = Some(goodbye.clone()),
            Kind::Refused(refused) => self.refused.push(refused.clone()),
            Kind::Closed(closed) => {
                self.open.remove(&closed.file_id);
            }
            Kind::Fragment(_) => {}
        }
    }

    /// The id of the living file with this path.
    pub fn file_id(&self, path: &str) -> Option<&str> {
        let mut living = self.files.values().filter(|file| !file.deleted);
        living.find(|file| file.path == path).map(|file| file.file_id.as_str())
    }

    fn join(&mut self, joined: &v1::Joined) {
        self.joined = joined.clone();
        self.goodbye = None;
        let people = joined.participants.iter().cloned();
        self.participants = people.map(|one| (one.participant_id.clone(), one)).collect();
        let files = joined.files.iter().cloned();
        self.files = files.map(|file| (file.file_id.clone(), file)).collect();
    }

    fn open(&mut self, opened: &v1::Opened) {
        let Some(file) = &opened.file else { return };
        self.files.insert(file.file_id.clone(), file.clone());
        if opened.resumed && !self.open.contains_key(&file.file_id) {
            // Whoever asked for it holds the text itself.
            return;
        }
        let view = self.open.entry(file.file_id.clone()).or_default();
        if !opened.resumed {
            view.text = Rope::from_str(&opened.text);
            view.revision = opened.revision;
        }
        view.epoch = opened.epoch;
        view.state_vector = opened.state_vector.clone();
        if !opened.update.is_empty() {
            view.updates.push(opened.update.clone());
        }
    }

    fn participant(&mut self, changed: &v1::ParticipantChanged) {
        let Some(participant) = &changed.participant else {
            return;
        };
        let id = participant.participant_id.clone();
        if participant.state() == v1::ParticipantState::Left {
            self.participants.remove(&id);
            self.presences.remove(&id);
        } else {
            self.participants.insert(id, participant.clone());
        }
    }

    fn resync(&mut self, resync: &v1::Resync) {
        self.resyncs += 1;
        if let Some(view) = self.open.get_mut(&resync.file_id) {
            view.text = Rope::from_str(&resync.text);
            view.revision = resync.revision;
            view.epoch = resync.epoch;
            view.updates.clear();
        }
    }
}

/// Carries changes out, from the last to the first.
///
/// # Panics
///
/// If an offset is past the end: the server told of a change that this text can't have.
fn apply_changes(text: &mut Rope, unit: Unit, changes: &[Change]) {
    for change in changes.iter().rev() {
        let at = |text: &Rope, offset: u32| match unit {
            Unit::CodePoint => offset as usize,
            Unit::Utf16 => text.utf16_cu_to_char(offset as usize),
            Unit::Utf8 => text.byte_to_char(offset as usize),
        };
        let (start, end) = (at(text, change.offset), at(text, change.offset + change.delete));
        text.remove(start..end);
        text.insert(start, &change.insert);
    }
}
