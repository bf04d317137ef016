//! Hostile sessions through the doors of the real program, while innocent ones edit the same file.

mod attacker;
mod messages;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem_testkit::both_databases;
use tandem_testkit::client::Door;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::random_edit::random_edit;
use tandem_testkit::steady::{TextWriter, YjsWriter, median};
use tokio::task::JoinSet;

use attacker::{Attacker, Tally};

/// Hostile sessions, half of them at each door.
const SESSIONS: u32 = 6;
/// Hostile updates in all.
const UPDATES: usize = 7_500;
/// As many of them get as far as the gate: the others are refused before, as behind a refused one.
const AT_THE_GATE: usize = 5_000;
/// What the gate, and the document behind it, say of an update.
const GATE: [&str; 9] = [
    "accepted",
    "CARRIAGE_RETURN",
    "CLIENT_ID_FOREIGN",
    "NUL",
    "SPLIT_CHARACTER",
    "UPDATE_CROSSED",
    "UPDATE_GAP",
    "UPDATE_MALFORMED",
    "UPDATE_NOT_TEXT",
];
/// The client id of the innocent Y.Doc, which the hostile updates aim at.
const VICTIM: u32 = 4_711;
/// Edits of each innocent client before the attack, while as many honest sessions as there will be hostile ones write as
/// fast as they get receipts.
const PEACE: usize = 300;
/// By how much the innocents' receipts may take longer when those are hostile.
const FACTOR: u32 = 2;

both_databases! {
    async fn hostile_sessions_harm_neither_the_server_nor_those_who_edit_beside_them(database) {
        let seed = crate::number("TANDEM_SEED").unwrap_or(31);
        eprintln!("seed {seed}");
        let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
        let client = server.client();
        let created = client.create_room(&[("main.txt", "hello 😀é world"), ("other.txt", "")]).await;
        let room = created.expect("a room").room.expect("a room").room_id;
        let mut text = TextWriter::join(&client, Door::Collaborate, &room, "main.txt").await;
        let mut page = YjsWriter::join(&server.client(), Door::Subscribe, &room, "main.txt", VICTIM).await;

        let mut random = SmallRng::seed_from_u64(seed);
        let (mut text_random, mut page_random) = (SmallRng::from_rng(&mut random), SmallRng::from_rng(&mut random));
        let peace = AtomicBool::new(false);
        let neighbours = Neighbours::join(&server, &room, &mut random).await;
        let (by_text, by_page) = tokio::join!(
            edit_text(&mut text, &mut text_random, &peace, PEACE),
            edit_page(&mut page, &mut page_random, &peace, PEACE),
        );
        let before = median([by_text, by_page].concat());
        neighbours.leave().await;

        let mut attackers = JoinSet::new();
        for number in 0..SESSIONS {
            let attacker = Attacker::join(&server, &room, number, SmallRng::from_rng(&mut random)).await;
            attackers.spawn(attacker.attack(UPDATES / SESSIONS as usize));
        }
        let over = Arc::new(AtomicBool::new(false));
        let attack = async {
            let mut tally = Tally::new();
            while let Some(told) = attackers.join_next().await {
                for (what, count) in told.expect("every message was answered") {
                    *tally.entry(what).or_default() += count;
                }
            }
            over.store(true, Ordering::Relaxed);
            tally
        };
        let (tally, by_text, by_page) = tokio::join!(
            attack,
            edit_text(&mut text, &mut text_random, &over, usize::MAX),
            edit_page(&mut page, &mut page_random, &over, usize::MAX),
        );
        let (edits, during) = (by_text.len() + by_page.len(), median([by_text, by_page].concat()));
        let at_the_gate: usize = GATE.iter().filter_map(|what| tally.get(*what)).sum();
        println!(
            "{at_the_gate} hostile updates at the gate, {edits} innocent edits, p50 {before:?} before and {during:?} \
             during: {tally:?}"
        );
        assert!(at_the_gate >= AT_THE_GATE && tally["accepted"] > 300, "the attack was none");

        assert!(server.is_alive());
        for never in ["tandem_panics_total", "tandem_rooms_discarded_total", "tandem_reseeded_total"] {
            assert_eq!(server.metric(never).await, 0.0, "{never}");
        }
        let shown = last_word(&mut text, &mut page).await;
        assert_eq!(client.read_file(&room, "main.txt").await.expect("read").0, shown);
        server.kill();
        server.start_again();
        assert_eq!(server.client().read_file(&room, "main.txt").await.expect("read").0, shown);
        assert!(during <= FACTOR * before, "{during:?} instead of {before:?}");
    }
}

/// Honest sessions, as many as there will be hostile ones.
struct Neighbours {
    writing: JoinSet<()>,
    over: Arc<AtomicBool>,
}

impl Neighbours {
    async fn join(server: &Process, room: &str, random: &mut SmallRng) -> Self {
        let (mut writing, over) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for number in 0..SESSIONS {
            let (client, door) = (server.client(), Door::ALL[number as usize % 2]);
            let mut writer = YjsWriter::join(&client, door, room, "main.txt", 1_000 + number).await;
            let (mut random, over) = (SmallRng::from_rng(random), over.clone());
            writing.spawn(async move {
                edit_page(&mut writer, &mut random, &over, usize::MAX).await;
            });
        }
        Self { writing, over }
    }

    async fn leave(self) {
        self.over.store(true, Ordering::Relaxed);
        self.writing.join_all().await;
    }
}

async fn edit_text(writer: &mut TextWriter, random: &mut SmallRng, over: &AtomicBool, most: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    while took.len() < most && !over.load(Ordering::Relaxed) {
        took.push(writer.edit(|text, unit| random_edit(random, text, unit)).await.0);
    }
    took
}

async fn edit_page(writer: &mut YjsWriter, random: &mut SmallRng, over: &AtomicBool, most: usize) -> Vec<Duration> {
    let mut took = Vec::new();
    while took.len() < most && !over.load(Ordering::Relaxed) {
        let edited = writer.edit(|text, unit| random_edit(random, text, unit)).await;
        took.extend(edited.map(|(time, _)| time));
    }
    took
}

/// Lets the text client say the last word and everybody hear it; the text that both then show.
async fn last_word(text: &mut TextWriter, page: &mut YjsWriter) -> String {
    let last = |_: &_, _| vec![tandem::document::UnitChange::new(0, 0, "the end")];
    let (_, revision) = text.edit(last).await;
    text.see(revision).await;
    page.see(revision).await;
    assert_eq!(page.doc.text(), text.text().to_string());
    assert!(!page.doc.has_missing());
    page.doc.text()
}
