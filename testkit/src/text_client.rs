//! The two reference text clients as state machines without a transport: the same ones are driven in the process and over
//! gRPC.
//!
//! Both are told what comes down (`edited`, `receipt`, `resync`) and say what is to be sent. Offsets are in the unit
//! chosen at join.

use std::collections::VecDeque;

use ropey::Rope;
use tandem::document::{Unit, UnitChange, diff, join, transform};
use tandem::id::{OpId, Revision};

/// An edit to send. After a resume it is sent again, unchanged, until it has its receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub op_id: OpId,
    /// The revision whose text it is of.
    pub base: Revision,
    /// Its changes.
    pub changes: Vec<UnitChange>,
}

/// What a receipt says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The database has it at this revision; or it changed nothing, and this was the head.
    Committed(Revision),
    /// It changed nothing and never will.
    Refused,
}

/// A committed operation of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// Its revision.
    pub revision: Revision,
    /// Its changes, of the text just before it.
    pub changes: Vec<UnitChange>,
    /// The receiver's own number for it, if it is its own.
    pub op_id: Option<OpId>,
}

/// Carries out changes on a rope, from the last to the first.
///
/// # Panics
///
/// If an offset is past the end.
pub fn apply(rope: &mut Rope, unit: Unit, changes: &[UnitChange]) {
    for change in changes.iter().rev() {
        let (start, end) = (char_at(rope, unit, change.offset), char_at(rope, unit, change.end()));
        rope.remove(start..end);
        rope.insert(start, &change.insert);
    }
}

/// The changes that take others back, of the text after them; `rope` is the text before them.
fn inverse(rope: &Rope, unit: Unit, changes: &[UnitChange]) -> Vec<UnitChange> {
    let mut shift = 0_i64;
    let back = |change: &UnitChange| {
        let gone = rope
            .slice(char_at(rope, unit, change.offset)..char_at(rope, unit, change.end()))
            .to_string();
        let inserted = unit.len_of(&change.insert);
        let offset = u32::try_from(i64::from(change.offset) + shift).expect("a place in the text after");
        shift += i64::from(inserted) - i64::from(change.delete);
        UnitChange::new(offset, inserted, gone)
    };
    changes.iter().map(back).collect()
}

fn char_at(rope: &Rope, unit: Unit, offset: u32) -> usize {
    match unit {
        Unit::CodePoint => offset as usize,
        Unit::Utf16 => rope.utf16_cu_to_char(offset as usize),
        Unit::Utf8 => rope.byte_to_char(offset as usize),
    }
}

/// The plain client: it shows what it receives, has one edit on its way, and needs no transform.
#[derive(Clone, Debug)]
pub struct PlainClient {
    unit: Unit,
    text: Rope,
    revision: Revision,
    last_op: OpId,
    on_its_way: Option<Sent>,
}

impl PlainClient {
    /// One that was told a text at a revision.
    pub fn new(unit: Unit, text: Rope, revision: Revision) -> Self {
        Self {
            unit,
            text,
            revision,
            last_op: OpId(0),
            on_its_way: None,
        }
    }

    /// What its offsets count.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The text that it shows.
    pub fn text(&self) -> &Rope {
        &self.text
    }

    /// The revision of the text.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What waits for its receipt.
    pub fn on_its_way(&self) -> Option<&Sent> {
        self.on_its_way.as_ref()
    }

    /// Edits the text that is shown; `None` while an edit is on its way.
    pub fn edit(&mut self, changes: Vec<UnitChange>) -> Option<Sent> {
        if self.on_its_way.is_some() {
            return None;
        }
        self.last_op.0 += 1;
        let sent = Sent {
            op_id: self.last_op,
            base: self.revision,
            changes,
        };
        self.on_its_way = Some(sent.clone());
        Some(sent)
    }

    /// Shows an operation.
    pub fn edited(&mut self, edited: &Edited) {
        apply(&mut self.text, self.unit, &edited.changes);
        self.revision = edited.revision;
    }

    /// Learns what became of its edit; gives back the text that was refused.
    pub fn receipt(&mut self, op_id: OpId, receipt: Receipt) -> Option<Sent> {
        let sent = self.on_its_way.take_if(|sent| sent.op_id == op_id)?;
        (receipt == Receipt::Refused).then_some(sent)
    }

    /// Starts anew with a text.
    pub fn resync(&mut self, text: Rope, revision: Revision) {
        (self.text, self.revision) = (text, revision);
    }
}

/// The optimistic client: it shows its own edits at once, has one on its way, keeps later ones until that has its
/// receipt, and carries all of them over what others do.
#[derive(Clone, Debug)]
pub struct OptimisticClient {
    unit: Unit,
    /// The text at the revision, as the server has it.
    committed: Rope,
    revision: Revision,
    /// The committed text with the pending edits.
    local: Rope,
    last_op: OpId,
    on_its_way: Option<OnItsWay>,
    /// Edits not sent yet, each of the text after the one before it.
    buffer: VecDeque<Vec<UnitChange>>,
    drafts: Vec<String>,
}

#[derive(Clone, Debug)]
struct OnItsWay {
    /// As it was sent.
    sent: Sent,
    /// Carried over everything since.
    changes: Vec<UnitChange>,
    /// Its revision, if its receipt came and its edited has not.
    committed: Option<Revision>,
}

impl OptimisticClient {
    /// One that was told a text at a revision.
    pub fn new(unit: Unit, text: Rope, revision: Revision) -> Self {
        Self {
            unit,
            committed: text.clone(),
            revision,
            local: text,
            last_op: OpId(0),
            on_its_way: None,
            buffer: VecDeque::new(),
            drafts: Vec::new(),
        }
    }

    /// What its offsets count.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The text that it shows.
    pub fn text(&self) -> &Rope {
        &self.local
    }

    /// The text that the server is known to have.
    pub fn committed(&self) -> &Rope {
        &self.committed
    }

    /// The revision of the committed text.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// What waits for its receipt, as it was sent.
    pub fn on_its_way(&self) -> Option<&Sent> {
        self.on_its_way.as_ref().map(|it| &it.sent)
    }

    /// Whether anything is not known to be committed.
    pub fn has_pending(&self) -> bool {
        self.on_its_way.is_some() || !self.buffer.is_empty()
    }

    /// Whether what is shown is the committed text with the pending edits. It carries them all out: for tests.
    pub fn is_consistent(&self) -> bool {
        let mut text = self.committed.clone();
        for changes in self.on_its_way.iter().map(|it| &it.changes).chain(&self.buffer) {
            apply(&mut text, self.unit, changes);
        }
        text == self.local
    }

    /// Texts that were refused, to offer to their author again.
    pub fn drafts(&self) -> &[String] {
        &self.drafts
    }

    /// Edits the text that is shown; what is to be sent, unless an edit is on its way already.
    pub fn edit(&mut self, changes: Vec<UnitChange>) -> Option<Sent> {
        let changes = join(changes);
        apply(&mut self.local, self.unit, &changes);
        self.buffer.push_back(changes);
        self.send_next()
    }

    /// Takes in a committed operation; what is to be sent next.
    pub fn edited(&mut self, edited: &Edited) -> Option<Sent> {
        self.revision = edited.revision;
        let own = self.on_its_way.take_if(|it| edited.op_id == Some(it.sent.op_id));
        match own {
            Some(it) if it.changes == join(edited.changes.iter().cloned()) => {}
            // After a resync the server, which knows every step, may have carried it another way.
            Some(it) => {
                self.take_back(&it.changes);
                self.carry(edited.changes.clone());
            }
            None => self.carry(edited.changes.clone()),
        }
        apply(&mut self.committed, self.unit, &edited.changes);
        self.send_next()
    }

    /// Learns that everything up to a revision has been sent; what is to be sent next.
    pub fn checkpoint(&mut self, revision: Revision) -> Option<Sent> {
        let included = |it: &mut OnItsWay| it.committed.is_some_and(|committed| committed <= revision);
        if let Some(it) = self.on_its_way.take_if(included) {
            self.take_back(&it.changes);
        }
        self.send_next()
    }

    /// Learns what became of an edit; what is to be sent next.
    pub fn receipt(&mut self, op_id: OpId, receipt: Receipt) -> Option<Sent> {
        let it = self.on_its_way.take_if(|it| it.sent.op_id == op_id)?;
        match receipt {
            // What is committed later than what is known here comes as edited in a moment, if it changes anything.
            Receipt::Committed(revision) if revision > self.revision && !it.changes.is_empty() => {
                self.on_its_way = Some(OnItsWay {
                    committed: Some(revision),
                    ..it
                });
                None
            }
            // A resync brought it already, so that it is here twice.
            Receipt::Committed(_) => {
                self.take_back(&it.changes);
                self.send_next()
            }
            Receipt::Refused => {
                self.keep_drafts(&it.changes);
                None
            }
        }
    }

    /// Starts anew with a text; what is to be sent next. What the text has that the old one had not counts as somebody's
    /// edit.
    pub fn resync(&mut self, text: Rope, revision: Revision) -> Option<Sent> {
        let changes = diff(&self.committed, &text.to_string(), self.unit);
        self.carry(changes);
        (self.committed, self.revision) = (text, revision);
        self.checkpoint(revision)
    }

    /// Carries the pending edits over an operation, and the operation over them onto what is shown.
    fn carry(&mut self, changes: Vec<UnitChange>) {
        let mut theirs = changes;
        let ours = self
            .on_its_way
            .iter_mut()
            .map(|it| &mut it.changes)
            .chain(&mut self.buffer);
        for pending in ours {
            let (carried, after) = transform(std::mem::take(pending), theirs, self.unit);
            (*pending, theirs) = (carried, after);
        }
        apply(&mut self.local, self.unit, &theirs);
    }

    /// Takes the edit on its way out from under the buffer.
    fn take_back(&mut self, changes: &[UnitChange]) {
        let mut back = inverse(&self.committed, self.unit, changes);
        for pending in &mut self.buffer {
            let (carried, after) = transform(std::mem::take(pending), back, self.unit);
            (*pending, back) = (carried, after);
        }
        apply(&mut self.local, self.unit, &back);
    }

    /// What was refused, and what was built on it, is the author's again.
    fn keep_drafts(&mut self, refused: &[UnitChange]) {
        let pending = std::mem::take(&mut self.buffer);
        let texts = refused
            .iter()
            .chain(pending.iter().flatten())
            .map(|change| change.insert.clone());
        self.drafts.extend(texts.filter(|text| !text.is_empty()));
        self.local = self.committed.clone();
    }

    fn send_next(&mut self) -> Option<Sent> {
        if self.on_its_way.is_some() {
            return None;
        }
        let changes = loop {
            let changes = self.buffer.pop_front()?;
            if !changes.is_empty() {
                break changes;
            }
        };
        self.last_op.0 += 1;
        let sent = Sent {
            op_id: self.last_op,
            base: self.revision,
            changes: changes.clone(),
        };
        self.on_its_way = Some(OnItsWay {
            sent: sent.clone(),
            changes,
            committed: None,
        });
        Some(sent)
    }
}
