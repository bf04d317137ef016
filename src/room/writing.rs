//! A whole text, merged: compared with the text at its base, and carried over what came since.

use crate::document::{self, Failure, Unit};
use crate::error::{Error, Reason, Result};
use crate::id::{FileKey, Revision};
use crate::room::calls::Step;
use crate::room::command::{Answer, Call};
use crate::room::editing::document_bytes;
use crate::room::filing::call_author;
use crate::room::first_text::normalised;
use crate::room::job::Need;
use crate::room::message::{FileInfo, Request, Write, Written};
use crate::room::state::{Change, Now, RoomState, Stop};
use crate::store::model::{File, Kind, LineEnding, Origin};

impl RoomState {
    pub(super) fn write_file(&mut self, write: &Write, call: &Call, now: Now) -> Result<Step, Stop> {
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
        self.admit_growth(key, grows).map_err(|error| error.field("text"))?;
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
}
