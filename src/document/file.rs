//! A file's document: the rope that offsets are of, the Yjs document that merges, and the index that knows where its
//! characters stand. All three always hold the same text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ropey::Rope;
use smallvec::SmallVec;

use super::delta::{Delta, DeltaBuilder};
use super::gate::{self, Admitted, Known};
use super::index::{Index, Place, Step};
use super::unit::{Len, Unit, UnitChange};
use super::update::{self, CharId, ROOT};
use super::ydoc::YDoc;
use super::{transform, varint};
use crate::error::{Error, Reason, Result};
use crate::id::ClientId;

/// An edit's changes in UTF-16 units: nearly always one.
type Places<'a> = SmallVec<[Place<'a>; 1]>;

/// A relative position is a client id and a clock, or a name of one letter.
const RELATIVE_POSITION_BYTES: usize = 64;

/// A file's document.
#[derive(Debug)]
pub struct Document {
    /// Whose name stands on what text clients write.
    server_client: ClientId,
    ydoc: YDoc,
    rope: Rope,
    known: Known,
    index: Index,
}

/// What an accepted change did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What it did to the text. It may do nothing, as when somebody else deleted the same before.
    pub delta: Delta,
    /// The version 1 update to log and to send to Yjs clients; empty if there was nothing new.
    pub update: Vec<u8>,
}

/// Why a change did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It is wrong; the document is as it was.
    Refused(Error),
    /// Something went wrong inside, as told in words for the server's own log: the document must be thrown away and
    /// loaded again.
    Broken(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Why a document could not be loaded, in words for the server's own log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored document can't be loaded: {0}")]
pub struct LoadError(String);

impl Document {
    /// An empty document. What text clients write stands under `server_client`.
    pub fn new(server_client: ClientId) -> Self {
        Self {
            server_client,
            ydoc: YDoc::new(server_client),
            rope: Rope::new(),
            known: Known::default(),
            index: Index::default(),
        }
    }

    /// A document from what [`Self::snapshot`] gave and the updates after it, in order.
    pub fn load<'a>(
        server_client: ClientId,
        state: Option<&'a [u8]>,
        updates: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, LoadError> {
        Self::new(server_client).load_more(state.into_iter().chain(updates))
    }

    /// The document with further updates of the log.
    pub fn load_more<'a>(mut self, updates: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, LoadError> {
        let mut changed = false;
        for update in updates {
            self.load_update(update).map_err(LoadError)?;
            changed = true;
        }
        if changed {
            self.rope = Rope::from_str(&self.ydoc.read());
        }
        if self.len().utf16 != self.index.visible() {
            return Err(LoadError("the index and the Yjs document differ".to_owned()));
        }
        Ok(self)
    }

    /// The text.
    pub fn text(&self) -> &Rope {
        &self.rope
    }

    /// The text's length; it is kept, not counted.
    pub fn len(&self) -> Len {
        Len::of_rope(&self.rope)
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.rope.len_bytes() == 0
    }

    /// A text client's edit, its offsets already carried to this text. All of it happens or nothing.
    pub fn edit(&mut self, unit: Unit, changes: &[UnitChange]) -> Result<Applied, Failure> {
        transform::check_places(changes, self.len().get(unit))?;
        let (delta, places) = self.plan(unit, changes)?;
        if delta.is_empty() {
            return Ok(Applied {
                delta,
                update: Vec::new(),
            });
        }
        let next = CharId {
            client: self.server_client,
            clock: self.known.clock(self.server_client),
        };
        let written = self.index.write(next, &places);
        let update = gate::write(&written.blocks, &written.deletions);
        guarded(|| self.ydoc.apply(&update))?;
        self.known.add_all(&written.blocks);
        self.finish(delta, update)
    }

    /// By how many bytes of UTF-8 an edit makes the text longer; 0 if it makes it shorter.
    pub fn growth(&self, unit: Unit, changes: &[UnitChange]) -> u64 {
        let gone = |change: &UnitChange| {
            let (start, end) = (self.place(change.offset, unit)?, self.place(change.end(), unit)?);
            Some(u64::from(end.checked_sub(start)?.utf8))
        };
        let gone: u64 = changes.iter().filter_map(gone).sum();
        let came: u64 = changes.iter().map(|change| change.insert.len() as u64).sum();
        came.saturating_sub(gone)
    }

    /// A Yjs client's update. Only client ids for which `may_write` says yes may add to it, and the text may not grow
    /// past `max_bytes` of UTF-8.
    pub fn update(
        &mut self,
        update: &[u8],
        may_write: &dyn Fn(ClientId) -> bool,
        max_bytes: u32,
    ) -> Result<Applied, Failure> {
        let admitted = gate::admit(update::read(update)?, &self.known, may_write)?;
        let length = self.rope.len_bytes() + admitted.inserted_bytes;
        if admitted.inserted_bytes > 0 && length > max_bytes as usize {
            let message = format!("a file holds at most {max_bytes} bytes: make the text shorter, or use another file");
            return Err(Error::new(Reason::FileTooLarge, message)
                .with("limit", max_bytes)
                .into());
        }
        if self.index.integrate(&admitted.blocks).is_err() {
            let message =
                "this update's origins contradict the order of the text: open the file again under a new client id";
            return Err(Error::new(Reason::UpdateCrossed, message).into());
        }
        let deleted = self.index.delete(&admitted.deletions);
        if admitted.blocks.is_empty() && deleted.is_empty() {
            return Ok(Applied {
                delta: DeltaBuilder::new(self.len()).finish(),
                update: Vec::new(),
            });
        }
        let news = gate::write(&admitted.blocks, &deleted);
        guarded(|| self.ydoc.apply(&news))?;
        self.known.add_all(&admitted.blocks);
        let steps = self.index.steps(&admitted.blocks, &deleted);
        let delta = self.delta_of(&steps);
        let delta = delta.ok_or_else(|| Failure::Broken(format!("{steps:?} do not fit the text")))?;
        self.finish(delta, news)
    }

    /// Whether an update would add nothing to the document.
    pub fn covers(&self, update: &[u8]) -> bool {
        let admitted = update::read(update).and_then(|update| gate::admit(update, &self.known, &|_client| true));
        let covered = |admitted: Admitted<'_>| {
            admitted.blocks.is_empty() && admitted.deletions.iter().all(|gone| self.index.is_deleted(gone))
        };
        admitted.is_ok_and(covered)
    }

    /// What a Yjs client lacks that has these clocks, as a version 1 update; empty bytes ask for all.
    pub fn difference(&self, state_vector: &[u8]) -> Result<Vec<u8>> {
        let clocks = update::read_state_vector(state_vector)?;
        let known = clocks.into_iter().map(|(client, clock)| {
            let clock = clock.min(self.known.clock(client));
            // A client that has half a character gets it whole.
            (
                client,
                if self.known.splits(client, clock) {
                    clock - 1
                } else {
                    clock
                },
            )
        });
        let wrong = |_| {
            Error::new(
                Reason::Internal,
                "the difference could not be made: open the file again",
            )
        };
        guarded(|| Ok(self.ydoc.difference(known.filter(|&(_, clock)| clock > 0)))).map_err(wrong)
    }

    /// The version 1 state vector.
    pub fn state_vector(&self) -> Vec<u8> {
        let mut clocks: Vec<_> = self.known.clocks().collect();
        clocks.sort_unstable();
        let mut out = Vec::with_capacity(4 + 8 * clocks.len());
        varint::write(&mut out, clocks.len() as u64);
        for (client, clock) in clocks {
            varint::write(&mut out, client.0.into());
            varint::write(&mut out, clock.into());
        }
        out
    }

    /// How many clocks a client id has here; 0 if it never wrote.
    pub fn clock(&self, client: ClientId) -> u32 {
        self.known.clock(client)
    }

    /// How many client ids have written.
    pub fn clients(&self) -> usize {
        self.known.clocks().len()
    }

    /// Everything, to be loaded again, as a version 1 update, with the [`Self::text_hash`].
    pub fn snapshot(&self) -> (Vec<u8>, [u8; 32]) {
        (self.ydoc.difference(std::iter::empty()), self.text_hash())
    }

    /// The blake3 digest of the text's UTF-8.
    pub fn text_hash(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for chunk in self.rope.chunks() {
            hasher.update(chunk.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    /// The Yjs relative position of the character right of an offset in UTF-16 units, or of the text's end.
    pub fn relative_position(&self, offset_utf16: u32) -> Vec<u8> {
        let mut out = Vec::new();
        match self.index.character_at(self.whole_character(offset_utf16)) {
            Some(id) => {
                out.push(0);
                varint::write(&mut out, id.client.0.into());
                varint::write(&mut out, id.clock.into());
            }
            None => {
                out.extend_from_slice(&[1, ROOT.len() as u8]);
                out.extend_from_slice(ROOT.as_bytes());
            }
        }
        out.push(0);
        out
    }

    /// Where a Yjs relative position is, in UTF-16 units; `None` if it is none of this text.
    pub fn offset_of(&self, relative: &[u8]) -> Option<u32> {
        if relative.len() > RELATIVE_POSITION_BYTES {
            return None;
        }
        let offset = match update::read_relative_position(relative)? {
            (None, true) => 0,
            (None, false) => self.len().utf16,
            (Some(CharId { client, clock }), _) if clock >= self.known.clock(client) => return None,
            (Some(id), right_side) => self.index.offset_of(id, right_side)?,
        };
        Some(self.whole_character(offset))
    }

    /// Whether the rope, the Yjs document and the index hold the same text. It reads all of it: for tests.
    pub fn check(&self) -> bool {
        self.rope == self.ydoc.read().as_str() && self.rope.len_utf16_cu() == self.index.visible() as usize
    }

    /// The start of the character at an offset, or the text's end.
    fn whole_character(&self, offset_utf16: u32) -> u32 {
        let offset = offset_utf16.min(self.len().utf16) as usize;
        self.rope.char_to_utf16_cu(self.rope.utf16_cu_to_char(offset)) as u32
    }

    /// An edit as a delta of this text, and its changes in UTF-16 units.
    fn plan<'c>(&self, unit: Unit, changes: &'c [UnitChange]) -> Result<(Delta, Places<'c>)> {
        let mut builder = DeltaBuilder::new(self.len());
        let mut places = SmallVec::with_capacity(changes.len());
        let mut position = Len::ZERO;
        for (index, change) in changes.iter().enumerate() {
            let place = |offset: u32, part: &str| {
                self.place(offset, unit).ok_or_else(|| {
                    let message = "this offset is inside a character: count in whole characters of the unit you chose";
                    Error::new(Reason::OffsetInsideCharacter, message).field(format!("changes[{index}].{part}"))
                })
            };
            let start = place(change.offset, "offset")?;
            let end = match change.delete {
                0 => start,
                _ => place(change.end(), "delete")?,
            };
            let delete = end.checked_sub(start).unwrap_or_default();
            builder
                .retain(start.checked_sub(position).unwrap_or_default())
                .delete(delete)
                .insert(&change.insert);
            places.push(Place {
                offset: start.utf16,
                delete: delete.utf16,
                insert: &change.insert,
            });
            position = end;
        }
        Ok((builder.finish(), places))
    }

    /// The text's length up to an offset; `None` inside a character or past the end.
    fn place(&self, offset: u32, unit: Unit) -> Option<Len> {
        let rope = &self.rope;
        let whole = self.len();
        if offset > whole.get(unit) {
            return None;
        }
        if whole.chars == whole.utf8 {
            // All ASCII: every unit counts the same.
            return Some(Len {
                chars: offset,
                utf16: offset,
                utf8: offset,
            });
        }
        let count = offset as usize;
        let chars = match unit {
            Unit::CodePoint => count,
            Unit::Utf16 => rope.utf16_cu_to_char(count),
            Unit::Utf8 => rope.byte_to_char(count),
        };
        let utf16 = rope.char_to_utf16_cu(chars);
        let utf8 = rope.char_to_byte(chars);
        let place = Len {
            chars: chars as u32,
            utf16: utf16 as u32,
            utf8: utf8 as u32,
        };
        (place.get(unit) == offset).then_some(place)
    }

    /// Steps through this text as a delta of it.
    fn delta_of(&self, steps: &[Step<'_>]) -> Option<Delta> {
        let mut builder = DeltaBuilder::new(self.len());
        let mut position = Len::ZERO;
        for step in steps {
            match step {
                Step::Retain(count) | Step::Delete(count) => {
                    let end = self.place(position.utf16.checked_add(*count)?, Unit::Utf16)?;
                    let len = end.checked_sub(position)?;
                    position = end;
                    if matches!(step, Step::Retain(_)) {
                        builder.retain(len)
                    } else {
                        builder.delete(len)
                    };
                }
                Step::Insert(text) => {
                    builder.insert(text);
                }
            }
        }
        Some(builder.finish())
    }

    /// Makes the rope follow, and sees that all three texts are still equally long.
    fn finish(&mut self, delta: Delta, update: Vec<u8>) -> Result<Applied, Failure> {
        let fits = delta.apply(&mut self.rope);
        let length = self.len().utf16;
        if !fits || length != self.ydoc.len() || length != self.index.visible() {
            return Err(Failure::Broken(format!(
                "the text and the Yjs document differ after {delta:?}"
            )));
        }
        Ok(Applied { delta, update })
    }

    fn load_update(&mut self, bytes: &[u8]) -> Result<(), String> {
        let update = update::read_any(bytes).map_err(|error| error.to_string())?;
        let admitted = gate::admit(update, &self.known, &|_| true).map_err(|error| error.to_string())?;
        self.index.integrate_trusted(&admitted.blocks);
        self.index.delete(&admitted.deletions);
        self.known.add_all(&admitted.blocks);
        // Of a long history this takes as much memory as the document: yrs can have it.
        drop(admitted);
        catch(|| self.ydoc.apply(bytes))
    }
}

/// Runs something in yrs; a panic there is the document's end, not the server's.
fn catch<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("yrs panicked: {}", said.unwrap_or("without a word")))
    })
}

fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, Failure> {
    catch(run).map_err(Failure::Broken)
}

#[cfg(test)]
mod tests;
