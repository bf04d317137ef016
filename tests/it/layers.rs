//! Holds the layers: `main → server → rpc → room → {store, document, complete}`, and one door for each big crate.
//!
//! The sources are read as text, without their comments and string literals.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a module of ours may name of ours, and why not more.
struct Layer {
    module: &'static str,
    may: &'static [&'static str],
    why: &'static str,
}

/// What every module may name.
const BASE: [&str; 3] = ["id", "error", "limits"];

const LAYERS: [Layer; 13] = [
    Layer {
        module: "lib",
        may: &[],
        why: "lib.rs is the map; it has no logic",
    },
    Layer {
        module: "id",
        may: &[],
        why: "names stand below everything",
    },
    Layer {
        module: "error",
        may: &[],
        why: "errors stand below everything",
    },
    Layer {
        module: "limits",
        may: &[],
        why: "bounds stand below everything",
    },
    Layer {
        module: "pieces",
        may: &[],
        why: "bytes stand below everything",
    },
    Layer {
        module: "telemetry",
        may: &["config"],
        why: "what is measured knows nothing of who measures",
    },
    Layer {
        module: "config",
        may: &[],
        why: "settings are plain data",
    },
    Layer {
        module: "document",
        may: &[],
        why: "a document knows text, not who keeps or asks for it",
    },
    Layer {
        module: "complete",
        may: &[],
        why: "completion knows text, not where it comes from",
    },
    Layer {
        module: "store",
        may: &["telemetry"],
        why: "the store keeps bytes and rows; it knows no room and no document",
    },
    Layer {
        module: "room",
        may: &["store", "document", "complete", "telemetry", "pieces"],
        why: "a room may be reached in other ways than by gRPC: it never names its callers",
    },
    Layer {
        module: "rpc",
        may: &["room", "document", "complete", "telemetry", "store::model", "pieces"],
        why: "rpc converts and asks the room; it never reaches past it to the database or up to the server",
    },
    Layer {
        module: "server",
        may: &["rpc", "room", "store", "config", "telemetry"],
        why: "the server composes; what a document is it need not know",
    },
];

/// A crate, or a part of one, that only some modules may name.
struct Door {
    paths: &'static [&'static str],
    only: &'static [&'static str],
    why: &'static str,
}

const DOORS: [Door; 7] = [
    Door {
        paths: &[
            "tonic",
            "tonic_health",
            "tonic_prost",
            "tonic_reflection",
            "tonic_types",
            "tonic_web",
            "prost",
        ],
        only: &["rpc", "server", "main"],
        why: "gRPC is how callers reach us, not what we are",
    },
    Door {
        paths: &["hyper", "hyper_util", "axum", "tower", "tower_http", "http"],
        only: &["rpc", "server", "config", "main"],
        why: "HTTP is how callers reach us, not what we are",
    },
    Door {
        paths: &["sea_orm", "sqlx", "rusqlite", "migration"],
        only: &["store"],
        why: "the database stands behind one door",
    },
    Door {
        paths: &["yrs"],
        only: &["document"],
        why: "nothing reaches yrs but through the gate",
    },
    Door {
        paths: &["clap", "dotenvy"],
        only: &["config", "main"],
        why: "settings are read once, in config",
    },
    Door {
        paths: &[
            "tokio",
            "tokio_stream",
            "tokio_util",
            "futures_util",
            "std::fs",
            "std::net",
            "std::thread",
            "std::env",
        ],
        only: &["store", "room", "rpc", "server", "telemetry", "config", "main"],
        why: "pure modules do no I/O and have no tasks, so that they can be tested exhaustively",
    },
    Door {
        paths: &[
            "std::time::Instant",
            "std::time::SystemTime",
            "rand::rng",
            "rand::thread_rng",
        ],
        only: &["store", "room", "rpc", "server", "telemetry", "config", "main"],
        why: "pure modules have neither clock nor chance: the same input gives the same answer",
    },
];

/// Generated messages live here; nothing above or below rpc may name them.
const GENERATED: &str = "rpc::proto";

/// Every Rust file below `folder`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top-level module that a file belongs to: `src/room/actor.rs` is of `room`.
fn module_of(file: &Path, src: &Path) -> String {
    let inside = file.strip_prefix(src).expect("the file is below src");
    let first = inside
        .components()
        .next()
        .expect("a path has a part")
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The code without comments, string literals and character literals.
fn code_of(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        let next = chars.get(i + 1).copied();
        i = match (chars[i], next) {
            ('/', Some('/')) => skip_to(&chars, i, |c, _| c == '\n'),
            ('/', Some('*')) => skip_to(&chars, i + 2, |c, before| c == '/' && before == '*') + 1,
            ('r', Some('"' | '#')) if raw_hashes(&chars, i).is_some() => skip_raw(&chars, i),
            ('"', _) => skip_quoted(&chars, i, '"'),
            ('\'', Some('\\')) => skip_quoted(&chars, i, '\''),
            ('\'', Some(_)) if chars.get(i + 2) == Some(&'\'') => i + 3,
            (c, _) => {
                code.push(c);
                i + 1
            }
        };
    }
    code
}

/// The first place from `i` on where `end` holds for a character and the one before it.
fn skip_to(chars: &[char], mut i: usize, end: impl Fn(char, char) -> bool) -> usize {
    while i < chars.len() && !end(chars[i], chars[i.saturating_sub(1)]) {
        i += 1;
    }
    i
}

/// Past a quoted literal that begins at `i`.
fn skip_quoted(chars: &[char], mut i: usize, quote: char) -> usize {
    i += 1;
    while i < chars.len() && chars[i] != quote {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// How many hashes the raw string at `i` has, if one begins there.
fn raw_hashes(chars: &[char], i: usize) -> Option<usize> {
    let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(i + 1 + hashes) == Some(&'"')).then_some(hashes)
}

/// Past a raw string that begins at `i`.
fn skip_raw(chars: &[char], i: usize) -> usize {
    let hashes = raw_hashes(chars, i).unwrap_or(0);
    let mut at = i + 2 + hashes;
    while at < chars.len() && !(chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes)
    {
        at += 1;
    }
    at + 1 + hashes
}

/// Every path that a file names, `use` groups written out: `use a::{b, c::d}` names `a`, `a::b`, `a::c::d`.
fn paths_of(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    let mut groups: Vec<String> = Vec::new();
    let mut path = String::new();
    let mut after_separator = false;
    for token in tokens(code) {
        match token.as_str() {
            "::" => after_separator = true,
            "{" => {
                groups.push(if after_separator {
                    std::mem::take(&mut path)
                } else {
                    String::new()
                });
                path.clear();
                after_separator = false;
            }
            "}" => {
                groups.pop();
                path.clear();
                after_separator = false;
            }
            word if word.starts_with(|c: char| c.is_alphanumeric() || c == '_') => {
                let prefix = groups.last().filter(|_| !after_separator).cloned().unwrap_or_default();
                path = match (after_separator, path.is_empty(), prefix.is_empty()) {
                    (true, false, _) => format!("{path}::{word}"),
                    (_, _, false) => format!("{prefix}::{word}"),
                    _ => word.to_owned(),
                };
                paths.insert(path.clone());
                after_separator = false;
            }
            _ => {
                path.clear();
                after_separator = false;
            }
        }
    }
    paths
}

/// Words, `::`, and single characters.
fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    for c in code.chars() {
        let of_word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if of_word && in_word => last.push(c),
            Some(last) if c == ':' && last == ":" => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.to_string()),
        }
        in_word = of_word;
    }
    tokens
}

/// Whether `path` is `prefix` or lies in it.
fn within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// What a module's paths break.
fn faults(module: &str, paths: &BTreeSet<String>) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    for path in paths {
        let ours = path.strip_prefix("crate::").or_else(|| path.strip_prefix("tandem::"));
        if let Some(ours) = ours {
            faults.extend(fault_of_layer(module, ours));
        }
        for door in DOORS.iter().filter(|door| !door.only.contains(&module)) {
            // A crate's bare name may be a variable's; what is used of the crate is not.
            let named = |name: &&&str| path.contains("::") && within(path, name);
            if let Some(name) = door.paths.iter().find(named) {
                faults.insert(format!(
                    "{module} names {name}, and only {} may: {}",
                    door.only.join(", "),
                    door.why
                ));
            }
        }
    }
    faults
}

/// What one path of ours breaks.
fn fault_of_layer(module: &str, path: &str) -> Option<String> {
    let top = path.split("::").next().unwrap_or_default();
    if module != "rpc" && within(path, GENERATED) {
        return Some(format!(
            "{module} names {GENERATED}: generated types end at the edge, in rpc"
        ));
    }
    // The name of a module alone (a `use` group's head) says nothing yet; macros and types of the crate root are lower.
    let known = LAYERS.iter().any(|layer| layer.module == top);
    if module == "main" || module == top || !known || BASE.contains(&top) {
        return None;
    }
    let layer = LAYERS.iter().find(|layer| layer.module == module);
    let Some(layer) = layer else {
        return Some(format!("{module} is in no layer: give it a line in tests/it/layers.rs"));
    };
    let allowed = layer.may.iter().any(|may| within(path, may) || within(may, path));
    (!allowed).then(|| format!("{module} names {top}: {}", layer.why))
}

#[test]
fn arrows_never_run_back_and_each_big_crate_has_one_door() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut broken = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a source is readable");
        let module = module_of(file, &src);
        for fault in faults(&module, &paths_of(&code_of(&text))) {
            broken.push(format!(
                "{}: {fault}",
                file.strip_prefix(&src).unwrap_or(file).display()
            ));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn module_files_stand_beside_their_folder() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let wrong: Vec<_> = files.iter().filter(|file| file.ends_with("mod.rs")).collect();
    assert!(wrong.is_empty(), "write foo.rs beside foo/, not foo/mod.rs: {wrong:?}");
}

#[test]
fn a_forbidden_name_is_seen_however_it_is_written() {
    let seen = |module: &str, code: &str| !faults(module, &paths_of(&code_of(code))).is_empty();
    assert!(seen("room", "use tonic::Status;"));
    assert!(seen("room", "use crate::{id::RoomId, rpc::status};"));
    assert!(seen("room", "fn f() -> Result<(), tonic::Status> { crate::rpc::x() }"));
    assert!(seen("document", "use tokio::{sync::mpsc, time};"));
    assert!(seen("document", "use std::{fmt, time::{Duration, Instant}};"));
    assert!(seen("server", "use crate::rpc::proto::v1::Room;"));
    assert!(seen("rpc", "use crate::store::Store;"));
    assert!(seen("novelty", "use crate::room::Rooms;"));
    assert!(!seen(
        "room",
        "// tonic::Status\nuse crate::store::model; let a = \"tonic::Status\"; let b = r#\"yrs::\"#;"
    ));
    assert!(!seen(
        "document",
        "use std::time::Duration; let c = '\"'; let d = '\\'';"
    ));
    assert!(!seen("rpc", "use crate::store::model::{Origin, Mode};"));
}
