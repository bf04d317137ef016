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
use crate::room::member::Member;
use crate::room::message::{Event, ParticipantState, Presence, PresenceChanged, Selection};
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
        for session in sessions {
            for (unit, yjs, event) in self.presence_events(session, now.at) {
                self.gate(Out::Presence {
                    unit,
                    yjs,
                    event,
                    except: session,
                });
            }
        }
    }

    /// One event for each form that somebody here receives.
    fn presence_events(&self, session: SessionId, now: Instant) -> Vec<(Unit, bool, Event)> {
        let Some(member) = self.members.get(&session) else {
            return Vec::new();
        };
        let typing = member.edited.is_some_and(|at| now.duration_since(at) < limits::TYPING);
        let mut forms: Vec<(Unit, bool)> = Vec::new();
        for other in self
            .members
            .values()
            .filter(|other| other.outbox.is_some() && other.session.id != session)
        {
            let form = if other.is_yjs() {
                (Unit::Utf16, true)
            } else {
                (other.unit, false)
            };
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        let cursor = member
            .cursor
            .as_ref()
            .filter(|_| member.state == ParticipantState::Present);
        let place = cursor.and_then(|cursor| Some((cursor, self.directory.get(cursor.file)?)));
        let open = place.and_then(|(cursor, _)| self.files.get(&cursor.file));
        forms
            .into_iter()
            .map(|(unit, yjs)| {
                let utf16 = place.and_then(|(cursor, _)| cursor.utf16);
                let offsets = utf16
                    .zip(open)
                    .map(|((anchor, head), open)| (in_unit(open, anchor, unit), in_unit(open, head, unit)));
                let relative = if yjs {
                    place.and_then(|(cursor, _)| relative(cursor, open))
                } else {
                    None
                };
                let event = Event::PresenceChanged(PresenceChanged {
                    participant: member.session.participant,
                    file: place.map(|(_, entry)| entry.file.id),
                    revision: self.head,
                    offsets,
                    relative,
                    typing,
                });
                (unit, yjs, event)
            })
            .collect()
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

    /// Sends a presence to all sessions of one form. One who has no room for it gets the next.
    pub(super) fn release_presence(&self, unit: Unit, yjs: bool, event: &Event, except: SessionId) {
        let mut frames = None;
        for member in self.members.values() {
            let takes = member.is_yjs() == yjs && (yjs || member.unit == unit) && member.session.id != except;
            if let Some(outbox) = member.outbox.as_ref().filter(|_| takes) {
                let frames = frames.get_or_insert_with(|| self.encode.encode(event, unit));
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
