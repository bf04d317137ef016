//! Hostile updates against the gate and the document: nothing panics, and what is accepted loads again as it was.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem::document::{Document, Failure, Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::hostile::{CLIENTS, Hostile};

const VICTIM: ClientId = ClientId(CLIENTS[0] as u32);
const SEQUENCES: u64 = 5_000;
const UPDATES: usize = 20;

/// What became of the updates: `accepted`, `nothing new`, or the reason of the refusal.
type Tally = BTreeMap<&'static str, usize>;

/// Sends one sequence, and then looks whether the document is whole.
fn attack(seed: u64, tally: &mut Tally) {
    let mut document = Document::new(VICTIM);
    let text = UnitChange::new(0, 0, "hello 😀é world");
    let mut log = vec![
        document
            .edit(Unit::CodePoint, &[text])
            .expect("the victim's text")
            .update,
    ];
    let mut hostile = Hostile::new(SmallRng::seed_from_u64(seed), document.clock(VICTIM));
    for _ in 0..UPDATES {
        let update = hostile.update();
        let before = document.text().clone();
        let may_write = |client: ClientId| CLIENTS[1..4].contains(&client.0.into());
        let outcome = match document.update(&update, &may_write, 1 << 20) {
            Ok(applied) if applied.update.is_empty() => "nothing new",
            Ok(applied) => {
                log.push(applied.update);
                "accepted"
            }
            Err(Failure::Refused(error)) => {
                assert_eq!(
                    *document.text(),
                    before,
                    "seed {seed}: a refused update changed the text"
                );
                error.reason().name()
            }
            Err(Failure::Broken(why)) => {
                panic!("seed {seed}: {update:?} passed the gate and broke the document: {why}")
            }
        };
        *tally.entry(outcome).or_default() += 1;
        // It sees what became of its update, as a real client does.
        for client in CLIENTS {
            hostile.knows(client, document.clock(ClientId(client as u32)));
        }
    }
    let end = document.len().chars;
    let last = document.edit(Unit::CodePoint, &[UnitChange::new(end / 2, 0, "!")]);
    log.push(last.expect("the victim writes on").update);
    assert_whole(seed, &document, &log);
}

fn assert_whole(seed: u64, document: &Document, log: &[Vec<u8>]) {
    assert!(document.check(), "seed {seed}: the rope and the Yjs document differ");
    let loaded = Document::load(VICTIM, None, log.iter().map(Vec::as_slice)).expect("the log loads");
    assert_eq!(loaded.text(), document.text(), "seed {seed}: loaded from the log");
    let (state, hash) = document.snapshot();
    let mut loaded = Document::load(VICTIM, Some(&state), []).expect("the snapshot loads");
    assert_eq!(loaded.text(), document.text(), "seed {seed}: loaded from the snapshot");
    assert_eq!(loaded.text_hash(), hash);
    assert_eq!(loaded.state_vector(), document.state_vector());
    loaded
        .edit(Unit::CodePoint, &[UnitChange::new(0, 0, "on")])
        .expect("the loaded document goes on");
    assert!(loaded.check(), "seed {seed}: after loading and writing on");
}

#[test]
fn hostile_updates_do_no_harm() {
    let seeds = match crate::number("TANDEM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..crate::number("TANDEM_SEEDS").unwrap_or(SEQUENCES),
    };
    let mut tally = Tally::new();
    for seed in seeds {
        let begun = Instant::now();
        attack(seed, &mut tally);
        assert!(begun.elapsed() < Duration::from_secs(20), "seed {seed} is slow");
    }
    println!("{tally:?}");
}
