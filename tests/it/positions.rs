//! The position index against yrs's own report: every update and every edit by position changes the text where yrs says
//! that it does.
//!
//! `TANDEM_SEEDS` says how many seeds to run, `TANDEM_SEED` runs one alone, `TANDEM_TRACES` names a folder with further
//! recorded sessions.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::at_once::{Both, editors};
use tandem_testkit::traces::{self, ConcurrentTrace};
use tandem_testkit::yjs_client::YjsClient;

use crate::number;

const SEEDS: u64 = 3_000;
const STEPS: usize = 40;

/// Names the seed if the test fails under it.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("run again with TANDEM_SEED={}", self.0);
        }
    }
}

#[test]
fn the_index_says_what_yrs_says_of_editors_that_write_at_once() {
    let seeds = match number("TANDEM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TANDEM_SEEDS").unwrap_or(SEEDS),
    };
    let mut updates = 0;
    for seed in seeds {
        let _named = Seed(seed);
        updates += editors(&mut SmallRng::seed_from_u64(seed), STEPS).deltas.len();
    }
    println!("{updates} updates");
    assert!(updates > 0);
}

#[test]
fn the_index_says_what_yrs_says_of_recorded_sessions() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let further = std::env::var_os("TANDEM_TRACES").map(PathBuf::from);
    let mut played = 0;
    for folder in std::iter::once(ours).chain(further) {
        for entry in std::fs::read_dir(&folder).expect("a folder of traces") {
            let path = entry.expect("a file").path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            match name.filter(|name| name.ends_with(".json.gz")) {
                Some(name) if name.contains("_concurrent") => concurrent(&path),
                Some(_) => sequential(&path),
                None => continue,
            }
            played += 1;
        }
    }
    assert!(played >= 3, "only {played} traces");
}

/// Half of the session by position and half through a page of one author.
fn sequential(path: &Path) {
    let trace = traces::sequential(path).expect("a trace");
    let mut both = Both::default();
    both.edit(Unit::CodePoint, &[UnitChange::new(0, 0, trace.start_content.as_str())]);
    let edits: Vec<UnitChange> = trace
        .txns
        .iter()
        .flat_map(|turn| &turn.patches)
        .map(traces::Patch::change)
        .collect();
    let most = usize::try_from(number("TANDEM_EDITS").unwrap_or(2_000)).expect("a number");
    let mut page = YjsClient::new(ClientId(77));
    page.receive(&both.document.difference(&[]).expect("everything"));
    for (at, edit) in edits.iter().take(most).enumerate() {
        if at / 100 % 2 == 0 {
            let update = both.edit(Unit::CodePoint, std::slice::from_ref(edit));
            page.receive(&update);
        } else {
            let text = both.document.text();
            let utf16 = |offset: u32| text.char_to_utf16_cu(offset as usize) as u32;
            let change = UnitChange::new(
                utf16(edit.offset),
                utf16(edit.end()) - utf16(edit.offset),
                edit.insert.as_str(),
            );
            page.edit(&[change]);
            for update in page.take_written() {
                both.update(&update);
            }
        }
    }
    if most >= edits.len() {
        assert_eq!(*both.document.text(), trace.end_content.as_str());
    }
    both.finish();
}

/// Each author's page, as far behind as the recording says.
fn concurrent(path: &Path) {
    let trace: ConcurrentTrace = traces::concurrent(path).expect("a trace");
    let mut both = Both::default();
    let mut pages: Vec<YjsClient> = (0..trace.num_agents)
        .map(|at| YjsClient::new(ClientId(100 + at as u32)))
        .collect();
    let mut made: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut has = vec![vec![false; trace.txns.len()]; trace.num_agents];
    for (index, turn) in trace.txns.iter().enumerate() {
        let mut missing = Vec::new();
        let mut look = turn.parents.clone();
        while let Some(parent) = look.pop() {
            if !std::mem::replace(&mut has[turn.agent][parent], true) {
                missing.push(parent);
                look.extend(&trace.txns[parent].parents);
            }
        }
        missing.sort_unstable();
        let page = &mut pages[turn.agent];
        missing
            .iter()
            .flat_map(|parent| &made[*parent])
            .for_each(|update| page.receive(update));
        turn.patches.iter().for_each(|patch| page.edit(&[patch.change()]));
        let updates = page.take_written();
        updates.iter().for_each(|update| drop(both.update(update)));
        has[turn.agent][index] = true;
        made.push(updates);
    }
    assert_eq!(*both.document.text(), trace.end_content.as_str());
    both.finish();
}
