//! The product itself in a process of its own, on either database: killed, told to leave, started again.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Client, WAIT};
use crate::database::TestDatabase;

/// Where a server keeps its data.
#[derive(Clone, Debug)]
pub struct Place {
    /// The database's URL; without it a SQLite file in the folder.
    pub url: Option<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
}

impl Place {
    /// On a test's database.
    pub fn of(database: &TestDatabase) -> Self {
        Self {
            url: database.is_postgres().then(|| database.url()),
            folder: database.folder().to_owned(),
        }
    }
}

/// A running server. It is killed when this value is dropped.
pub struct Process {
    /// What the binary is started by, with its arguments; empty: by nothing.
    wrapper: Vec<String>,
    binary: PathBuf,
    place: Place,
    arguments: Vec<String>,
    child: Child,
    /// Kept, so that the server can go on writing.
    _output: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
}

impl Process {
    /// Starts a binary on a free port and waits until it listens.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start(binary: impl AsRef<Path>, place: Place) -> Self {
        Self::start_with(binary, place, &[])
    }

    /// As [`Self::start`], with further arguments.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_with(binary: impl AsRef<Path>, place: Place, arguments: &[&str]) -> Self {
        Self::begin(&[], binary.as_ref(), place, arguments)
    }

    /// As [`Self::start`], by another program that becomes the binary, such as `env`: its words, the first its name.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_by(wrapper: &[&str], binary: impl AsRef<Path>, place: Place) -> Self {
        Self::begin(wrapper, binary.as_ref(), place, &[])
    }

    fn begin(wrapper: &[&str], binary: &Path, place: Place, arguments: &[&str]) -> Self {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (wrapper, binary, arguments) = (owned(wrapper), binary.to_owned(), owned(arguments));
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let (child, output, address) = launch(&wrapper, &binary, &place, &arguments, free);
        Self {
            wrapper,
            binary,
            place,
            arguments,
            child,
            _output: output,
            address,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A client of it, with a connection of its own.
    pub fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without a warning.
    pub fn kill(&mut self) {
        // Either may fail only if it has ended by itself, which the test sees on its own.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Tells it to leave.
    ///
    /// # Panics
    ///
    /// If the signal can't be sent.
    pub fn terminate(&self) {
        // The shell's own kill: a small machine has no program of that name.
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
    }

    /// Waits for its end after [`Self::terminate`]; `None` if it takes longer.
    pub async fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + most;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Whether it has not ended.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Starts it again on the same data and port, after it has ended.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_again(&mut self) {
        (self.child, self._output, self.address) =
            launch(&self.wrapper, &self.binary, &self.place, &self.arguments, self.address);
    }

    /// CPU time that it has used so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = |index: usize| {
            after_name
                .split_whitespace()
                .nth(index)
                .and_then(|n| n.parse::<f64>().ok())
        };
        // utime and stime, in ticks of a hundredth of a second on every Linux there is.
        (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / 100.0
    }

    /// Memory that it holds now, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.memory("VmRSS")
    }

    /// The most that it has held since [`Self::forget_peak`], in bytes.
    pub fn peak_resident_bytes(&self) -> u64 {
        self.memory("VmHWM")
    }

    /// Begins to look for the peak anew.
    ///
    /// # Panics
    ///
    /// If the system does not let us.
    pub fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("the process is ours");
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or_default() * 1024
    }

    /// GETs one of its pages over HTTP/1.1, headers and all.
    ///
    /// # Panics
    ///
    /// If it does not answer within [`WAIT`].
    pub async fn page(&self, path: &str) -> String {
        let asked = async {
            let mut stream = TcpStream::connect(self.address).await?;
            let host = self.address;
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            std::io::Result::Ok(String::from_utf8_lossy(&answer).into_owned())
        };
        let answer = tokio::time::timeout(WAIT, asked).await;
        answer.expect("a page in time").expect("a page")
    }

    /// One of its metrics, added up over its labels; 0 if it was never counted.
    ///
    /// # Panics
    ///
    /// As [`Self::page`].
    pub async fn metric(&self, name: &str) -> f64 {
        let page = self.page("/metrics").await;
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let of_it = page.lines().filter_map(|line| line.strip_prefix(name));
        of_it
            .filter(|rest| rest.starts_with([' ', '{']))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

type Launched = (Child, Lines<BufReader<ChildStdout>>, SocketAddr);

fn launch(wrapper: &[String], binary: &Path, place: &Place, arguments: &[String], address: SocketAddr) -> Launched {
    let mut command = match wrapper {
        [] => Command::new(binary),
        [program, words @ ..] => {
            let mut command = Command::new(program);
            command.args(words).arg(binary);
            command
        }
    };
    command
        .args(["--listen", &address.to_string(), "--log", "warn", "--data-dir"])
        .arg(&place.folder)
        .args(arguments)
        // Neither a variable nor an .env file of the developer's has a say.
        .current_dir(&place.folder)
        .env_clear()
        .stdout(Stdio::piped());
    if let Some(url) = &place.url {
        command.env("DATABASE_URL", url);
    }
    let mut child = command.spawn().expect("the server starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    let line = lines
        .next()
        .and_then(Result::ok)
        .expect("the server tells that it listens");
    let (_, address) = line
        .split_once("http://")
        .unwrap_or_else(|| panic!("no address in {line:?}"));
    (child, lines, address.parse().expect("an address"))
}
