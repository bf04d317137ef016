//! Clients in Node: a web client's library over gRPC-Web, and real Yjs documents.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

const SEED: u64 = 20;
const PEERS: usize = 4;
const ROUNDS: usize = 5;
/// How long the peers may take to show the same text.
const AGREEMENT: Duration = Duration::from_secs(30);

/// What `cargo xtask test` has set for the tests.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's")]
pub(crate) fn set(name: &str) -> String {
    let value = std::env::var(name);
    value.unwrap_or_else(|_| panic!("{name} is set by `cargo xtask test`: run that"))
}

/// Node, in the folder of the tests' own scripts.
pub(crate) fn node() -> Command {
    let mut command = Command::new(set("TANDEM_TEST_NODE"));
    command.current_dir(PathBuf::from(set("TANDEM_TEST_NODE_DIR")));
    command
}

/// Runs a command that has to succeed; what it told.
pub(crate) fn told(command: &mut Command) -> String {
    let output = command.output().expect("node starts");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{}\n{}", output.status, told.concat());
    told.concat()
}

/// The library that web pages use, in the place of a client of the test's own.
const PROVIDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/client/test/peer.mjs");

/// One Yjs document in a process of its own; `yjs_peer.mjs` tells what it understands.
struct Peer {
    process: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a peer and waits until it is in the room.
    fn join(script: &str, target: &str, room: &str, seed: u64) -> Self {
        let mut process = node()
            .args([script, target, room, &seed.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let commands = process.stdin.take();
        let answers = BufReader::new(process.stdout.take().expect("its output is piped"));
        let mut peer = Self {
            process,
            commands,
            answers,
        };
        assert!(peer.answer()["ready"].is_string());
        peer
    }

    fn tell(&mut self, command: &str) {
        let commands = self.commands.as_mut().expect("the peer is still there");
        writeln!(commands, "{command}").expect("the peer reads");
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer writes");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("a peer's line is JSON: {line:?}: {error}"))
    }

    fn ask(&mut self, command: &str) -> Value {
        self.tell(command);
        self.answer()
    }

    /// Ends the peer; the text that it had.
    fn leave(mut self) -> Value {
        self.commands.take();
        let text = self.answer()["text"].take();
        assert!(self.process.wait().expect("the peer ends").success());
        text
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks until all peers show the same text and state vector; the text.
fn agreed(peers: &mut [Peer]) -> Value {
    let end = Instant::now() + AGREEMENT;
    loop {
        peers.iter_mut().for_each(|peer| peer.tell("quiet"));
        let states: Vec<Value> = peers.iter_mut().map(Peer::answer).collect();
        if states
            .iter()
            .all(|state| (&state["text"], &state["state_vector"]) == (&states[0]["text"], &states[0]["state_vector"]))
        {
            return states[0]["text"].clone();
        }
        assert!(Instant::now() < end, "seed {SEED}: the peers differ: {states:#?}");
    }
}

/// Lets Yjs peers edit a room's `main.txt` at once, each by one of the scripts.
fn peers_edit(target: &str, room: &str, scripts: &[&str]) {
    let mut rng = SmallRng::seed_from_u64(SEED);
    let by_turns = scripts.iter().cycle().take(PEERS);
    let mut peers: Vec<Peer> = by_turns
        .map(|script| Peer::join(script, target, room, rng.random_range(0..u32::MAX.into())))
        .collect();
    peers[0].ask(r#"insert 0 "first \ud83d\ude42\n""#);
    for _ in 0..ROUNDS {
        let command = format!("random {}", rng.random_range(5..40));
        peers.iter_mut().for_each(|peer| peer.tell(&command));
        peers.iter_mut().for_each(|peer| assert_eq!(peer.answer()["ok"], true));
        agreed(&mut peers);
    }
    peers.extend(scripts.iter().map(|script| Peer::join(script, target, room, SEED)));
    let text = agreed(&mut peers);
    assert!(text.as_str().is_some_and(|text| !text.is_empty()));
    for peer in peers {
        assert_eq!(peer.leave(), text);
    }
}

async fn they_agree(scripts: &'static [&'static str]) {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let made = server.client().create_room(&[]).await.expect("a room");
    let (target, room) = (server.address().to_string(), made.room.expect("a room").room_id);
    let peers = tokio::task::spawn_blocking(move || peers_edit(&target, &room, scripts));
    peers.await.expect("the peers agree");
}

#[tokio::test(flavor = "multi_thread")]
async fn yjs_documents_in_node_agree_whatever_they_type() {
    they_agree(&["yjs_peer.mjs"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_clients_providers_and_bare_yjs_documents_agree_whatever_they_type() {
    they_agree(&[PROVIDER, "yjs_peer.mjs"]).await;
}

#[test]
fn a_web_client_collaborates_and_a_foreign_page_does_not() {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    let output = node()
        .args(["web.mjs", &server.address().to_string()])
        .output()
        .expect("node starts");
    let told = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    assert!(output.status.success(), "{}\n{told}", output.status);
}
