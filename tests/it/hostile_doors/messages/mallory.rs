//! One who sends what no honest client sends, over a connection of one dialect, and counts the answers.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use rand::Rng;
use rand::rngs::SmallRng;
use tandem::rpc::proto::v1;
use tandem_testkit::by_hand::{ByHand, Dialect, Line, Told, framed, is_ok};
use tandem_testkit::client::{self, Client};
use tandem_testkit::mutate::{self, one_of};
use tandem_testkit::process::Process;
use tandem_testkit::requests::{Method, Scene};
use tonic::Status;

/// Calls after which a new playground is made: the old one may be deleted.
const PLAYED: u64 = 100;

/// How often each kind of message got each answer.
#[derive(Debug, Default)]
pub(super) struct Tally {
    messages: BTreeMap<String, u64>,
    answers: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Tally {
    /// Of messages of one kind, each with one answer.
    pub(super) fn of(kind: &str, answers: BTreeMap<String, usize>) -> Self {
        let mut tally = Self::default();
        for (answer, count) in answers {
            let count = count as u64;
            tally.sent(kind, count);
            *tally
                .answers
                .entry(kind.to_owned())
                .or_default()
                .entry(answer)
                .or_default() += count;
        }
        tally
    }

    /// Notes messages that were sent.
    pub(super) fn sent(&mut self, kind: &str, count: u64) {
        *self.messages.entry(kind.to_owned()).or_default() += count;
    }

    /// Notes an answer.
    pub(super) fn answer(&mut self, kind: &str, answer: &str) {
        let answers = self.answers.entry(kind.to_owned()).or_default();
        *answers.entry(answer.to_owned()).or_default() += 1;
    }

    /// Takes another one in.
    pub(super) fn add(&mut self, other: Self) {
        for (kind, count) in other.messages {
            *self.messages.entry(kind).or_default() += count;
        }
        for (kind, answers) in other.answers {
            let own = self.answers.entry(kind).or_default();
            for (answer, count) in answers {
                *own.entry(answer).or_default() += count;
            }
        }
    }

    /// How many were sent.
    pub(super) fn messages(&self) -> u64 {
        self.messages.values().sum()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, count) in &self.messages {
            let answers = self.answers.get(kind).into_iter().flatten();
            let answers: Vec<String> = answers.map(|(answer, count)| format!("{answer} {count}")).collect();
            writeln!(f, "{kind}: {count} messages; {}", answers.join(", "))?;
        }
        Ok(())
    }
}

/// The sender.
pub(super) struct Mallory {
    pub(super) address: SocketAddr,
    pub(super) dialect: Dialect,
    pub(super) random: SmallRng,
    pub(super) tally: Tally,
    /// The innocents' room.
    pub(super) theirs: Scene,
    /// A room that nobody else needs.
    playground: Scene,
    client: Client,
    line: Line,
}

impl Mallory {
    pub(super) async fn new(
        server: &Process,
        created: &v1::CreateRoomResponse,
        dialect: Dialect,
        random: SmallRng,
    ) -> Self {
        let (address, client) = (server.address(), server.client());
        Self {
            address,
            dialect,
            random,
            tally: Tally::default(),
            theirs: Scene {
                token: String::new(),
                ..scene(created)
            },
            playground: playground(&client).await,
            client,
            line: Line::open(address, dialect).await,
        }
    }

    /// Mutated requests of every call but the streams of sessions.
    pub(super) async fn calls(mut self, count: u64) -> Tally {
        for number in 0..count {
            if number % PLAYED == 0 {
                self.playground = playground(&self.client).await;
            }
            let mut method = one_of(&mut self.random, &Method::ALL);
            if method == Method::DeleteRoom && self.random.random_range(0..8) > 0 {
                // What comes after it finds no room.
                method = Method::WriteFile;
            }
            let scene = match method.takes_away() || self.random.random() {
                true => &self.playground,
                false => &self.theirs,
            };
            let mut message = scene.request(&mut self.random, method);
            if self.random.random_range(0..10) > 0 {
                message = mutate::message(&mut self.random, &message);
            }
            self.call(&format!("{method:?}"), method, framed(&message)).await;
        }
        self.tally
    }

    /// Frames that lie: of another length than they say, cut, compressed by nobody, or of no message at all.
    pub(super) async fn frames(mut self, count: u64) -> Tally {
        for _ in 0..count {
            let method = one_of(&mut self.random, &Method::ALL);
            let whole = framed(&self.playground.request(&mut self.random, method));
            let body = self.lying(whole);
            self.call("lying frames", method, body).await;
        }
        self.tally
    }

    fn lying(&mut self, mut frame: Vec<u8>) -> Vec<u8> {
        let random = &mut self.random;
        match random.random_range(0..6) {
            0 => frame.truncate(random.random_range(0..frame.len())),
            1 => {
                let length = one_of(random, &mutate::NUMBERS) as u32;
                frame[1..5].copy_from_slice(&length.to_be_bytes());
            }
            2 => frame[0] = random.random(),
            3 => frame.extend_from_slice(&frame.clone()),
            4 => {
                let noise: Vec<u8> = (0..random.random_range(0..300)).map(|_| random.random()).collect();
                frame = framed(&noise);
            }
            _ => {
                let copy = frame.clone();
                mutate::bytes(random, &mut frame, &copy);
            }
        }
        frame
    }

    async fn call(&mut self, kind: &str, method: Method, body: Vec<u8>) {
        self.tally.sent(kind, 1);
        let mut call = ByHand::new(self.dialect, method.path(), &[]);
        call.body = body;
        // A stream that was begun goes on for ever: its first message is answer enough.
        let status = match self.answer(call, 1).await {
            Some(status) => status,
            None => return self.tally.answer(kind, "a stream"),
        };
        let answer = reason(&status);
        // A whole text has no offsets: what becomes of it has to fit.
        assert!(
            method != Method::WriteFile || !answer.starts_with("OFFSET"),
            "{status:?}"
        );
        self.tally.answer(kind, &answer);
    }

    /// Makes a call; how it ended, or `None` if more than so many messages come.
    pub(super) async fn answer(&mut self, call: ByHand, most: usize) -> Option<Status> {
        let patience = tokio::time::timeout(client::WAIT, async {
            // The server may have closed the connection after the call before.
            let mut answer = match self.line.begin(call.clone()).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.line = Line::open(self.address, self.dialect).await;
                    self.line.begin(call.clone()).await.expect("an answer")
                }
            };
            let stays_open = call.path.ends_with("Collaborate") || call.path.ends_with("Subscribe");
            let mut messages = 0;
            loop {
                match answer.next().await.expect("the answer is readable") {
                    Told::End(status) => return Some(status),
                    Told::Message(_) => messages += 1,
                }
                if stays_open && messages == most {
                    return None;
                }
            }
        });
        let ended = patience.await;
        let ended = ended.unwrap_or_else(|_| panic!("{} is not answered: {:?}", call.path, call.body));
        if ended.is_none() && self.dialect == Dialect::GrpcWeb {
            self.line = Line::open(self.address, self.dialect).await;
        }
        ended
    }
}

/// `OK`, or the reason; every error has one, and none is a defect of the server's.
pub(super) fn reason(status: &Status) -> String {
    if is_ok(status) {
        return "OK".to_owned();
    }
    let reason = client::reason(status);
    assert!(
        !["", "INTERNAL", "ROOM_UNAVAILABLE"].contains(&reason.as_str()),
        "{status:?}"
    );
    reason
}

/// A room's files, and client ids that nobody else has.
fn scene(created: &v1::CreateRoomResponse) -> Scene {
    let room = created.room.as_ref().expect("a room");
    Scene {
        room: room.room_id.clone(),
        files: created.files.iter().map(|file| file.file_id.clone()).collect(),
        paths: created.files.iter().map(|file| file.path.clone()).collect(),
        token: "no token".to_owned(),
        head: room.head_revision,
        clients: vec![9_001, 9_002, 9_003],
    }
}

async fn playground(client: &Client) -> Scene {
    let created = client.create_room(&[("main.txt", "play 😀"), ("src/lib.rs", "")]).await;
    scene(&created.expect("a room"))
}
