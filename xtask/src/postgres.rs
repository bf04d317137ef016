//! A PostgreSQL cluster of our own, for one run of the tests, or for one test that does to it what must not happen to the
//! others.

mod trouble;

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

pub use trouble::Stop;

use crate::run::{Result, find, is_root, run};

/// How long a server may take to accept connections: long, for a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until its input ends, which it does when the parent ends in whatever way; then stops the server that runs then
/// (SIGINT: at once, in order), which may be frozen, and removes its folder. $1 is the folder.
const WATCHMAN: &str = r#"
read -r _
if read -r server 2>/dev/null <"$1/data/postmaster.pid" && kill -INT "$server" 2>/dev/null; then
  for stat in /proc/[0-9]*/stat; do
    read -r pid _ _ parent _ 2>/dev/null <"$stat" && [ "$parent" = "$server" ] && kill -CONT "$pid" 2>/dev/null
  done
  kill -CONT "$server" 2>/dev/null
  for _ in $(seq 100); do kill -0 "$server" 2>/dev/null || break; sleep 0.1; done
  kill -KILL "$server" 2>/dev/null
fi
rm -rf "$1"
"#;

/// A running cluster; dropping it stops it and removes its files.
#[derive(Debug)]
pub struct Cluster {
    site: Site,
    server: Child,
    watchman: Child,
}

/// Where a cluster is and who runs it.
#[derive(Debug)]
struct Site {
    owner: Owner,
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts a cluster.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing or did not work.
    pub fn start() -> Result<Self> {
        let site = Site::prepare()?;
        let mut server = site.launch()?;
        let watchman = watchman(&site.folder).inspect_err(|_| {
            let _ = server.kill();
        })?;
        let mut cluster = Self { site, server, watchman };
        cluster.wait_until_ready()?;
        eprintln!("xtask: PostgreSQL listens at {}", cluster.url());
        Ok(cluster)
    }

    /// How the tests reach it.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.site.port)
    }

    /// The server says in its pid file when it is ready.
    fn wait_until_ready(&mut self) -> Result {
        let start = Instant::now();
        loop {
            let state = fs::read_to_string(self.site.data().join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let ended = self.server.try_wait().is_ok_and(|status| status.is_some());
            if ended || start.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.site.log()).unwrap_or_default();
                return Err(format!("PostgreSQL did not start:\n{log}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The watchman's cue; it stops the server while we take note of its end.
        drop(self.watchman.stdin.take());
        let _ = self.server.wait();
        let _ = self.watchman.wait();
    }
}

impl Site {
    /// A new cluster's folder with all that is in it before its first start.
    fn prepare() -> Result<Self> {
        let programs = programs().ok_or("PostgreSQL's initdb and postgres were not found")?;
        let owner = Owner::find()?;
        let folder = folder(&owner)?;
        let port = free_port().map_err(|e| format!("there is no free port: {e}"))?;
        let site = Self {
            owner,
            programs,
            folder,
            port,
        };
        run(site
            .owner
            .command(&site.programs.join("initdb"))
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--pgdata",
            ])
            .arg(site.data())
            .current_dir(&site.folder)
            .stdout(Stdio::null()))?;
        Ok(site)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// Starts the server, apart from our process group: Ctrl-C is for the tests, the watchman sees to the server.
    fn launch(&self) -> Result<Child> {
        let log = self.log();
        let log = fs::File::create(&log).map_err(|e| format!("cannot write {}: {e}", log.display()))?;
        let errors = log.try_clone().map_err(|e| format!("cannot write the log: {e}"))?;
        self.owner
            .command(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(&self.folder)
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string()])
            // Nobody pulls the plug on a test; that a commit is waited for stays as it is.
            .args([
                "-c",
                "fsync=off",
                "-c",
                "max_connections=300",
                "-c",
                "shared_buffers=64MB",
            ])
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .map_err(|e| format!("cannot start PostgreSQL: {e}"))
    }
}

/// Who runs the server: PostgreSQL refuses to run as root.
#[derive(Debug)]
enum Owner {
    Ourselves,
    Other(&'static str),
}

impl Owner {
    fn find() -> Result<Self> {
        if !is_root() {
            return Ok(Self::Ourselves);
        }
        let users = fs::read_to_string("/etc/passwd").map_err(|e| format!("cannot read /etc/passwd: {e}"))?;
        let exists = |user: &str| users.lines().any(|line| line.split(':').next() == Some(user));
        let user = ["postgres", "nobody"].into_iter().find(|user| exists(user));
        user.map(Self::Other)
            .ok_or_else(|| "root needs a user postgres or nobody to run PostgreSQL as".to_owned())
    }

    fn command(&self, program: &Path) -> Command {
        match self {
            Self::Ourselves => Command::new(program),
            Self::Other(user) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={user}"))
                    .args(["--init-groups", "--inh-caps=-all"])
                    .arg("--regid");
                command
                    .arg(if *user == "nobody" { "nogroup" } else { user })
                    .arg(program);
                command
            }
        }
    }
}

/// The folder of PostgreSQL's programs. Debian keeps them out of PATH, one folder a version: the newest is taken.
pub(crate) fn programs() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file())
    };
    let in_path = find("initdb")
        .and_then(|file| file.canonicalize().ok())
        .and_then(|file| Some(file.parent()?.to_owned()));
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort_by_key(|folder| version_of(folder));
    in_path.into_iter().chain(folders.into_iter().rev()).find(complete)
}

/// The number in /usr/lib/postgresql/15/bin.
fn version_of(folder: &Path) -> u32 {
    let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    version.and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// A new folder that only its owner may enter; short, as the path of a socket has to be.
fn folder(owner: &Owner) -> Result<PathBuf> {
    static CLUSTERS: AtomicUsize = AtomicUsize::new(0);
    let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("tandem-pg-{}-{number}", std::process::id()));
    fs::create_dir(&folder).map_err(|e| format!("cannot make {}: {e}", folder.display()))?;
    if let Owner::Other(user) = owner {
        run(Command::new("chown").arg(user).arg(&folder))?;
    }
    Ok(folder)
}

/// A port that was free a moment ago.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Starts the [`WATCHMAN`].
fn watchman(folder: &Path) -> Result<Child> {
    Command::new("sh")
        .args(["-c", WATCHMAN, "watchman"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|e| format!("cannot start sh: {e}"))
}
