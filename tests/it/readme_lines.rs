//! The lines of the README and of the protocol's page, pasted as they are, do what the text beside them says.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use tandem_testkit::process::Process;

use crate::pasted::{Block, Terminal, answers, blocks, printed, server, shell};

const SECTION: &str = "## Try it with grpcurl";

/// The README's lines, in the order in which a reader pastes them.
struct Lines {
    create_and_list: String,
    collaborate: String,
    ana_joins: String,
    ben_joins: String,
    ana_types: String,
    ben_types: String,
    complete: String,
    describe: String,
}

fn readme() -> Lines {
    let blocks = blocks("README.md", SECTION);
    let languages: Vec<&str> = blocks.iter().map(|block| block.language.as_str()).collect();
    assert_eq!(
        languages,
        ["sh", "sh", "json", "json", "json", "json", "sh", "sh"],
        "{SECTION}"
    );
    let mut texts = blocks.into_iter().map(|Block { text, .. }| text);
    let mut next = || texts.next().expect("their number is right");
    Lines {
        create_and_list: next(),
        collaborate: next(),
        ana_joins: next(),
        ben_joins: next(),
        ana_types: next(),
        ben_types: next(),
        complete: next(),
        describe: next(),
    }
}

/// Who is in the room, as `joined` tells.
fn names(joined: &Value) -> Vec<&str> {
    let here = joined["participants"].as_array().expect("somebody is here");
    let mut names: Vec<&str> = here.iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    names
}

/// A terminal into which somebody has pasted their join, what `joined` says, and what `opened` says.
fn join(name: &'static str, line: &str, lines: &Lines, server: &Process) -> (Terminal, Value, Value) {
    let mut terminal = Terminal::open(name, &lines.collaborate, server);
    terminal.paste(line);
    let (joined, opened) = (terminal.next("joined"), terminal.next("opened"));
    (terminal, joined, opened)
}

/// Pastes an edit; both get it under the revision of its receipt, which is returned.
fn types(author: &mut Terminal, joined: &Value, other: &mut Terminal, line: &str) -> Value {
    author.paste(line);
    let receipt = author.next("receipt");
    assert_eq!(receipt["state"], "RECEIPT_STATE_COMMITTED");
    let (own, others) = (author.next("edited"), other.next("edited"));
    assert_eq!(own["opId"], receipt["opId"], "the author knows it again");
    assert_eq!(own["changes"], others["changes"]);
    for edited in [own, others] {
        assert_eq!(edited["revision"], receipt["revision"]);
        assert_eq!(edited["participantId"], joined["participantId"]);
    }
    assert_eq!(author.text, other.text);
    receipt["revision"].clone()
}

/// The text that a line inserts, and the revision that it names.
fn edit(line: &str) -> (String, String) {
    let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    let edit = &line["message"]["edit"];
    let text = edit["changes"][0]["insert"].as_str().expect("a text");
    (text.to_owned(), edit["base_revision"].to_string())
}

#[test]
fn the_lines_of_the_readme_tell_the_session_of_ana_and_ben() {
    let lines = readme();
    let (_database, server) = server();
    let made = answers(&lines.create_and_list, &server);
    assert_eq!(made.len(), 2, "a room, then its files: {made:?}");
    assert_eq!(made[0]["room"]["slug"], "kata");
    assert_eq!(made[1]["files"][0]["path"], "main.txt");

    let (mut ana, ana_joined, opened) = join("Ana", &lines.ana_joins, &lines, &server);
    let (mut ben, ben_joined, opened_too) = join("Ben", &lines.ben_joins, &lines, &server);
    assert_eq!(names(&ana_joined), ["Ana"]);
    assert_eq!(names(&ben_joined), ["Ana", "Ben"]);
    assert_eq!(opened_too, opened);
    let ((ana_text, ana_base), (ben_text, ben_base)) = (edit(&lines.ana_types), edit(&lines.ben_types));
    assert_eq!([&*ana_base, &*ben_base], ["1", "1"]);
    assert_eq!(opened["revision"], "1");

    assert_eq!(types(&mut ana, &ana_joined, &mut ben, &lines.ana_types), "2");
    assert_eq!(ben.text, ana_text);
    assert_eq!(types(&mut ben, &ben_joined, &mut ana, &lines.ben_types), "3");
    assert_eq!(
        ana.text,
        format!("{ana_text}{ben_text}"),
        "his edit is carried over hers"
    );
    assert_eq!(ana_text.chars().count(), 23, "the README tells where his arrives");

    let completions = answers(&lines.complete, &server);
    let items = completions[0]["items"].as_array().expect("something is offered");
    assert!(items.iter().any(|item| item["label"] == "greet"), "{items:?}");
    let (late, _, opened) = join("somebody late", &lines.ben_joins, &lines, &server);
    assert_eq!(opened["revision"], "3");
    assert_eq!(late.text, ana.text);
}

#[test]
fn the_readme_shows_what_else_there_is() {
    let (_database, server) = server();
    let told = printed(&readme().describe, &server);
    for wanted in [
        "tandem.v1.RoomService\n",
        "tandem.v1.FileService\n",
        "tandem.v1.AutocompleteService\n",
        "grpc.health.v1.Health\n",
        "// Lets people edit the same files at once.\n",
        "rpc Collaborate ( stream .tandem.v1.CollaborateRequest )",
    ] {
        assert!(told.contains(wanted), "no {wanted:?} in {told}");
    }
}

#[test]
fn the_lines_of_the_protocol_page_make_the_stubs_and_start_the_plain_client() {
    let (_database, server) = server();
    answers(&readme().create_and_list, &server);
    let blocks = blocks("docs/protocol.md", "## Running them");
    // The first makes a Python environment with these two packages, as the set-up of the tests has done.
    let [environment, run] = &blocks[..] else {
        panic!("an environment, then the client");
    };
    assert!(environment.text.ends_with("pip install grpcio grpcio-tools\n"));
    let mut plain = shell(&run.text, &server)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("sh starts");
    let mut keys = plain.stdin.take().expect("its input is piped");
    writeln!(keys, "typed beside the plain client").expect("it reads");
    drop(keys);
    let shown = plain.wait_with_output().expect("it ends");
    assert!(shown.status.success(), "{}", shown.status);
    assert!(shown.stdout.starts_with(b"\n---\n"), "the text is shown: {shown:?}");
    let read = r#"grpcurl -plaintext -d '{"room": "kata", "path": "main.txt"}' localhost:50051 tandem.v1.FileService/ReadFile"#;
    assert_eq!(answers(read, &server)[0]["text"], "typed beside the plain client\n");
}
