//! The transform: carries an edit over an operation that came first. `text.proto` says in words what this does, and
//! `proto/vectors/transform.json` in examples.

use smallvec::SmallVec;

use super::delta::Delta;
use super::unit::{Len, Unit, UnitChange};
use crate::error::{Error, Reason, Result};
use crate::limits::{EDIT_BYTES, EDIT_CHANGES};

/// Checks an edit against the text that it is of, which is `length` long in the edit's unit.
///
/// Whether an offset stands inside a character only the text itself can tell: [`super::Document::edit`] does.
pub fn check(changes: &[UnitChange], length: u32) -> Result<()> {
    let bytes: usize = changes.iter().map(|change| change.insert.len()).sum();
    if changes.len() > EDIT_CHANGES || bytes > EDIT_BYTES {
        let message = format!("an edit has at most {EDIT_CHANGES} changes and {EDIT_BYTES} bytes of text: split it");
        return Err(Error::new(Reason::EditTooLarge, message)
            .field("changes")
            .with("limit", EDIT_BYTES)
            .with("changes", changes.len())
            .with("bytes", bytes));
    }
    check_places(changes, length)
}

/// The same but for how much an edit may hold: a whole text written at once may be more.
pub(super) fn check_places(changes: &[UnitChange], length: u32) -> Result<()> {
    let mut end = 0_u64;
    for (index, change) in changes.iter().enumerate() {
        let start = u64::from(change.offset);
        if start < end {
            let message = "the changes of an edit do not overlap: sort them by offset, all of one text";
            return Err(Error::new(Reason::ChangesOutOfOrder, message).field(format!("changes[{index}].offset")));
        }
        end = start + u64::from(change.delete);
        if end > u64::from(length) {
            let part = if start > u64::from(length) { "offset" } else { "delete" };
            let message = format!("the text is {length} long at the base of this edit: stay within it");
            let error = Error::new(Reason::OffsetPastEnd, message).field(format!("changes[{index}].{part}"));
            return Err(error.with("length", length));
        }
        check_text(&change.insert).map_err(|error| error.field(format!("changes[{index}].insert")))?;
    }
    Ok(())
}

/// Refuses the two characters that no text holds.
pub(super) fn check_text(text: &str) -> Result<()> {
    match text.bytes().find(|&byte| byte == b'\r' || byte == 0) {
        None => Ok(()),
        Some(0) => Err(Error::new(Reason::Nul, "texts hold no U+0000: leave it out")),
        Some(_) => Err(Error::new(
            Reason::CarriageReturn,
            "line breaks are U+000A alone: turn U+000D into it",
        )),
    }
}

/// Joins neighbouring changes and leaves out empty ones, as the contract has it. The changes are in order.
pub fn join(changes: impl IntoIterator<Item = UnitChange>) -> Vec<UnitChange> {
    let mut joined: Vec<UnitChange> = Vec::new();
    for change in changes {
        if change.is_empty() {
            continue;
        }
        match joined.last_mut() {
            Some(last) if last.end() >= change.offset => {
                last.delete = last.delete.saturating_add(change.delete);
                last.insert.push_str(&change.insert);
            }
            _ => joined.push(change),
        }
    }
    joined
}

/// Carries an edit over an operation that came first, so that it can follow it.
///
/// `changes` passed [`check`] for the text before `over`; the answer fits the text after it.
#[must_use]
pub fn carry(changes: Vec<UnitChange>, over: &Delta, unit: Unit) -> Vec<UnitChange> {
    if over.is_empty() {
        return join(changes);
    }
    carry_over(changes, &spans_of_delta(over, unit), Tie::Right)
}

/// An operation of one change by its lengths alone: all that a single change needs to be carried over it, without a look
/// at the operation itself.
#[derive(Clone, Copy, Debug)]
pub struct OneChange {
    offset: Len,
    delete: Len,
    inserted: Len,
}

impl OneChange {
    /// Of an operation that is one.
    pub fn of(delta: &Delta) -> Option<Self> {
        let [change] = delta.changes.as_slice() else {
            return None;
        };
        Some(Self {
            offset: change.retain,
            delete: change.delete,
            inserted: change.insert_len,
        })
    }

    /// Carries a change over it as [`carry`] does, if that only moves it. This is nearly every edit over nearly everything
    /// that came since its base.
    #[must_use]
    pub fn moves(&self, change: &mut UnitChange, unit: Unit) -> bool {
        let offset = i64::from(self.offset.get(unit));
        let span = Span {
            offset,
            end: offset + i64::from(self.delete.get(unit)),
            inserted: self.inserted.get(unit).into(),
        };
        Carrier::new(&[span], Tie::Right).moves(change)
    }
}

/// Carries two edits of one text over each other: `x` so that it can follow `s`, and `s` so that it can follow `x`.
/// Either way round the text is the same. `s` came first: it stays left where both insert at one place.
///
/// This is what a client needs that shows its own edits at once: `x` is its own, `s` the server's.
#[must_use]
pub fn transform(x: Vec<UnitChange>, s: Vec<UnitChange>, unit: Unit) -> (Vec<UnitChange>, Vec<UnitChange>) {
    let (x, s) = (join(x), join(s));
    let (over_x, over_s) = (spans_of_changes(&x, unit), spans_of_changes(&s, unit));
    (carry_over(x, &over_s, Tie::Right), carry_over(s, &over_x, Tie::Left))
}

/// Carries a place in a text, such as a cursor, over an operation. Where the operation inserts at that very place,
/// `sticks_left` keeps it left of what is inserted.
#[must_use]
pub fn carry_position(offset: u32, over: &Delta, unit: Unit, sticks_left: bool) -> u32 {
    let tie = if sticks_left { Tie::Left } else { Tie::Right };
    clamp(Carrier::new(&spans_of_delta(over, unit), tie).place(i64::from(offset)))
}

/// On which side of an insertion at its own place something stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    Left,
    Right,
}

/// A change of the operation that is carried over: its text matters only by its length.
#[derive(Clone, Copy)]
struct Span {
    offset: i64,
    end: i64,
    inserted: i64,
}

/// Nearly every operation is one change.
type Spans = SmallVec<[Span; 2]>;

fn spans_of_delta(delta: &Delta, unit: Unit) -> Spans {
    let mut position = 0_i64;
    let span = |change: &super::delta::DeltaChange| {
        let offset = position + i64::from(change.retain.get(unit));
        let end = offset + i64::from(change.delete.get(unit));
        position = end;
        Span {
            offset,
            end,
            inserted: i64::from(change.insert_len.get(unit)),
        }
    };
    delta.changes.iter().map(span).collect()
}

fn spans_of_changes(changes: &[UnitChange], unit: Unit) -> Spans {
    let span = |change: &UnitChange| Span {
        offset: change.offset.into(),
        end: change.end().into(),
        inserted: unit.len_of(&change.insert).into(),
    };
    changes.iter().map(span).collect()
}

fn carry_over(changes: Vec<UnitChange>, over: &[Span], tie: Tie) -> Vec<UnitChange> {
    let mut carrier = Carrier::new(over, tie);
    let mut carried = Vec::with_capacity(changes.len());
    for change in join(changes) {
        carrier.carry(change, &mut carried);
    }
    join(carried)
}

/// Goes through the spans once, from left to right.
struct Carrier<'a> {
    /// The spans that are not wholly to the left.
    spans: &'a [Span],
    /// What those to the left have added, less what they took away.
    shift: i64,
    tie: Tie,
}

impl<'a> Carrier<'a> {
    fn new(spans: &'a [Span], tie: Tie) -> Self {
        Self { spans, shift: 0, tie }
    }

    /// Whether what the span inserts stands left of something at this place.
    fn inserts_left_of(&self, span: &Span, place: i64) -> bool {
        span.offset < place || (span.offset == place && self.tie == Tie::Right)
    }

    /// Leaves a span behind.
    fn pass(&mut self, span: &Span, rest: &'a [Span]) {
        self.shift += span.inserted - (span.end - span.offset);
        self.spans = rest;
    }

    /// Where a place is after the operation. Places are asked for in ascending order.
    fn place(&mut self, place: i64) -> i64 {
        while let Some((span, rest)) = self.spans.split_first()
            && span.end <= place
            && self.inserts_left_of(span, place)
        {
            self.pass(span, rest);
        }
        match self.spans.first() {
            Some(span) if self.inserts_left_of(span, place) => span.offset + self.shift + span.inserted,
            _ => place + self.shift,
        }
    }

    /// Carries one change in place, if it only moves: nothing was done to what it deletes.
    fn moves(mut self, change: &mut UnitChange) -> bool {
        let offset = clamp(self.place(change.offset.into()));
        let end = i64::from(change.end());
        let alone = change.delete == 0 || self.spans.first().is_none_or(|span| span.offset >= end);
        if change.is_empty() || !alone {
            return false;
        }
        change.offset = offset;
        true
    }

    /// Carries one change; what is left of it may be in several pieces around what the operation inserted.
    fn carry(&mut self, change: UnitChange, carried: &mut Vec<UnitChange>) {
        let (start, end) = (i64::from(change.offset), i64::from(change.end()));
        let mut piece = UnitChange {
            offset: clamp(self.place(start)),
            delete: 0,
            insert: change.insert,
        };
        let mut at = start;
        while at < end {
            let Some((span, rest)) = self.spans.split_first().filter(|(span, _)| span.offset < end) else {
                piece.delete = piece.delete.saturating_add(clamp(end - at));
                break;
            };
            piece.delete = piece.delete.saturating_add(clamp(span.offset - at));
            if span.inserted > 0 && !self.inserts_left_of(span, start) {
                let offset = clamp(span.offset + self.shift + span.inserted);
                carried.push(std::mem::replace(&mut piece, UnitChange::new(offset, 0, "")));
            }
            at = at.max(span.end.min(end));
            if span.end > end {
                break;
            }
            self.pass(span, rest);
        }
        carried.push(piece);
    }
}

/// An offset of a text; what would be out of range ends at its edge.
fn clamp(offset: i64) -> u32 {
    u32::try_from(offset.max(0)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
