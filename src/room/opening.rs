//! Opening a file: the text, or what the session lacks, and then the file's events.

use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, Epoch, FileKey, FileRef, Revision, SessionId};
use crate::limits;
use crate::room::job::Need;
use crate::room::member::{OpenHere, Parked, YjsHere};
use crate::room::message::{Event, Open, Opened, OpenedContent};
use crate::room::state::{Now, RoomState, Stop};
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
                    ends: None,
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
            let changed = since.filter(|past| !past.delta.is_empty());
            followers.extend(changed.map(|past| Event::Edited {
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
                .field("epoch")
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
