//! The product itself in a process of its own, on either database: killed, told to leave, started again.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::client::Client;

/// Where a server keeps its data.
#[derive(Clone, Debug)]
pub struct Place {
    /// The database's URL; without it a SQLite file in the folder.
    pub url: Option<String>,
    /// The folder that it runs in.
    pub folder: PathBuf,
}

/// A running server. It is killed when this value is dropped.
pub struct Process {
    binary: PathBuf,
    place: Place,
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
        let binary = binary.as_ref().to_owned();
        let (child, output, address) = launch(&binary, &place, SocketAddr::from(([127, 0, 0, 1], 0)));
        Self {
            binary,
            place,
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
    pub fn wait(&mut self, most: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + most;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts it again on the same data and port, after it has ended.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn start_again(&mut self) {
        (self.child, self._output, self.address) = launch(&self.binary, &self.place, self.address);
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
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap_or_default();
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse::<u64>().ok())
            .unwrap_or_default()
            * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn launch(binary: &Path, place: &Place, address: SocketAddr) -> (Child, Lines<BufReader<ChildStdout>>, SocketAddr) {
    let mut command = Command::new(binary);
    command
        .args(["--listen", &address.to_string(), "--log", "warn", "--data-dir"])
        .arg(&place.folder)
        // Neither a variable nor an .env file of the developer's has a say.
        .current_dir(&place.folder)
        .env_remove("DATABASE_URL")
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
