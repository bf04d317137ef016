//! Somebody in a team: writes at random, comes back by themselves, keeps everything that they were told.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem_testkit::client::{Client, Steady, Way};
use tokio::sync::watch;

/// What somebody may have on their way: as an honest client does, they wait when nothing comes back.
const ON_ITS_WAY: usize = 24;
/// The longest pause between two edits, in milliseconds.
const PAUSE: u64 = 30;
/// A large text, in bytes: several of them fill what lies between server and reader.
const LARGE: usize = 48 << 10;

/// What a member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Writes here and there.
    Writes,
    /// Replaces the whole text by a large one, again and again.
    WritesMuch,
    /// Looks on.
    Watches,
}

/// Somebody.
pub(super) struct Member {
    pub(super) steady: Steady,
    part: Part,
    random: SmallRng,
}

impl Member {
    pub(super) async fn join(client: &Client, way: Way, part: Part, room: &str, seed: u64) -> Self {
        let name = format!("{part:?} {seed:x}");
        Self {
            steady: Steady::join(client, way, room, "main.txt", &name).await,
            part,
            random: SmallRng::seed_from_u64(seed),
        }
    }

    /// Takes part until `over`; counts receipts in `told`.
    pub(super) async fn work(&mut self, told: &watch::Sender<usize>, mut over: watch::Receiver<bool>) {
        let mut receipts = self.steady.receipts.len();
        while !*over.borrow() {
            self.steady.publish_again().await;
            let pause = Duration::from_millis(self.random.random_range(0..PAUSE));
            let writes = self.part != Part::Watches && self.steady.in_flight() < ON_ITS_WAY;
            tokio::select! {
                _ = over.changed() => {}
                () = tokio::time::sleep(pause), if writes => self.write().await,
                goes_on = self.steady.next() => {
                    if !goes_on {
                        self.steady.come_back().await;
                    }
                }
            }
            let new = self.steady.receipts.len() - receipts;
            if new > 0 {
                receipts += new;
                told.send_modify(|told| *told += new);
            }
        }
    }

    /// Writes one more line than all others, at the text's front.
    pub(super) async fn last_word(&mut self) {
        self.steady.type_in("the last word\n").await;
    }

    async fn write(&mut self) {
        if self.part == Part::WritesMuch {
            let letter = char::from(self.random.random_range(b'a'..=b'z'));
            let text = String::from(letter).repeat(self.random.random_range(LARGE / 4..LARGE));
            self.steady.replace(&text).await;
        } else {
            self.steady.edit_somewhere(&mut self.random).await;
        }
    }
}
