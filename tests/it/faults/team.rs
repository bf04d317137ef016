//! A team: people in one room who all write at once.

use std::net::SocketAddr;
use std::time::Duration;

use tandem_testkit::client::{Client, Way};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::member::{Member, Part};

/// How long a test waits for receipts while something goes wrong: a frozen database and what it takes to find out.
const PATIENCE: Duration = Duration::from_secs(60);

/// Text clients by both doors, Yjs clients by both doors, and one of each who only watches.
pub(super) const USUAL: [(usize, Part); 7] = [
    (0, Part::Writes),
    (0, Part::Writes),
    (1, Part::Writes),
    (2, Part::Writes),
    (3, Part::Writes),
    (0, Part::Watches),
    (1, Part::Watches),
];

/// People in one room. They are either at work, on tasks of their own, or at hand.
pub(super) struct Team {
    pub(super) room: String,
    pub(super) members: Vec<Member>,
    at_work: JoinSet<(usize, Member)>,
    told: watch::Sender<usize>,
    over: watch::Sender<bool>,
}

impl Team {
    /// Makes a room for a team; `doors` says where each member goes in, `parts` by which [`Way`] and to do what.
    pub(super) async fn join(
        client: &Client,
        doors: impl Fn(usize) -> SocketAddr,
        parts: &[(usize, Part)],
        seed: u64,
    ) -> Self {
        let created = client.create_room(&[("main.txt", "begin\n")]).await.expect("a room");
        let room = created.room.expect("a room").room_id;
        let joining = parts.iter().enumerate().map(|(at, (way, part))| {
            let (client, room) = (Client::new(doors(at)), room.as_str());
            let seed = seed.wrapping_mul(1_000).wrapping_add(at as u64);
            async move { Member::join(&client, Way::ALL[*way], *part, room, seed).await }
        });
        let members = futures_util::future::join_all(joining).await;
        Self {
            room,
            members,
            at_work: JoinSet::new(),
            told: watch::Sender::new(0),
            over: watch::Sender::new(false),
        }
    }

    /// Everybody begins to work.
    pub(super) fn begin(&mut self) {
        self.over.send_replace(false);
        for (at, mut member) in self.members.drain(..).enumerate() {
            let (told, over) = (self.told.clone(), self.over.subscribe());
            self.at_work.spawn(async move {
                member.work(&told, over).await;
                (at, member)
            });
        }
    }

    /// Waits until so many more receipts have come.
    pub(super) async fn receipts(&mut self, more: usize) {
        let mut told = self.told.subscribe();
        let wanted = *told.borrow() + more;
        tokio::select! {
            waited = tokio::time::timeout(PATIENCE, told.wait_for(|told| *told >= wanted)) => {
                assert!(waited.is_ok(), "{more} more receipts did not come");
            }
            // Nobody ends by themselves.
            ended = self.at_work.join_next(), if !self.at_work.is_empty() => {
                ended.expect("somebody").expect("nobody stops working");
            }
        }
    }

    /// Everybody stops, and is at hand again.
    pub(super) async fn end(&mut self) {
        self.over.send_replace(true);
        let mut members = Vec::new();
        while let Some(ended) = self.at_work.join_next().await {
            members.push(ended.expect("nobody fails at work"));
        }
        members.sort_by_key(|(at, _)| *at);
        self.members = members.into_iter().map(|(_, member)| member).collect();
    }

    /// Waits until everybody has all receipts and shows the text that the server has; that text.
    pub(super) async fn settle(&mut self, client: &Client) -> String {
        let settling = self.members.iter_mut().map(|member| member.steady.settle());
        futures_util::future::join_all(settling).await;
        let (text, _) = client.read_file(&self.room, "main.txt").await.expect("read");
        let showing = self.members.iter_mut().map(|member| member.steady.shows(&text));
        futures_util::future::join_all(showing).await;
        text
    }
}
