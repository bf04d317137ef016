//! Lines of the documentation, pasted into a shell in the repository, as a reader does.

use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::{Deserializer, Value};

use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};

/// Where the documentation's server listens.
const ADDRESS: &str = "localhost:50051";
/// How long a line may take until it shows what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A code block of a Markdown page.
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The code blocks under one heading, in order.
pub(crate) fn blocks(page: &str, heading: &str) -> Vec<Block> {
    let path = root().join(page);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {page}: {error}"));
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut lines = text.lines().skip_while(|line| *line != heading).skip(1);
    while let Some(line) = lines.next().filter(|line| !line.starts_with("## ")) {
        match (&mut open, line.strip_prefix("```")) {
            (None, None) => {}
            (None, Some(language)) => {
                open = Some(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            (Some(block), None) => block.text += &format!("{line}\n"),
            (Some(_), Some(_)) => blocks.extend(open.take()),
        }
    }
    assert!(!blocks.is_empty(), "{page} has no code under {heading:?}");
    blocks
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the programs that `cargo xtask test` has set up, grpcurl and python among them.
#[expect(clippy::disallowed_methods, reason = "the tests' own setting, not the server's")]
fn programs() -> PathBuf {
    let grpcurl = std::env::var("TANDEM_TEST_GRPCURL");
    let grpcurl = PathBuf::from(grpcurl.expect("TANDEM_TEST_GRPCURL is set by `cargo xtask test`: run that"));
    assert!(grpcurl.is_file(), "{} is not there", grpcurl.display());
    grpcurl.parent().expect("it stands in a folder").to_owned()
}

/// The program as `cargo run` starts it, on data that is gone with the first of the two.
pub(crate) fn server() -> (TestDatabase, Process) {
    let database = TestDatabase::sqlite();
    let server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
    (database, server)
}

/// A shell with the lines pasted into it. Only the port is another.
pub(crate) fn shell(lines: &str, server: &Process) -> Command {
    assert!(lines.contains(ADDRESS), "these lines call no server:\n{lines}");
    let port = server.address().port();
    let path = std::env::var("PATH").expect("there is a PATH");
    let mut shell = Command::new("sh");
    shell
        .args(["-ec", &lines.replace(ADDRESS, &format!("localhost:{port}"))])
        .env("PATH", format!("{}:{path}", programs().display()))
        .current_dir(root());
    shell
}

/// What the lines print, when they have come to their end.
pub(crate) fn printed(lines: &str, server: &Process) -> String {
    let output = shell(lines, server).stdin(Stdio::null()).output().expect("sh starts");
    let (printed, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{lines}{}\n{printed}{errors}", output.status);
    printed.into_owned()
}

/// The JSON values that the lines print, one for each call.
pub(crate) fn answers(lines: &str, server: &Process) -> Vec<Value> {
    let printed = printed(lines, server);
    let values = Deserializer::from_str(&printed).into_iter();
    values
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error} in {printed}"))
}

/// A terminal in which somebody has called Collaborate, and the text that they hold.
pub(crate) struct Terminal {
    name: &'static str,
    grpcurl: Child,
    keys: ChildStdin,
    shown: Receiver<Value>,
    pub(crate) text: String,
}

impl Terminal {
    /// Pastes the lines that make the call.
    pub(crate) fn open(name: &'static str, lines: &str, server: &Process) -> Self {
        // The shell becomes grpcurl, so that whoever ends one ends both.
        let mut grpcurl = shell(&format!("exec {lines}"), server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let keys = grpcurl.stdin.take().expect("its input is piped");
        let output = BufReader::new(grpcurl.stdout.take().expect("its output is piped"));
        let (tell, shown) = mpsc::channel();
        std::thread::spawn(move || {
            let messages = Deserializer::from_reader(output).into_iter::<Value>();
            // Ends with the call, or when nobody reads any more.
            let _ = messages
                .map_while(Result::ok)
                .try_for_each(|message| tell.send(message));
        });
        Self {
            name,
            grpcurl,
            keys,
            shown,
            text: String::new(),
        }
    }

    /// Pastes a message into the open call.
    pub(crate) fn paste(&mut self, message: &str) {
        self.keys
            .write_all(message.as_bytes())
            .unwrap_or_else(|error| panic!("{}: grpcurl takes no input: {error}", self.name));
    }

    /// The next message of the session, which must be of this kind. Who comes and where cursors are is passed over.
    pub(crate) fn next(&mut self, kind: &str) -> Value {
        loop {
            let shown = self.shown.recv_timeout(PATIENCE);
            let shown = shown.unwrap_or_else(|error| panic!("{} waits for {kind}: {error}", self.name));
            let message = &shown["message"];
            let aside = ["participantChanged", "presenceChanged", "checkpoint"];
            if aside.iter().any(|kind| message.get(kind).is_some()) {
                continue;
            }
            let body = message.get(kind);
            let body = body.unwrap_or_else(|| panic!("{} waits for {kind} and sees {message}", self.name));
            self.take(kind, body);
            return body.clone();
        }
    }

    /// Keeps the text as a client would: what grpcurl leaves out is empty or 0.
    fn take(&mut self, kind: &str, body: &Value) {
        match kind {
            "opened" => self.text = body["text"].as_str().unwrap_or_default().to_owned(),
            "edited" => {
                let changes = body["changes"].as_array().expect("an edit has changes");
                for change in changes.iter().rev() {
                    let number = |field: &str| change[field].as_u64().unwrap_or_default() as usize;
                    let mut text: Vec<char> = self.text.chars().collect();
                    let start = number("offset");
                    let insert = change["insert"].as_str().unwrap_or_default();
                    text.splice(start..start + number("delete"), insert.chars());
                    self.text = text.into_iter().collect();
                }
            }
            _ => {}
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // As Ctrl-C; it has ended already if its server has.
        let _ = self.grpcurl.kill();
        let _ = self.grpcurl.wait();
    }
}
