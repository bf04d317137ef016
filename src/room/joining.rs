//! How a session comes, stays and goes.

use std::time::Instant;

use crate::document::Unit;
use crate::error::{Error, Reason, Result};
use crate::id::{OpId, SessionId};
use crate::limits;
use crate::room::command::Attach;
use crate::room::job::Job;
use crate::room::member::Member;
use crate::room::message::{Event, Joined, ParticipantState, Upward};
use crate::room::refusals::session_unknown;
use crate::room::state::{Effect, Now, Out, RoomState};

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
        if let Some(member) = self.members.get_mut(&id) {
            member.joining = Some(attach.outbox);
        }
        if let Some(joined) = joined {
            self.gate(Out::Attach {
                session: id,
                stream,
                joined: Box::new(joined),
            });
        }
        self.show_everybody_to(id, now.at);
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
            .with("limit", limits::SESSIONS)
            .retry_after(limits::AWAY));
        }
        let left = |member: &Member| member.state == ParticipantState::Left;
        if self.members.get(&attach.session.id).is_some_and(left) {
            return Err(session_unknown());
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
                "another stream has taken up this session: go on there",
            );
            let encode = self.encode.clone();
            member.end_stream(replaced, |event, unit| encode.encode(event, unit));
            member.open.clear();
            member.behind_from = None;
            member.closed_unseen.clear();
            member.catching_up = false;
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

    /// A session leaves for good. Its stream ends when that is durable, so that who has seen the end can't be taken
    /// for still being here.
    pub(super) fn leave(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        member.state = ParticipantState::Left;
        member.open.clear();
        member.parked.clear();
        member.parts = None;
        let event = Event::ParticipantChanged(member.participant());
        self.gate(Out::Everyone {
            event: Box::new(event),
            except: Some(session),
        });
        self.effects.push(Effect::Job(Job::EndSession(session)));
    }

    /// Everything of a session that has left is committed, its end too.
    pub(super) fn forget_left(&mut self, session: SessionId) {
        if let Some(outbox) = self.members.remove(&session).and_then(|member| member.outbox) {
            outbox.end(None);
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
                    self.gate(Out::Everyone {
                        event: Box::new(event),
                        except: None,
                    });
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
