//! The short run: every input of the corpus, and new ones.

use crate::{Corpus, Engine, TARGETS, Until};

/// The seed that makes the new inputs; `TANDEM_SEED` gives another.
const SEED: u64 = 1;
/// The most that a target's corpus takes, in bytes.
const CORPUS_BYTES: usize = 100 << 10;

/// Runs one target, and fails with the input that it fails with.
fn short(name: &str, runs: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target");
    let seed = seed();
    let corpus = Corpus::of(name).read().expect("a corpus");
    let bytes: usize = corpus.iter().map(|(_, input)| input.len()).sum();
    assert!(
        !corpus.is_empty() && bytes <= CORPUS_BYTES,
        "{} inputs of {bytes} bytes",
        corpus.len()
    );
    let report = Engine::new(target, seed).run(&corpus, Until::Runs(runs), |_| {});
    println!(
        "{name}: {} runs, {} outcomes and shapes",
        report.runs,
        report.seen.len()
    );
    if let Some(found) = report.found {
        let kept = found.is_new.then(|| Corpus::of(name).keep("failed", &found.input));
        panic!("seed {seed}: {}\nkept: {kept:?}", found.said);
    }
}

#[allow(clippy::disallowed_methods, reason = "a test is told its seed by a variable")]
fn seed() -> u64 {
    let told = std::env::var("TANDEM_SEED").ok();
    told.and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

#[test]
fn whatever_comes_to_the_gate_does_no_harm() {
    short("gate", 600);
}

#[test]
fn the_index_says_what_yrs_says() {
    short("index", 300);
}

#[test]
fn edits_carried_over_each_other_make_one_text() {
    short("rebase", 1_000);
}

#[test]
fn a_text_is_a_path_by_the_rules_or_none() {
    short("path", 600);
}

#[test]
fn any_bytes_are_a_request_or_an_error_that_names_its_field() {
    short("request", 2_000);
}

/// A target that fails on what is damaged most easily.
#[test]
fn what_fails_is_found_and_made_small() {
    static PICKY: crate::Target = crate::Target {
        name: "picky",
        run: |input, seen| {
            seen.note(input.first());
            assert!(!input.windows(2).any(|pair| pair == [7, 8]), "seven and eight");
        },
        fresh: |_| (0..40).collect(),
        mutate: |_, input, _| input.to_vec(),
    };
    let report = Engine::new(&PICKY, 1).run(&[], Until::Runs(10), |_| {});
    let found = report.found.expect("it fails");
    assert_eq!(found.input, [7, 8]);
    assert!(found.said.contains("seven and eight"), "{}", found.said);
}
