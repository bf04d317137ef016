//! The gate: what an update may refer to, and who may write under which client id. Nothing reaches yrs before it has
//! passed.
//!
//! It lets through only what a well-behaved client can produce that saw a committed state of this text. In particular
//! nothing may stay behind waiting for what is missing, and no character is cut in two: yrs would turn its halves into
//! U+FFFD.

use std::collections::HashMap;

use smallvec::{SmallVec, smallvec};

use super::update::{Block, CharId, Deletion, Update};
use super::varint;
use crate::error::{Error, Reason, Result};
use crate::id::ClientId;

/// What a document knows of its clients.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    clients: HashMap<ClientId, KnownClient>,
}

/// What it knows of one.
#[derive(Clone, Debug, Default)]
struct KnownClient {
    /// How many clocks there are.
    clock: u32,
    /// The clocks that are the second half of a surrogate pair, ascending.
    second_halves: Vec<u32>,
}

/// What of an update is new, and safe to apply.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted<'a> {
    /// New blocks, in an order in which each finds what it refers to.
    pub(super) blocks: Vec<Block<'a>>,
    /// Deletions, of what is new and of what was known.
    pub(super) deletions: Vec<Deletion>,
    /// How many bytes of text the new blocks bring.
    pub(super) inserted_bytes: usize,
}

impl Known {
    /// How many clocks of a client there are.
    pub(super) fn clock(&self, client: ClientId) -> u32 {
        self.clients.get(&client).map_or(0, |known| known.clock)
    }

    /// The clients and their clocks.
    pub(super) fn clocks(&self) -> impl ExactSizeIterator<Item = (ClientId, u32)> {
        self.clients.iter().map(|(&client, known)| (client, known.clock))
    }

    /// Whether a character is there.
    fn has(&self, id: CharId) -> bool {
        id.clock < self.clock(id.client)
    }

    /// Whether a clock stands inside a character.
    pub(super) fn splits(&self, client: ClientId, clock: u32) -> bool {
        self.clients
            .get(&client)
            .is_some_and(|known| known.second_halves.binary_search(&clock).is_ok())
    }

    /// Takes blocks in.
    pub(super) fn add_all(&mut self, blocks: &[Block<'_>]) {
        for block in blocks {
            self.add(block);
        }
    }

    /// Takes a block in.
    fn add(&mut self, block: &Block<'_>) {
        let known = self.clients.entry(block.id.client).or_default();
        known.clock = known.clock.max(block.end());
        let Some(text) = block.text.filter(|text| !text.is_ascii()) else {
            return;
        };
        let mut clock = block.id.clock;
        for character in text.chars() {
            if character.len_utf16() == 2 {
                known.second_halves.push(clock + 1);
            }
            clock += character.len_utf16() as u32;
        }
    }
}

/// Lets an update through as far as it is new, or refuses it as a whole.
pub(super) fn admit<'a>(
    update: Update<'a>,
    known: &Known,
    may_write: &dyn Fn(ClientId) -> bool,
) -> Result<Admitted<'a>> {
    let mut sections = Vec::new();
    for blocks in update.sections {
        let news = news(blocks, known)?;
        if let Some(first) = news.first() {
            if !may_write(first.id.client) {
                return Err(foreign(first.id.client));
            }
            sections.push(news);
        }
    }
    let mut order = Ordering::new(sections, known);
    order.run()?;
    let Ordering { later, ordered, .. } = order;
    for deletion in &update.deletions {
        let clock = later.clock(deletion.client).max(known.clock(deletion.client));
        if deletion.end > clock {
            return Err(gap(deletion.client, deletion.end));
        }
        for edge in [deletion.start, deletion.end] {
            check_edge(known, &later, deletion.client, edge)?;
        }
    }
    let inserted_bytes = ordered.iter().filter_map(|block| block.text).map(str::len).sum();
    Ok(Admitted {
        blocks: ordered,
        deletions: update.deletions,
        inserted_bytes,
    })
}

/// A client's blocks.
type Section<'a> = (ClientId, SmallVec<[&'a Block<'a>; 4]>);

/// The version 1 bytes of an update that holds just this; a client's deletions stand together.
pub(super) fn write(blocks: &[Block<'_>], deletions: &[Deletion]) -> Vec<u8> {
    let mut clients: SmallVec<[Section<'_>; 1]> = SmallVec::new();
    // Where all but the first client's stand: most updates have no more than one.
    let mut places = HashMap::new();
    for block in blocks {
        let client = block.id.client;
        let place = match clients.first() {
            Some((first, _)) if *first != client => *places.entry(client).or_insert(clients.len()),
            _ => 0,
        };
        match clients.get_mut(place) {
            Some((_, blocks)) => blocks.push(block),
            None => clients.push((client, smallvec![block])),
        }
    }
    let texts: usize = blocks.iter().map(|block| block.text.map_or(0, str::len) + 32).sum();
    let mut out = Vec::with_capacity(texts + 12 * deletions.len() + 8);
    varint::write(&mut out, clients.len() as u64);
    for (client, blocks) in clients {
        varint::write(&mut out, blocks.len() as u64);
        varint::write(&mut out, client.0.into());
        varint::write(&mut out, blocks.first().map_or(0, |block| block.id.clock).into());
        for block in blocks {
            write_block(&mut out, block);
        }
    }
    write_deletions(&mut out, deletions);
    out
}

/// What of a section is not known yet.
fn news<'a>(blocks: Vec<Block<'a>>, known: &Known) -> Result<Vec<Block<'a>>> {
    let Some(first) = blocks.first().copied() else {
        return Ok(blocks);
    };
    let clock = known.clock(first.id.client);
    if first.id.clock > clock {
        return Err(gap(first.id.client, first.id.clock));
    }
    if first.id.clock == clock {
        return Ok(blocks);
    }
    let mut news = Vec::new();
    for block in blocks {
        if block.end() <= clock {
            continue;
        }
        news.push(if block.id.clock < clock {
            after(block, clock)?
        } else {
            block
        });
    }
    Ok(news)
}

/// The part of a block from a clock inside it on.
fn after(block: Block<'_>, clock: u32) -> Result<Block<'_>> {
    let skipped = clock - block.id.clock;
    let text = match block.text {
        None => None,
        Some(text) => Some(skip_utf16(text, skipped).ok_or_else(|| split(block.id.client, clock))?),
    };
    let origin = Some(CharId {
        client: block.id.client,
        clock: clock.saturating_sub(1),
    });
    Ok(Block {
        id: CharId { clock, ..block.id },
        len: block.len - skipped,
        origin,
        text,
        ..block
    })
}

/// The text after so many UTF-16 units, unless that is inside a character.
fn skip_utf16(text: &str, units: u32) -> Option<&str> {
    let mut passed = 0_u32;
    for (at, character) in text.char_indices() {
        if passed >= units {
            return if passed == units { text.get(at..) } else { None };
        }
        passed += character.len_utf16() as u32;
    }
    None
}

/// Finds an order of the blocks in which each finds what it refers to, as yrs does: depth first along what is missing.
struct Ordering<'a, 'k> {
    known: &'k Known,
    /// What the blocks ordered so far have added.
    later: Known,
    sections: Vec<std::vec::IntoIter<Block<'a>>>,
    by_client: HashMap<ClientId, usize>,
    ordered: Vec<Block<'a>>,
}

impl<'a, 'k> Ordering<'a, 'k> {
    fn new(sections: Vec<Vec<Block<'a>>>, known: &'k Known) -> Self {
        let first = |blocks: &Vec<Block<'_>>| blocks.first().map(|block| block.id.client);
        let by_client = sections
            .iter()
            .enumerate()
            .filter_map(|(at, blocks)| Some((first(blocks)?, at)))
            .collect();
        let ordered = Vec::with_capacity(sections.iter().map(Vec::len).sum());
        let sections = sections.into_iter().map(Vec::into_iter).collect();
        Self {
            known,
            later: Known::default(),
            sections,
            by_client,
            ordered,
        }
    }

    fn run(&mut self) -> Result<()> {
        for start in 0..self.sections.len() {
            // Sections that wait, each for the one after it to reach a clock.
            let mut waiting = vec![(start, u32::MAX)];
            while let Some(&(at, until)) = waiting.last() {
                let Some(block) = self
                    .sections
                    .get(at)
                    .and_then(|blocks| blocks.as_slice().first())
                    .copied()
                else {
                    waiting.pop();
                    continue;
                };
                if block.id.clock > until {
                    waiting.pop();
                    continue;
                }
                match self.missing(&block) {
                    None => self.take(at, &block)?,
                    Some(id) => match self.by_client.get(&id.client) {
                        Some(&other) if waiting.iter().all(|&(at, _)| at != other) && self.holds(other, id.clock) => {
                            waiting.push((other, id.clock));
                        }
                        _ => return Err(gap(id.client, id.clock)),
                    },
                }
            }
        }
        Ok(())
    }

    fn holds(&self, section: usize, clock: u32) -> bool {
        self.sections
            .get(section)
            .and_then(|blocks| blocks.as_slice().last())
            .is_some_and(|last| clock < last.end())
    }

    fn missing(&self, block: &Block<'_>) -> Option<CharId> {
        let there = |id: &CharId| self.known.has(*id) || self.later.has(*id);
        [block.origin, block.right].into_iter().flatten().find(|id| !there(id))
    }

    fn take(&mut self, at: usize, block: &Block<'a>) -> Result<()> {
        if let Some(origin) = block.origin {
            check_edge(self.known, &self.later, origin.client, origin.clock + 1)?;
        }
        if let Some(right) = block.right {
            check_edge(self.known, &self.later, right.client, right.clock)?;
        }
        self.later.add(block);
        self.ordered.push(*block);
        if let Some(blocks) = self.sections.get_mut(at) {
            blocks.next();
        }
        Ok(())
    }
}

fn check_edge(known: &Known, later: &Known, client: ClientId, clock: u32) -> Result<()> {
    if known.splits(client, clock) || later.splits(client, clock) {
        Err(split(client, clock))
    } else {
        Ok(())
    }
}

fn write_block(out: &mut Vec<u8>, block: &Block<'_>) {
    let kind = if block.text.is_some() { 4 } else { 1 };
    let flag = |id: Option<CharId>, bit: u8| if id.is_some() { bit } else { 0 };
    out.push(kind | flag(block.origin, 0x80) | flag(block.right, 0x40));
    for id in [block.origin, block.right].into_iter().flatten() {
        varint::write(out, id.client.0.into());
        varint::write(out, id.clock.into());
    }
    if block.origin.is_none() && block.right.is_none() {
        varint::write(out, 1);
        varint::write(out, super::update::ROOT.len() as u64);
        out.extend_from_slice(super::update::ROOT.as_bytes());
    }
    match block.text {
        None => varint::write(out, block.len.into()),
        Some(text) => {
            varint::write(out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// The ranges of one client stand together, as they were read.
fn write_deletions(out: &mut Vec<u8>, deletions: &[Deletion]) {
    let clients = || deletions.chunk_by(|one, next| one.client == next.client);
    varint::write(out, clients().count() as u64);
    for ranges in clients() {
        varint::write(out, ranges.first().map_or(0, |range| range.client.0).into());
        varint::write(out, ranges.len() as u64);
        for range in ranges {
            varint::write(out, range.start.into());
            varint::write(out, (range.end - range.start).into());
        }
    }
}

fn gap(client: ClientId, clock: u32) -> Error {
    let message =
        "this update builds on something that the server does not have: open the file again under a new client id";
    Error::new(Reason::UpdateGap, message)
        .with("client_id", client)
        .with("clock", clock)
}

fn foreign(client: ClientId) -> Error {
    let message =
        format!("client id {client} is not yours: write under an id that you announced when you opened the file");
    Error::new(Reason::ClientIdForeign, message).with("client_id", client)
}

fn split(client: ClientId, clock: u32) -> Error {
    let message = "this update cuts a character in two: edit at whole characters only";
    Error::new(Reason::SplitCharacter, message)
        .with("client_id", client)
        .with("clock", clock)
}
