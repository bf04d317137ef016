//! A file's document: the rope that offsets are of, and the Yjs document that merges. Both always hold the same text.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ropey::Rope;

use super::delta::{Delta, DeltaBuilder};
use super::gate::{self, Known};
use super::order::Order;
use super::places::{self, Place, coarsened};
use super::positions::{PositionMap, Step};
use super::unit::{Len, Unit, UnitChange};
use super::update::{self, CharId, ROOT};
use super::ydoc::YDoc;
use super::{transform, varint};
use crate::error::{Error, Reason, Result};
use crate::id::ClientId;

/// A relative position is a client id and a clock, or a name of one letter.
const RELATIVE_POSITION_BYTES: usize = 64;

/// A file's document.
#[derive(Debug)]
pub struct Document {
    ydoc: YDoc,
    rope: Rope,
    known: Known,
    order: Order,
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
        let mut ydoc = YDoc::new(server_client);
        // Nothing else holds a document this young, so observing it can't fail.
        let observed = ydoc.observe();
        debug_assert_eq!(observed, Ok(()));
        Self {
            ydoc,
            rope: Rope::new(),
            known: Known::default(),
            order: Order::default(),
        }
    }

    /// A document from what [`Self::snapshot`] gave and the updates after it, in order.
    pub fn load<'a>(
        server_client: ClientId,
        state: Option<&[u8]>,
        updates: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, LoadError> {
        let mut document = Self {
            ydoc: YDoc::new(server_client),
            rope: Rope::new(),
            known: Known::default(),
            order: Order::default(),
        };
        if let Some(state) = state {
            document.load_update(state).map_err(LoadError)?;
        }
        for update in updates {
            document.load_update(update).map_err(LoadError)?;
        }
        document.ydoc.observe().map_err(LoadError)?;
        document.rope = Rope::from_str(&document.ydoc.read());
        Ok(document)
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
        let places = coarsened(places, &self.rope);
        let update = guarded(|| Ok(self.ydoc.edit(places.iter().rev())))?;
        self.follow(&update)?;
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

    /// How many bytes of text that stays an edit of so many changes writes anew at most.
    pub fn rewritten_bytes(&self, changes: usize) -> usize {
        if places::together(changes, &self.rope) > 1 {
            self.rope.len_bytes()
        } else {
            0
        }
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
            let message = format!("a file holds at most {max_bytes} bytes; make the text shorter, or use another file");
            return Err(Error::new(Reason::FileTooLarge, message)
                .with("limit", max_bytes)
                .into());
        }
        if admitted.blocks.iter().any(|block| self.order.integrate(block).is_err()) {
            self.order = self.reordered().map_err(Failure::Broken)?;
            let message =
                "this update's origins contradict the order of the text; open the file again under a new client id";
            return Err(Error::new(Reason::UpdateCrossed, message).into());
        }
        if admitted.blocks.is_empty() && admitted.deletions.is_empty() {
            return Ok(Applied {
                delta: self.unchanged(),
                update: Vec::new(),
            });
        }
        let bytes = gate::write(&admitted);
        let (steps, news) = guarded(|| self.ydoc.apply(&bytes))?;
        for block in &admitted.blocks {
            self.known.add(block);
        }
        let delta = self
            .delta_of(&steps)
            .ok_or_else(|| Failure::Broken(format!("{steps:?} do not fit the text")))?;
        self.finish(delta, news)
    }

    /// Whether an update would add nothing to the document.
    pub fn covers(&self, update: &[u8]) -> bool {
        let admitted = update::read(update).and_then(|update| gate::admit(update, &self.known, &|_client| true));
        let Ok(admitted) = admitted else { return false };
        // A difference from the present carries all that is deleted and nothing else.
        let Ok(deleted) = self.difference(&self.state_vector()) else {
            return false;
        };
        let Ok(deleted) = update::read(&deleted) else {
            return false;
        };
        let is_deleted = |gone: &update::Deletion| {
            let within = |known: &&update::Deletion| known.client == gone.client && known.start <= gone.start;
            deleted
                .deletions
                .iter()
                .filter(within)
                .any(|known| gone.end <= known.end)
        };
        admitted.blocks.is_empty() && admitted.deletions.iter().all(is_deleted)
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
                "the difference could not be made; open the file again",
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
        match self.ydoc.character_at(self.whole_character(offset_utf16)) {
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
            (Some(id), right_side) => guarded(|| Ok(self.ydoc.offset_of(id, right_side))).ok()??,
        };
        Some(self.whole_character(offset))
    }

    /// Whether the rope and the Yjs document hold the same text. It reads all of it: for tests.
    pub fn check(&self) -> bool {
        self.rope == self.ydoc.read().as_str()
    }

    /// The start of the character at an offset, or the text's end.
    fn whole_character(&self, offset_utf16: u32) -> u32 {
        let offset = offset_utf16.min(self.len().utf16) as usize;
        self.rope.char_to_utf16_cu(self.rope.utf16_cu_to_char(offset)) as u32
    }

    /// An edit as a delta of this text, and its changes in UTF-16 units.
    fn plan<'c>(&self, unit: Unit, changes: &'c [UnitChange]) -> Result<(Delta, Vec<Place<'c>>)> {
        let mut builder = DeltaBuilder::new(self.len());
        let mut places = Vec::with_capacity(changes.len());
        let mut position = Len::ZERO;
        for (index, change) in changes.iter().enumerate() {
            let place = |offset: u32, part: &str| {
                self.place(offset, unit).ok_or_else(|| {
                    let message = "this offset is inside a character; count in whole characters of the unit you chose";
                    Error::new(Reason::OffsetInsideCharacter, message).field(format!("changes[{index}].{part}"))
                })
            };
            let (start, end) = (place(change.offset, "offset")?, place(change.end(), "delete")?);
            let delete = end.checked_sub(start).unwrap_or_default();
            builder
                .retain(start.checked_sub(position).unwrap_or_default())
                .delete(delete)
                .insert(&change.insert);
            places.push((start.utf16, delete.utf16, change.insert.as_str().into()));
            position = end;
        }
        Ok((builder.finish(), places))
    }

    /// The text's length up to an offset; `None` inside a character or past the end.
    fn place(&self, offset: u32, unit: Unit) -> Option<Len> {
        let rope = &self.rope;
        let count = offset as usize;
        if offset > self.len().get(unit) {
            return None;
        }
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

    /// What yrs reported, as a delta of this text.
    fn delta_of(&self, steps: &[Step]) -> Option<Delta> {
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
                Step::Unknown => return None,
            }
        }
        Some(builder.finish())
    }

    /// Makes the rope follow, and sees that both texts are still equally long.
    fn finish(&mut self, delta: Delta, update: Vec<u8>) -> Result<Applied, Failure> {
        let fits = delta.apply(&mut self.rope);
        if !fits || self.rope.len_utf16_cu() != self.ydoc.len() as usize {
            return Err(Failure::Broken(format!(
                "the text and the Yjs document differ after {delta:?}"
            )));
        }
        Ok(Applied { delta, update })
    }

    fn unchanged(&self) -> Delta {
        DeltaBuilder::new(self.len()).finish()
    }

    /// Takes note of an update of our own that yrs has applied already.
    fn follow(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::Broken(format!("our own update is refused: {error}"));
        let update = update::read_any(bytes).map_err(|error| wrong(&error))?;
        let admitted = gate::admit(update, &self.known, &|_| true).map_err(|error| wrong(&error))?;
        for block in &admitted.blocks {
            self.order.integrate_trusted(block);
            self.known.add(block);
        }
        Ok(())
    }

    fn load_update(&mut self, bytes: &[u8]) -> Result<(), String> {
        let update = update::read_any(bytes).map_err(|error| error.to_string())?;
        let admitted = gate::admit(update, &self.known, &|_| true).map_err(|error| error.to_string())?;
        for block in &admitted.blocks {
            self.order.integrate_trusted(block);
            self.known.add(block);
        }
        catch(|| self.ydoc.load(bytes))
    }

    /// The order, made anew after an update went into it that was then refused.
    fn reordered(&self) -> Result<Order, String> {
        let bytes = catch(|| Ok(self.ydoc.difference(std::iter::empty())))?;
        let update = update::read_any(&bytes).map_err(|error| error.to_string())?;
        let admitted = gate::admit(update, &Known::default(), &|_| true).map_err(|error| error.to_string())?;
        let mut order = Order::default();
        for block in &admitted.blocks {
            order.integrate_trusted(block);
        }
        Ok(order)
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
