//! The position index against yrs's own report: every update and every edit by position changes the text where yrs says
//! that it does.
//!
//! `TANDEM_SEEDS` says how many seeds to run, `TANDEM_SEED` runs one alone, `TANDEM_TRACES` names a folder with further
//! recorded sessions.

use std::path::{Path, PathBuf};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use ropey::Rope;
use tandem::document::{Applied, Document, Failure, Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::random_edit::random_edit;
use tandem_testkit::reference::Reference;
use tandem_testkit::traces::{self, ConcurrentTrace};
use tandem_testkit::yjs_client::YjsClient;

use crate::number;

const SEEDS: u64 = 3_000;
const PEERS: usize = 4;
const STEPS: usize = 40;

/// A document, and yrs's report of the same.
struct Both {
    document: Document,
    /// Gets what the document logs.
    logged: Reference,
    updates: usize,
}

impl Both {
    fn new() -> Self {
        Self {
            document: Document::new(ClientId(1)),
            logged: Reference::default(),
            updates: 0,
        }
    }

    fn agree(&mut self, applied: &Applied) {
        if applied.update.is_empty() {
            assert!(applied.delta.is_empty(), "the text changed and there is nothing to log");
            return;
        }
        self.updates += 1;
        assert_eq!(self.logged.apply(&applied.update), applied.delta);
    }

    fn edit(&mut self, unit: Unit, changes: &[UnitChange]) -> Vec<u8> {
        let applied = self.document.edit(unit, changes).expect("an edit of this text");
        self.agree(&applied);
        applied.update
    }

    fn update(&mut self, update: &[u8]) -> Vec<u8> {
        let applied = match self.document.update(update, &|client| client.0 > 1, 1 << 22) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => panic!("an honest update is refused: {error}"),
            Err(Failure::Broken(why)) => panic!("an honest update breaks the document: {why}"),
        };
        self.agree(&applied);
        applied.update
    }

    fn finish(&self) {
        assert!(self.document.check());
        assert_eq!(self.logged.text(), self.document.text());
        assert_eq!(self.logged.stored(), self.document.text().to_string());
        let (state, hash) = self.document.snapshot();
        let loaded = Document::load(ClientId(1), Some(&state), []).expect("the snapshot loads");
        assert_eq!(loaded.text_hash(), hash);
        assert!(loaded.check());
    }
}

/// A Yjs client, what it has yet to send, and what it has yet to receive.
struct Peer {
    client: YjsClient,
    up: Vec<Vec<u8>>,
    down: Vec<Vec<u8>>,
}

/// One seed: several editors at once, each behind by something else, and edits by position between.
fn run(seed: u64) -> usize {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut both = Both::new();
    let mut peers: Vec<Peer> = (0..PEERS)
        .map(|_| Peer {
            client: YjsClient::with_random_id(&mut random),
            up: Vec::new(),
            down: Vec::new(),
        })
        .collect();
    for _ in 0..STEPS {
        let at = random.random_range(0..PEERS);
        match random.random_range(0..10) {
            0..4 => {
                let peer = &mut peers[at];
                for _ in 0..random.random_range(1..4) {
                    let shown = Rope::from_str(&peer.client.text());
                    peer.client.edit(&random_edit(&mut random, &shown, Unit::Utf16));
                }
                peer.up.extend(peer.client.take_written());
            }
            4..6 => {
                let changes = random_edit(&mut random, both.document.text(), Unit::CodePoint);
                let update = both.edit(Unit::CodePoint, &changes);
                tell(&mut peers, None, &update);
            }
            6..8 => send(&mut both, &mut peers, at, &mut random),
            _ => receive(&mut peers[at], &mut random),
        }
    }
    for at in 0..PEERS {
        send_all(&mut both, &mut peers, at);
    }
    both.finish();
    both.updates
}

fn tell(peers: &mut [Peer], author: Option<usize>, update: &[u8]) {
    let others = peers.iter_mut().enumerate().filter(|(at, _)| Some(*at) != author);
    for (_, peer) in others.filter(|_| !update.is_empty()) {
        peer.down.push(update.to_vec());
    }
}

/// Sends the oldest update, or all that the server lacks in one.
fn send(both: &mut Both, peers: &mut [Peer], at: usize, random: &mut SmallRng) {
    if random.random_bool(0.3) {
        send_all(both, peers, at);
    } else if !peers[at].up.is_empty() {
        let update = peers[at].up.remove(0);
        let news = both.update(&update);
        tell(peers, Some(at), &news);
    }
}

fn send_all(both: &mut Both, peers: &mut [Peer], at: usize) {
    peers[at].up.clear();
    let update = peers[at].client.difference(&both.document.state_vector());
    let news = both.update(&update);
    tell(peers, Some(at), &news);
}

fn receive(peer: &mut Peer, random: &mut SmallRng) {
    let most = peer.down.len().min(random.random_range(1..6));
    for update in peer.down.drain(..most) {
        peer.client.receive(&update);
    }
}

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
        updates += run(seed);
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
    let mut both = Both::new();
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
    let mut both = Both::new();
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
