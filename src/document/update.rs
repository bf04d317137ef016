//! Reads the bytes of a Yjs update, version 1, without yrs: crafted bytes make yrs panic, hang or crash.
//!
//! Only what a text needs is read; anything else is refused by name. What the bytes refer to is not looked at here:
//! that is the gate's business.

use std::collections::HashSet;

use super::transform::check_text;
use super::varint::Reader;
use crate::error::{Error, Reason, Result};
use crate::id::ClientId;
use crate::limits::UPDATE_BYTES;

/// The name of the text in every document.
pub(super) const ROOT: &str = "t";
/// No clock reaches this: what yrs computes with stays within 32 bits.
const CLOCK_END: u64 = 1 << 31;
/// Deleted text arrives as a bare length. A client sends none that is longer than what a file can ever have held at once;
/// in a stored state neighbours are joined and may be longer.
const DELETED_BLOCK: u32 = 1 << 24;

/// A character's name: who wrote it, and which of its writer's characters it is, in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CharId {
    pub(super) client: ClientId,
    pub(super) clock: u32,
}

/// A run of characters that one client wrote one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    /// The name of its first character.
    pub(super) id: CharId,
    /// How many clocks it takes.
    pub(super) len: u32,
    /// What stood left of it when it was written.
    pub(super) origin: Option<CharId>,
    /// What stood right of it.
    pub(super) right: Option<CharId>,
    /// Its text; `None` if that was deleted and forgotten.
    pub(super) text: Option<&'a str>,
}

impl Block<'_> {
    /// The clock after its last.
    pub(super) fn end(&self) -> u32 {
        self.id.clock + self.len
    }
}

/// A range of clocks that is deleted; it is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deletion {
    pub(super) client: ClientId,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// What an update says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Update<'a> {
    /// Blocks by client: one section each, clocks in order and without holes.
    pub(super) sections: Vec<Vec<Block<'a>>>,
    /// Deletions by client, in order and without overlap.
    pub(super) deletions: Vec<Deletion>,
}

/// Reads an update.
pub(super) fn read(bytes: &[u8]) -> Result<Update<'_>> {
    if bytes.len() > UPDATE_BYTES {
        let message = format!("an update has at most {UPDATE_BYTES} bytes: send what is new only");
        return Err(Error::new(Reason::EditTooLarge, message).with("limit", UPDATE_BYTES));
    }
    let update = read_any(bytes)?;
    if update
        .sections
        .iter()
        .flatten()
        .any(|block| block.text.is_none() && block.len > DELETED_BLOCK)
    {
        return Err(malformed());
    }
    Ok(update)
}

/// Reads an update of our own: a stored state may be longer than what a client may send.
pub(super) fn read_any(bytes: &[u8]) -> Result<Update<'_>> {
    let mut reader = Reader::new(bytes);
    let mut update = Update::default();
    let mut clients = HashSet::new();
    for _ in 0..count(&mut reader)? {
        update.sections.push(section(&mut reader, &mut clients)?);
    }
    clients.clear();
    for _ in 0..count(&mut reader)? {
        deletions(&mut reader, &mut clients, &mut update.deletions)?;
    }
    if reader.is_empty() {
        Ok(update)
    } else {
        Err(malformed())
    }
}

/// The bytes of a state vector, version 1, read strictly. Empty bytes say the same as an empty vector.
pub(super) fn read_state_vector(bytes: &[u8]) -> Result<Vec<(ClientId, u32)>> {
    let wrong = || {
        let message = "this is not a version 1 Yjs state vector: send encodeStateVector's bytes, or none";
        Error::new(Reason::UpdateMalformed, message).field("state_vector")
    };
    let mut clocks = Vec::new();
    if bytes.is_empty() {
        return Ok(clocks);
    }
    let mut reader = Reader::new(bytes);
    let mut clients = HashSet::new();
    for _ in 0..count(&mut reader).map_err(|_| wrong())? {
        let client = client(&mut reader).ok_or_else(wrong)?;
        let clock = clock(&mut reader).ok_or_else(wrong)?;
        if !clients.insert(client) {
            return Err(wrong());
        }
        clocks.push((client, clock));
    }
    if reader.is_empty() { Ok(clocks) } else { Err(wrong()) }
}

/// A Yjs relative position, read strictly: a character's name or the text's end, and whether it sticks to the left.
pub(super) fn read_relative_position(bytes: &[u8]) -> Option<(Option<CharId>, bool)> {
    let mut reader = Reader::new(bytes);
    let place = match reader.byte()? {
        0 => Some(char_id(&mut reader)?),
        1 => {
            (reader.text()? == ROOT).then_some(())?;
            None
        }
        _ => return None,
    };
    // A signed number of one byte: the sign is bit 6. Yjs before 13.5 wrote none.
    let sticks_left = !reader.is_empty() && reader.byte()? & 0x40 != 0;
    reader.is_empty().then_some((place, sticks_left))
}

fn malformed() -> Error {
    let message = "this is not a version 1 Yjs update: send the bytes that the update event gives, unchanged";
    Error::new(Reason::UpdateMalformed, message)
}

fn not_text(what: &str) -> Error {
    let message =
        format!("a document is one text named \"{ROOT}\", and this update has {what}: write plain text alone");
    Error::new(Reason::UpdateNotText, message)
}

/// A count of things of at least two bytes each, so that it can promise no more than there is.
fn count(reader: &mut Reader<'_>) -> Result<u64> {
    let count = reader.number().ok_or_else(malformed)?;
    if count <= reader.left() as u64 / 2 {
        Ok(count)
    } else {
        Err(malformed())
    }
}

fn client(reader: &mut Reader<'_>) -> Option<ClientId> {
    reader.number32().filter(|&client| client != 0).map(ClientId)
}

fn clock(reader: &mut Reader<'_>) -> Option<u32> {
    reader.number32().filter(|&clock| u64::from(clock) < CLOCK_END)
}

fn char_id(reader: &mut Reader<'_>) -> Option<CharId> {
    Some(CharId {
        client: client(reader)?,
        clock: clock(reader)?,
    })
}

fn section<'a>(reader: &mut Reader<'a>, clients: &mut HashSet<ClientId>) -> Result<Vec<Block<'a>>> {
    let count = count(reader)?;
    let mut next = CharId {
        client: client(reader).ok_or_else(malformed)?,
        clock: clock(reader).ok_or_else(malformed)?,
    };
    if count == 0 || !clients.insert(next.client) {
        return Err(malformed());
    }
    // Most blocks are longer, so this is room enough; and what is promised here is never much more than there is.
    let mut blocks = Vec::with_capacity((count as usize).min(reader.left() / 16));
    for _ in 0..count {
        let block = block(reader, next)?;
        next.clock = block.end();
        blocks.push(block);
    }
    Ok(blocks)
}

fn block<'a>(reader: &mut Reader<'a>, id: CharId) -> Result<Block<'a>> {
    const ORIGIN: u8 = 0x80;
    const RIGHT: u8 = 0x40;
    const KEY: u8 = 0x20;
    let info = reader.byte().ok_or_else(malformed)?;
    let kind = info & 0x1f;
    match kind {
        1 | 4 => {}
        0 => return Err(not_text("discarded content")),
        10 => {
            let message = "this update leaves clocks out: open the file again and send what is new since then";
            return Err(Error::new(Reason::UpdateGap, message));
        }
        2 | 3 | 5..=9 => return Err(not_text("content that is no text")),
        _ => return Err(malformed()),
    }
    if info & KEY != 0 {
        return Err(not_text("a map key"));
    }
    let mut neighbour = |bit: u8| match info & bit {
        0 => Ok(None),
        _ => char_id(reader).map(Some).ok_or_else(malformed),
    };
    let (origin, right) = (neighbour(ORIGIN)?, neighbour(RIGHT)?);
    if origin.is_none() && right.is_none() {
        match reader.number() {
            Some(1) if reader.text().ok_or_else(malformed)? == ROOT => {}
            Some(0 | 1) => return Err(not_text("content elsewhere")),
            _ => return Err(malformed()),
        }
    }
    let (len, text) = if kind == 1 { deleted(reader)? } else { text(reader)? };
    if u64::from(id.clock) + u64::from(len) >= CLOCK_END {
        return Err(malformed());
    }
    Ok(Block {
        id,
        len,
        origin,
        right,
        text,
    })
}

fn deleted<'a>(reader: &mut Reader<'a>) -> Result<(u32, Option<&'a str>)> {
    let len = reader.number32().filter(|&len| len != 0);
    Ok((len.ok_or_else(malformed)?, None))
}

fn text<'a>(reader: &mut Reader<'a>) -> Result<(u32, Option<&'a str>)> {
    let text = reader.text().filter(|text| !text.is_empty()).ok_or_else(malformed)?;
    check_text(text)?;
    Ok((super::Len::of(text).utf16, Some(text)))
}

fn deletions(reader: &mut Reader<'_>, clients: &mut HashSet<ClientId>, found: &mut Vec<Deletion>) -> Result<()> {
    let client = client(reader)
        .filter(|&client| clients.insert(client))
        .ok_or_else(malformed)?;
    let mut end = 0;
    for _ in 0..count(reader)? {
        let start = clock(reader).filter(|&start| start >= end).ok_or_else(malformed)?;
        let len = reader.number32().filter(|&len| len != 0).ok_or_else(malformed)?;
        end = start
            .checked_add(len)
            .filter(|&end| u64::from(end) < CLOCK_END)
            .ok_or_else(malformed)?;
        found.push(Deletion { client, start, end });
    }
    Ok(())
}
