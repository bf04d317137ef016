//! How a session comes, opens and closes files, falls behind and catches up, and goes.

use std::time::Instant;

use bytes::Bytes;

use crate::document::Unit;
use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, Epoch, FileKey, FileRef, OpId, Revision, SessionId};
use crate::limits;
use crate::room::command::Attach;
use crate::room::job::{Job, Need};
use crate::room::member::{Member, OpenHere, Parked, YjsHere};
use crate::room::message::{
    Event, FileChange, Joined, Open, Opened, OpenedContent, ParticipantState, RefusedRequest, Upward,
};
use crate::room::outbox::InFlight;
use crate::room::state::{Effect, Now, Out, RoomState, Stop};
use crate::store::model::Binding;
use crate::telemetry::metric;

impl RoomState {
    /// A stream wants in: of a new session, or of one that comes back.
    pub(super) fn attach(&mut self, mut attach: Attach, now: Now) {
        let id = attach.session.id;
        let known = self.members.contains_key(&id);
        if attach.resumed.is_some() && !known && attach.committed.is_none() {
            // What it has committed stands in the log.
            self.effects.push(Effect::Job(Job::HighestOpId(Box::new(attach))));
            return;
        }
        if let Err(error) = self.admit(&attach, known) {
            let _gone = attach.reply.send(Err(error));
            return;
        }
        let (stream, open) = (attach.stream, std::mem::take(&mut attach.open));
        if attach.reply.send(Ok(attach.session.participant)).is_err() {
            return;
        }
        self.seat(&attach.session, attach.committed, stream, attach.door, now);
        let joined = self.joined(id, attach.token, attach.resumed.is_some());
        if let Some(joined) = joined {
            self.gate(Out::Attach {
                session: id,
                stream,
                outbox: attach.outbox,
                joined,
            });
        }
        self.announce(id);
        for open in open {
            self.message(id, stream, Upward::Open(open), None, now);
        }
    }

    fn admit(&self, attach: &Attach, known: bool) -> Result<()> {
        if !known && self.members.len() >= limits::SESSIONS {
            return Err(Error::new(
                Reason::RoomFull,
                format!(
                    "the room has {} sessions already: try again when somebody has left",
                    limits::SESSIONS
                ),
            )
            .retry_after(limits::AWAY));
        }
        match attach.resumed {
            Some(seen) if seen > self.committed => Err(Error::new(
                Reason::BaseInFuture,
                "last_revision is above the room's head, so this is not the room that you know: join anew",
            )
            .field("last_revision")
            .with("head", self.committed)),
            _ => Ok(()),
        }
    }

    /// Gives a session its place: a new one, or its old one with the old stream ended.
    fn seat(
        &mut self,
        session: &crate::store::model::Session,
        committed: Option<OpId>,
        stream: u64,
        door: crate::room::message::Door,
        now: Now,
    ) {
        if let Some(member) = self.members.get_mut(&session.id) {
            let replaced = Error::new(
                Reason::Replaced,
                "another stream has taken up this session: this one ends",
            );
            let encode = self.encode.clone();
            member.end_stream(replaced, |event, unit| encode.encode(event, unit));
            member.open.clear();
            member.behind_from = None;
            member.stream = stream;
            member.door = door;
            member.state = ParticipantState::Present;
            member.heard = now.at;
        } else {
            let unit = Unit::from_number(session.unit.into()).unwrap_or(Unit::CodePoint);
            let highest = committed.unwrap_or_default();
            let member = Member::new(session.clone(), unit, stream, door, highest, now.at);
            self.members.insert(session.id, member);
        }
    }

    fn joined(&self, session: SessionId, token: String, resumed: bool) -> Option<Event> {
        let member = self.members.get(&session)?;
        let mut participants: Vec<_> = self.members.values().map(Member::participant).collect();
        participants.sort_by_key(|participant| participant.id);
        Some(Event::Joined(Box::new(Joined {
            participant: member.session.participant,
            resume_token: token,
            room: crate::room::message::RoomInfo {
                head: self.head,
                ..self.info.clone()
            },
            participants,
            files: self
                .directory
                .living()
                .map(crate::room::directory::Entry::info)
                .collect(),
            head: self.head,
            resumed,
            committed_op_id: member.highest,
        })))
    }

    /// Takes one message of a session, after those of it that wait.
    pub(super) fn message(&mut self, session: SessionId, stream: u64, message: Upward, permit: InFlight, now: Now) {
        let Some(member) = self.members.get_mut(&session).filter(|member| member.stream == stream) else {
            return;
        };
        member.heard = now.at;
        if member.state == ParticipantState::Away {
            member.state = ParticipantState::Present;
            self.announce(session);
        }
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        member.parked.push_back(Parked {
            stream,
            message,
            permit,
        });
        if member.parked.len() == 1 {
            self.unpark(session, now);
        }
    }

    /// Handles a session's waiting messages until one has to wait again.
    pub(super) fn unpark(&mut self, session: SessionId, now: Now) {
        while let Some(mut parked) = self
            .members
            .get_mut(&session)
            .and_then(|member| member.parked.pop_front())
        {
            let stop = match self.one_message(session, &mut parked, now) {
                Ok(()) => continue,
                Err(stop) => stop,
            };
            match stop {
                Stop::Wait(need) => {
                    self.park(session, parked);
                    self.need(need, crate::room::state::Waiter::Session(session));
                    return;
                }
                Stop::WaitForReader => {
                    self.park(session, parked);
                    return;
                }
                Stop::Refuse(error) => self.refuse(session, parked, error),
                Stop::Later(error) => {
                    self.end_stream(session, error, now.at);
                    return;
                }
            }
        }
    }

    fn park(&mut self, session: SessionId, parked: Parked) {
        if let Some(member) = self.members.get_mut(&session) {
            member.parked.push_front(parked);
        }
    }

    fn one_message(&mut self, session: SessionId, parked: &mut Parked, now: Now) -> Result<(), Stop> {
        match &parked.message {
            Upward::Open(open) => {
                let open = open.clone();
                self.open(session, parked, &open, now)
            }
            Upward::Close(file) => {
                let file = file.clone();
                self.close(session, parked, &file)
            }
            Upward::Edit(edit) => {
                let edit = edit.clone();
                self.edit(session, parked, &edit, now)
            }
            Upward::Update(update) => {
                let update = update.clone();
                self.update(session, parked, &update, now)
            }
            Upward::Presence(presence) => {
                let presence = presence.clone();
                self.presence(session, &presence)
            }
            Upward::Leave => {
                self.leave(session);
                Ok(())
            }
        }
    }

    /// Says that a message could not be done; the stream goes on.
    pub(super) fn refuse(&mut self, session: SessionId, parked: Parked, error: Error) {
        metrics::counter!(metric::MESSAGES_REFUSED, "reason" => error.reason().name()).increment(1);
        let refused = |request, error| Event::Refused { request, error };
        let event = match parked.message {
            Upward::Open(open) => refused(RefusedRequest::Open(open), error),
            Upward::Close(file) => refused(RefusedRequest::Close(file), error),
            Upward::Presence(presence) => refused(RefusedRequest::Presence(presence), error),
            Upward::Edit(edit) => self.refusal(edit.op_id, &edit.file, error),
            Upward::Update(update) => {
                if let Ok(key) = self.directory.find(&update.file).map(|entry| entry.file.key) {
                    self.lose_document(session, key);
                }
                self.refusal(update.op_id, &update.file, error)
            }
            Upward::Leave => return,
        };
        self.tell(session, parked.stream, event, parked.permit);
    }

    /// A session opens a file: its text, or the difference to what the session has, and then its events.
    fn open(&mut self, session: SessionId, parked: &mut Parked, open: &Open, now: Now) -> Result<(), Stop> {
        let entry = self.directory.find_living(&open.file)?;
        let (key, info) = (entry.file.key, entry.info());
        self.ready(key, now)?;
        let Some(member) = self.members.get(&session) else {
            return Ok(());
        };
        if member.outbox.as_ref().is_some_and(crate::room::outbox::Outbox::is_full) {
            return Err(Stop::WaitForReader);
        }
        let mut followers = Vec::new();
        let (content, yjs, revision) = if member.is_yjs() {
            self.bind(session, key, open)?;
            let (content, yjs) = self.yjs_content(key, open)?;
            (content, Some(yjs), self.head)
        } else {
            let (content, revision) = self.text_content(session, key, open, &mut followers)?;
            (content, None, revision)
        };
        let head = self.head;
        if let Some(member) = self.members.get_mut(&session) {
            member.open.insert(
                key,
                OpenHere {
                    since: head,
                    behind: false,
                    yjs,
                },
            );
        }
        let event = Event::Opened(Opened {
            file: info,
            revision,
            content,
        });
        self.tell(session, parked.stream, event, parked.permit.take());
        for event in followers {
            self.tell(session, parked.stream, event, None);
        }
        Ok(())
    }

    /// A text session's start: the text, or the edits after the text that it holds.
    fn text_content(
        &self,
        session: SessionId,
        key: FileKey,
        open: &Open,
        followers: &mut Vec<Event>,
    ) -> Result<(OpenedContent, Revision), Stop> {
        if open.after > self.committed {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::BaseInFuture,
                    "after_revision is above the room's head: open without it",
                )
                .field("after_revision")
                .with("head", self.committed),
            ));
        }
        let (Some(file), Some(entry)) = (self.files.get(&key), self.directory.get(key)) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        if open.after >= entry.file.created
            && let Some(since) = file.history.since(open.after)
        {
            let source = crate::id::Source::Session(session);
            followers.extend(since.map(|past| Event::Edited {
                file: entry.file.id,
                revision: past.revision,
                delta: past.delta.clone(),
                participant: past.participant,
                op_id: past.op_id_for(source),
                origin: past.origin,
            }));
            return Ok((OpenedContent::Resumed, open.after));
        }
        Ok((OpenedContent::Text(file.document.text().clone()), self.head))
    }

    /// A Yjs session's start: the difference from what it has.
    fn yjs_content(&self, key: FileKey, open: &Open) -> Result<(OpenedContent, YjsHere), Stop> {
        let (Some(file), Some(entry)) = (self.files.get(&key), self.directory.get(key)) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        if open.epoch != Epoch(0) && open.epoch != entry.file.epoch {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::EpochMismatch,
                    "the file has been started anew: drop this Y.Doc, keep unsaved text as a draft, and open the file \
                     with a new one",
                )
                .with("epoch", entry.file.epoch),
            ));
        }
        let update = file.document.difference(&open.state_vector)?;
        let state_vector = file.document.state_vector();
        let yjs = YjsHere {
            client: open.client,
            has: state_vector.clone(),
            resync_first: false,
        };
        Ok((
            OpenedContent::Yjs {
                update: update.into(),
                state_vector: state_vector.into(),
            },
            yjs,
        ))
    }

    /// Binds the client id that a Yjs session announces to its user, durably.
    fn bind(&mut self, session: SessionId, key: FileKey, open: &Open) -> Result<(), Stop> {
        if open.client == ClientId(0) {
            return Err(Stop::Refuse(
                Error::new(Reason::FieldMissing, "announce your Y.Doc's client id in client_id").field("client_id"),
            ));
        }
        let (Some(member), Some(entry), Some(file)) = (
            self.members.get(&session),
            self.directory.get(key),
            self.files.get(&key),
        ) else {
            return Ok(());
        };
        let user = member.session.user;
        match file.bindings.get(&open.client) {
            Some(owner) if *owner == user => return Ok(()),
            None if open.client != entry.file.server_client && file.document.clock(open.client) == 0 => {}
            _ => {
                return Err(Stop::Refuse(
                    Error::new(
                        Reason::ClientIdTaken,
                        "this client id is taken in the file: use a new Y.Doc",
                    )
                    .field("client_id")
                    .with("client_id", open.client),
                ));
            }
        }
        let own = file.bindings.values().filter(|owner| **owner == user).count();
        if own >= limits::CLIENT_IDS_PER_SESSION || file.bindings.len() >= limits::CLIENT_IDS_PER_FILE {
            return Err(Stop::Refuse(Error::new(
                Reason::TooManyClientIds,
                "the file has as many client ids as it may have: reuse one of your own",
            )));
        }
        let binding = Binding {
            file: key,
            epoch: entry.file.epoch,
            client: open.client,
            user,
            session,
        };
        Err(Stop::Wait(Need::Binding(binding)))
    }

    fn close(&mut self, session: SessionId, parked: &mut Parked, file: &FileRef) -> Result<(), Stop> {
        let entry = self.directory.find(file)?;
        let (key, id) = (entry.file.key, entry.file.id);
        if let Some(member) = self.members.get_mut(&session) {
            member.open.remove(&key);
        }
        self.tell(session, parked.stream, Event::Closed { file: id }, parked.permit.take());
        Ok(())
    }

    fn leave(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        member.state = ParticipantState::Left;
        member.open.clear();
        member.parked.clear();
        let event = Event::ParticipantChanged(member.participant());
        if let Some(outbox) = member.outbox.take() {
            outbox.end(None);
        }
        self.gate(Out::Everyone {
            event,
            except: Some(session),
        });
        self.effects.push(Effect::Job(Job::EndSession(session)));
        self.forget_if_left(session);
    }

    fn forget_if_left(&mut self, session: SessionId) {
        let left = self
            .members
            .get(&session)
            .is_some_and(|member| member.state == ParticipantState::Left && member.in_flight.is_empty());
        if left {
            self.members.remove(&session);
        }
    }

    /// A reader has caught up or is gone: sends what was missed, one file at a time.
    pub(super) fn readers_moved(&mut self, now: Now) {
        let sessions: Vec<SessionId> = self
            .members
            .iter()
            .filter(|(_, member)| member.outbox.is_some())
            .map(|(id, _)| *id)
            .collect();
        for session in sessions {
            let Some(member) = self.members.get(&session) else {
                continue;
            };
            let Some(outbox) = member.outbox.clone() else { continue };
            if outbox.is_abandoned() {
                self.gone_quiet(session, now.at);
            } else if self.is_behind(session) {
                if outbox.is_drained() {
                    self.catch_up(session);
                }
            } else if !member.parked.is_empty() && !outbox.is_full() {
                self.unpark(session, now);
            }
        }
    }

    fn is_behind(&self, session: SessionId) -> bool {
        self.members
            .get(&session)
            .is_some_and(|member| member.behind_from.is_some() || member.open.values().any(|open| open.behind))
    }

    fn catch_up(&mut self, session: SessionId) {
        self.catch_up_directory(session);
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        let stream = member.stream;
        let Some((&key, open)) = member.open.iter_mut().find(|(_, open)| open.behind) else {
            return;
        };
        let (Some(file), Some(entry)) = (self.files.get(&key), self.directory.get(key)) else {
            return;
        };
        open.behind = false;
        open.since = self.head;
        let event = match &mut open.yjs {
            None => Event::Resync {
                file: entry.file.id,
                revision: self.head,
                text: Some(file.document.text().clone()),
                epoch: entry.file.epoch,
            },
            Some(yjs) => {
                let update = file.document.difference(&yjs.has).unwrap_or_default();
                yjs.has = file.document.state_vector();
                Event::Updated {
                    file: entry.file.id,
                    revision: self.head,
                    epoch: entry.file.epoch,
                    update: Bytes::from(update),
                    participant: None,
                    origin: crate::store::model::Origin::Unspecified,
                }
            }
        };
        self.tell(session, stream, event, None);
        // Another file may be behind too: it has its turn when this one is read.
        if let Some(outbox) = self.members.get(&session).and_then(|member| member.outbox.as_ref()) {
            outbox.is_drained();
        }
    }

    fn catch_up_directory(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        let stream = member.stream;
        let Some(from) = member.behind_from.take() else { return };
        let mut events: Vec<Event> = Vec::new();
        for entry in self.directory.all().filter(|entry| entry.revision > from) {
            let change = if entry.file.deleted {
                FileChange::Deleted
            } else if entry.file.created > from {
                FileChange::Created
            } else {
                FileChange::Renamed
            };
            events.push(Event::FileChanged {
                file: entry.info(),
                revision: entry.revision,
                change,
                participant: None,
            });
        }
        events.extend(
            self.members
                .values()
                .map(|member| Event::ParticipantChanged(member.participant())),
        );
        for event in events {
            self.tell(session, stream, event, None);
        }
    }

    /// Forgets sessions that have been away for too long, and marks silent ones as away.
    pub(super) fn tidy_members(&mut self, now: Instant) {
        let sessions: Vec<SessionId> = self.members.keys().copied().collect();
        for session in sessions {
            let Some(member) = self.members.get_mut(&session) else {
                continue;
            };
            if crate::room::release::is_gone(member, now) {
                let was_left = std::mem::replace(&mut member.state, ParticipantState::Left);
                let event = Event::ParticipantChanged(member.participant());
                self.members.remove(&session);
                if was_left != ParticipantState::Left {
                    self.gate(Out::Everyone { event, except: None });
                }
            } else if member.outbox.is_some()
                && member.door == crate::room::message::Door::Subscribe
                && member.state == ParticipantState::Present
                && now.duration_since(member.heard) >= limits::SILENCE
            {
                member.state = ParticipantState::Away;
                member.cursor = None;
                member.show = true;
                self.presence_dirty = true;
                self.announce(session);
            }
        }
    }

    /// Tells every stream that it has everything up to the committed head.
    pub(super) fn heartbeat(&mut self, now: Now) {
        if now.at.duration_since(self.heartbeat) < limits::HEARTBEAT {
            return;
        }
        self.heartbeat = now.at;
        let event = Event::Checkpoint {
            revision: self.committed,
        };
        for member in self.members.values() {
            let behind = member.behind_from.is_some() || member.open.values().any(|open| open.behind);
            if let Some(outbox) = member.outbox.as_ref().filter(|_| !behind) {
                // One that has no room for it is not quiet.
                let _has_room = outbox.offer(&self.encode.encode(&event, member.unit));
            }
        }
    }
}
