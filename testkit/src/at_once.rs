//! Editors who write at once, and yrs's own report of what that does to the text.

use rand::Rng;
use ropey::Rope;
use tandem::document::{Applied, Delta, Document, Failure, Unit, UnitChange};
use tandem::id::ClientId;

use crate::random_edit::random_edit;
use crate::reference::Reference;
use crate::yjs_client::YjsClient;

const PEERS: usize = 4;

/// A document, and yrs's report of the same.
pub struct Both {
    /// The document.
    pub document: Document,
    /// Gets what the document logs.
    logged: Reference,
    /// What each update did to the text.
    pub deltas: Vec<Delta>,
}

impl Default for Both {
    fn default() -> Self {
        Self {
            document: Document::new(ClientId(1)),
            logged: Reference::default(),
            deltas: Vec::new(),
        }
    }
}

impl Both {
    fn agree(&mut self, applied: &Applied) {
        if applied.update.is_empty() {
            assert!(applied.delta.is_empty(), "the text changed and there is nothing to log");
            return;
        }
        assert_eq!(self.logged.apply(&applied.update), applied.delta);
        self.deltas.push(applied.delta.clone());
    }

    /// Edits by position; the update that follows from it.
    ///
    /// # Panics
    ///
    /// If the edit is refused, or yrs reports something else.
    pub fn edit(&mut self, unit: Unit, changes: &[UnitChange]) -> Vec<u8> {
        let applied = self.document.edit(unit, changes).expect("an edit of this text");
        self.agree(&applied);
        applied.update
    }

    /// Takes an honest update in; what of it was new.
    ///
    /// # Panics
    ///
    /// If it is refused, or yrs reports something else.
    pub fn update(&mut self, update: &[u8]) -> Vec<u8> {
        let applied = match self.document.update(update, &|client| client.0 > 1, 1 << 22) {
            Ok(applied) => applied,
            Err(Failure::Refused(error)) => panic!("an honest update is refused: {error}"),
            Err(Failure::Broken(why)) => panic!("an honest update breaks the document: {why}"),
        };
        self.agree(&applied);
        applied.update
    }

    /// Looks whether both hold the same text, and whether that loads again.
    ///
    /// # Panics
    ///
    /// If not.
    pub fn finish(&self) {
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

/// Several editors at once, each behind by something else, and edits by position between.
///
/// # Panics
///
/// If the index says anything else than yrs.
pub fn editors(random: &mut impl Rng, steps: usize) -> Both {
    let mut both = Both::default();
    let mut peers: Vec<Peer> = (0..PEERS)
        .map(|at| Peer {
            client: YjsClient::new(client_id(random, at)),
            up: Vec::new(),
            down: Vec::new(),
        })
        .collect();
    for _ in 0..steps {
        let at = random.random_range(0..PEERS);
        match random.random_range(0..10) {
            0..4 => {
                let peer = &mut peers[at];
                for _ in 0..random.random_range(1..4) {
                    let shown = Rope::from_str(&peer.client.text());
                    peer.client.edit(&random_edit(random, &shown, Unit::Utf16));
                }
                peer.up.extend(peer.client.take_written());
            }
            4..6 => {
                let changes = random_edit(random, both.document.text(), Unit::CodePoint);
                let update = both.edit(Unit::CodePoint, &changes);
                tell(&mut peers, None, &update);
            }
            6..8 => send(&mut both, &mut peers, at, random),
            _ => receive(&mut peers[at], random),
        }
    }
    for at in 0..PEERS {
        send_all(&mut both, &mut peers, at);
    }
    both.finish();
    both
}

/// Any id, but another than the server's and that of every other editor.
fn client_id(random: &mut impl Rng, at: usize) -> ClientId {
    let peers = PEERS as u32;
    ClientId(random.random_range(2..=u32::MAX / peers) * peers - at as u32)
}

fn tell(peers: &mut [Peer], author: Option<usize>, update: &[u8]) {
    let others = peers.iter_mut().enumerate().filter(|(at, _)| Some(*at) != author);
    for (_, peer) in others.filter(|_| !update.is_empty()) {
        peer.down.push(update.to_vec());
    }
}

/// Sends the oldest update, or all that the server lacks in one.
fn send(both: &mut Both, peers: &mut [Peer], at: usize, random: &mut impl Rng) {
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

fn receive(peer: &mut Peer, random: &mut impl Rng) {
    let most = peer.down.len().min(random.random_range(1..6));
    for update in peer.down.drain(..most) {
        peer.client.receive(&update);
    }
}
