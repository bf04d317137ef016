//! Yjs clients, plain and optimistic text clients share one document; at quiet all of them show the same text.
//!
//! Everything is driven in the process by one seeded source of chance. `TANDEM_SEEDS` says how many seeds to run,
//! `TANDEM_SEED` runs one alone.

use std::collections::VecDeque;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use ropey::Rope;
use tandem::document::{Delta, Document, Failure, Unit, carry, check};
use tandem::id::{ClientId, OpId, Revision};
use tandem_testkit::random_edit::random_edit;
use tandem_testkit::text_client::{Edited, OptimisticClient, PlainClient, Receipt, Sent};
use tandem_testkit::yjs_client::YjsClient;

const SEEDS: u64 = 5_000;
const STEPS: usize = 60;

/// What comes down to a text client.
enum Down {
    Edited(Edited),
    Receipt(OpId, Receipt),
    Resync(Rope, Revision),
}

enum Machine {
    Plain(PlainClient),
    Optimistic(OptimisticClient),
}

impl Machine {
    fn text(&self) -> &Rope {
        match self {
            Self::Plain(client) => client.text(),
            Self::Optimistic(client) => client.text(),
        }
    }

    fn unit(&self) -> Unit {
        match self {
            Self::Plain(client) => client.unit(),
            Self::Optimistic(client) => client.unit(),
        }
    }

    fn is_quiet(&self) -> bool {
        match self {
            Self::Plain(client) => client.on_its_way().is_none(),
            Self::Optimistic(client) => !client.has_pending(),
        }
    }

    fn edit(&mut self, random: &mut SmallRng) -> Option<Sent> {
        let changes = random_edit(random, self.text(), self.unit());
        match self {
            Self::Plain(client) => client.edit(changes),
            Self::Optimistic(client) => client.edit(changes),
        }
    }

    fn receive(&mut self, down: Down) -> Option<Sent> {
        match (self, down) {
            (Self::Plain(client), Down::Edited(edited)) => client.edited(&edited),
            (Self::Plain(client), Down::Receipt(op_id, receipt)) => drop(client.receipt(op_id, receipt)),
            (Self::Plain(client), Down::Resync(text, revision)) => client.resync(text, revision),
            (Self::Optimistic(client), Down::Edited(edited)) => return client.edited(&edited),
            (Self::Optimistic(client), Down::Receipt(op_id, receipt)) => return client.receipt(op_id, receipt),
            (Self::Optimistic(client), Down::Resync(text, revision)) => return client.resync(text, revision),
        }
        None
    }
}

struct TextPeer {
    machine: Machine,
    up: VecDeque<Sent>,
    down: VecDeque<Down>,
}

struct YjsPeer {
    client: YjsClient,
    up: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
    down: VecDeque<Vec<u8>>,
    seen: Vec<Vec<u8>>,
}

/// The server, its log, and everybody on it.
struct World {
    server: ClientId,
    document: Document,
    deltas: Vec<Delta>,
    updates: Vec<Vec<u8>>,
    text_peers: Vec<TextPeer>,
    yjs_peers: Vec<YjsPeer>,
}

impl World {
    fn new(random: &mut SmallRng, seed: u64) -> Self {
        let unit = |at: usize| Unit::ALL[(at + seed as usize) % 3];
        let start = |unit| (unit, Rope::new(), Revision(0));
        let machines = (0..4).map(|at| {
            let (unit, text, revision) = start(unit(at));
            if at < 2 {
                Machine::Plain(PlainClient::new(unit, text, revision))
            } else {
                Machine::Optimistic(OptimisticClient::new(unit, text, revision))
            }
        });
        let text_peer = |machine| TextPeer {
            machine,
            up: VecDeque::new(),
            down: VecDeque::new(),
        };
        let text_peers = machines.map(text_peer).collect();
        let yjs_peers = (0..3).map(|_| YjsPeer {
            client: YjsClient::with_random_id(random),
            up: VecDeque::new(),
            sent: Vec::new(),
            down: VecDeque::new(),
            seen: Vec::new(),
        });
        let yjs_peers = yjs_peers.collect();
        let server = ClientId(random.random_range(1..=u32::MAX));
        let (deltas, updates) = (Vec::new(), Vec::new());
        Self {
            server,
            document: Document::new(server),
            deltas,
            updates,
            text_peers,
            yjs_peers,
        }
    }

    fn head(&self) -> Revision {
        Revision(self.deltas.len() as u64)
    }

    /// Logs an operation and tells everybody.
    fn commit(&mut self, delta: Delta, update: Vec<u8>, yjs_author: Option<usize>, text_author: Option<(usize, OpId)>) {
        let revision = self.head().next();
        for (at, peer) in self.yjs_peers.iter_mut().enumerate() {
            if yjs_author != Some(at) {
                peer.down.push_back(update.clone());
            }
        }
        for (at, peer) in self.text_peers.iter_mut().enumerate() {
            let op_id = text_author.filter(|&(author, _)| author == at).map(|(_, op_id)| op_id);
            if let Some(op_id) = op_id {
                peer.down.push_back(Down::Receipt(op_id, Receipt::Committed(revision)));
            }
            let changes = delta.changes_in(peer.machine.unit());
            peer.down.push_back(Down::Edited(Edited {
                revision,
                changes,
                op_id,
            }));
        }
        // What goes into the log must come out of it.
        self.deltas
            .push(Delta::decode(&delta.encode()).expect("a delta reads as it was written"));
        self.updates.push(update);
    }

    /// Takes in the next edit of a text client, or refuses it for the sake of the test.
    fn take_edit(&mut self, at: usize, refuse: bool) {
        let Some(sent) = self.text_peers[at].up.pop_front() else {
            return;
        };
        let unit = self.text_peers[at].machine.unit();
        if refuse {
            self.text_peers[at]
                .down
                .push_back(Down::Receipt(sent.op_id, Receipt::Refused));
            return;
        }
        let since = &self.deltas[sent.base.0 as usize..];
        let length = since.first().map_or(self.document.len(), |delta| delta.before);
        check(&sent.changes, length.get(unit)).expect("an honest edit");
        let changes = since
            .iter()
            .fold(sent.changes, |changes, delta| carry(changes, delta, unit));
        let applied = self
            .document
            .edit(unit, &changes)
            .expect("a carried edit fits the head");
        if applied.update.is_empty() {
            let receipt = Receipt::Committed(self.head());
            self.text_peers[at].down.push_back(Down::Receipt(sent.op_id, receipt));
        } else {
            self.commit(applied.delta, applied.update, None, Some((at, sent.op_id)));
        }
    }

    /// Takes in the next update of a Yjs client, or an old one once more.
    fn take_update(&mut self, at: usize, again: Option<usize>) {
        let peer = &mut self.yjs_peers[at];
        let update = match again {
            Some(old) => peer.sent.get(old).cloned(),
            None => peer.up.pop_front().inspect(|update| peer.sent.push(update.clone())),
        };
        let Some(update) = update else { return };
        let author = peer.client.id();
        let applied = match self.document.update(&update, &|client| client == author, 1 << 20) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => panic!("an honest update is refused: {error}"),
            Err(Failure::Broken(why)) => panic!("an honest update breaks the document: {why}"),
        };
        assert!(again.is_none() || applied.update.is_empty(), "a repetition is news");
        if !applied.update.is_empty() {
            self.commit(applied.delta, applied.update, Some(at), None);
        }
    }

    /// A text client falls behind: it gets the text instead of the edits, and keeps its receipts.
    fn resync(&mut self, at: usize) {
        let (text, head) = (self.document.text().clone(), self.head());
        let peer = &mut self.text_peers[at];
        let receipts = peer.down.drain(..).filter(|down| matches!(down, Down::Receipt(..)));
        peer.down = std::iter::once(Down::Resync(text, head))
            .chain(receipts.collect::<Vec<_>>())
            .collect();
    }

    fn deliver_text(&mut self, at: usize) {
        let peer = &mut self.text_peers[at];
        if let Some(down) = peer.down.pop_front() {
            peer.up.extend(peer.machine.receive(down));
            if let Machine::Optimistic(client) = &peer.machine {
                assert!(
                    client.is_consistent(),
                    "what is shown is not what is committed and pending"
                );
            }
        }
    }

    fn deliver_update(&mut self, at: usize) {
        let peer = &mut self.yjs_peers[at];
        if let Some(update) = peer.down.pop_front() {
            peer.client.receive(&update);
            peer.seen.push(update);
        }
    }

    fn step(&mut self, random: &mut SmallRng) {
        let (text, yjs) = (random.random_range(0..4), random.random_range(0..3));
        match random.random_range(0..100) {
            0..18 => {
                let peer = &mut self.yjs_peers[yjs];
                let shown = Rope::from_str(&peer.client.text());
                peer.client.edit(&random_edit(random, &shown, Unit::Utf16));
                peer.up.extend(peer.client.take_written());
            }
            18..42 => {
                let peer = &mut self.text_peers[text];
                peer.up.extend(peer.machine.edit(random));
            }
            42..54 => self.take_update(yjs, None),
            54..56 if !self.yjs_peers[yjs].sent.is_empty() => {
                let old = random.random_range(0..self.yjs_peers[yjs].sent.len());
                self.take_update(yjs, Some(old));
            }
            54..70 => self.take_edit(text, random.random_range(0..40) == 0),
            70..72 => self.resync(text),
            72..74 if !self.yjs_peers[yjs].seen.is_empty() => {
                let peer = &mut self.yjs_peers[yjs];
                let old = random.random_range(0..peer.seen.len());
                peer.client.receive(&peer.seen[old]);
            }
            72..84 => self.deliver_update(yjs),
            _ => (0..random.random_range(1..4)).for_each(|_| self.deliver_text(text)),
        }
    }

    fn settle(&mut self) {
        for _ in 0..10_000 {
            (0..3).for_each(|at| self.take_update(at, None));
            (0..4).for_each(|at| self.take_edit(at, false));
            (0..3).for_each(|at| self.deliver_update(at));
            (0..4).for_each(|at| self.deliver_text(at));
            let yjs_quiet = self
                .yjs_peers
                .iter()
                .all(|peer| peer.up.is_empty() && peer.down.is_empty());
            let text_quiet = |peer: &TextPeer| peer.up.is_empty() && peer.down.is_empty() && peer.machine.is_quiet();
            if yjs_quiet && self.text_peers.iter().all(text_quiet) {
                return;
            }
        }
        panic!("somebody waits for ever");
    }

    fn assert_all_agree(&self) {
        let text = self.document.text().to_string();
        assert!(self.document.check(), "the rope and the Yjs document differ");
        for peer in &self.yjs_peers {
            assert_eq!(peer.client.text(), text, "a Yjs client");
            assert!(!peer.client.has_missing());
        }
        for peer in &self.text_peers {
            assert_eq!(peer.machine.text(), text.as_str(), "a text client");
            if let Machine::Optimistic(client) = &peer.machine {
                assert_eq!(client.committed(), text.as_str(), "an optimistic client's shadow");
            }
        }
        let mut rope = Rope::new();
        assert!(
            self.deltas.iter().all(|delta| delta.apply(&mut rope)),
            "a delta does not follow the one before"
        );
        assert_eq!(rope, text.as_str(), "the deltas alone");
        let updates = self.updates.iter().map(Vec::as_slice);
        let loaded = Document::load(self.server, None, updates).expect("the log loads");
        assert_eq!(loaded.text(), text.as_str(), "loaded from the log");
        let (state, hash) = self.document.snapshot();
        let loaded = Document::load(self.server, Some(&state), []).expect("the snapshot loads");
        assert_eq!(loaded.text(), text.as_str(), "loaded from the snapshot");
        assert_eq!(loaded.text_hash(), hash);
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

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn all_kinds_of_clients_converge() {
    let seeds = match number("TANDEM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TANDEM_SEEDS").unwrap_or(SEEDS),
    };
    let (mut revisions, mut edited) = (0, 0);
    for seed in seeds {
        let _named = Seed(seed);
        let mut random = SmallRng::seed_from_u64(seed);
        let mut world = World::new(&mut random, seed);
        for _ in 0..STEPS {
            world.step(&mut random);
        }
        world.settle();
        world.assert_all_agree();
        revisions += world.deltas.len();
        edited += world.deltas.iter().filter(|delta| !delta.is_empty()).count();
    }
    println!("{revisions} revisions, {edited} of them changed the text");
}

#[test]
fn a_page_that_was_offline_brings_everything_at_once() {
    for seed in 0..100 {
        let _named = Seed(seed);
        let mut random = SmallRng::seed_from_u64(seed);
        let mut world = World::new(&mut random, seed);
        for _ in 0..40 {
            world.step(&mut random);
        }
        world.settle();
        let known = world.document.state_vector();
        for _ in 0..30 {
            let peer = &mut world.yjs_peers[0];
            let shown = Rope::from_str(&peer.client.text());
            peer.client.edit(&random_edit(&mut random, &shown, Unit::Utf16));
            peer.client.take_written();
            let sent = world.text_peers[0].machine.edit(&mut random);
            world.text_peers[0].up.extend(sent);
            world.take_edit(0, false);
            (0..2).for_each(|_| world.deliver_text(0));
        }
        let difference = world.yjs_peers[0].client.difference(&known);
        world.yjs_peers[0].up.push_back(difference);
        world.settle();
        world.assert_all_agree();
        let state = world
            .document
            .difference(&world.yjs_peers[0].client.state_vector())
            .expect("the difference");
        world.yjs_peers[0].client.receive(&state);
        world.assert_all_agree();
    }
}
