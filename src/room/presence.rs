//! Where people's cursors are: never stored, always the newest state only.
//!
//! A cursor is kept as UTF-16 offsets at the room's head and moves with every operation; each receiver gets it in its
//! own form. All that changed goes out at the next tick, together.

use std::time::Instant;

use bytes::Bytes;

use crate::document::{self, Unit};
use crate::error::{Error, Reason, Result};
use crate::id::{Revision, SessionId};
use crate::limits;
use crate::room::cursor::Cursor;
use crate::room::member::{Form, Member};
use crate::room::message::{Event, ParticipantPresence, ParticipantState, Presence, Selection};
use crate::room::open_file::OpenFile;
use crate::room::state::{Now, Out, RoomState, Stop};

impl RoomState {
    /// Takes a session's presence. An empty one only says that the session is there.
    pub(super) fn presence(&mut self, session: SessionId, presence: &Presence) -> Result<(), Stop> {
        let Some(name) = &presence.file else {
            if presence.selection.is_some() {
                return Err(Stop::Refuse(
                    Error::new(Reason::FieldMissing, "a selection is in a file: set file_id or path").field("file"),
                ));
            }
            return Ok(());
        };
        let entry = self.directory.find_living(name)?;
        let file = entry.file.key;
        let Some(member) = self.members.get(&session) else {
            return Ok(());
        };
        let Some(open) = self.files.get(&file).filter(|_| member.open.contains_key(&file)) else {
            return Err(Stop::Refuse(Error::new(
                Reason::FileNotOpen,
                "the file is not open: open it before you show a cursor in it",
            )));
        };
        let (utf16, relative) = match &presence.selection {
            None => (None, None),
            Some(Selection::Offsets { revision, anchor, head }) => {
                let base = if *revision == Revision(0) {
                    self.committed
                } else {
                    self.revision_of(file, *revision, "offsets.revision")?
                };
                let at = |offset, field| offset_at_head(open, offset, base, member.unit, field);
                (Some((at(*anchor, "offsets.anchor")?, at(*head, "offsets.head")?)), None)
            }
            Some(Selection::Relative { anchor, head }) => {
                let at = |position, field| relative_offset(open, position, field);
                (
                    Some((at(anchor, "relative.anchor")?, at(head, "relative.head")?)),
                    Some((anchor.clone(), head.clone())),
                )
            }
        };
        let cursor = Cursor { file, utf16, relative };
        if let Some(member) = self.members.get_mut(&session) {
            member.cursor = Some(cursor);
            member.show = true;
        }
        self.presence_dirty = true;
        Ok(())
    }

    /// Sends what changed since the last tick.
    pub(super) fn send_presence(&mut self, now: Now) {
        self.tidy_typing(now.at);
        if !std::mem::take(&mut self.presence_dirty) {
            return;
        }
        let shown = |member: &mut Member| std::mem::take(&mut member.show).then_some(member.session.id);
        let sessions: Vec<SessionId> = self.members.values_mut().filter_map(shown).collect();
        // Nobody needs to be told of themselves alone.
        let except = <[SessionId; 1]>::try_from(sessions.as_slice()).ok().map(|[only]| only);
        for form in self.forms(except) {
            let changed = sessions.iter().filter_map(|session| self.members.get(session));
            let presences = changed.map(|member| self.presence_of(member, form, now.at)).collect();
            let event = Event::PresenceChanged(presences);
            self.gate(Out::Presence {
                form,
                event: Box::new(event),
                except,
            });
        }
    }

    /// Shows somebody who has just come where everybody is.
    pub(super) fn show_everybody_to(&mut self, session: SessionId, now: Instant) {
        let Some(member) = self.members.get(&session) else {
            return;
        };
        let (stream, form) = (member.stream, member.form());
        let others = self.members.values().filter(|other| other.session.id != session);
        let shown = others.filter(|other| other.cursor.is_some() || other.edited.is_some());
        let presences: Vec<_> = shown.map(|other| self.presence_of(other, form, now)).collect();
        if !presences.is_empty() {
            self.tell(session, stream, Event::PresenceChanged(presences), None);
        }
    }

    /// The forms that somebody here receives, but for one who is not told.
    fn forms(&self, except: Option<SessionId>) -> Vec<Form> {
        let told = |member: &&Member| member.outbox.is_some() && Some(member.session.id) != except;
        let mut forms: Vec<Form> = self.members.values().filter(told).map(Member::form).collect();
        forms.sort_unstable();
        forms.dedup();
        forms
    }

    fn presence_of(&self, member: &Member, form: Form, now: Instant) -> ParticipantPresence {
        let cursor = member
            .cursor
            .as_ref()
            .filter(|_| member.state == ParticipantState::Present);
        let place = cursor.and_then(|cursor| Some((cursor, self.directory.get(cursor.file)?)));
        let open = place.and_then(|(cursor, _)| Some(&**self.files.get(&cursor.file)?));
        let utf16 = place.and_then(|(cursor, _)| cursor.utf16);
        let offsets = utf16
            .zip(open)
            .map(|((anchor, head), open)| (in_unit(open, anchor, form.unit), in_unit(open, head, form.unit)));
        let relative = if form.yjs {
            place.and_then(|(cursor, _)| relative(cursor, open))
        } else {
            None
        };
        ParticipantPresence {
            participant: member.session.participant,
            file: place.map(|(_, entry)| entry.file.id),
            revision: self.head,
            offsets,
            relative,
            typing: member.edited.is_some_and(|at| now.duration_since(at) < limits::TYPING),
        }
    }

    /// Those who have not edited for a while are no longer typing.
    fn tidy_typing(&mut self, now: Instant) {
        let mut stopped = false;
        for member in self.members.values_mut() {
            if member.edited.is_some_and(|at| now.duration_since(at) >= limits::TYPING) {
                member.edited = None;
                member.show = true;
                stopped = true;
            }
        }
        self.presence_dirty |= stopped;
    }

    /// Whether presence waits for the next tick.
    pub(super) fn presence_is_due(&self) -> bool {
        self.presence_dirty
    }

    /// Sends presence to all sessions of one form. One who has no room for it gets the next.
    pub(super) fn release_presence(&self, form: Form, event: &Event, except: Option<SessionId>) {
        let mut frames = None;
        for member in self.members.values() {
            let takes = member.form() == form && Some(member.session.id) != except;
            if let Some(outbox) = member.outbox.as_ref().filter(|_| takes) {
                let frames = frames.get_or_insert_with(|| self.encode.encode(event, form.unit));
                let _next_time = outbox.offer(frames);
            }
        }
    }
}

fn offset_at_head(open: &OpenFile, offset: u32, base: Revision, unit: Unit, field: &str) -> Result<u32> {
    let at = open.history.carry_offset(offset, base, unit).unwrap_or(offset);
    document::utf16_offset(open.document.text(), at, unit).map_err(|error| error.field(field))
}

fn relative_offset(open: &OpenFile, position: &Bytes, field: &str) -> Result<u32> {
    let offset = (position.len() <= limits::PRESENCE_BYTES / 4)
        .then(|| open.document.offset_of(position))
        .flatten();
    offset.ok_or_else(|| {
        Error::new(
            Reason::FieldInvalid,
            "this is no relative position in the file: send one of the text that the server has",
        )
        .field(field)
    })
}

fn in_unit(open: &OpenFile, utf16: u32, unit: Unit) -> u32 {
    document::offset_in(open.document.text(), utf16, unit)
}

fn relative(cursor: &Cursor, open: Option<&OpenFile>) -> Option<(Bytes, Bytes)> {
    if let Some(relative) = &cursor.relative {
        return Some(relative.clone());
    }
    let ((anchor, head), open) = cursor.utf16.zip(open)?;
    Some((
        open.document.relative_position(anchor).into(),
        open.document.relative_position(head).into(),
    ))
}
