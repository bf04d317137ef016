//! What leaves a room: each event is encoded once per form in use and shared by all who get it.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::document::Unit;
use crate::id::{OpId, Revision, SessionId};
use crate::room::job::Job;
use crate::room::member::Member;
use crate::room::message::{Encode, Encoded, Event, FileChange, Frame, Outcome, ParticipantState};
use crate::room::state::{Accepted, Effect, Out, RoomState};
use crate::telemetry::metric;

/// An event's frames by unit, made when the first receiver of a unit comes.
struct Once<'a> {
    event: &'a Event,
    encode: &'a Arc<dyn Encode>,
    frames: SmallVec<[(Unit, Encoded); 3]>,
}

impl<'a> Once<'a> {
    fn new(event: &'a Event, encode: &'a Arc<dyn Encode>) -> Self {
        Self {
            event,
            encode,
            frames: SmallVec::new(),
        }
    }

    fn frames(&mut self, unit: Unit) -> &[Frame] {
        let made = self.frames.iter().position(|(of, _)| *of == unit);
        let at = made.unwrap_or_else(|| {
            self.frames.push((unit, self.encode.encode(self.event, unit)));
            self.frames.len() - 1
        });
        self.frames.get(at).map_or(&[], |(_, frames)| frames)
    }
}

impl RoomState {
    /// Lets one thing leave: everything that it says is committed.
    pub(super) fn release(&mut self, out: Out) {
        match out {
            Out::Attach {
                session,
                stream,
                joined,
            } => {
                let Some(member) = self.members.get_mut(&session).filter(|member| member.stream == stream) else {
                    return;
                };
                if let Some(outbox) = member.joining.take() {
                    outbox.push(self.encode.encode(&joined, member.unit), None);
                    member.outbox = Some(outbox);
                }
            }
            Out::Tell {
                session,
                stream,
                event,
                permit,
            } => {
                if let Some(member) = self.members.get(&session).filter(|member| member.stream == stream) {
                    member.push(self.encode.encode(&event, member.unit), permit);
                }
            }
            Out::Whole {
                session,
                stream,
                whole,
                permit,
            } => {
                let member = self.members.get(&session).filter(|member| member.stream == stream);
                if let Some(outbox) = member.and_then(|member| member.outbox.as_ref()) {
                    outbox.push(whole.frames(&*self.encode).iter().cloned(), permit);
                }
            }
            Out::Operation(accepted) => self.release_operation(accepted),
            Out::Everyone { event, except } => self.release_to_everyone(&event, except, self.committed),
            Out::Reply { reply, answer } => {
                let _gone = reply.send(Ok(answer));
            }
            Out::Replies { request, answer } => {
                for reply in self
                    .requests
                    .remove(&request)
                    .map(|(_, replies)| replies)
                    .unwrap_or_default()
                {
                    let _gone = reply.send(Ok(answer.clone()));
                }
            }
            Out::Presence { form, event, except } => self.release_presence(form, &event, except),
            Out::CaughtUp { session, stream } => self.caught_up(session, stream),
            Out::Ended { session } => self.forget_left(session),
            Out::Snapshot(snapshot) => self.effects.push(Effect::Job(Job::Snapshot(snapshot))),
        }
    }

    fn release_operation(&mut self, mut accepted: Box<Accepted>) {
        if let Some((session, _, op_id)) = accepted.author {
            let receipt = Event::Receipt {
                op_id,
                outcome: Outcome::Committed(accepted.revision),
                file: Some(accepted.id),
            };
            if let Some(member) = self.members.get_mut(&session) {
                member.in_flight.remove(&op_id);
                member.push(self.encode.encode(&receipt, member.unit), accepted.permit.take());
            }
        }
        if let Some((info, change)) = &accepted.change {
            let event = Event::FileChanged {
                file: info.clone(),
                revision: accepted.revision,
                change: *change,
                participant: accepted.author.map(|(_, participant, _)| participant),
            };
            self.release_to_everyone(&event, None, accepted.revision);
            if *change == FileChange::Deleted {
                self.close_deleted(accepted.file, accepted.revision);
            }
        } else {
            self.release_text(&accepted);
        }
    }

    /// Sends an operation's text to the sessions that have its file open: position edits to text sessions, Yjs bytes
    /// to Yjs sessions.
    fn release_text(&mut self, accepted: &Accepted) {
        let Some((delta, update)) = &accepted.text else { return };
        let participant = accepted.author.map(|(_, participant, _)| participant);
        let edited = |op_id: Option<OpId>| Event::Edited {
            file: accepted.id,
            revision: accepted.revision,
            delta: delta.clone(),
            participant,
            op_id,
            origin: accepted.origin,
        };
        let updated = Event::Updated {
            file: accepted.id,
            revision: accepted.revision,
            epoch: accepted.epoch,
            update: Bytes::clone(update),
            participant,
            origin: accepted.origin,
        };
        let others = edited(None);
        let mut others = Once::new(&others, &self.encode);
        let mut updated = Once::new(&updated, &self.encode);
        let author = accepted.author.map(|(session, _, _)| session);
        for member in self.members.values_mut() {
            let is_author = author == Some(member.session.id);
            let (is_yjs, unit) = (member.is_yjs(), member.unit);
            let Some(open) = member.open.get_mut(&accepted.file) else {
                continue;
            };
            if open.behind || accepted.revision <= open.since {
                continue;
            }
            // Its receipt says all there is to say.
            let nothing = if is_yjs { update.is_empty() } else { delta.is_empty() };
            let sent = match (&member.outbox, &open.yjs) {
                (None, _) => true,
                _ if nothing => true,
                // It has what it sent, or has dropped its document.
                (Some(_), Some(yjs)) if is_author || yjs.resync_first => true,
                (Some(outbox), _) if is_yjs => outbox.offer(updated.frames(Unit::Utf16)),
                (Some(outbox), _) if is_author => {
                    let own = edited(accepted.author.map(|(_, _, op_id)| op_id));
                    outbox.offer(&self.encode.encode(&own, unit))
                }
                (Some(outbox), _) => outbox.offer(others.frames(unit)),
            };
            if sent {
                open.since = accepted.revision;
            } else {
                open.behind = true;
                metrics::counter!(metric::STREAMS_BEHIND).increment(1);
            }
        }
    }

    fn release_to_everyone(&mut self, event: &Event, except: Option<SessionId>, revision: Revision) {
        let mut once = Once::new(event, &self.encode);
        for member in self
            .members
            .values_mut()
            .filter(|member| Some(member.session.id) != except)
        {
            let Some(outbox) = &member.outbox else { continue };
            if member.behind_from.is_none() && !outbox.offer(once.frames(member.unit)) {
                // What it missed is told when it has caught up; from before this revision, to be on the safe side.
                member.behind_from = Some(Revision(revision.0.saturating_sub(1)));
            }
        }
    }

    /// Tells everybody who somebody is now.
    pub(super) fn announce(&mut self, session: SessionId) {
        if let Some(member) = self.members.get(&session) {
            let event = Event::ParticipantChanged(member.participant());
            self.gate(Out::Everyone {
                event: Box::new(event),
                except: Some(session),
            });
        }
    }

    /// Ends a session's stream with a goodbye. Its operations on their way stay on their way.
    pub(super) fn end_stream(&mut self, session: SessionId, error: crate::error::Error, now: std::time::Instant) {
        let encode = self.encode.clone();
        if let Some(member) = self.members.get_mut(&session) {
            member.end_stream(error, |event, unit| encode.encode(event, unit));
            self.gone_quiet(session, now);
        }
    }

    /// A session has lost its stream: it is away for a while before it is gone.
    pub(super) fn gone_quiet(&mut self, session: SessionId, now: std::time::Instant) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        member.stream = 0;
        member.joining = None;
        member.outbox = None;
        member.parked.clear();
        member.parts = None;
        member.open.clear();
        member.heard = now;
        if member.state == ParticipantState::Present {
            member.state = ParticipantState::Away;
            self.announce(session);
        }
    }

    /// Ends every stream with a goodbye.
    pub(super) fn end_all_streams(&mut self, error: &crate::error::Error) {
        let encode = self.encode.clone();
        for member in self.members.values_mut() {
            member.end_stream(error.clone(), |event, unit| encode.encode(event, unit));
        }
    }
}

/// Whether a member can be forgotten: it has no stream, and nothing of it is on its way.
pub(super) fn is_gone(member: &Member, now: std::time::Instant) -> bool {
    !member.has_stream() && member.in_flight.is_empty() && now.duration_since(member.heard) >= crate::limits::AWAY
}
