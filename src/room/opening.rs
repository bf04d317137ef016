//! Opening a file: the text, or what the session lacks, and then the file's events.

use std::sync::Arc;

use bytes::Bytes;

use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, Epoch, FileKey, FileRef, SessionId};
use crate::limits;
use crate::room::job::Need;
use crate::room::member::{OpenHere, Parked, YjsHere};
use crate::room::message::{Event, FileInfo, Open, Opened, OpenedContent};
use crate::room::state::{Now, Out, RoomState, Stop};
use crate::room::whole::Whole;
use crate::store::model::Binding;

impl RoomState {
    /// A session opens a file: its text, or the difference to what the session has, and then its events.
    pub(super) fn open(&mut self, session: SessionId, parked: &mut Parked, open: &Open, now: Now) -> Result<(), Stop> {
        let entry = self.directory.find_living(&open.file)?;
        let (key, info) = (entry.file.key, entry.info());
        self.ready(key, now)?;
        let Some(member) = self.members.get(&session) else {
            return Ok(());
        };
        if member.outbox.as_ref().is_some_and(crate::room::outbox::Outbox::is_full) {
            return Err(Stop::WaitForReader);
        }
        let stream = parked.stream;
        let has = if member.is_yjs() {
            self.bind(session, key, open)?;
            self.check_epoch(key, open)?;
            if matches!(open.state_vector.as_ref(), [] | [0]) {
                // It has nothing.
                let whole = self.whole_content(key, true, info, now)?;
                let has = whole.state_vector.to_vec();
                self.tell_whole(session, stream, whole, parked);
                Some(has)
            } else {
                Some(self.tell_difference(session, key, info, parked, open)?)
            }
        } else {
            if !self.tell_since(session, key, &info, parked, open)? {
                let whole = self.whole_content(key, false, info, now)?;
                self.tell_whole(session, stream, whole, parked);
            }
            None
        };
        let head = self.head;
        if let Some(member) = self.members.get_mut(&session) {
            let yjs = has.map(|has| YjsHere {
                client: open.client,
                has,
                resync_first: false,
            });
            let here = OpenHere {
                since: head,
                behind: false,
                ends: None,
                yjs,
            };
            member.open.insert(key, here);
        }
        Ok(())
    }

    /// A file's whole content at the head.
    fn whole_content(&mut self, key: FileKey, yjs: bool, info: FileInfo, now: Now) -> Result<Arc<Whole>, Stop> {
        let file = self.files.get_mut(&key).ok_or(Stop::Wait(Need::File(key)))?;
        Ok(file.wholes.get(yjs, info, self.head, &file.document, now.at)?)
    }

    fn tell_whole(&mut self, session: SessionId, stream: u64, whole: Arc<Whole>, parked: &mut Parked) {
        self.gate(Out::Whole {
            session,
            stream,
            whole,
            permit: parked.permit.take(),
        });
    }

    /// A text session's start if it holds a text: the edits after that. `false`: it needs the text.
    fn tell_since(
        &mut self,
        session: SessionId,
        key: FileKey,
        info: &FileInfo,
        parked: &mut Parked,
        open: &Open,
    ) -> Result<bool, Stop> {
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
        let since = (open.after >= entry.file.created).then(|| file.history.since(open.after));
        let Some(since) = since.flatten() else {
            return Ok(false);
        };
        let source = crate::id::Source::Session(session);
        let changed = since.filter(|past| !past.delta.is_empty());
        let edits: Vec<Event> = changed
            .map(|past| Event::Edited {
                file: entry.file.id,
                revision: past.revision,
                delta: past.delta.clone(),
                participant: past.participant,
                op_id: past.op_id_for(source),
                origin: past.origin,
            })
            .collect();
        let opened = Event::Opened(Opened {
            file: info.clone(),
            revision: open.after,
            content: OpenedContent::Resumed,
        });
        self.tell(session, parked.stream, opened, parked.permit.take());
        for edit in edits {
            self.tell(session, parked.stream, edit, None);
        }
        Ok(true)
    }

    /// A Yjs session may come only with a Y.Doc of this line of the file's history, or with none.
    fn check_epoch(&self, key: FileKey, open: &Open) -> Result<(), Stop> {
        let Some(entry) = self.directory.get(key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        if open.epoch != Epoch(0) && open.epoch != entry.file.epoch {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::EpochMismatch,
                    "the file has been started anew: drop this Y.Doc, keep unsaved text as a draft, and open the file \
                     with a new one",
                )
                .field("epoch")
                .with("epoch", entry.file.epoch),
            ));
        }
        Ok(())
    }

    /// A Yjs session's start if it has something: the difference from that. Gives what it has then.
    fn tell_difference(
        &mut self,
        session: SessionId,
        key: FileKey,
        info: FileInfo,
        parked: &mut Parked,
        open: &Open,
    ) -> Result<Vec<u8>, Stop> {
        let file = self.files.get(&key).ok_or(Stop::Wait(Need::File(key)))?;
        let update = file.document.difference(&open.state_vector)?;
        let state_vector = file.document.state_vector();
        let opened = Event::Opened(Opened {
            file: info,
            revision: self.head,
            content: OpenedContent::Yjs {
                update: update.into(),
                state_vector: Bytes::from(state_vector.clone()),
            },
        });
        self.tell(session, parked.stream, opened, parked.permit.take());
        Ok(state_vector)
    }

    /// Binds the client id that a Yjs session announces to its user, durably.
    fn bind(&mut self, session: SessionId, key: FileKey, open: &Open) -> Result<(), Stop> {
        if open.client == ClientId(0) {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::FieldInvalid,
                    "no Y.Doc has the client id 0: announce yours in client_id",
                )
                .field("client_id"),
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
        for (ids, limit) in [
            (own, limits::CLIENT_IDS_PER_SESSION),
            (file.bindings.len(), limits::CLIENT_IDS_PER_FILE),
        ] {
            if ids >= limit {
                return Err(Stop::Refuse(too_many_client_ids(limit)));
            }
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

    pub(super) fn close(&mut self, session: SessionId, parked: &mut Parked, file: &FileRef) -> Result<(), Stop> {
        let entry = self.directory.find(file)?;
        let (key, id) = (entry.file.key, entry.file.id);
        if let Some(member) = self.members.get_mut(&session) {
            member.open.remove(&key);
        }
        self.tell(session, parked.stream, Event::Closed { file: id }, parked.permit.take());
        Ok(())
    }
}

fn too_many_client_ids(limit: usize) -> Error {
    Error::new(
        Reason::TooManyClientIds,
        format!("there are {limit} client ids already: use one again that you announced before"),
    )
    .field("client_id")
    .with("limit", limit)
}
