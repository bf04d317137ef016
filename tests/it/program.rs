//! The product itself: the binary, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tandem_testkit::database::TestDatabase;

/// A running server on a SQLite file of its own; both are gone when this value is dropped.
pub(crate) struct Program {
    process: Child,
    address: SocketAddr,
    database: TestDatabase,
}

impl Program {
    /// Starts on a free port and waits until it listens.
    pub(crate) fn start() -> Self {
        let database = TestDatabase::sqlite();
        let (process, address) = launch(&database, SocketAddr::from(([127, 0, 0, 1], 0)));
        Self {
            process,
            address,
            database,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it without a warning and starts it again, on the same port.
    pub(crate) fn crash(&mut self) {
        self.end();
        (self.process, self.address) = launch(&self.database, self.address);
    }

    fn end(&mut self) {
        // Either may fail only if it has ended by itself, which the test sees on its own.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

fn launch(database: &TestDatabase, address: SocketAddr) -> (Child, SocketAddr) {
    let mut process = Command::new(env!("CARGO_BIN_EXE_tandem"))
        .args(["--listen", &address.to_string(), "--log", "warn", "--data-dir"])
        .arg(database.folder())
        // Neither a variable nor an .env file of the developer's has a say.
        .current_dir(database.folder())
        .env_remove("DATABASE_URL")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let mut lines = BufReader::new(process.stdout.take().expect("its output is piped")).lines();
    let line = lines
        .next()
        .and_then(Result::ok)
        .expect("the server tells that it listens");
    let (_, address) = line
        .split_once("http://")
        .unwrap_or_else(|| panic!("no address in {line:?}"));
    (process, address.parse().expect("an address"))
}
