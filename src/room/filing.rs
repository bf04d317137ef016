//! Files created, renamed, deleted and restored by calls: operations of the same log as edits.

use crate::error::{Error, Reason, Result};
use crate::id::{Epoch, FileId, FileKey, FileRef, OpId, RequestId, Revision, Source, UserKey};
use crate::path;
use crate::room::command::Answer;
use crate::room::directory::Entry;
use crate::room::first_text::first_text;
use crate::room::history::History;
use crate::room::member::OpenHere;
use crate::room::message::{FileChange, FileInfo, NewFile, Request};
use crate::room::open_file::OpenFile;
use crate::room::state::{Author, Change, Now, RoomState, Stop};
use crate::store::model::{Answered, File, Kind, Origin};

impl RoomState {
    pub(super) fn create_file(&mut self, new: &NewFile, request: Option<Request>, now: Now) -> Result<FileInfo, Stop> {
        let wanted = path::parse(&new.path, "path")?;
        self.directory.room_for_a_new_one()?;
        self.directory
            .admit(&wanted, None)
            .map_err(|error| error.field("path"))?;
        let first = first_text(new, "text")?;
        self.admit_bytes(0, u64::from(first.document.len().utf8))
            .map_err(|error| error.field("text"))?;
        let permit = self.reserve(first.update.len() * 3 + 512)?;
        let file = File {
            key: self.directory.next_key(),
            id: FileId::new(),
            path: wanted,
            line_ending: first.line_ending,
            deleted: false,
            epoch: Epoch(1),
            server_client: first.server_client,
            created: self.head.next(),
        };
        let (key, created) = (file.key, file.created);
        let info = Entry {
            file: file.clone(),
            revision: created,
            bytes: 0,
        }
        .info();
        let open = OpenFile::new(first.document, History::after(created), created, now.at);
        self.files.insert(key, Box::new(open));
        let change = Change {
            kind: Kind::Create,
            origin: Origin::Written,
            text: Some((first.delta, first.update)),
            state: Vec::new(),
            row: Some(file),
            announced: Some(FileChange::Created),
        };
        self.accept(
            key,
            call_author(request, &Answer::File(info.clone())),
            change,
            permit,
            now,
        );
        Ok(info)
    }

    pub(super) fn rename_file(
        &mut self,
        file: &FileRef,
        new_path: &str,
        request: Option<Request>,
        now: Now,
    ) -> Result<FileInfo, Stop> {
        let entry = self.directory.find_living(file)?;
        let mut row = entry.file.clone();
        row.path = path::parse(new_path, "new_path")?;
        self.admit_again(&row)?;
        self.change_directory(row, Kind::Rename, FileChange::Renamed, request, now)
    }

    pub(super) fn delete_file(&mut self, file: &FileRef, request: Option<Request>, now: Now) -> Result<FileInfo, Stop> {
        let mut row = self.directory.find_living(file)?.file.clone();
        let key = row.key;
        row.deleted = true;
        let info = self.change_directory(row, Kind::Delete, FileChange::Deleted, request, now)?;
        self.end_opens(key, info.revision);
        Ok(info)
    }

    /// A file is deleted at a revision: who has it open has it until that is committed. One who opens it after it was
    /// restored has opened it anew.
    fn end_opens(&mut self, file: FileKey, deleted: Revision) {
        for member in self.members.values_mut() {
            if let Some(open) = member.open.get_mut(&file) {
                open.ends.get_or_insert(deleted);
            }
            if member.cursor.take_if(|cursor| cursor.file == file).is_some() {
                member.show = true;
                self.presence_dirty = true;
            }
        }
    }

    /// The deletion is committed: what was opened before it is closed.
    pub(super) fn close_deleted(&mut self, file: FileKey, deleted: Revision) {
        let ended = |open: &OpenHere| open.ends.is_some_and(|ends| ends <= deleted);
        for member in self.members.values_mut() {
            if member.open.get(&file).is_some_and(ended) {
                member.open.remove(&file);
                if member.behind_from.is_some() {
                    member.closed_unseen.insert(file);
                }
            }
        }
    }

    pub(super) fn restore_file(
        &mut self,
        file: FileId,
        new_path: Option<&str>,
        request: Option<Request>,
        now: Now,
    ) -> Result<FileInfo, Stop> {
        let entry = self.directory.find(&FileRef::Id(file))?;
        if !entry.file.deleted {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::FileNotDeleted,
                    "the file is not deleted: there is nothing to restore",
                )
                .with("file", file),
            ));
        }
        let (bytes, mut row) = (entry.bytes, entry.file.clone());
        row.deleted = false;
        if let Some(wanted) = new_path {
            row.path = path::parse(wanted, "new_path")?;
        }
        self.directory.room_for_one()?;
        self.admit_again(&row)?;
        self.admit_bytes(0, bytes)?;
        self.change_directory(row, Kind::Restore, FileChange::Restored, request, now)
    }

    /// Whether a file may live under its new path, or again under its old one.
    fn admit_again(&self, row: &File) -> Result<()> {
        let admitted = self.directory.admit(&row.path, Some(row.key));
        admitted.map_err(|error| error.field("new_path"))
    }

    fn change_directory(
        &mut self,
        row: File,
        kind: Kind,
        file_change: FileChange,
        request: Option<Request>,
        now: Now,
    ) -> Result<FileInfo, Stop> {
        let permit = self.reserve(512)?;
        let revision = self.head.next();
        let key = row.key;
        let info = Entry {
            file: row.clone(),
            revision,
            bytes: 0,
        }
        .info();
        let announced = Some(file_change);
        let change = Change {
            kind,
            origin: Origin::Unspecified,
            text: None,
            state: Vec::new(),
            row: Some(row),
            announced,
        };
        self.accept(
            key,
            call_author(request, &Answer::File(info.clone())),
            change,
            permit,
            now,
        );
        Ok(info)
    }
}

/// Who does what a call asks for: its request id, or one made up for it.
pub(super) fn call_author(request: Option<Request>, answer: &Answer) -> Author {
    let id = request.map_or_else(RequestId::new, |request| request.id);
    Author {
        source: Source::Request(id),
        op_id: OpId(1),
        user: UserKey(0),
        session: None,
        permit: None,
        answered: request.map(|request| Answered {
            request: request.id,
            digest: request.digest,
            answer: answer.to_bytes(),
        }),
    }
}
