//! Readers that fell behind are brought up to date once they have read what is queued, one file at a time.

use bytes::Bytes;

use crate::id::SessionId;
use crate::room::member::OpenHere;
use crate::room::message::{Event, FileChange, FileInfo};
use crate::room::state::{Now, Out, RoomState};

impl RoomState {
    /// A reader has caught up or is gone: sends what was missed, one file at a time.
    pub(super) fn readers_moved(&mut self, now: Now) {
        let sessions: Vec<SessionId> = self
            .members
            .iter()
            .filter(|(_, member)| member.has_stream())
            .map(|(id, _)| *id)
            .collect();
        for session in sessions {
            let Some(member) = self.members.get(&session) else {
                continue;
            };
            let Some(outbox) = member.outbox.as_ref().or(member.joining.as_ref()).cloned() else {
                continue;
            };
            if outbox.is_abandoned() {
                self.gone_quiet(session, now.at);
            } else if self.is_behind(session) {
                if !member.catching_up && outbox.is_drained() {
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
            .is_some_and(|member| member.behind_from.is_some() || member.open.values().any(OpenHere::needs_catching_up))
    }

    fn catch_up(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        member.catching_up = true;
        let stream = member.stream;
        self.catch_up_directory(session);
        self.catch_up_file(session);
        self.gate(Out::CaughtUp { session, stream });
    }

    /// What a stream missed has left. If it misses more, another file or what came meanwhile, that has its turn when this
    /// is read.
    pub(super) fn caught_up(&mut self, session: SessionId, stream: u64) {
        let member = self.members.get_mut(&session);
        let Some(member) = member.filter(|member| member.stream == stream) else {
            return;
        };
        member.catching_up = false;
        if self.is_behind(session)
            && let Some(outbox) = self.members.get(&session).and_then(|member| member.outbox.as_ref())
        {
            outbox.wake_when_drained();
        }
    }

    fn catch_up_file(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        let stream = member.stream;
        let Some((&key, open)) = member.open.iter_mut().find(|(_, open)| open.needs_catching_up()) else {
            return;
        };
        open.behind = false;
        if open.yjs.as_ref().is_some_and(|yjs| yjs.resync_first) {
            // It has dropped its document, and gets everything when it opens the file again.
            return;
        }
        let (Some(file), Some(entry)) = (self.files.get(&key), self.directory.get(key)) else {
            return self.defect((), "a session has a file open that is not in memory");
        };
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
    }

    fn catch_up_directory(&mut self, session: SessionId) {
        let Some(member) = self.members.get_mut(&session) else {
            return;
        };
        let stream = member.stream;
        let Some(from) = member.behind_from.take() else { return };
        let closed = std::mem::take(&mut member.closed_unseen);
        let mut events: Vec<Event> = Vec::new();
        for entry in self.directory.all().filter(|entry| entry.revision > from) {
            let changed = |deleted: bool, change| Event::FileChanged {
                file: FileInfo {
                    deleted,
                    ..entry.info()
                },
                revision: entry.revision,
                change,
                participant: None,
            };
            if entry.file.deleted {
                events.push(changed(true, FileChange::Deleted));
            } else if entry.file.created > from {
                events.push(changed(false, FileChange::Created));
            } else if closed.contains(&entry.file.key) {
                // It has to hear that its events have ended before it hears that the file is back.
                events.push(changed(true, FileChange::Deleted));
                events.push(changed(false, FileChange::Restored));
            } else {
                events.push(changed(false, FileChange::Renamed));
            }
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
}
