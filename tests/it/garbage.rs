//! Bytes that are no protocol of ours, at the port of the real program: it answers or closes, and nobody else notices.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem_testkit::client::{self, Door, WAIT};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::random_edit::random_edit;
use tandem_testkit::steady::{TextWriter, YjsWriter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::{Code, Status};

/// How long a peer that was sent nonsense waits for the end before it says that nothing more comes.
const PATIENCE: Duration = Duration::from_millis(500);
/// Connections at once.
const AT_ONCE: usize = 64;
/// Connections of the two who edit.
const INNOCENT: f64 = 2.0;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const METHODS: [&str; 6] = [
    "/tandem.v1.CollaborationService/Collaborate",
    "/tandem.v1.CollaborationService/Subscribe",
    "/tandem.v1.CollaborationService/Publish",
    "/tandem.v1.FileService/WriteFile",
    "/tandem.v1.AutocompleteService/Autocomplete",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_at_the_port_is_answered_or_closed_and_harms_nobody() {
    let seed = crate::number("TANDEM_SEED").unwrap_or(17);
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let database = TestDatabase::sqlite();
    let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let client = server.client();
    let room = client.create_room(&[("main.txt", "")]).await.expect("a room");
    let room = room.room.expect("a room").room_id;
    let mut text = TextWriter::join(&client, Door::Collaborate, &room, "main.txt").await;
    let mut page = YjsWriter::join(&server.client(), Door::Subscribe, &room, "main.txt", 9).await;

    let over = AtomicBool::new(false);
    let (mut text_random, mut page_random) = (SmallRng::from_rng(&mut random), SmallRng::from_rng(&mut random));
    let by_text = async {
        while !over.load(Ordering::Relaxed) {
            text.edit(|text, unit| random_edit(&mut text_random, text, unit)).await;
        }
    };
    let by_page = async {
        while !over.load(Ordering::Relaxed) {
            page.edit(|text, unit| random_edit(&mut page_random, text, unit)).await;
        }
    };
    let address = server.address();
    let throwing = async {
        let cases = cases(&mut random, address);
        let (thrown, begun) = (cases.len(), Instant::now());
        let each = cases.into_iter().map(|case| throw(address, case));
        futures_util::stream::iter(each)
            .buffer_unordered(AT_ONCE)
            .collect::<Vec<()>>()
            .await;
        let bodies = bodies(&mut random);
        for method in METHODS {
            for (what, body) in &bodies {
                lie(address, method, what, body.clone()).await;
            }
        }
        println!(
            "{thrown} connections and {} calls of garbage in {:?}",
            METHODS.len() * bodies.len(),
            begun.elapsed()
        );
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(by_text, by_page, throwing);

    assert!(server.is_alive());
    // The page with the metrics comes over one of them.
    let gone = async {
        while server.metric("tandem_connections").await > INNOCENT + 1.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(timeout(WAIT, gone).await.is_ok(), "a connection of garbage stays open");
    assert_eq!(server.metric("tandem_panics_total").await, 0.0);
    assert_eq!(server.metric("tandem_streams_open").await, 2.0);
    let last = |_: &_, _| vec![tandem::document::UnitChange::new(0, 0, "the end")];
    let (_, revision) = text.edit(last).await;
    text.see(revision).await;
    page.see(revision).await;
    assert_eq!(page.doc.text(), text.text().to_string());
    assert_eq!(
        client.read_file(&room, "main.txt").await.expect("read").0,
        page.doc.text()
    );
}

/// What one connection brings.
struct Case {
    what: String,
    bytes: Vec<u8>,
    /// It hangs up without waiting for anything.
    hangs_up: bool,
}

/// Sends a case. The server has to end the connection: at once, or when it hears that nothing more comes.
async fn throw(address: SocketAddr, case: Case) {
    let what = case.what;
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let (mut down, mut up) = stream.into_split();
    let read_to_end = async {
        let (mut buffer, mut answered) = (vec![0; 64 << 10], 0);
        // An end by force is an end too.
        while let Ok(count @ 1..) = down.read(&mut buffer).await {
            answered += count;
        }
        answered
    };
    tokio::pin!(read_to_end);
    let whole = timeout(WAIT, async {
        // The server may close before it has read everything.
        tokio::select! {
            _sent = up.write_all(&case.bytes) => {}
            _ended = &mut read_to_end => return,
        }
        if case.hangs_up || timeout(PATIENCE, &mut read_to_end).await.is_ok() {
            return;
        }
        let _closed = up.shutdown().await;
        read_to_end.await;
    });
    assert!(whole.await.is_ok(), "{what}: the connection is still open");
}

fn cases(random: &mut SmallRng, address: SocketAddr) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |what: String, bytes: Vec<u8>| {
        for hangs_up in [false, true] {
            all.push(Case {
                what: what.clone(),
                bytes: bytes.clone(),
                hangs_up,
            });
        }
    };
    add("nothing".to_owned(), Vec::new());
    for length in [1, 8, 16, 23] {
        add(format!("{length} bytes of a preface"), PREFACE[..length].to_vec());
    }
    for number in 0..60 {
        add(format!("noise {number}"), noise(random, 2_000));
        add(
            format!("noise {number} behind a preface"),
            [PREFACE, &noise(random, 2_000)].concat(),
        );
        let frames: Vec<u8> = (0..random.random_range(1..20))
            .flat_map(|_| any_frame(random))
            .collect();
        add(format!("frames of nonsense {number}"), http2(&frames));
    }
    for (what, frames) in nonsense(address) {
        add(what.to_owned(), http2(&frames));
    }
    for (what, text) in http1(address) {
        add(what.to_owned(), text);
    }
    all
}

fn noise(random: &mut SmallRng, most: usize) -> Vec<u8> {
    (0..random.random_range(1..most)).map(|_| random.random()).collect()
}

/// A frame whose length at least is right, mostly.
fn any_frame(random: &mut SmallRng) -> Vec<u8> {
    let payload = noise(random, 60);
    let stream = [0, 1, 2, 3, u32::MAX][random.random_range(0..5)];
    let mut frame = frame(random.random_range(0..12), random.random(), stream, &payload);
    if random.random_range(0..10) == 0 {
        frame[0] = 0xff;
    }
    frame
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("small").to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [head.as_slice(), payload].concat()
}

fn http2(frames: &[u8]) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[]), frames].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A call's headers, each as a literal.
fn call(address: SocketAddr, method: &str, stream: u32) -> Vec<u8> {
    let address = address.to_string();
    let headers = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", address.as_str()),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ];
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).expect("short"));
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

fn nonsense(address: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let collaborate = |stream| call(address, METHODS[0], stream);
    let half = [&[0, 0, 0, 0, 99][..], b"half"].concat();
    let resets = (0..2_000_u32).flat_map(|at| [collaborate(2 * at + 1), frame(RESET, 0, 2 * at + 1, &[0, 0, 0, 8])]);
    let endless = std::iter::once(frame(HEADERS, 0, 1, &[0x82]))
        .chain((0..5_000).map(|_| frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b")));
    vec![
        ("data of no stream", frame(DATA, 0, 0, b"x")),
        ("data of an idle stream", frame(DATA, 0, 1, b"x")),
        (
            "headers that are no headers",
            frame(HEADERS, END_HEADERS, 1, &[0xff; 40]),
        ),
        ("headers of no stream", frame(HEADERS, END_HEADERS, 0, &[0x82])),
        ("headers of an even stream", frame(HEADERS, END_HEADERS, 2, &[0x82])),
        (
            "headers without a method",
            frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x00\x01a\x01b"),
        ),
        (
            "a continuation of nothing",
            frame(CONTINUATION, END_HEADERS, 1, &[0x82]),
        ),
        (
            "something between headers",
            [frame(HEADERS, 0, 1, &[0x82]), frame(PING, 0, 0, &[0; 8])].concat(),
        ),
        ("endless headers", endless.flatten().collect()),
        (
            "a stream that depends on itself",
            frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0]),
        ),
        ("a reset of an idle stream", frame(RESET, 0, 7, &[0; 4])),
        ("a push from a client", frame(PUSH, END_HEADERS, 1, &[0, 0, 0, 2, 0x82])),
        ("settings of five bytes", frame(SETTINGS, 0, 0, &[0; 5])),
        (
            "a window setting out of range",
            frame(SETTINGS, 0, 0, &[0, 4, 0xff, 0xff, 0xff, 0xff]),
        ),
        ("a frame size of nothing", frame(SETTINGS, 0, 0, &[0, 5, 0, 0, 0, 0])),
        ("settings without end", frame(SETTINGS, 0, 0, &[]).repeat(10_000)),
        ("pings without end", frame(PING, 0, 0, &[7; 8]).repeat(10_000)),
        (
            "empty data without end",
            [collaborate(1), frame(DATA, 0, 1, &[]).repeat(20_000)].concat(),
        ),
        ("calls and resets without end", resets.flatten().collect()),
        ("a ping of three bytes", frame(PING, 0, 0, &[0; 3])),
        ("a goodbye", frame(GOAWAY, 0, 0, &[0; 8])),
        ("a window that grows by nothing", frame(WINDOW, 0, 0, &[0; 4])),
        (
            "a window beyond all bounds",
            frame(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2),
        ),
        ("a frame larger than agreed", frame(DATA, 0, 1, &[0; 70_000])),
        ("a frame of no kind", frame(99, 0xff, 1, b"what")),
        ("a call that sends nothing", collaborate(1)),
        (
            "a call cut in mid-message",
            [collaborate(1), frame(DATA, 0, 1, &half)].concat(),
        ),
        (
            "a call that ends in mid-message",
            [collaborate(1), frame(DATA, END_STREAM, 1, &half)].concat(),
        ),
        (
            "a call reset in mid-message",
            [
                collaborate(1),
                frame(DATA, 0, 1, &half),
                frame(RESET, 0, 1, &[0, 0, 0, 8]),
            ]
            .concat(),
        ),
        ("half a frame", collaborate(1)[..20].to_vec()),
    ]
}

fn http1(address: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let web = |body: &[u8], headers: &str| {
        let method = METHODS[1];
        let head = format!(
            "POST {method} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/grpc-web+proto\r\n{headers}\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    let page = |rest: &str| format!("GET / HTTP/1.1\r\nHost: {address}\r\n{rest}").into_bytes();
    vec![
        ("half a request line", b"GET /heal".to_vec()),
        ("a request line of nonsense", b"\x01\x02 \x03 HTTP/9.9\r\n\r\n".to_vec()),
        ("a header without a name", page(": x\r\n\r\n")),
        ("a header with a zero byte", page("a: \0\r\n\r\n")),
        ("headers without end", page(&"a: b\r\n".repeat(50_000))),
        ("one header without end", page(&format!("a: {}", "x".repeat(1 << 20)))),
        ("a length of nonsense", web(b"", "Content-Length: -1")),
        ("two lengths", web(b"xxxxx", "Content-Length: 5\r\nContent-Length: 6")),
        ("a body shorter than said", web(&[0; 5], "Content-Length: 500")),
        (
            "a message shorter than said",
            web(&[0, 0, 0, 0, 99, 1, 2], "Content-Length: 7"),
        ),
        (
            "a message larger than any",
            web(&[0, 0xff, 0xff, 0xff, 0xff], "Content-Length: 5"),
        ),
        (
            "a message of nonsense",
            web(&[0, 0, 0, 0, 3, 0xff, 0xff, 0xff], "Content-Length: 8"),
        ),
        ("chunks of nonsense", web(b"zzz\r\n\r\n", "Transfer-Encoding: chunked")),
        (
            "a chunk beyond all bounds",
            web(b"ffffffffffffffff\r\nx", "Transfer-Encoding: chunked"),
        ),
    ]
}

/// Bodies of a call that are not its messages.
fn bodies(random: &mut SmallRng) -> Vec<(String, Vec<u8>)> {
    let message = |flag: u8, length: u32, bytes: &[u8]| [&[flag], &length.to_be_bytes()[..], bytes].concat();
    let mut all = vec![
        ("half a head".to_owned(), vec![0, 0, 0]),
        ("a length that lies by little".to_owned(), message(0, 11, b"0123456789")),
        (
            "a length that lies by much".to_owned(),
            message(0, u32::MAX, b"0123456789"),
        ),
        ("a length below the truth".to_owned(), message(0, 1, &[0xff; 10])),
        ("compressed by nobody".to_owned(), message(1, 4, b"zzzz")),
        ("a flag that nobody knows".to_owned(), message(77, 4, b"zzzz")),
        ("a message of nonsense".to_owned(), message(0, 4, &[0xff; 4])),
        (
            "a field longer than its message".to_owned(),
            message(0, 3, &[0x0a, 0x7f, 0x01]),
        ),
        ("groups in groups".to_owned(), message(0, 50_000, &vec![0x0b; 50_000])),
    ];
    for number in 0..10 {
        let bytes = noise(random, 300);
        let length = u32::try_from(bytes.len()).expect("short");
        all.push((format!("a message of noise {number}"), message(0, length, &bytes)));
    }
    all
}

/// Makes a call with such a body: it ends with a status of ours, and the connection goes on.
async fn lie(address: SocketAddr, method: &str, what: &str, body: Vec<u8>) {
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (mut requests, connection) = handshake.expect("the server speaks HTTP/2");
    let connection = tokio::spawn(connection);
    let request = |body: Vec<u8>| {
        let request = http::Request::post(format!("http://{address}{method}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        request.body(Full::new(Bytes::from(body))).expect("a request")
    };
    for body in [body, vec![0; 3]] {
        let answer = timeout(WAIT, async {
            let (head, body) = requests.send_request(request(body)).await?.into_parts();
            let trailers = body.collect().await?.trailers().cloned();
            let in_head = Status::from_header_map(&head.headers);
            hyper::Result::Ok(in_head.or_else(|| Status::from_header_map(&trailers?)))
        });
        let status = answer.await.unwrap_or_else(|_| panic!("{method}: {what}: no answer"));
        let status = status.unwrap_or_else(|error| panic!("{method}: {what}: {error}"));
        let status = status.unwrap_or_else(|| panic!("{method}: {what}: no status"));
        // Reflection is not ours: that it answers is enough.
        if method.starts_with("/tandem") {
            assert_ne!(status.code(), Code::Ok, "{method}: {what}");
            assert!(!client::reason(&status).is_empty(), "{method}: {what}: {status:?}");
            assert_ne!(status.code(), Code::Internal, "{method}: {what}: {status:?}");
        }
    }
    connection.abort();
}
