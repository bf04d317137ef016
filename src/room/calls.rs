//! Unary calls on a room: its files as a whole.

use crate::error::{Error, Reason, Result};
use crate::id::{FileKey, FileRef, Revision};
use crate::room::command::{Answer, Ask, Call};
use crate::room::directory::Entry;
use crate::room::job::{Job, Need};
use crate::room::kept::reused;
use crate::room::load::Order;
use crate::room::message::{CompletionPlace, CompletionText, FileInfo, FileList, Request, TextAt, Write};
use crate::room::state::{Effect, Now, Out, Reply, RoomState, Stop, Waiter};
use crate::store::model::Answered;

/// What a call comes to.
pub(super) enum Step {
    /// Its answer, for when the head is committed.
    Answer(Answer),
    /// It needs a file's text at an earlier revision.
    Text(FileKey, Revision),
    /// Its whole text has to be compared with the one that it was made from.
    Compare(ropey::Rope),
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
    pub(super) fn run_call(&mut self, mut call: Call, now: Now) {
        if call.reply.is_closed() && call.request.is_none() {
            return;
        }
        self.settle_file(&mut call.ask);
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
            Ok(Step::Compare(old)) => self.effects.push(Effect::Job(Job::Compare(Box::new(call), old))),
            Err(Stop::Wait(need)) => self.need(need, Waiter::Call(Box::new(call))),
            Err(Stop::WaitForReader) => self.defect((), "a call waited for a reader that it does not have"),
            Err(Stop::Refuse(error) | Stop::Later(error)) => self.fail_call(call.request, call.reply, error),
        }
    }

    /// A path means the file that it names when the call comes. While a call waits for a text, another file may come to
    /// stand there.
    fn settle_file(&self, ask: &mut Ask) {
        let (Ask::ReadFile { file, .. } | Ask::WriteFile(Write { file, .. })) = ask else {
            return;
        };
        if let FileRef::Path(_) = file
            && let Ok(entry) = self.directory.find(file)
        {
            *file = FileRef::Id(entry.file.id);
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
            let at = self.revision_of(key, at, "revision")?;
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

    fn completion_text(&mut self, place: &CompletionPlace, now: Now) -> Result<CompletionText, Stop> {
        let entry = self.directory.find_living(&place.file)?;
        let (key, path) = (entry.file.key, entry.file.path.clone());
        self.ready(key, now)?;
        let revision = match place.revision {
            Some(revision) => self.revision_of(key, revision, "revision")?,
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
}
