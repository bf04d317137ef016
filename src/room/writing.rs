//! A whole text, merged: compared with the text at its base, and carried over what came since.
//!
//! Comparing two long texts takes a while. It is done beside the room's task, which goes on; what happens meanwhile is
//! carried over like everything since the base.

use ropey::Rope;
use tokio::sync::Semaphore;

use crate::document::{self, Failure, Unit, UnitChange};
use crate::error::{Error, Reason, Result};
use crate::id::{FileKey, Revision};
use crate::limits;
use crate::room::calls::Step;
use crate::room::command::{Answer, Call};
use crate::room::filing::call_author;
use crate::room::first_text::normalised;
use crate::room::job::Need;
use crate::room::load::blocking;
use crate::room::message::{FileInfo, Request, Write, Written};
use crate::room::state::{Change, Now, RoomState, Stop};
use crate::store::model::{File, Kind, LineEnding, Origin};

/// What a whole text changes in the text that it was made from.
#[derive(Clone, Debug)]
pub(super) struct Compared {
    /// As an edit of that text, in bytes of UTF-8.
    changes: Vec<UnitChange>,
    line_ending: LineEnding,
}

/// Compares a text, as it was sent, with the one that it was made from.
///
/// # Errors
/// NUL, FILE_TOO_LARGE.
pub(super) async fn compare(old: Rope, text: String) -> Result<Compared> {
    /// One permit for each text that may be compared at once, in all rooms.
    static AT_ONCE: Semaphore = Semaphore::const_new(limits::COMPARISONS);
    // It is never closed; without a permit nothing would be wrong but the time.
    let _permit = AT_ONCE.acquire().await;
    let compared = blocking(move || {
        let (text, line_ending) = normalised(&text, "text")?;
        Ok(Compared {
            changes: document::diff(&old, &text, Unit::Utf8),
            line_ending,
        })
    });
    compared.await?
}

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
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let Some(compared) = &call.compared else {
            return Ok(match &call.text {
                Some(at) => Step::Compare(at.text.clone()),
                None if text_moved <= base => Step::Compare(open.document.text().clone()),
                None => Step::Text(key, base),
            });
        };
        let merged = text_moved > base;
        if compared.changes.is_empty() {
            let info = self.directory.find_living(&write.file)?.info();
            let written = Written {
                file: info,
                revision: self.head,
                merged,
            };
            return Ok(Step::Answer(Answer::Written(written)));
        }
        self.merge_text(key, write, compared, base, merged, call.request, now)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one write, each of another kind")]
    fn merge_text(
        &mut self,
        key: FileKey,
        write: &Write,
        compared: &Compared,
        base: Revision,
        merged: bool,
        request: Option<Request>,
        now: Now,
    ) -> Result<Step, Stop> {
        let Some(open) = self.files.get(&key) else {
            return Err(Stop::Wait(Need::File(key)));
        };
        let line_ending = compared.line_ending;
        let Some(changes) = open.history.carry(compared.changes.clone(), base, Unit::Utf8)? else {
            return Err(Stop::Wait(Need::History(key, base)));
        };
        self.admit_growth(&open.document, Unit::Utf8, &changes)
            .map_err(|error| error.field("text"))?;
        let permit = self.reserve(open.edit_bytes(&changes))?;
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
