//! The path of one edit through the room: from a session's message to an accepted operation.

use crate::document::{Document, Failure, Unit, UnitChange};
use crate::error::{Error, Reason, Result};
use crate::id::{FileKey, FileRef, OpId, Revision, SessionId};
use crate::limits;
use crate::room::job::{Job, Lookup, Need};
use crate::room::member::Parked;
use crate::room::message::{Edit, Event, Outcome, Update};
use crate::room::parts::Parts;
use crate::room::refusals::{base_missing, before_its_file, in_future, not_accepted};
use crate::room::state::{Author, Change, Effect, Now, RoomState, Stop};
use crate::store::model::{Kind, Mode, Origin};

/// What to do with an operation's number.
enum Numbered {
    /// It is the next one.
    New,
    /// It is done, or on its way already.
    Known,
}

impl RoomState {
    /// A text session's change: carried to the head, applied, accepted.
    pub(super) fn edit(&mut self, session: SessionId, parked: &mut Parked, edit: &Edit, now: Now) -> Result<(), Stop> {
        self.refuse_unfinished(session, edit.op_id, parked.stream);
        if let Numbered::Known = self.number(session, edit.op_id, parked, &edit.file, None)? {
            return Ok(());
        }
        self.expect_mode(session, Mode::Text)?;
        let Some(member) = self.members.get(&session) else {
            return Ok(());
        };
        let unit = member.unit;
        let entry = self.directory.find_living(&edit.file)?;
        let key = entry.file.key;
        self.ready(key, now)?;
        let base = self.base(key, edit.base)?;
        let changes = self.carried(key, &edit.changes, base, unit)?;
        let Some(file) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        self.admit_growth(&file.document, unit, &changes)
            .map_err(|error| error.field("changes"))?;
        let permit = self.reserve(file.edit_bytes(&changes))?;
        let Some(file) = self.files.get_mut(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let apply = tracing::debug_span!("apply", room = %self.info.id, op_id = edit.op_id.0).entered();
        let applied = match file.document.edit(unit, &changes) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => return Err(Stop::Refuse(error)),
            Err(Failure::Broken(why)) => return self.defect(Ok(()), why),
        };
        drop(apply);
        let author = self.author(session, edit.op_id, parked, now);
        let origin = if edit.origin == Origin::Unspecified {
            Origin::Typed
        } else {
            edit.origin
        };
        let text = Some((applied.delta, applied.update));
        let change = Change {
            kind: Kind::Edit,
            origin,
            text,
            state: Vec::new(),
            row: None,
            announced: None,
        };
        self.accept(key, author, change, permit, now);
        Ok(())
    }

    /// A Yjs session's change: through the gate, applied, accepted.
    pub(super) fn update(
        &mut self,
        session: SessionId,
        parked: &mut Parked,
        update: &Update,
        now: Now,
    ) -> Result<(), Stop> {
        self.refuse_unfinished(session, update.op_id, parked.stream);
        let bytes = match self.whole_update(session, update)? {
            Some(bytes) => bytes,
            None => {
                parked.permit.take();
                return Ok(());
            }
        };
        let done = self.whole(session, parked, update, &bytes, now);
        if let Err(Stop::Wait(_) | Stop::WaitForReader) = &done
            && let Some(member) = self.members.get_mut(&session)
        {
            // It is called again with the last part alone.
            let kept = bytes.len() - update.update.len();
            member.parts = (kept > 0).then(|| Parts {
                bytes: bytes[..kept].to_vec(),
                ..Parts::new(update)
            });
        }
        done
    }

    fn whole(
        &mut self,
        session: SessionId,
        parked: &mut Parked,
        update: &Update,
        bytes: &[u8],
        now: Now,
    ) -> Result<(), Stop> {
        if let Numbered::Known = self.number(session, update.op_id, parked, &update.file, Some(bytes))? {
            return Ok(());
        }
        self.expect_mode(session, Mode::Yjs)?;
        let entry = self.directory.find_living(&update.file)?;
        let (key, id, epoch) = (entry.file.key, entry.file.id, entry.file.epoch);
        self.ready(key, now)?;
        self.expect_open(session, key)?;
        if update.epoch != epoch {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::EpochMismatch,
                    "the update is of another epoch: open the file with a new Y.Doc",
                )
                .field("epoch")
                .with("epoch", epoch),
            ));
        }
        let room_left = limits::ROOM_BYTES.saturating_sub(self.directory.bytes());
        let permit = self.reserve(bytes.len() * 3)?;
        let Some(member) = self.members.get(&session) else {
            return Ok(());
        };
        let user = member.session.user;
        let Some(file) = self.files.get_mut(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let most = u64::from(file.document.len().utf8) + room_left;
        let most = u32::try_from(most).unwrap_or(u32::MAX).min(limits::FILE_BYTES);
        let bindings = &file.bindings;
        let may_write = |client| bindings.get(&client) == Some(&user);
        let apply = tracing::debug_span!("gate and apply", room = %self.info.id, op_id = update.op_id.0).entered();
        let applied = match file.document.update(bytes, &may_write, most) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => return Err(Stop::Refuse(error.field("update"))),
            Err(Failure::Broken(why)) => return self.defect(Ok(()), why),
        };
        drop(apply);
        if applied.update.is_empty() {
            // It adds nothing: what it says is committed when the head of this moment is.
            let event = Event::Receipt {
                op_id: update.op_id,
                outcome: Outcome::Committed(self.head),
                file: Some(id),
            };
            self.tell(session, parked.stream, event, parked.permit.take());
            return Ok(());
        }
        let author = self.author(session, update.op_id, parked, now);
        let origin = if update.origin == Origin::Unspecified {
            Origin::Typed
        } else {
            update.origin
        };
        let text = Some((applied.delta, applied.update));
        let change = Change {
            kind: Kind::Update,
            origin,
            text,
            state: Vec::new(),
            row: None,
            announced: None,
        };
        self.accept(key, author, change, permit, now);
        Ok(())
    }

    /// Whether an operation's number is a new one. One that is on its way is left to it; one that is past is looked
    /// up in the log.
    fn number(
        &mut self,
        session: SessionId,
        op_id: OpId,
        parked: &mut Parked,
        file: &FileRef,
        update: Option<&[u8]>,
    ) -> Result<Numbered> {
        let Some(member) = self.members.get_mut(&session) else {
            return Ok(Numbered::Known);
        };
        if op_id == OpId(0) {
            return Err(
                Error::new(Reason::OpIdOrder, "0 is no op_id: number your operations from 1")
                    .field("op_id")
                    .with("op_id", 0)
                    .with("previous", member.highest),
            );
        }
        if op_id > OpId::MAX {
            let message = format!("an op_id is at most {}: number your operations from 1", OpId::MAX);
            return Err(Error::new(Reason::FieldInvalid, message).field("op_id"));
        }
        if op_id > member.highest {
            return Ok(Numbered::New);
        }
        let entry = self.directory.find(file).ok();
        let entry = entry.map(|entry| (entry.file.key, entry.file.id));
        if let Some((stream, revision)) = member.in_flight.get_mut(&op_id) {
            // The receipt of one that came by an older stream would leave before this stream begins.
            if *stream != parked.stream {
                *stream = parked.stream;
                let event = Event::Receipt {
                    op_id,
                    outcome: Outcome::Committed(*revision),
                    file: entry.map(|(_, id)| id),
                };
                self.tell(session, parked.stream, event, parked.permit.take());
            }
        } else {
            let lookup = Lookup {
                session,
                stream: parked.stream,
                source: member.source(),
                op_id,
                file: entry.map(|(_, id)| id),
                update: entry.map(|(key, _)| key).zip(update.map(<[u8]>::to_vec)),
                permit: parked.permit.take(),
            };
            self.effects.push(Effect::Job(Job::Lookup(lookup)));
        }
        Ok(Numbered::Known)
    }

    /// An operation of the past was looked up: its old receipt, or none and never will be one.
    pub(super) fn looked_up(&mut self, lookup: Lookup, found: Result<Option<Revision>>, now: Now) {
        let outcome = match found {
            Ok(Some(revision)) => Outcome::Committed(revision),
            Ok(None) if self.is_covered(lookup.update.as_ref()) => Outcome::Committed(self.head),
            Ok(None) => {
                if let Some((file, _)) = &lookup.update {
                    self.lose_document(lookup.session, *file);
                }
                Outcome::Refused(not_accepted(lookup.op_id))
            }
            Err(error) => return self.end_stream(lookup.session, error, now.at),
        };
        let event = Event::Receipt {
            op_id: lookup.op_id,
            outcome,
            file: lookup.file,
        };
        self.tell(lookup.session, lookup.stream, event, lookup.permit);
    }

    fn author(&mut self, session: SessionId, op_id: OpId, parked: &mut Parked, now: Now) -> Author {
        let mut author = Author {
            source: crate::id::Source::Session(session),
            op_id,
            user: crate::id::UserKey(0),
            session: None,
            permit: parked.permit.take(),
            answered: None,
        };
        let revision = self.head.next();
        if let Some(member) = self.members.get_mut(&session) {
            member.highest = op_id;
            member.in_flight.insert(op_id, (member.stream, revision));
            if member.edited.replace(now.at).is_none() {
                member.show = true;
                self.presence_dirty = true;
            }
            author.user = member.session.user;
            author.session = Some((session, member.session.participant));
        }
        author
    }

    fn expect_mode(&self, session: SessionId, mode: Mode) -> Result<()> {
        match self.members.get(&session) {
            Some(member) if member.session.mode != mode => Err(Error::new(
                Reason::WrongMode,
                match mode {
                    Mode::Text => "this session joined in Yjs mode: send update, or join in text mode",
                    Mode::Yjs => "this session joined in text mode: send edit, or join in Yjs mode",
                },
            )),
            _ => Ok(()),
        }
    }

    fn expect_open(&self, session: SessionId, key: FileKey) -> Result<()> {
        let open = self.members.get(&session).and_then(|member| member.open.get(&key));
        match open.and_then(|open| open.yjs.as_ref()) {
            None => Err(Error::new(
                Reason::FileNotOpen,
                "the file is not open: open it before you send its updates",
            )),
            Some(yjs) if yjs.resync_first => Err(Error::new(
                Reason::ResyncFirst,
                "an update of this file was refused: open it again with a new Y.Doc, and offer unsaved text as a draft",
            )
            .with("client_id", yjs.client)),
            Some(_) => Ok(()),
        }
    }

    /// After a refused update a Yjs session's document has a hole: nothing more of the file until it is opened again.
    pub(super) fn lose_document(&mut self, session: SessionId, file: FileKey) {
        let open = self
            .members
            .get_mut(&session)
            .and_then(|member| member.open.get_mut(&file));
        if let Some(yjs) = open.and_then(|open| open.yjs.as_mut()) {
            yjs.resync_first = true;
        }
    }

    /// Whether an update of the past adds nothing to its file.
    fn is_covered(&self, update: Option<&(FileKey, Vec<u8>)>) -> bool {
        let file = update.and_then(|(key, bytes)| Some((self.files.get(key)?, bytes)));
        file.is_some_and(|(file, bytes)| file.document.covers(bytes))
    }

    /// An operation's refusal.
    pub(super) fn refusal(&self, op_id: OpId, file: &FileRef, error: Error) -> Event {
        let file = self.directory.find(file).ok().map(|entry| entry.file.id);
        Event::Receipt {
            op_id,
            outcome: Outcome::Refused(error),
            file,
        }
    }

    /// The base of an edit or write, checked against what there is.
    pub(super) fn base(&self, key: FileKey, base: Option<Revision>) -> Result<Revision> {
        let base = base.ok_or_else(|| base_missing(self.committed))?;
        self.revision_of(key, base, "base_revision")
    }

    /// A revision of a file that a caller names in `field`, checked against what there is.
    pub(super) fn revision_of(&self, key: FileKey, revision: Revision, field: &str) -> Result<Revision> {
        let created = self.directory.get(key).map_or(Revision(0), |entry| entry.file.created);
        let head = self.committed;
        match revision {
            revision if revision > head => Err(in_future(revision, head).field(field)),
            revision if revision < created => Err(before_its_file(created, head).field(field)),
            revision => Ok(revision),
        }
    }

    /// An edit's changes, checked against the text at their base and carried to the head.
    pub(super) fn carried(
        &self,
        key: FileKey,
        changes: &[UnitChange],
        base: Revision,
        unit: Unit,
    ) -> Result<Vec<UnitChange>, Stop> {
        let _step = tracing::debug_span!("carry", room = %self.info.id, base = base.0).entered();
        let Some(file) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        file.history
            .carry_edit(changes, base, unit, file.document.len())?
            .ok_or(Stop::Wait(Need::History(key, base)))
    }

    /// Whether a file's text may grow by what changes make of it.
    pub(super) fn admit_growth(&self, document: &Document, unit: Unit, changes: &[UnitChange]) -> Result<()> {
        let before = u64::from(document.len().utf8);
        let came = changes.iter().map(|change| change.insert.len() as u64).sum();
        // What they delete is looked up only where it matters.
        self.admit_bytes(before, came)
            .or_else(|_| self.admit_bytes(before, document.growth(unit, changes)))
    }
}
