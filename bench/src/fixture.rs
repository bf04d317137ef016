//! Texts with a real history: a recorded session, its beginning, and the whole of it ten times, each time by another
//! client at the end of what was there.

use std::io;
use std::path::{Path, PathBuf};

use tandem::document::{Document, Failure, Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::{replay, traces};

/// The client id of the first who wrote; the others follow.
pub const FIRST_CLIENT: u32 = 1_001;
/// How many edits of the trace the small text has: those that make the first kilobyte of the usual trace.
const SMALL_EDITS: usize = 1_036;
/// How often the large text has the trace.
const COPIES: u32 = 10;

/// The trace in the repository: a Rust source file of 65 KB.
pub fn usual_trace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces/rustcode.json.gz")
}

/// A text with its history.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The file with its Yjs state, version 1.
    pub state: PathBuf,
    /// How many clients wrote it, from [`FIRST_CLIENT`] on.
    pub clients: u32,
}

/// The three sizes.
#[derive(Clone, Debug)]
pub struct Fixtures {
    /// The beginning of the trace.
    pub small: Fixture,
    /// The trace.
    pub whole: Fixture,
    /// The trace ten times.
    pub tenfold: Fixture,
}

impl Fixtures {
    /// Makes them of a trace, or finds them in a folder where they were made before: the large one takes a minute.
    ///
    /// # Errors
    ///
    /// The trace can't be read, or the folder not be written.
    pub fn of(trace: &Path, folder: &Path) -> io::Result<Self> {
        let edits = replay::edits(&traces::sequential(trace)?, false);
        let name = trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
        std::fs::create_dir_all(folder)?;
        let make = |what: &str, edits: &[UnitChange], clients: u32| {
            let state = folder.join(format!("{name}.{}.{what}.yjs", edits.len()));
            if !state.exists() {
                eprintln!("making {}", state.display());
                let whole = write(edits, clients)?;
                // A run that is stopped half-way leaves no half of a file.
                let part = state.with_extension("part");
                std::fs::write(&part, whole)?;
                std::fs::rename(&part, &state)?;
            }
            Ok::<_, io::Error>(Fixture { state, clients })
        };
        Ok(Self {
            small: make("small", &edits[..SMALL_EDITS.min(edits.len())], 1)?,
            whole: make("whole", &edits, 1)?,
            tenfold: make("tenfold", &edits, COPIES)?,
        })
    }
}

impl Fixture {
    /// The document, as a server has it after a start.
    ///
    /// # Errors
    ///
    /// The file is not what was written.
    pub fn document(&self, server: ClientId) -> io::Result<Document> {
        let state = std::fs::read(&self.state)?;
        Document::load(server, Some(&state), []).map_err(io::Error::other)
    }
}

/// The state after so many clients have each played the edits at the end of the text.
fn write(edits: &[UnitChange], clients: u32) -> io::Result<Vec<u8>> {
    let mut state = None;
    for client in 0..clients {
        let client = ClientId(FIRST_CLIENT + client);
        let mut document = Document::load(client, state.as_deref(), []).map_err(io::Error::other)?;
        let start = document.len().chars;
        for edit in edits {
            let edit = UnitChange::new(start + edit.offset, edit.delete, edit.insert.as_str());
            let applied = document.edit(Unit::CodePoint, &[edit]);
            applied.map_err(|failure| match failure {
                Failure::Refused(error) => io::Error::other(error.to_string()),
                Failure::Broken(why) => io::Error::other(why),
            })?;
        }
        state = Some(document.snapshot().0);
    }
    Ok(state.unwrap_or_default())
}
