//! Bytes that are no protocol of ours, at the port of the real program: it answers or closes, and nobody else notices.

pub(crate) mod bytes;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ::bytes::Bytes;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem_testkit::client::{self, Door, WAIT};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::random_edit::random_edit;
use tandem_testkit::steady::{TextWriter, YjsWriter};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::{Code, Status};

use bytes::{Case, bodies, cases};

/// How long a peer that was sent nonsense waits for the end before it says that nothing more comes.
const PATIENCE: Duration = Duration::from_millis(500);
/// Connections at once.
const AT_ONCE: usize = 64;
/// Connections of the two who edit.
const INNOCENT: f64 = 2.0;

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

/// Makes a call with such a body: it ends with a status of ours, and the connection goes on.
async fn lie(address: SocketAddr, method: &str, what: &str, body: Vec<u8>) {
    let stream = TcpStream::connect(address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("a socket");
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
