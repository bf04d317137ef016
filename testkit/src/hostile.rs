//! Updates that no honest client sends: well formed in parts, with ids, clocks, origins and ranges made to do harm.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::SmallRng;
use yrs::updates::decoder::Decode;
use yrs::{ClientID, StateVector};

use crate::mutate::varint;

/// Client ids that the hostile updates write under or refer to: the victim's, three that the author may write under, and
/// somebody else's.
pub const CLIENTS: [u64; 5] = [9, 7, 8, 11, 12];

/// Makes hostile updates. It keeps an idea of the clocks, so that many updates come close to being right.
#[derive(Debug)]
pub struct Hostile {
    random: SmallRng,
    clients: [u64; 5],
    clocks: BTreeMap<u64, u64>,
    /// Updates made before, to send again or to damage.
    sent: Vec<Vec<u8>>,
}

impl Hostile {
    /// One that uses [`CLIENTS`] and knows how many clocks the victim has.
    pub fn new(random: SmallRng, victim_clock: u32) -> Self {
        let mut hostile = Self::with_clients(random, CLIENTS);
        hostile.knows(CLIENTS[0], victim_clock);
        hostile
    }

    /// One that uses these client ids, in the order of [`CLIENTS`].
    pub fn with_clients(random: SmallRng, clients: [u64; 5]) -> Self {
        Self {
            random,
            clients,
            clocks: BTreeMap::new(),
            sent: Vec::new(),
        }
    }

    /// Learns that a client has this many clocks now.
    pub fn knows(&mut self, client: u64, clock: u32) {
        self.clocks.insert(client, clock.into());
    }

    /// Learns what a state vector of the server's says.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn learn(&mut self, state_vector: &[u8]) {
        let clocks = StateVector::decode_v1(state_vector).expect("the server sends state vectors");
        for client in self.clients {
            self.knows(client, clocks.get(&ClientID::new(client)));
        }
    }

    /// The next update.
    pub fn update(&mut self) -> Vec<u8> {
        let update = match self.random.random_range(0..60) {
            0 => self.noise(),
            1 if !self.sent.is_empty() => self.old(),
            2..=4 if !self.sent.is_empty() => {
                let old = self.old();
                self.damaged(old)
            }
            _ => self.structured(),
        };
        self.sent.push(update.clone());
        update
    }

    fn noise(&mut self) -> Vec<u8> {
        (0..self.random.random_range(0..40))
            .map(|_| self.random.random())
            .collect()
    }

    fn old(&mut self) -> Vec<u8> {
        let at = self.random.random_range(0..self.sent.len());
        self.sent[at].clone()
    }

    fn damaged(&mut self, mut update: Vec<u8>) -> Vec<u8> {
        for _ in 0..self.random.random_range(1..4) {
            let at = self.random.random_range(0..=update.len());
            match self.random.random_range(0..4) {
                0 => update.truncate(at),
                1 => update.insert(at, self.random.random()),
                _ => {
                    if let Some(byte) = update.get_mut(at) {
                        *byte ^= 1 << self.random.random_range(0..8);
                    }
                }
            }
        }
        update
    }

    fn structured(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let sections = [1, 1, 1, 2, 2, 3, 0][self.random.random_range(0..7)];
        varint(&mut out, sections);
        let first = self.random.random_range(0..3_usize);
        for at in 0..sections as usize {
            let odd = self.random.random_range(0..40) == 0;
            let client = if odd {
                self.client()
            } else {
                self.clients[1 + (first + at) % 3]
            };
            self.section(&mut out, client);
        }
        self.deletions(&mut out);
        out
    }

    /// Mostly one of the writers, sometimes the victim or an id that no client can have.
    fn client(&mut self) -> u64 {
        match self.random.random_range(0..40) {
            0 => [0, u64::from(u32::MAX), 1 << 32, (1 << 53) + 7, u64::MAX >> 1][self.random.random_range(0..5)],
            _ => self.clients[self.random.random_range(0..self.clients.len())],
        }
    }

    fn section(&mut self, out: &mut Vec<u8>, client: u64) {
        let known = self.clocks.get(&client).copied().unwrap_or(0);
        let start = match self.random.random_range(0..24) {
            0 => known + self.random.random_range(1..5),
            1 | 2 => known.saturating_sub(self.random.random_range(1..4)),
            3 => [1 << 31, (1 << 31) - 1, u64::from(u32::MAX), 1 << 40][self.random.random_range(0..4)],
            _ => known,
        };
        let blocks = self.random.random_range(1..4);
        varint(out, blocks);
        varint(out, client);
        varint(out, start);
        let mut clock = start;
        for _ in 0..blocks {
            clock = self.block(out, client, clock);
        }
        self.clocks
            .entry(client)
            .and_modify(|known| *known = (*known).max(clock.min(1 << 20)))
            .or_insert(clock);
    }

    /// A client that has written, and how much.
    fn somebody(&mut self) -> (u64, u64) {
        let there: Vec<(u64, u64)> = self
            .clients
            .iter()
            .filter_map(|&id| Some((id, *self.clocks.get(&id)?)))
            .collect();
        let there: Vec<(u64, u64)> = there.into_iter().filter(|&(_, known)| known > 0).collect();
        there
            .get(self.random.random_range(0..there.len().max(1)))
            .copied()
            .unwrap_or((self.clients[0], 1))
    }

    /// A character's name, mostly of one that is there.
    fn id(&mut self, own: u64, clock: u64) -> Option<(u64, u64)> {
        match self.random.random_range(0..80) {
            0..18 => None,
            18..30 if clock > 0 => Some((own, clock - 1)),
            30 => Some((self.client(), self.random.random_range(0..1 << 33))),
            31 => Some((self.client(), self.random.random_range(0..8))),
            _ => {
                let (client, known) = self.somebody();
                // Now and then the one that would come next.
                let past = u64::from(self.random.random_range(0..40) == 0);
                Some((client, self.random.random_range(0..known.clamp(1, 1 << 20) + past)))
            }
        }
    }

    fn block(&mut self, out: &mut Vec<u8>, client: u64, clock: u64) -> u64 {
        let kind = match self.random.random_range(0..120) {
            0 => 0,
            1 => 10,
            2 => self.random.random_range(0..32),
            3..=16 => 1,
            _ => 4,
        };
        if matches!(kind, 0 | 10) {
            out.push(kind);
            varint(out, 3);
            return clock + 3;
        }
        let (origin, right) = (self.id(client, clock), self.id(client, clock));
        let key = if self.random.random_range(0..200) == 0 { 0x20 } else { 0 };
        out.push(kind | key | if origin.is_some() { 0x80 } else { 0 } | if right.is_some() { 0x40 } else { 0 });
        for (client, clock) in [origin, right].into_iter().flatten() {
            varint(out, client);
            varint(out, clock);
        }
        if origin.is_none() && right.is_none() {
            let root = if self.random.random_range(0..100) == 0 {
                b'u'
            } else {
                b't'
            };
            out.extend_from_slice(&[1, 1, root]);
        }
        self.content(out, kind, clock)
    }

    fn content(&mut self, out: &mut Vec<u8>, kind: u8, clock: u64) -> u64 {
        match kind {
            1 => {
                let len = match self.random.random_range(0..40) {
                    0 => [0, 1 << 24, 1 << 31, u64::from(u32::MAX)][self.random.random_range(0..4)],
                    _ => self.random.random_range(1..4),
                };
                varint(out, len);
                clock.saturating_add(len)
            }
            4 => {
                let odd = self.random.random_range(0..120) == 0;
                let text = if odd {
                    ["", "\r\n", "a\0", "\u{feff}"][self.random.random_range(0..4)]
                } else {
                    ["a", "bc", "😀", "xé", "hello", "你😀"][self.random.random_range(0..6)]
                };
                varint(out, text.len() as u64);
                out.extend_from_slice(text.as_bytes());
                clock + text.encode_utf16().count() as u64
            }
            // An array of values, nested, an embed or a format: whatever the kind makes of it.
            _ => {
                out.extend_from_slice(&[1, 117, 1, 117, 1, 126]);
                clock + 1
            }
        }
    }

    fn deletions(&mut self, out: &mut Vec<u8>) {
        let clients = [0, 0, 1, 1, 2][self.random.random_range(0..5)];
        varint(out, clients);
        for _ in 0..clients {
            let (client, known) = self.somebody();
            let known = known.min(1 << 20);
            varint(out, client);
            let ranges = self.random.random_range(1..3);
            varint(out, ranges);
            let mut start = 0;
            for _ in 0..ranges {
                start += self.random.random_range(0..known.div_ceil(2));
                let len = match self.random.random_range(0..40) {
                    0 => u64::from(u32::MAX),
                    1 => 0,
                    _ => self.random.random_range(1..4),
                };
                varint(out, start);
                varint(out, len);
                start = if self.random.random_range(0..20) == 0 {
                    0
                } else {
                    start + len.min(8)
                };
            }
        }
    }
}
