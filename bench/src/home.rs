//! Where one server lives while it is measured: a folder, perhaps a database, and a process; all gone afterwards.

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tandem::telemetry::metric;
use tandem_testkit::process::{Place, Process};

use crate::Result;
use crate::contest::{Contender, Setting};
pub(crate) use crate::database::Stored;
use crate::database::{Database, sqlite_stored};
use crate::process::{self, Memory};

/// Tells this process's folders and databases apart.
static NUMBER: AtomicUsize = AtomicUsize::new(0);
/// How long a server may take to leave when told.
const LEAVING: Duration = Duration::from_secs(30);
/// How long rooms may take to go: they stay for a while after the last has left.
const GOING: Duration = Duration::from_secs(180);
/// How long a server may take to write down its counters.
const METRICS_WAIT: Duration = Duration::from_secs(5);

/// A running server with its data.
pub(crate) struct Home {
    server: Server,
    /// The database of its own, if it is on PostgreSQL.
    database: Option<(Database, String)>,
    folder: PathBuf,
}

/// What the server counts itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    /// Rooms in memory now.
    pub(crate) rooms: f64,
    /// Commits of the log so far.
    pub(crate) commits: f64,
    /// Seconds that they took.
    pub(crate) commit_seconds: f64,
    /// Times that a file's whole content was encoded so far.
    pub(crate) encodings: f64,
}

enum Server {
    Floor(Floor),
    Tandem(Process),
}

struct Floor {
    child: Child,
    address: SocketAddr,
    /// Kept, so that it can go on writing.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Home {
    /// Starts a contender on data of its own that is empty.
    pub(crate) fn start(setting: &Setting, contender: Contender) -> Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("tandem_bench_{}_{number}", std::process::id());
        let folder = setting.folder.join(&name);
        std::fs::create_dir_all(&folder)?;
        if contender == Contender::Floor {
            let server = Server::Floor(Floor::start()?);
            return Ok(Self {
                server,
                database: None,
                folder,
            });
        }
        let database = setting.database.clone().filter(|_| contender == Contender::Postgres);
        if let Some(database) = &database {
            database.create(&name)?;
        }
        let place = Place {
            url: database.as_ref().map(|database| database.url_of(&name)),
            folder: folder.clone(),
        };
        Ok(Self {
            server: Server::Tandem(Process::start(&setting.server, place)),
            database: database.map(|database| (database, name)),
            folder,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match &self.server {
            Server::Floor(floor) => floor.address,
            Server::Tandem(tandem) => tandem.address(),
        }
    }

    /// CPU time of the server so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.id())
    }

    /// Memory of the server now.
    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.id())
    }

    /// Lets the peak of its memory begin anew.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        process::forget_peak(self.id())
    }

    /// The server's own counters; all 0 at the floor.
    pub(crate) fn counters(&self) -> Result<Counters> {
        let Server::Tandem(tandem) = &self.server else {
            return Ok(Counters::default());
        };
        let mut stream = TcpStream::connect(tandem.address())?;
        stream.set_read_timeout(Some(METRICS_WAIT))?;
        write!(
            stream,
            "GET /metrics HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
            tandem.address()
        )?;
        let mut page = String::new();
        stream.read_to_string(&mut page)?;
        let value = |name| {
            let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            // What has not happened yet is not on the page.
            line.and_then(|value| value.trim().parse().ok()).unwrap_or(0.0)
        };
        Ok(Counters {
            rooms: value(metric::ROOMS_OPEN),
            commits: value("tandem_store_commits_total"),
            commit_seconds: value("tandem_store_commit_seconds_sum"),
            encodings: value(metric::WHOLES_ENCODED),
        })
    }

    /// Tells the server to leave and starts it again on the same data.
    pub(crate) fn restart(&mut self) -> Result<()> {
        if let Server::Tandem(tandem) = &mut self.server {
            tandem.terminate();
            let deadline = Instant::now() + LEAVING;
            while tandem.is_alive() {
                if Instant::now() >= deadline {
                    return Err("the server did not leave".into());
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            tandem.start_again();
        }
        Ok(())
    }

    /// Waits until the rooms that everybody has left are gone from memory.
    pub(crate) fn wait_until_left(&self) -> Result<()> {
        let deadline = Instant::now() + GOING;
        while self.counters()?.rooms > 0.0 {
            if Instant::now() >= deadline {
                return Err("rooms that everybody has left stay in memory".into());
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        Ok(())
    }

    /// What its database takes.
    pub(crate) fn stored(&self) -> Result<Stored> {
        match &self.database {
            Some((database, name)) => database.stored(name),
            None => sqlite_stored(&self.folder.join("tandem.db")),
        }
    }

    /// Lets its database find what it can use again; SQLite always knows.
    pub(crate) fn reclaim(&self) -> Result<()> {
        match &self.database {
            Some((database, name)) => database.vacuum(name),
            None => Ok(()),
        }
    }

    fn id(&self) -> u32 {
        match &self.server {
            Server::Floor(floor) => floor.child.id(),
            Server::Tandem(tandem) => tandem.id(),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        match &mut self.server {
            Server::Floor(floor) => floor.kill(),
            Server::Tandem(tandem) => tandem.kill(),
        }
        if let Some((database, name)) = &self.database
            && let Err(error) = database.remove(name)
        {
            eprintln!("tandem-bench: a database was left behind: {name}: {error}");
        }
        // What can't be removed lies in a folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Floor {
    fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command
            .arg("floor")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("the floor's output is piped")?).lines();
        let line = output.next().ok_or("the floor did not start")??;
        Ok(Self {
            child,
            address: line.parse()?,
            _output: output,
        })
    }

    fn kill(&mut self) {
        // Either fails only if it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
