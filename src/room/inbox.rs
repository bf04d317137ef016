//! A session's messages, in their order: one that has to wait holds back those behind it, of that session only.

use crate::error::{Error, Result};
use crate::id::SessionId;
use crate::room::member::{Member, Parked};
use crate::room::message::{Event, ParticipantState, RefusedRequest, Upward};
use crate::room::outbox::InFlight;
use crate::room::state::{Now, RoomState, Stop};
use crate::telemetry::metric;

impl RoomState {
    /// Takes one message of a session, after those of it that wait.
    pub(super) fn message(&mut self, session: SessionId, stream: u64, message: Upward, permit: InFlight, now: Now) {
        let listens = |member: &&mut Member| member.stream == stream && member.state != ParticipantState::Left;
        let Some(member) = self.members.get_mut(&session).filter(listens) else {
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
}
