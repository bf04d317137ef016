//! What one edit costs inside the process, step by step, in texts of three sizes with their history.
//!
//! `cargo bench -p tandem-bench`; the variable `TANDEM_BENCH_TRACE` names another recorded session than the usual one.
//! Times are of 600 edits: 10 keys at each of 60 places.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use divan::counter::ItemsCount;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem::document::{Delta, Document, Unit, UnitChange, carry};
use tandem::id::{ClientId, FileId, ParticipantId, Revision};
use tandem::room::message::{Encode, Event};
use tandem::rpc::encode::Encoder;
use tandem::store::model::Origin;
use tandem_bench::fixture::{Fixture, Fixtures, usual_trace};
use tandem_testkit::yjs_client::YjsClient;

/// Places where keys are typed.
const PLACES: u32 = 60;
/// Keys at each.
const KEYS: u32 = 10;
/// Revisions that an edit is carried over.
const BEHIND: usize = 100;
/// Under whose id text clients' edits stand.
const SERVER: ClientId = ClientId(77);
/// The Yjs client that types.
const PAGE: ClientId = ClientId(78);
/// How large a text may be.
const MOST: u32 = 4 << 20;

/// How much of the trace a text has.
#[derive(Clone, Copy, Debug)]
enum Size {
    Small,
    Whole,
    Tenfold,
}

const SIZES: [Size; 3] = [Size::Small, Size::Whole, Size::Tenfold];

fn main() {
    LazyLock::force(&SAMPLES);
    divan::main();
}

/// A text, and 600 keys for it from a text client and from a page.
struct Sample {
    fixture: Fixture,
    edits: Vec<UnitChange>,
    updates: Vec<Vec<u8>>,
    /// What the edits do, one after the other.
    deltas: Vec<Delta>,
}

static SAMPLES: LazyLock<[Sample; 3]> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-texts");
    let Fixtures { small, whole, tenfold } = Fixtures::of(&trace(), &folder).expect("the trace is there");
    [small, whole, tenfold].map(Sample::of)
});

#[expect(
    clippy::disallowed_methods,
    reason = "the measurement's own setting, not the server's"
)]
fn trace() -> PathBuf {
    std::env::var_os("TANDEM_BENCH_TRACE").map_or_else(usual_trace, PathBuf::from)
}

fn sample(size: Size) -> &'static Sample {
    &SAMPLES[size as usize]
}

impl Sample {
    fn of(fixture: Fixture) -> Self {
        let mut document = fixture.document(SERVER).expect("the text was made before");
        let mut page = YjsClient::new(PAGE);
        page.receive(&document.snapshot().0);
        let mut random = SmallRng::seed_from_u64(1);
        let mut edits = Vec::new();
        for _ in 0..PLACES {
            let place = random.random_range(0..=document.len().utf16 + edits.len() as u32);
            edits.extend((0..KEYS).map(|key| UnitChange::new(place + key, 0, "k")));
        }
        for edit in &edits {
            page.edit(std::slice::from_ref(edit));
        }
        let mut apply = |edit: &UnitChange| document.edit(Unit::Utf16, std::slice::from_ref(edit));
        let deltas = edits.iter().map(|edit| apply(edit).expect("an edit").delta).collect();
        Self {
            fixture,
            updates: page.take_written(),
            edits,
            deltas,
        }
    }

    fn document(&self) -> Document {
        self.fixture.document(SERVER).expect("the text was made before")
    }
}

fn items() -> ItemsCount {
    ItemsCount::new(PLACES * KEYS)
}

/// The gate alone: an update's bytes are read and let through.
#[divan::bench(args = SIZES)]
fn gate(bencher: Bencher<'_, '_>, size: Size) {
    let sample = sample(size);
    let document = sample.document();
    let update = &sample.updates[0];
    bencher.counter(items()).bench_local(|| {
        (0..PLACES * KEYS)
            .filter(|_| document.covers(black_box(update)))
            .count()
    });
}

/// A Yjs client's updates, from the gate to the position delta.
#[divan::bench(args = SIZES, sample_count = 30)]
fn apply_update(bencher: Bencher<'_, '_>, size: Size) {
    let sample = sample(size);
    bencher
        .counter(items())
        .with_inputs(|| sample.document())
        .bench_local_values(|mut document| {
            for update in &sample.updates {
                black_box(document.update(update, &|_| true, MOST).expect("an update"));
            }
            document
        });
}

/// A text client's edits, from the offsets to the Yjs bytes.
#[divan::bench(args = SIZES, sample_count = 30)]
fn apply_edit(bencher: Bencher<'_, '_>, size: Size) {
    let sample = sample(size);
    bencher
        .counter(items())
        .with_inputs(|| sample.document())
        .bench_local_values(|mut document| {
            for edit in &sample.edits {
                black_box(document.edit(Unit::Utf16, std::slice::from_ref(edit)).expect("an edit"));
            }
            document
        });
}

/// The index: from an offset to the character that stands there.
#[divan::bench(args = SIZES)]
fn index_character_at(bencher: Bencher<'_, '_>, size: Size) {
    let sample = sample(size);
    let document = sample.document();
    bencher.counter(items()).bench_local(|| {
        for edit in &sample.edits {
            black_box(document.relative_position(edit.offset));
        }
    });
}

/// The index: from a character to its offset.
#[divan::bench(args = SIZES)]
fn index_offset_of(bencher: Bencher<'_, '_>, size: Size) {
    let sample = sample(size);
    let document = sample.document();
    let characters: Vec<Vec<u8>> = sample
        .edits
        .iter()
        .map(|edit| document.relative_position(edit.offset))
        .collect();
    bencher.counter(items()).bench_local(|| {
        for character in &characters {
            black_box(document.offset_of(character));
        }
    });
}

/// An edit carried over 100 revisions; one edit, not 600.
#[divan::bench]
fn carry_over_100_revisions(bencher: Bencher<'_, '_>) {
    let sample = sample(Size::Whole);
    bencher
        .counter(ItemsCount::new(1_usize))
        .with_inputs(|| vec![UnitChange::new(1_000, 0, "k")])
        .bench_local_values(|changes| {
            let behind = sample.deltas.iter().take(BEHIND);
            behind.fold(changes, |changes, delta| carry(changes, delta, Unit::Utf16))
        });
}

/// An edited message encoded.
#[divan::bench]
fn encode_edited(bencher: Bencher<'_, '_>) {
    let sample = sample(Size::Whole);
    let file = FileId::new();
    let participant = ParticipantId::new();
    let edited = |delta: &Delta| Event::Edited {
        file,
        revision: Revision(100_000),
        delta: Arc::new(delta.clone()),
        participant: Some(participant),
        op_id: None,
        origin: Origin::Typed,
    };
    let events: Vec<Event> = sample.deltas.iter().map(edited).collect();
    bencher.counter(items()).bench_local(|| {
        for event in &events {
            black_box(Encoder.encode(event, Unit::Utf16));
        }
    });
}
