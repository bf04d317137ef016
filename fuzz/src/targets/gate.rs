//! Any bytes at the gate, and the document behind it. The input is a list: each part an update, or something else that a
//! document is asked.

use rand::Rng;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem::document::{Applied, Document, Failure, Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::hostile::{CLIENTS, Hostile};
use tandem_testkit::mutate;
use tandem_testkit::reference::Reference;

use super::{Target, damaged};
use crate::Seen;
use crate::frames;
use crate::seen::{about, shape};

/// Who writes by position.
const VICTIM: ClientId = ClientId(CLIENTS[0] as u32);
/// What the text may hold; small enough to be reached.
const MOST_BYTES: u32 = 4 << 10;
/// Parts of an input that are looked at.
const PARTS: usize = 64;

pub(super) const TARGET: Target = Target {
    name: "gate",
    run,
    fresh,
    mutate,
};

fn run(input: &[u8], seen: &mut Seen) {
    let mut bench = Bench::new();
    let mut before = "";
    for part in frames::read(input).into_iter().take(PARTS) {
        let outcome = bench.take(part, seen);
        seen.note((before, outcome));
        before = outcome;
    }
    bench.finish();
    seen.note((
        about(bench.log.len()),
        bench.document.clients(),
        about(bench.document.len().utf16 as usize),
    ));
}

/// A document and whatever has to say the same.
struct Bench {
    document: Document,
    /// What was accepted, as the log has it.
    log: Vec<Vec<u8>>,
    /// yrs by itself, which takes in what the log has.
    reference: Reference,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            document: Document::new(VICTIM),
            log: Vec::new(),
            reference: Reference::default(),
        };
        let applied = bench
            .document
            .edit(Unit::CodePoint, &[UnitChange::new(0, 0, "hello 😀é world")]);
        bench.accepted(&applied.expect("the first text"));
        bench
    }

    /// The first byte says what the part is.
    fn take(&mut self, part: &[u8], seen: &mut Seen) -> &'static str {
        let Some((kind, bytes)) = part.split_first() else {
            return "nothing";
        };
        match kind {
            0xf0 => self.edit(bytes),
            0xf1 => match self.document.difference(bytes) {
                Ok(difference) => {
                    assert!(self.document.covers(&difference), "it lacks what it has given");
                    "difference"
                }
                Err(error) => error.reason().name(),
            },
            0xf2 => {
                let Some(offset) = self.document.offset_of(bytes) else {
                    return "no position";
                };
                let again = self.document.relative_position(offset);
                assert_eq!(
                    self.document.offset_of(&again),
                    Some(offset),
                    "a position moves by itself"
                );
                "position"
            }
            // All other bytes begin an update: few kinds, and most of what comes is one.
            _ => self.update(part, seen),
        }
    }

    fn update(&mut self, update: &[u8], seen: &mut Seen) -> &'static str {
        let (text, clocks) = (self.document.text().clone(), self.document.state_vector());
        let covered = self.document.covers(update);
        let may_write = |client: ClientId| client.0 != 12 && client != VICTIM;
        match self.document.update(update, &may_write, MOST_BYTES) {
            Ok(applied) if applied.update.is_empty() => {
                assert!(
                    applied.delta.is_empty() && covered,
                    "nothing is new, and yet not covered"
                );
                "nothing new"
            }
            Ok(applied) => {
                assert!(!covered, "it was covered, and yet new");
                seen.note(shape(&applied.delta));
                self.accepted(&applied);
                self.again(&applied.update);
                "accepted"
            }
            Err(Failure::Refused(error)) => {
                assert_eq!(*self.document.text(), text, "a refused update changed the text");
                assert_eq!(self.document.state_vector(), clocks, "a refused update left something");
                error.reason().name()
            }
            Err(Failure::Broken(why)) => panic!("an update passed the gate and broke the document: {why}"),
        }
    }

    /// What is there already changes nothing.
    fn again(&mut self, update: &[u8]) {
        assert!(self.document.covers(update), "what was accepted is not covered");
        match self.document.update(update, &|_| false, MOST_BYTES) {
            Ok(again) => assert!(again.update.is_empty(), "the same update is new twice"),
            Err(failure) => panic!("what was accepted is refused: {failure:?}"),
        }
    }

    /// The one who writes by position goes on: where and what, the bytes say.
    fn edit(&mut self, bytes: &[u8]) -> &'static str {
        let [unit, offset, delete, text @ ..] = bytes else {
            return "no edit";
        };
        let unit = Unit::ALL[usize::from(*unit) % 3];
        let change = UnitChange::new(u32::from(*offset), u32::from(*delete), String::from_utf8_lossy(text));
        let before = self.document.text().clone();
        match self.document.edit(unit, &[change]) {
            Ok(applied) => {
                self.accepted(&applied);
                "edited"
            }
            Err(Failure::Refused(error)) => {
                assert_eq!(*self.document.text(), before, "a refused edit changed the text");
                error.reason().name()
            }
            Err(Failure::Broken(why)) => panic!("an edit broke the document: {why}"),
        }
    }

    fn accepted(&mut self, applied: &Applied) {
        if applied.update.is_empty() {
            return;
        }
        assert_eq!(
            self.reference.apply(&applied.update),
            applied.delta,
            "yrs reports something else"
        );
        assert_eq!(self.reference.text(), self.document.text());
        self.log.push(applied.update.clone());
    }

    /// Whether the document is whole, and loads again as it is.
    fn finish(&self) {
        let document = &self.document;
        assert!(document.check(), "rope, Yjs document and index differ");
        assert_eq!(self.reference.stored(), document.text().to_string());
        let log = self.log.iter().map(Vec::as_slice);
        let (state, hash) = document.snapshot();
        for loaded in [
            Document::load(VICTIM, None, log),
            Document::load(VICTIM, Some(&state), []),
        ] {
            let mut loaded = loaded.expect("what was accepted loads");
            assert_eq!(loaded.text(), document.text(), "it loads as another text");
            assert_eq!(loaded.text_hash(), hash);
            assert_eq!(loaded.state_vector(), document.state_vector());
            let written = loaded.edit(Unit::CodePoint, &[UnitChange::new(0, 0, "on")]);
            written.expect("the loaded document goes on");
            assert!(loaded.check(), "after loading and writing on");
        }
    }
}

/// Hostile updates, each made with an idea of what became of those before.
fn fresh(random: &mut SmallRng) -> Vec<u8> {
    let mut document = Document::new(VICTIM);
    let first = UnitChange::new(0, 0, "hello 😀é world");
    document.edit(Unit::CodePoint, &[first]).expect("the first text");
    let mut hostile = Hostile::new(SmallRng::from_rng(random), document.clock(VICTIM));
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for _ in 0..random.random_range(1..16) {
        if random.random_range(0..6) == 0 {
            parts.push(other_part(random, &document));
            continue;
        }
        let update = hostile.update();
        // Whatever becomes of it: what it was made after is what counts.
        let _ = document.update(&update, &|client| client != VICTIM, MOST_BYTES);
        for client in CLIENTS {
            hostile.knows(client, document.clock(ClientId(client as u32)));
        }
        parts.push(update);
    }
    frames::write(&parts)
}

fn other_part(random: &mut SmallRng, document: &Document) -> Vec<u8> {
    match random.random_range(0..3) {
        0 => {
            let text = mutate::one_of(random, &mutate::TEXTS);
            [
                &[
                    0xf0,
                    random.random_range(0..3),
                    random.random_range(0..20),
                    random.random_range(0..3),
                ],
                text.as_bytes(),
            ]
            .concat()
        }
        1 => [&[0xf1], document.state_vector().as_slice()].concat(),
        _ => [
            &[0xf2],
            document.relative_position(random.random_range(0..20)).as_slice(),
        ]
        .concat(),
    }
}

fn mutate(random: &mut SmallRng, input: &[u8], other: &[u8]) -> Vec<u8> {
    frames::mutate(random, input, other, |random, part| damaged(random, part, other))
}
