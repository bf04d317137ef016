//! Readers that stop reading, in the real program: they cost the others nothing and the server little, and are up to date
//! soon after they read again.
//!
//! What stops is driven by bytes: each stop is over when so much has been written that every buffer between the server
//! and the reader is full many times over. `TANDEM_STOP_SECONDS` makes one stop last at least that long, with writers
//! that keep a pace.

mod people;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use prost::Message;
use tandem::limits;
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::client::WAIT;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::steady::median;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::garbage::bytes::{self, SETTINGS, WINDOW, frame};
use people::{Reader, Writers};

/// The room's files; every reader has both open.
pub(crate) const FILES: [&str; 2] = ["main.txt", "notes.txt"];
/// What is written before anything is measured: the history that the server keeps of each file is full then.
const WARM_UP: usize = 24 << 20;
/// What is written while everybody reads, and again while some do not.
const PHASE: usize = 20 << 20;
/// What is written while those who stopped are on their way back.
const MEANWHILE: usize = 512 << 10;
/// Each a while with writers only, a while with everybody reading, a stop, and the way back.
const ROUNDS: usize = 2;

/// By how much the others' receipts may take longer.
const FACTOR: f64 = 1.5;
/// By how much the server may grow.
const GROWTH: u64 = 16 << 20;
/// How soon a reader has everything that reads again.
pub(crate) const BACK: Duration = Duration::from_secs(5);

both_databases! {
    async fn readers_that_stop_cost_the_others_nothing_and_the_server_little(database) {
        let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
        let files = FILES.map(|path| (path, ""));
        let created = server.client().create_room(&files).await.expect("a room");
        let room = created.room.expect("a room").room_id;
        let mut writers = Writers::join(&server, &room).await;
        writers.write(WARM_UP, Duration::ZERO).await;

        let stop = crate::number("TANDEM_STOP_SECONDS").map(Duration::from_secs);
        let (mut alone, mut before, mut during) = (Phase::default(), Phase::default(), Phase::default());
        for round in 0..if stop.is_some() { 1 } else { ROUNDS } {
            alone.add(measured(&server, &mut writers, PHASE / 4, None).await);
            let (reads, _) = watch::channel(true);
            let readers = Reader::all(&server, &room, &reads).await;
            let at_first = server.resident_bytes();
            server.forget_peak();
            before.add(measured(&server, &mut writers, PHASE, stop).await);
            let by_edits = server.peak_resident_bytes().saturating_sub(at_first);
            let (held, behind) = (server.resident_bytes(), fallen_behind(&server).await);
            server.forget_peak();
            reads.send_replace(false);
            during.add(measured(&server, &mut writers, PHASE, stop).await);
            let grown = server.peak_resident_bytes().saturating_sub(held);
            let behind = fallen_behind(&server).await - behind;

            reads.send_replace(true);
            let back = Instant::now();
            // On their way back the others go on for a while.
            writers.write(MEANWHILE, Duration::ZERO).await;
            let texts = writers.last_word().await;
            for reader in &readers {
                reader.until(&texts, back + BACK).await;
            }
            println!(
                "round {round}: {} KiB grew by {} KiB ({} KiB while everybody read), {behind} files fell behind, \
                 all were back in {:?}",
                held >> 10,
                grown >> 10,
                by_edits >> 10,
                back.elapsed(),
            );
            println!("nobody reads:    {alone}");
            println!("everybody reads: {before}");
            println!("some do not:     {during}");
            assert!(grown <= GROWTH, "the server grew by {} KiB", grown >> 10);
            assert_eq!(behind, readers.len() * FILES.len(), "the queue of each reader was full, for each file");
            assert!(readers.iter().all(|reader| !reader.task.is_finished()), "a reader's stream ended");
        }
        let factor = during.p50().as_secs_f64() / before.p50().as_secs_f64();
        println!("the p50 of receipts became {factor:.2} times as long");
        assert!(factor <= FACTOR, "the others' receipts took {factor:.2} times as long");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_nobody_reads_is_bounded_and_then_given_up() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let created = server.client().create_room(&FILES.map(|path| (path, ""))).await;
    let room = created.expect("a room").room.expect("a room").room_id;
    let mut writers = Writers::join(&server, &room).await;
    writers.write(WARM_UP, Duration::ZERO).await;
    let streams = server.metric("tandem_streams_open").await;
    let mut stalled = TcpStream::connect(server.address()).await.expect("the server accepts");
    stalled.write_all(&greedy(server.address(), &room)).await.expect("sent");
    let open = async |more: f64| {
        while server.metric("tandem_streams_open").await != streams + more {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(WAIT, open(1.0)).await.expect("it joins");

    let (held, begun) = (server.resident_bytes(), Instant::now());
    server.forget_peak();
    writers.write(2 * PHASE, Duration::ZERO).await;
    let grown = server.peak_resident_bytes().saturating_sub(held);
    let behind = fallen_behind(&server).await;
    println!(
        "{} KiB grew by {} KiB, {behind} files fell behind",
        held >> 10,
        grown >> 10
    );
    assert!(grown <= GROWTH && behind == FILES.len());
    let patience = limits::PING_AFTER + limits::PING_ANSWER + WAIT;
    let given_up = tokio::time::timeout(patience, open(0.0)).await;
    assert!(given_up.is_ok(), "the connection is still open");
    println!("given up after {:?}", begun.elapsed());
}

/// A connection that grants the server every window there is and subscribes, as bytes.
fn greedy(address: SocketAddr, room: &str) -> Vec<u8> {
    let open = FILES.map(|path| v1::Open {
        file: Some(v1::open::File::Path(path.to_owned())),
        ..Default::default()
    });
    let join = v1::Join {
        room: room.to_owned(),
        open: open.into(),
        ..Default::default()
    };
    let message = v1::SubscribeRequest { join: Some(join) }.encode_to_vec();
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let body = [&[0], &length[..], &message].concat();
    bytes::http2(
        &[
            frame(SETTINGS, 0, 0, &[0, 4, 0x7f, 0xff, 0xff, 0xff]),
            frame(WINDOW, 0, 0, &[0x7f, 0xff, 0, 0]),
            bytes::call(address, "/tandem.v1.CollaborationService/Subscribe", 1),
            frame(bytes::DATA, bytes::END_STREAM, 1, &body),
        ]
        .concat(),
    )
}

/// How many files some reader missed something of so far.
pub(crate) async fn fallen_behind(server: &Process) -> usize {
    server.metric("tandem_streams_behind_total").await as usize
}

/// What was measured while something was written.
#[derive(Default)]
struct Phase {
    took: Vec<Duration>,
    bytes: usize,
    seconds: f64,
    cpu_seconds: f64,
}

impl Phase {
    fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.bytes += other.bytes;
        self.seconds += other.seconds;
        self.cpu_seconds += other.cpu_seconds;
    }

    fn p50(&self) -> Duration {
        median(self.took.clone())
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} edits, {} MiB in {:.1} s, p50 {:?}, {:.0} µs of server CPU an edit",
            self.took.len(),
            self.bytes >> 20,
            self.seconds,
            self.p50(),
            self.cpu_seconds * 1e6 / self.took.len() as f64,
        )
    }
}

async fn measured(server: &Process, writers: &mut Writers, bytes: usize, least: Option<Duration>) -> Phase {
    let (begun, cpu) = (Instant::now(), server.cpu_seconds());
    let (took, bytes) = writers.write(bytes, least.unwrap_or_default()).await;
    Phase {
        took,
        bytes,
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: server.cpu_seconds() - cpu,
    }
}
