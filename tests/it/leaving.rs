//! The program is told to leave while a hundred streams are open: everybody hears it, and nothing is lost.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use prost::Message;
use tandem::document::{Unit, UnitChange};
use tandem::id::{OpId, Revision};
use tandem::rpc::proto::v1::{self, ReceiptState};
use tandem_testkit::both_databases;
use tandem_testkit::client::{self, Client, Door, TextSession, WAIT};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::Code;
use tonic::transport::Endpoint;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

const ROOMS: usize = 4;
const STREAMS: usize = 100;
/// Streams on one connection.
const SHARED_BY: usize = 10;
/// What one edit replaces, in bytes.
const PIECE: usize = 4 << 10;
/// How many edits of each room come before the signal: far more than a stream takes that nobody reads.
const EDITS: usize = 250;
/// What the client of a stream that nobody reads takes of it, in bytes.
const WINDOW: u32 = 64 << 10;

both_databases! {
    async fn a_hundred_streams_hear_that_the_program_leaves_and_it_ends_by_itself(database) {
        let left = leave(&database, 20, false).await;
        println!("ended {left:?} after the signal");
        assert!(left < Duration::from_secs(5), "somebody was waited for: {left:?}");
    }

    async fn a_client_that_never_reads_again_does_not_hold_the_program_longer_than_the_grace_time(database) {
        let left = leave(&database, 4, true).await;
        println!("ended {left:?} after the signal");
        assert!(left <= Duration::from_secs(4), "{left:?}");
    }
}

/// Fills a server with streams and tells it to leave; how long it took.
async fn leave(database: &TestDatabase, grace: u64, stubborn: bool) -> Duration {
    let grace_argument = grace.to_string();
    let arguments = ["--grace-seconds", grace_argument.as_str()];
    let mut server = Process::start_with(env!("CARGO_BIN_EXE_tandem"), Place::of(database), &arguments);
    let crowd = Crowd::gather(&server, stubborn).await;
    let mut others = Others::come(&server, &crowd.rooms[0]).await;
    crowd.wait_for_edits().await;

    let told = Instant::now();
    server.terminate();
    others.hear_that_it_leaves().await;
    crowd.leaving.send_replace(true);
    let streams = crowd.ends().await;
    println!(
        "the last of {} streams ended {:?} after the signal",
        streams.len(),
        told.elapsed()
    );
    others.end().await;
    let status = server.wait(Duration::from_secs(grace) + WAIT).await.expect("it ends");
    let left = told.elapsed();
    assert_eq!(status.code(), Some(0), "{status:?}");

    let mut receipts = 0;
    for stream in &streams {
        stream.check();
        receipts += stream.session.seen.receipts.len();
    }
    let writers = streams.iter().filter(|stream| stream.part == Part::Writes);
    println!("{receipts} receipts of {} writers", writers.count());
    assert!(receipts >= ROOMS * EDITS);
    check_log(database, &streams).await;
    server.start_again();
    check_resumed(&server, streams).await;
    left
}

/// What somebody does on their stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Writes,
    Reads,
    /// Stops reading after the file has opened, until the server leaves.
    Stops,
    /// Never reads again.
    Sulks,
}

/// A stream, and who has it. They never close it, nor its connection.
struct Stream {
    session: TextSession,
    room: String,
    part: Part,
}

impl Stream {
    /// Everybody who reads is told the same: come back in a while.
    fn check(&self) {
        if self.part == Part::Sulks {
            return;
        }
        let goodbye = self.session.seen.goodbye.as_ref();
        let goodbye = goodbye.unwrap_or_else(|| panic!("{:?} got no goodbye: {:?}", self.part, self.session.ended));
        let error = goodbye.error.as_ref().expect("a goodbye has a reason");
        assert_eq!(client::reason_of(error), "SHUTTING_DOWN");
        let delay = goodbye.retry_delay.as_ref().expect("a delay");
        assert!(delay.seconds > 0 || delay.nanos > 0, "{delay:?}");
        let ended = self.session.ended.clone().expect("it has ended");
        let status = ended.expect_err("with an error");
        assert_eq!(
            (status.code(), client::reason(&status)),
            (Code::Unavailable, "SHUTTING_DOWN".to_owned())
        );
        for receipt in self.session.seen.receipts.values() {
            assert_eq!(receipt.state(), ReceiptState::Committed, "{receipt:?}");
        }
        assert!(self.session.seen.contradictions.is_empty());
    }
}

/// A hundred people on their streams, at both doors, in several rooms.
struct Crowd {
    rooms: Vec<String>,
    edits: Vec<Arc<AtomicUsize>>,
    streams: JoinSet<Stream>,
    leaving: watch::Sender<bool>,
    /// Those that never read again.
    sulking: Vec<Stream>,
}

impl Crowd {
    async fn gather(server: &Process, stubborn: bool) -> Self {
        let client = server.client();
        let mut rooms = Vec::new();
        for _ in 0..ROOMS {
            let created = client.create_room(&[("main.txt", "")]).await.expect("a room");
            rooms.push(created.room.expect("a room").room_id);
        }
        let (leaving, _) = watch::channel(false);
        let mut crowd = Self {
            rooms,
            edits: (0..ROOMS).map(|_| Arc::default()).collect(),
            streams: JoinSet::new(),
            leaving,
            sulking: Vec::new(),
        };
        // Those who write come last, so that all others have their file open when it fills.
        let parts = [
            (Part::Stops, STREAMS / 5),
            (Part::Reads, STREAMS * 3 / 5),
            (Part::Writes, STREAMS / 5),
        ];
        for (part, count) in parts {
            let mut shared = client.clone();
            for number in 0..count {
                let part = if stubborn && part == Part::Stops && number < SHARED_BY {
                    Part::Sulks
                } else {
                    part
                };
                if number % SHARED_BY == 0 {
                    shared = connection(server.address(), part);
                }
                crowd.join(&shared, part, number).await;
            }
        }
        crowd
    }

    async fn join(&mut self, client: &Client, part: Part, number: usize) {
        let (door, at) = (Door::ALL[number % 2], number / 2 % ROOMS);
        let room = self.rooms[at].clone();
        let joined = TextSession::join(client, door, &room, "Somebody", Unit::CodePoint).await;
        let mut session = joined.expect("joined");
        session.open("main.txt").await.expect("opened");
        let stream = Stream { session, room, part };
        let (edits, leaving) = (self.edits[at].clone(), self.leaving.subscribe());
        match part {
            Part::Sulks => self.sulking.push(stream),
            Part::Writes => drop(self.streams.spawn(write(stream, edits))),
            Part::Reads | Part::Stops => drop(self.streams.spawn(read(stream, leaving))),
        }
    }

    async fn wait_for_edits(&self) {
        let there = async {
            while self.edits.iter().any(|edits| edits.load(Ordering::Relaxed) < EDITS) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(3 * WAIT, there).await.expect("everybody edits");
    }

    /// Waits until all streams have ended that somebody reads.
    async fn ends(mut self) -> Vec<Stream> {
        let mut all = tokio::time::timeout(WAIT, self.streams.join_all())
            .await
            .expect("the streams end");
        all.append(&mut self.sulking);
        assert_eq!(all.len(), STREAMS);
        all
    }
}

/// A connection. That of those who don't read has a small window, so that it is full soon.
fn connection(address: SocketAddr, part: Part) -> Client {
    let mut endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address is a URL");
    if matches!(part, Part::Stops | Part::Sulks) {
        endpoint = endpoint.initial_stream_window_size(WINDOW);
    }
    Client::over(endpoint.tcp_nodelay(true).connect_lazy())
}

/// Edits until the stream ends, one edit after the other's receipt.
async fn write(mut stream: Stream, edits: Arc<AtomicUsize>) -> Stream {
    let session = &mut stream.session;
    let file = session.seen.file_id("main.txt").expect("it is open").to_owned();
    while session.ended.is_none() {
        let length = u32::try_from(session.seen.open[&file].text.len_chars()).expect("short");
        let delete = length.min(PIECE as u32);
        let change = UnitChange::new(length - delete, delete, "y".repeat(PIECE));
        let Ok(op_id) = session.edit(&file, vec![change]).await else {
            // The way up is closed already; what comes down says why.
            let _end = session.end().await;
            break;
        };
        while !session.seen.receipts.contains_key(&op_id) && session.step().await.is_some() {}
        edits.fetch_add(1, Ordering::Relaxed);
    }
    stream
}

/// Reads to the end: at once, or when the server leaves.
async fn read(mut stream: Stream, mut leaving: watch::Receiver<bool>) -> Stream {
    if stream.part == Part::Stops {
        leaving.wait_for(|leaving| *leaving).await.expect("the test goes on");
    }
    while stream.session.step().await.is_some() {}
    stream
}

/// Whoever else has a connection: a health watcher, somebody who never joined, a page over HTTP/1.1, an idle one.
struct Others {
    health: tonic::Streaming<tonic_health::pb::HealthCheckResponse>,
    unjoined: tonic::Streaming<v1::CollaborateResponse>,
    /// Kept, so that the way up of the one who never joins stays open.
    _up: tokio::sync::mpsc::Sender<v1::CollaborateRequest>,
    page: TcpStream,
    _idle: Client,
}

impl Others {
    async fn come(server: &Process, room: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address())).expect("an address is a URL");
        let channel = endpoint.connect().await.expect("the server accepts");
        let watch = HealthClient::new(channel).watch(HealthCheckRequest::default()).await;
        let mut health = watch.expect("Watch").into_inner();
        let first = health.message().await.expect("a state").expect("the first state");
        assert_eq!(first.status(), ServingStatus::Serving);

        let (up, requests) = tokio::sync::mpsc::channel(1);
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        let unjoined = server.client().collaboration().collaborate(requests).await;
        let idle = server.client();
        idle.read_file(room, "main.txt").await.expect("read");
        Self {
            health,
            unjoined: unjoined.expect("a stream").into_inner(),
            _up: up,
            page: subscribe(server.address(), room).await,
            _idle: idle,
        }
    }

    async fn hear_that_it_leaves(&mut self) {
        let second = tokio::time::timeout(WAIT, self.health.message())
            .await
            .expect("in time");
        let second = second.expect("a state").expect("the second state");
        assert_eq!(second.status(), ServingStatus::NotServing);
        let end = tokio::time::timeout(WAIT, self.health.message())
            .await
            .expect("in time");
        assert_eq!(end.expect_err("Watch ends").code(), Code::Unavailable);
    }

    async fn end(&mut self) {
        let end = tokio::time::timeout(WAIT, self.unjoined.message())
            .await
            .expect("in time");
        let status = end.expect_err("there is nothing to tell");
        assert_eq!(
            (status.code(), client::reason(&status)),
            (Code::Unavailable, "SHUTTING_DOWN".to_owned())
        );
        let mut told = Vec::new();
        let read = tokio::time::timeout(WAIT, self.page.read_to_end(&mut told)).await;
        read.expect("in time").expect("the page reads to the end");
        let told = String::from_utf8_lossy(&told);
        assert!(
            told.starts_with("HTTP/1.1 200") && told.contains("grpc-status:14"),
            "{told}"
        );
    }
}

/// Subscribes over gRPC-Web and HTTP/1.1.
async fn subscribe(address: SocketAddr, room: &str) -> TcpStream {
    let join = v1::Join {
        room: room.to_owned(),
        ..Default::default()
    };
    let message = v1::SubscribeRequest { join: Some(join) }.encode_to_vec();
    let length = u32::try_from(message.len()).expect("short").to_be_bytes();
    let head = format!(
        "POST /tandem.v1.CollaborationService/Subscribe HTTP/1.1\r\nHost: {address}\r\n\
         Content-Type: application/grpc-web+proto\r\nContent-Length: {}\r\n\r\n",
        message.len() + 5
    );
    let mut page = TcpStream::connect(address).await.expect("the server accepts");
    let request = [head.as_bytes(), &[0], &length, &message].concat();
    page.write_all(&request).await.expect("the server reads");
    page
}

/// Every receipt that anybody got stands in the log.
async fn check_log(database: &TestDatabase, streams: &[Stream]) {
    let mut rooms: Vec<&str> = streams.iter().map(|stream| stream.room.as_str()).collect();
    rooms.sort_unstable();
    rooms.dedup();
    for room in rooms {
        let log = tandem_testkit::log::read(database, room).await;
        for stream in streams.iter().filter(|stream| stream.room == room) {
            for receipt in stream.session.seen.receipts.values() {
                let row = log.get(usize::try_from(receipt.revision).expect("small") - 1);
                let row = row.unwrap_or_else(|| panic!("acknowledged and lost: {receipt:?}"));
                assert_eq!(
                    (row.revision, row.op_id),
                    (Revision(receipt.revision), OpId(receipt.op_id))
                );
            }
        }
    }
}

/// Those who wrote come back to a server that knows all their receipts, and the text is the log's.
async fn check_resumed(server: &Process, streams: Vec<Stream>) {
    let client = server.client();
    let mut texts = Vec::new();
    for mut stream in streams.into_iter().filter(|stream| stream.part == Part::Writes) {
        stream.session.move_to(&client);
        stream.session.resume().await.expect("resumed");
        let newest = stream.session.seen.receipts.keys().max().copied().unwrap_or_default();
        assert!(stream.session.seen.joined.committed_op_id >= newest);
        texts.push(stream);
    }
    for mut stream in texts {
        // An edit without a receipt was sent again.
        let sent = stream.session.next_op_id() - 1;
        if sent > 0 {
            assert_eq!(stream.session.receipt(sent).await.state(), ReceiptState::Committed);
        }
    }
}
