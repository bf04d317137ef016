//! Mutated messages of every call, lying frames and hostile updates through both doors of the real program, while innocent
//! people write and read in the same room.
//!
//! `TANDEM_HOSTILE_MESSAGES` says how many; the suite sends a few thousand.

mod mallory;
mod sessions;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::by_hand::Dialect;
use tandem_testkit::client::{Client, Door};
use tandem_testkit::process::{Place, Process};
use tandem_testkit::steady::{TextWriter, YjsWriter, median};
use tokio::task::JoinSet;

use super::attacker::Attacker;
use super::{PEACE, SESSIONS, VICTIM, edit_page, edit_text, last_word};
use mallory::{Mallory, Tally};

/// Messages in all, where nobody asks for more.
const MESSAGES: u64 = 3_000;
/// What of them are hostile updates, whole and by sessions that know what became of those before, in a hundred.
const UPDATES: u64 = 30;
/// Those who send the others, of each kind over each dialect.
const HANDS: usize = 3;
/// What they send, in a hundred.
const CALLS: u64 = 25;
const FRAMES: u64 = 5;
const STREAMED: u64 = 40;
/// What the program may hold more than before, in bytes: caches and histories that are bounded, however many messages
/// come.
const GROWTH: u64 = 512 << 20;

both_databases! {
    async fn mutated_messages_of_every_call_harm_neither_the_server_nor_those_beside_them(database) {
        let seed = crate::number("TANDEM_SEED").unwrap_or(47);
        let messages = crate::number("TANDEM_HOSTILE_MESSAGES").unwrap_or(MESSAGES);
        eprintln!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
        let client = server.client();
        let created = client.create_room(&[("main.txt", "hello 😀é world"), ("other.txt", "")]).await.expect("a room");
        let room = created.room.as_ref().expect("a room").room_id.clone();
        let mut people = People::join(&server, &room, &mut random).await;
        let before = median(people.write(PEACE, &AtomicBool::new(false)).await);
        let (held, begun) = (server.resident_bytes(), Instant::now());

        let over = AtomicBool::new(false);
        let attack = async {
            let tally = attack(&server, &created, messages, &mut random).await;
            over.store(true, Ordering::Relaxed);
            tally
        };
        let (tally, receipts) = tokio::join!(attack, people.write(usize::MAX, &over));
        let (took, edits) = (begun.elapsed(), receipts.len());
        println!("{tally}");
        println!(
            "{} hostile messages in {took:?}; {edits} innocent edits, p50 {before:?} before and {:?} during",
            tally.messages(),
            median(receipts)
        );
        let (end, peak) = (server.resident_bytes(), server.peak_resident_bytes());
        println!("the program holds {} MiB before, {} MiB after, {} MiB at most", held >> 20, end >> 20, peak >> 20);

        assert!(tally.messages() >= messages, "the attack was none");
        assert!(server.is_alive());
        assert!(peak < held + GROWTH, "{peak} bytes instead of {held}");
        for never in ["tandem_panics_total", "tandem_rooms_discarded_total", "tandem_reseeded_total"] {
            assert_eq!(server.metric(never).await, 0.0, "{never}");
        }
        let shown = people.last_word().await;
        assert_eq!(client.read_file(&room, "main.txt").await.expect("read").0, shown);
        let paths = paths(&client, &room).await;
        for (one, other) in paths.iter().flat_map(|one| paths.iter().map(move |other| (one, other))) {
            assert!(one == other || live_together(one, other), "{one:?} and {other:?}");
        }
        server.kill();
        server.start_again();
        let client = server.client();
        assert_eq!(client.read_file(&room, "main.txt").await.expect("read").0, shown);
        assert_eq!(self::paths(&client, &room).await, paths);
    }
}

/// Everything at once; what became of it.
async fn attack(server: &Process, created: &v1::CreateRoomResponse, messages: u64, random: &mut SmallRng) -> Tally {
    let room = created.room.as_ref().expect("a room").room_id.as_str();
    let share = move |of_hundred: u64, by: u64| (messages * of_hundred / 100).div_ceil(by);
    let mut at_work = JoinSet::new();
    for number in 0..SESSIONS {
        let attacker = Attacker::join(server, room, number, SmallRng::from_rng(random)).await;
        let updates = usize::try_from(share(UPDATES, SESSIONS.into())).expect("a number");
        at_work.spawn(async move { Tally::of("Yjs updates", attacker.attack(updates).await) });
    }
    for dialect in Dialect::ALL.repeat(HANDS) {
        let by = 2 * HANDS as u64;
        let mut mallory = async || Mallory::new(server, created, dialect, SmallRng::from_rng(random)).await;
        at_work.spawn(mallory().await.calls(share(CALLS, by)));
        at_work.spawn(mallory().await.frames(share(FRAMES, by)));
        let mallory = mallory().await;
        at_work.spawn(async move {
            match dialect {
                Dialect::Grpc => mallory.collaborates(share(STREAMED, by)).await,
                Dialect::GrpcWeb => mallory.publishes(share(STREAMED, by)).await,
            }
        });
    }
    let mut all = Tally::default();
    while let Some(tally) = at_work.join_next().await {
        all.add(tally.expect("every message was answered"));
    }
    all
}

/// Those who only want to work.
struct People {
    text: TextWriter,
    page: YjsWriter,
    /// Never writes.
    reader: TextWriter,
    random: [SmallRng; 2],
}

impl People {
    async fn join(server: &Process, room: &str, random: &mut SmallRng) -> Self {
        Self {
            text: TextWriter::join(&server.client(), Door::Collaborate, room, "main.txt").await,
            page: YjsWriter::join(&server.client(), Door::Subscribe, room, "main.txt", VICTIM).await,
            reader: TextWriter::join(&server.client(), Door::Subscribe, room, "main.txt").await,
            random: [0, 1].map(|_| SmallRng::from_rng(random)),
        }
    }

    /// Each writes so many edits, or until it is over; how long the receipts took.
    async fn write(&mut self, most: usize, over: &AtomicBool) -> Vec<std::time::Duration> {
        let Self {
            text,
            page,
            reader,
            random,
        } = self;
        let [text_random, page_random] = random;
        let written = Arc::new(AtomicBool::new(false));
        let writing = async {
            let times = tokio::join!(
                edit_text(text, text_random, over, most),
                edit_page(page, page_random, over, most)
            );
            written.store(true, Ordering::Relaxed);
            times
        };
        let reading = async {
            while !written.load(Ordering::Relaxed) {
                assert!(reader.session.step().await.is_some(), "{:?}", reader.session.ended);
            }
        };
        let ((by_text, by_page), ()) = tokio::join!(writing, reading);
        [by_text, by_page].concat()
    }

    /// The text that all of them show in the end.
    async fn last_word(&mut self) -> String {
        let shown = last_word(&mut self.text, &mut self.page).await;
        let (_, revision) = self
            .text
            .edit(|_, _| vec![tandem::document::UnitChange::new(0, 0, "!")])
            .await;
        self.page.see(revision).await;
        self.reader.see(revision).await;
        let shown = format!("!{shown}");
        assert_eq!(self.reader.text(), shown.as_str());
        assert_eq!(self.page.doc.text(), shown);
        shown
    }
}

/// The room's living files.
async fn paths(client: &Client, room: &str) -> Vec<String> {
    let request = v1::ListFilesRequest {
        room: room.to_owned(),
        page_size: 200,
        ..Default::default()
    };
    let listed = client.files().list_files(request).await.expect("listed").into_inner();
    assert!(listed.next_page_token.is_empty(), "no room has more files");
    listed.files.into_iter().map(|file| file.path).collect()
}

/// Whether a disk that does not tell upper from lower case can hold both: where their names begin to differ, they do so in
/// more than case, and neither ends before.
fn live_together(one: &str, other: &str) -> bool {
    let fold = |part: &str| part.to_uppercase().to_lowercase();
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    loop {
        match (one.next(), other.next()) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => return fold(a) != fold(b),
            _ => return false,
        }
    }
}
