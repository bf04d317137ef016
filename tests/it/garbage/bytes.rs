//! Garbage as bytes: of connections, of frames, of messages.

use std::net::SocketAddr;

use rand::Rng;
use rand::rngs::SmallRng;

use super::METHODS;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// What one connection brings.
pub(super) struct Case {
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
    /// It hangs up without waiting for anything.
    pub(super) hangs_up: bool,
}

/// What connections may bring, each once with and once without waiting for the end.
pub(super) fn cases(random: &mut SmallRng, address: SocketAddr) -> Vec<Case> {
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
    for (what, frames) in broken_frames().into_iter().chain(broken_calls(address)) {
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

/// A frame of HTTP/2.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("small").to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [head.as_slice(), payload].concat()
}

/// A connection that begins with these frames.
pub(crate) fn http2(frames: &[u8]) -> Vec<u8> {
    [PREFACE, &frame(SETTINGS, 0, 0, &[]), frames].concat()
}

pub(crate) const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A call's headers, each as a literal.
pub(crate) fn call(address: SocketAddr, method: &str, stream: u32) -> Vec<u8> {
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

/// Frames that break the rules.
fn broken_frames() -> Vec<(&'static str, Vec<u8>)> {
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
        ("a ping of three bytes", frame(PING, 0, 0, &[0; 3])),
        ("a goodbye", frame(GOAWAY, 0, 0, &[0; 8])),
        ("a window that grows by nothing", frame(WINDOW, 0, 0, &[0; 4])),
        (
            "a window beyond all bounds",
            frame(WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2),
        ),
        ("a frame larger than agreed", frame(DATA, 0, 1, &[0; 70_000])),
        ("a frame of no kind", frame(99, 0xff, 1, b"what")),
    ]
}

/// Calls that break off, and what never ends.
fn broken_calls(address: SocketAddr) -> Vec<(&'static str, Vec<u8>)> {
    let collaborate = |stream| call(address, METHODS[0], stream);
    let half = [&[0, 0, 0, 0, 99][..], b"half"].concat();
    let resets = (0..2_000_u32).flat_map(|at| [collaborate(2 * at + 1), frame(RESET, 0, 2 * at + 1, &[0, 0, 0, 8])]);
    let endless = std::iter::once(frame(HEADERS, 0, 1, &[0x82]))
        .chain((0..5_000).map(|_| frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b")));
    vec![
        ("endless headers", endless.flatten().collect()),
        (
            "empty data without end",
            [collaborate(1), frame(DATA, 0, 1, &[]).repeat(20_000)].concat(),
        ),
        ("calls and resets without end", resets.flatten().collect()),
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
pub(super) fn bodies(random: &mut SmallRng) -> Vec<(String, Vec<u8>)> {
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
