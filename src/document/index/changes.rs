//! From an update to what it did to the text.

use std::collections::BTreeMap;

use super::Index;
use crate::document::update::{Block, CharId, Deletion};
use crate::id::ClientId;

/// One step from left to right through the text before, counted in UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::document) enum Step<'a> {
    /// So much stays.
    Retain(u32),
    /// So much is deleted.
    Delete(u32),
    /// This is inserted.
    Insert(&'a str),
}

/// A part of a run that has come, or has gone.
struct Piece<'a> {
    node: u32,
    /// Where it begins in its run.
    at: u32,
    len: u32,
    /// Its text, if it has come.
    text: Option<&'a str>,
}

impl Index {
    /// What an update did to the text that has just gone in: `blocks` were new, and `deleted` was not deleted before.
    pub(in crate::document) fn steps<'a>(&self, blocks: &[Block<'a>], deleted: &[Deletion]) -> Vec<Step<'a>> {
        let mut by_client: BTreeMap<ClientId, Vec<&Block<'a>>> = BTreeMap::new();
        for block in blocks {
            by_client.entry(block.id.client).or_default().push(block);
        }
        let mut pieces = Vec::with_capacity(blocks.len() + deleted.len());
        for blocks in by_client.values() {
            self.came(blocks, &mut pieces);
        }
        for deletion in deleted {
            let first_new = by_client.get(&deletion.client).and_then(|blocks| blocks.first());
            let end = first_new.map_or(deletion.end, |block| block.id.clock.min(deletion.end));
            self.went(&Deletion { end, ..*deletion }, &mut pieces);
        }
        self.in_order(pieces)
    }

    /// The parts of a client's new blocks that are still there, with their texts.
    fn came<'a>(&self, blocks: &[&Block<'a>], pieces: &mut Vec<Piece<'a>>) {
        for block in blocks {
            let Some(mut text) = block.text else { continue };
            let mut id = block.id;
            while id.clock < block.end()
                && let Some((node, at)) = self.find(id)
            {
                let run = self.runs.run(node);
                let len = (run.len - at).min(block.end() - id.clock);
                let (here, rest) = split_utf16(text, len);
                if !run.deleted {
                    pieces.push(Piece {
                        node,
                        at,
                        len,
                        text: Some(here),
                    });
                }
                text = rest;
                id.clock += len;
            }
        }
    }

    /// The parts of what has gone.
    fn went(&self, deletion: &Deletion, pieces: &mut Vec<Piece<'_>>) {
        let mut id = CharId {
            client: deletion.client,
            clock: deletion.start,
        };
        while id.clock < deletion.end
            && let Some((node, at)) = self.find(id)
        {
            let len = (self.runs.run(node).len - at).min(deletion.end - id.clock);
            pieces.push(Piece {
                node,
                at,
                len,
                text: None,
            });
            id.clock += len;
        }
    }

    fn in_order<'a>(&self, pieces: Vec<Piece<'a>>) -> Vec<Step<'a>> {
        let mut pieces: Vec<_> = pieces
            .into_iter()
            .map(|piece| (self.runs.rank(piece.node), piece.at, piece))
            .collect();
        pieces.sort_unstable_by_key(|&(rank, at, _)| (rank, at));
        let mut steps = Vec::with_capacity(2 * pieces.len());
        // How much of the text as it is now has been passed.
        let mut passed = 0;
        for (_, at, piece) in pieces {
            let before = self.runs.visible_before(piece.node);
            let place = if piece.text.is_some() { before + at } else { before };
            if place > passed {
                steps.push(Step::Retain(place - passed));
                passed = place;
            }
            match piece.text {
                Some(text) => {
                    steps.push(Step::Insert(text));
                    passed += piece.len;
                }
                None => steps.push(Step::Delete(piece.len)),
            }
        }
        steps
    }
}

/// A text cut after so many UTF-16 units; inside a character it is cut before it, but the gate lets none be cut.
fn split_utf16(text: &str, units: u32) -> (&str, &str) {
    if text.len() == units as usize {
        return (text, "");
    }
    let mut passed = 0_u32;
    let cut = text.char_indices().find(|(_, character)| {
        let here = passed >= units;
        passed += character.len_utf16() as u32;
        here
    });
    text.split_at(cut.map_or(text.len(), |(at, _)| at))
}
