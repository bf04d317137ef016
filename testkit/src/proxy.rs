//! A TCP proxy before PostgreSQL that can lose, hold and delay what a test wants lost, held or delayed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

use crate::database::address_of;

/// A COMMIT on the wire.
const COMMIT: &[u8] = b"COMMIT\0";
/// How the statement begins that is a commit by itself.
const INSERT: &[u8] = b"insert into operations";
/// How the driver's names of prepared statements begin.
const PREPARED: &[u8] = b"sqlx_s_";
/// An answer that breaks the protocol so that the product's driver panics over it: "ready", without saying for what.
const NONSENSE: [u8; 5] = [b'Z', 0, 0, 0, 4];

/// What is to become of the next commit, or of another statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection is cut before the server has it.
    BeforeServer,
    /// The server has it and answers; the connection is cut before the client hears.
    AfterServer,
    /// The server has it and answers; the client gets an answer that no server gives.
    Garble,
    /// It lies on the way until [`Proxy::release`], even if the client goes.
    Hold,
}

/// What becomes of the server's next answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Passed,
    Lost,
    Garbled,
}

/// The proxy. Dropping it cuts everything.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
    accept: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    plan: Mutex<Option<Plan>>,
    frozen: watch::Sender<bool>,
    admits: watch::Sender<bool>,
    held: watch::Sender<bool>,
    cuts: AtomicUsize,
    connections: AtomicUsize,
    tasks: Mutex<Vec<AbortHandle>>,
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    /// A part of the statement.
    at: &'static [u8],
    cut: Cut,
    then: Then,
}

/// What becomes of the connections after a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    GoOn,
    /// No new ones are let in.
    Refuse,
    /// Nor do the others stay.
    GoDown,
}

impl Proxy {
    /// A proxy before the server of a PostgreSQL URL.
    pub async fn before(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shared = Arc::new(Shared {
            server: address_of(url),
            plan: Mutex::default(),
            frozen: watch::Sender::new(false),
            admits: watch::Sender::new(true),
            held: watch::Sender::new(false),
            cuts: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            tasks: Mutex::default(),
        });
        let port = listener.local_addr().expect("a bound port").port();
        let accept = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { port, shared, accept }
    }

    /// Where it listens on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Says what becomes of the next commit of the log, once: a COMMIT, or the statement that is one by itself.
    pub fn cut_next_commit(&self, cut: Cut) {
        self.cut_next(COMMIT, cut);
    }

    /// The same of the next statement that has these bytes in it. A prepared statement has its text in it the first time
    /// on a connection only.
    pub fn cut_next(&self, at: &'static [u8], cut: Cut) {
        self.shared.plan(Plan {
            at,
            cut,
            then: Then::GoOn,
        });
    }

    /// The same, and afterwards new connections are refused until [`Proxy::admit`].
    pub fn cut_next_commit_and_refuse(&self, cut: Cut) {
        self.shared.plan(Plan {
            at: COMMIT,
            cut,
            then: Then::Refuse,
        });
    }

    /// At the next statement that has these bytes in it, the server goes down: as with [`Proxy::refuse`].
    pub fn go_down_at(&self, at: &'static [u8]) {
        self.shared.plan(Plan {
            at,
            cut: Cut::BeforeServer,
            then: Then::GoDown,
        });
    }

    /// Cuts all connections and refuses new ones until [`Proxy::admit`], as a server does that is down.
    pub fn refuse(&self) {
        self.shared.admits.send_replace(false);
        self.shared.cut_all();
    }

    /// Lets connections in again.
    pub fn admit(&self) {
        self.shared.admits.send_replace(true);
    }

    /// Passes nothing on, in neither direction, without closing anything.
    pub fn freeze(&self) {
        self.shared.frozen.send_replace(true);
    }

    /// Passes on again, what was kept included.
    pub fn thaw(&self) {
        self.shared.frozen.send_replace(false);
    }

    /// Lets a held commit go on to the server.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// How many commits were cut or held.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// How many connections were let in.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accept.abort();
        self.shared.cut_all();
    }
}

impl Shared {
    fn plan(&self, plan: Plan) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
    }

    fn cut_all(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }

    /// Takes the plan if these bytes are what it is for; `commits` says whether they carry out the log's own statement.
    fn planned(&self, bytes: &[u8], commits: bool) -> Option<Cut> {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |plan: &mut Plan| position(bytes, plan.at).is_some() || (commits && plan.at == COMMIT);
        let plan = plan.take_if(meant)?;
        if plan.then != Then::GoOn {
            self.admits.send_replace(false);
        }
        if plan.then == Then::GoDown {
            self.cut_all();
        }
        if plan.cut == Cut::Hold {
            self.held.send_replace(true);
        }
        self.cuts.fetch_add(1, Ordering::SeqCst);
        Some(plan.cut)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        if !*shared.admits.borrow() {
            continue;
        }
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let task = tokio::spawn(serve(client, Arc::clone(&shared)));
        shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(task.abort_handle());
    }
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return;
    };
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let next = watch::Sender::new(Answer::Passed);
    let up = upward(from_client, to_server, &shared, &next);
    let down = async {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count) = from_server.read(&mut buffer).await {
            thawed(&shared).await;
            let bytes = match *next.borrow() {
                Answer::Passed => &buffer[..count],
                Answer::Lost => return,
                Answer::Garbled => &NONSENSE[..],
            };
            if count == 0 || to_client.write_all(bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn upward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, next: &watch::Sender<Answer>) {
    let mut buffer = vec![0; 64 << 10];
    let mut insert = Insert::default();
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        thawed(shared).await;
        let bytes = &buffer[..count];
        match shared.planned(bytes, insert.is_in(bytes)) {
            Some(Cut::BeforeServer) => return,
            Some(Cut::AfterServer) => {
                next.send_replace(Answer::Lost);
            }
            Some(Cut::Garble) => {
                next.send_replace(Answer::Garbled);
            }
            Some(Cut::Hold) => {
                let _ = shared.held.subscribe().wait_for(|held| !held).await;
            }
            None => {}
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// The log's own statement on one connection: prepared once, with its text, and carried out by its name.
#[derive(Default)]
struct Insert {
    /// What carries it out: its name, after that of the portal, which is empty.
    bind: Option<Vec<u8>>,
}

impl Insert {
    /// Whether it is carried out here.
    fn is_in(&mut self, bytes: &[u8]) -> bool {
        if let Some(text) = position(bytes, INSERT)
            && let Some(name) = bytes[..text]
                .windows(PREPARED.len())
                .rposition(|window| window == PREPARED)
        {
            // The name ends with the zero right before the text, or a few words before.
            let name = bytes[name..text].split(|byte| *byte == 0).next().unwrap_or_default();
            self.bind = Some([&[0], name, &[0]].concat());
        }
        self.bind.as_ref().is_some_and(|bind| position(bytes, bind).is_some())
    }
}

fn position(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

async fn thawed(shared: &Shared) {
    let _ = shared.frozen.subscribe().wait_for(|frozen| !frozen).await;
}
