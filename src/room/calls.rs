//! Unary calls on a room: its files as a whole.

use rand::Rng;

use crate::document::{self, Document, Failure, Unit};
use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, Epoch, FileId, FileKey, FileRef, OpId, RequestId, Revision, Source, UserKey};
use crate::limits;
use crate::path;
use crate::room::command::{Answer, Ask, Call};
use crate::room::directory::Entry;
use crate::room::editing::document_bytes;
use crate::room::history::History;
use crate::room::job::{Job, Need};
use crate::room::load::Order;
use crate::room::message::{
    CompletionPlace, CompletionText, FileChange, FileInfo, FileList, NewFile, Request, TextAt, Write, Written,
};
use crate::room::open_file::OpenFile;
use crate::room::state::{Author, Change, Effect, Now, Out, Reply, RoomState, Stop, Waiter};
use crate::store::model::{Answered, File, Kind, LineEnding, Origin, Snapshot};

/// What a call comes to.
enum Step {
    /// Its answer, for when the head is committed.
    Answer(Answer),
    /// It needs a file's text at an earlier revision.
    Text(FileKey, Revision),
}

impl RoomState {
    /// Takes a unary call. One with a request id is looked up first.
    pub(super) fn call(&mut self, call: Call, now: Now) {
        let Some(request) = call.request else {
            return self.run_call(call, now);
        };
        if let Some((digest, waiting)) = self.requests.get_mut(&request.id) {
            if *digest == request.digest {
                waiting.push(call.reply);
            } else {
                let _gone = call.reply.send(Err(reused(request.id)));
            }
            return;
        }
        self.requests.insert(request.id, (request.digest, Vec::new()));
        self.effects.push(Effect::Job(Job::Answered(Box::new(call))));
    }

    /// A request id was looked up: its first answer, or none yet.
    pub(super) fn answered(&mut self, call: Call, found: Result<Option<Answered>>, now: Now) {
        let digest = call.request.map(|request| request.digest);
        match found {
            Ok(None) => self.run_call(call, now),
            Ok(Some(kept)) if Some(kept.digest) == digest => match Answer::from_bytes(&kept.answer) {
                Some(answer) => self.finish_call(call.request, call.reply, answer),
                None => {
                    let defect = Error::new(Reason::Internal, "the kept answer cannot be read: tell the operator");
                    self.fail_call(call.request, call.reply, defect);
                }
            },
            Ok(Some(kept)) => self.fail_call(call.request, call.reply, reused(kept.request)),
            Err(error) => self.fail_call(call.request, call.reply, error),
        }
    }

    /// Runs a call, or puts it aside until what it needs is there.
    pub(super) fn run_call(&mut self, call: Call, now: Now) {
        if call.reply.is_closed() && call.request.is_none() {
            return;
        }
        match self.step(&call, now) {
            Ok(Step::Answer(answer)) => self.finish_call(call.request, call.reply, answer),
            Ok(Step::Text(key, at)) => match self.directory.get(key) {
                Some(entry) => {
                    let order = Order {
                        room: self.key,
                        file: entry.file.clone(),
                        at,
                    };
                    self.effects
                        .push(Effect::Job(Job::Text(Box::new(call), Box::new(order))));
                }
                None => self.defect((), "a text was wanted of a file that is not there"),
            },
            Err(Stop::Wait(need)) => self.need(need, Waiter::Call(Box::new(call))),
            Err(Stop::WaitForReader) => self.defect((), "a call waited for a reader that it does not have"),
            Err(Stop::Refuse(error) | Stop::Later(error)) => self.fail_call(call.request, call.reply, error),
        }
    }

    /// A text that a call needed is there.
    pub(super) fn call_with_text(&mut self, mut call: Call, text: ropey::Rope, revision: Revision, now: Now) {
        let file = match &call.ask {
            Ask::ReadFile { file, .. } => self.directory.find(file),
            Ask::WriteFile(write) => self.directory.find(&write.file),
            _ => Err(Error::new(Reason::Internal, "the call needs no text")),
        };
        match file {
            Ok(entry) => {
                call.text = Some(TextAt {
                    file: entry.info(),
                    revision,
                    text,
                });
                self.run_call(call, now);
            }
            Err(error) => self.fail_call(call.request, call.reply, error),
        }
    }

    fn finish_call(&mut self, request: Option<Request>, reply: Reply, answer: Answer) {
        match request {
            None => self.gate(Out::Reply { reply, answer }),
            Some(request) => {
                if let Some((_, waiting)) = self.requests.get_mut(&request.id) {
                    waiting.push(reply);
                }
                self.gate(Out::Replies {
                    request: request.id,
                    answer,
                });
            }
        }
    }

    /// Refuses a call, and those that wait for the same request.
    pub(super) fn fail_call(&mut self, request: Option<Request>, reply: Reply, error: Error) {
        let waiting = request
            .and_then(|request| self.requests.remove(&request.id))
            .map(|(_, waiting)| waiting);
        for other in waiting.unwrap_or_default() {
            let _gone = other.send(Err(error.clone()));
        }
        let _gone = reply.send(Err(error));
    }

    fn step(&mut self, call: &Call, now: Now) -> Result<Step, Stop> {
        let request = call.request;
        let answer = match &call.ask {
            Ask::Info => Answer::Info(crate::room::message::RoomInfo {
                head: self.head,
                ..self.info.clone()
            }),
            Ask::ListFiles { include_deleted } => Answer::Files(self.list_files(*include_deleted)),
            Ask::ReadFile { file, revision } => return self.read_file(file, *revision, call.text.as_ref(), now),
            Ask::CreateFile(new) => Answer::File(self.create_file(new, request, now)?),
            Ask::WriteFile(write) => return self.write_file(write, call, now),
            Ask::RenameFile { file, new_path } => Answer::File(self.rename_file(file, new_path, request, now)?),
            Ask::DeleteFile { file } => Answer::File(self.delete_file(file, request, now)?),
            Ask::RestoreFile { file, new_path } => {
                Answer::File(self.restore_file(*file, new_path.as_deref(), request, now)?)
            }
            Ask::CompletionText(place) => Answer::Completion(self.completion_text(place, now)?),
        };
        Ok(Step::Answer(answer))
    }

    fn list_files(&self, include_deleted: bool) -> FileList {
        let mut files: Vec<FileInfo> = if include_deleted {
            self.directory.all().map(Entry::info).collect()
        } else {
            self.directory.living().map(Entry::info).collect()
        };
        files.sort_by(|a, b| (&a.path, a.id).cmp(&(&b.path, b.id)));
        FileList { files, head: self.head }
    }

    fn read_file(
        &mut self,
        file: &FileRef,
        revision: Option<Revision>,
        text: Option<&TextAt>,
        now: Now,
    ) -> Result<Step, Stop> {
        if let Some(text) = text {
            return Ok(Step::Answer(Answer::Text(text.clone())));
        }
        // The past of a deleted file can be read too.
        let entry = if revision.is_some() {
            self.directory.find(file)?
        } else {
            self.directory.find_living(file)?
        };
        let (key, info) = (entry.file.key, entry.info());
        if let Some(at) = revision {
            let at = self.base(key, Some(at)).map_err(|error| error.with("revision", at))?;
            if at < info.revision {
                return Ok(Step::Text(key, at));
            }
        }
        self.ready(key, now)?;
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let revision = revision.unwrap_or(self.head);
        Ok(Step::Answer(Answer::Text(TextAt {
            file: info,
            revision,
            text: open.document.text().clone(),
        })))
    }

    fn create_file(&mut self, new: &NewFile, request: Option<Request>, now: Now) -> Result<FileInfo, Stop> {
        let wanted = path::parse(&new.path, "path")?;
        self.directory.room_for_one()?;
        self.directory.admit(&wanted, None)?;
        let first = first_text(new, "text")?;
        self.admit_bytes(0, u64::from(first.document.len().utf8))?;
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
        self.files.insert(
            key,
            OpenFile::new(first.document, History::after(created), created, now.at),
        );
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

    fn write_file(&mut self, write: &Write, call: &Call, now: Now) -> Result<Step, Stop> {
        let entry = self.directory.find_living(&write.file)?;
        let (key, moved) = (entry.file.key, entry.revision);
        self.ready(key, now)?;
        let base = self.base(key, write.base)?;
        let text_moved = self.text_revision(key);
        if write.only_if_unchanged && text_moved > base {
            return Err(Stop::Refuse(
                Error::new(
                    Reason::HeadMoved,
                    format!("the file has changed since {base}: read it at {moved}, and write on that"),
                )
                .field("base_revision")
                .with("head", self.committed),
            ));
        }
        let (text, line_ending) = normalised(&write.text, "text")?;
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let old = match &call.text {
            Some(at) => at.text.clone(),
            None if text_moved <= base => open.document.text().clone(),
            None => return Ok(Step::Text(key, base)),
        };
        let changes = document::diff(&old, &text, Unit::Utf8);
        let merged = text_moved > base;
        if changes.is_empty() {
            let info = self.directory.find_living(&write.file)?.info();
            let written = Written {
                file: info,
                revision: self.head,
                merged,
            };
            return Ok(Step::Answer(Answer::Written(written)));
        }
        self.merge_text(key, write, line_ending, changes, base, merged, call.request, now)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one write, each of another kind")]
    fn merge_text(
        &mut self,
        key: FileKey,
        write: &Write,
        line_ending: LineEnding,
        changes: Vec<document::UnitChange>,
        base: Revision,
        merged: bool,
        request: Option<Request>,
        now: Now,
    ) -> Result<Step, Stop> {
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let Some(changes) = open.history.carry(changes, base, Unit::Utf8) else {
            return Err(Stop::Wait(Need::History(key, base)));
        };
        let grows: u64 = changes
            .iter()
            .map(|c| (c.insert.len() as u64).saturating_sub(u64::from(c.delete)))
            .sum();
        self.admit_growth(key, grows)?;
        let permit = self.reserve(document_bytes(&changes))?;
        let Some(open) = self.files.get_mut(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let applied = match open.document.edit(Unit::Utf8, &changes) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => return Err(Stop::Refuse(error)),
            Err(Failure::Broken(why)) => {
                return self.defect(Err(Stop::Later(crate::room::gone())), why);
            }
        };
        let revision = self.head.next();
        let Some(entry) = self.directory.get(key) else {
            return self.defect(
                Err(Stop::Later(crate::room::gone())),
                "a written file is not in the directory",
            );
        };
        let info = FileInfo {
            revision,
            line_ending,
            ..entry.info()
        };
        let row = (entry.file.line_ending != line_ending).then(|| File {
            line_ending,
            ..entry.file.clone()
        });
        let written = Written {
            file: info,
            revision,
            merged,
        };
        let answer = Answer::Written(written);
        let origin = if write.origin == Origin::Unspecified {
            Origin::Written
        } else {
            write.origin
        };
        let text = Some((applied.delta, applied.update));
        let change = Change {
            kind: Kind::Edit,
            origin,
            text,
            state: Vec::new(),
            row,
            announced: None,
        };
        self.accept(key, call_author(request, &answer), change, permit, now);
        Ok(Step::Answer(answer))
    }

    /// The revision of a file's newest operation that changed its text.
    fn text_revision(&self, key: FileKey) -> Revision {
        self.files.get(&key).map_or(Revision(0), |open| open.history.newest())
    }

    fn rename_file(
        &mut self,
        file: &FileRef,
        new_path: &str,
        request: Option<Request>,
        now: Now,
    ) -> Result<FileInfo, Stop> {
        let entry = self.directory.find_living(file)?;
        let (key, mut row) = (entry.file.key, entry.file.clone());
        row.path = path::parse(new_path, "new_path")?;
        self.directory.admit(&row.path, Some(key))?;
        self.change_directory(row, Kind::Rename, FileChange::Renamed, request, now)
    }

    fn delete_file(&mut self, file: &FileRef, request: Option<Request>, now: Now) -> Result<FileInfo, Stop> {
        let mut row = self.directory.find_living(file)?.file.clone();
        row.deleted = true;
        self.change_directory(row, Kind::Delete, FileChange::Deleted, request, now)
    }

    fn restore_file(
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
        let (key, bytes, mut row) = (entry.file.key, entry.bytes, entry.file.clone());
        row.deleted = false;
        if let Some(wanted) = new_path {
            row.path = path::parse(wanted, "new_path")?;
        }
        self.directory.room_for_one()?;
        self.directory.admit(&row.path, Some(key))?;
        self.admit_bytes(0, bytes)?;
        self.change_directory(row, Kind::Restore, FileChange::Restored, request, now)
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

    fn completion_text(&mut self, place: &CompletionPlace, now: Now) -> Result<CompletionText, Stop> {
        let entry = self.directory.find_living(&place.file)?;
        let (key, path) = (entry.file.key, entry.file.path.clone());
        self.ready(key, now)?;
        let revision = match place.revision {
            Some(revision) => self.base(key, Some(revision))?,
            None => self.head,
        };
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let Some(cursor) = open.history.carry_offset(place.cursor, revision, place.unit) else {
            return Err(Stop::Wait(Need::History(key, revision)));
        };
        let text = open.document.text().clone();
        let mut others: Vec<(String, ropey::Rope)> = self
            .files
            .iter()
            .filter(|(other, _)| **other != key)
            .filter_map(|(other, open)| Some((self.directory.get(*other)?, open)))
            .filter(|(entry, _)| !entry.file.deleted)
            .map(|(entry, open)| (entry.file.path.clone(), open.document.text().clone()))
            .collect();
        others.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(CompletionText {
            revision: self.head,
            path,
            text,
            cursor,
            others,
        })
    }

    /// Takes a snapshot of every file that is due for one.
    pub(super) fn snapshot_files(&mut self, due: impl Fn(&OpenFile) -> bool) {
        let mut snapshots = Vec::new();
        for (key, open) in &mut self.files {
            let Some(entry) = self.directory.get(*key) else {
                continue;
            };
            if open.since_snapshot == 0 || !due(open) {
                continue;
            }
            let (state, text_hash) = open.document.snapshot();
            let revision = open.history.newest().max(open.snapshot);
            open.snapshot = revision;
            open.since_snapshot = 0;
            snapshots.push(Snapshot {
                file: *key,
                revision,
                epoch: entry.file.epoch,
                state,
                text_hash,
            });
        }
        for snapshot in snapshots {
            self.gate(Out::Snapshot(snapshot));
        }
    }
}

impl RoomState {
    /// Lets go of files that nobody has open and nobody has used for a while; the log has them.
    pub(super) fn forget_idle_files(&mut self, now: std::time::Instant) {
        if self.committed < self.head || !self.gated.is_empty() || !self.waiting.is_empty() {
            return;
        }
        let open: std::collections::HashSet<FileKey> = self
            .members
            .values()
            .flat_map(|member| member.open.keys().copied())
            .collect();
        self.files.retain(|key, file| {
            let idle = now.duration_since(file.used) >= limits::FILE_IDLE && file.since_snapshot == 0;
            !idle || open.contains(key)
        });
    }
}

/// A new file's document with its first text.
pub(super) struct FirstText {
    pub(super) document: Document,
    pub(super) server_client: ClientId,
    pub(super) line_ending: LineEnding,
    pub(super) delta: document::Delta,
    pub(super) update: Vec<u8>,
}

/// Makes a new file's document.
pub(super) fn first_text(new: &NewFile, field: &str) -> Result<FirstText> {
    let (text, line_ending) = normalised(&new.text, field)?;
    let server_client = ClientId(rand::rng().random_range(1..=u32::MAX));
    let mut document = Document::new(server_client);
    if text.is_empty() {
        let delta = document::Delta::default();
        return Ok(FirstText {
            document,
            server_client,
            line_ending,
            delta,
            update: Vec::new(),
        });
    }
    let change = document::UnitChange {
        offset: 0,
        delete: 0,
        insert: text,
    };
    match document.edit(Unit::Utf8, &[change]) {
        Ok(applied) => {
            let (delta, update) = (applied.delta, applied.update);
            Ok(FirstText {
                document,
                server_client,
                line_ending,
                delta,
                update,
            })
        }
        Err(Failure::Refused(error)) => Err(error),
        Err(Failure::Broken(why)) => {
            tracing::error!(why, "a first text could not be written");
            Err(Error::new(
                Reason::Internal,
                "the text could not be written: tell the operator",
            ))
        }
    }
}

/// A text with LF only, the line ending that it had, and no NUL.
fn normalised(text: &str, field: &str) -> Result<(String, LineEnding)> {
    if text.contains('\0') {
        return Err(Error::new(Reason::Nul, "the text contains U+0000: send text, not binary data").field(field));
    }
    if text.len() > 2 * limits::FILE_BYTES as usize {
        return Err(Error::new(
            Reason::FileTooLarge,
            format!(
                "a file has at most {} bytes: split it, or keep large data elsewhere",
                limits::FILE_BYTES
            ),
        )
        .field(field)
        .with("limit", limits::FILE_BYTES));
    }
    let (text, had_crlf) = document::normalise(text);
    Ok((text, if had_crlf { LineEnding::CrLf } else { LineEnding::Lf }))
}

fn call_author(request: Option<Request>, answer: &Answer) -> Author {
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

fn reused(id: RequestId) -> Error {
    Error::new(
        Reason::RequestIdReused,
        "this request_id was used for another request: choose a new one",
    )
    .field("request_id")
    .with("request_id", id)
}
