//! A TCP proxy before PostgreSQL that can lose, hold and delay what a test wants lost, held or delayed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

/// What is to become of the next COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The connection is cut before the server has it.
    BeforeServer,
    /// The server has it and answers; the connection is cut before the client hears.
    AfterServer,
    /// It lies on the way until [`Proxy::release`], even if the client goes.
    Hold,
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
    cut: Cut,
    then_refuse: bool,
}

impl Proxy {
    /// A proxy before the server of a PostgreSQL URL.
    pub async fn before(url: &str) -> Self {
        let (_, rest) = url.split_once('@').expect("the URL names a user");
        let (server, _) = rest.split_once('/').expect("the URL names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shared = Arc::new(Shared {
            server: server.parse().expect("the URL names an address and a port"),
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

    /// Says what becomes of the next COMMIT, once.
    pub fn cut_next_commit(&self, cut: Cut) {
        self.shared.plan(Plan {
            cut,
            then_refuse: false,
        });
    }

    /// The same, and afterwards new connections are refused until [`Proxy::admit`].
    pub fn cut_next_commit_and_refuse(&self, cut: Cut) {
        self.shared.plan(Plan { cut, then_refuse: true });
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

    /// Lets a held COMMIT go on to the server.
    pub fn release(&self) {
        self.shared.held.send_replace(false);
    }

    /// How many COMMITs were cut or held.
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
        for task in self
            .shared
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .drain(..)
        {
            task.abort();
        }
    }
}

impl Shared {
    fn plan(&self, plan: Plan) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = Some(plan);
    }

    /// Takes the plan if these bytes are a COMMIT.
    fn planned(&self, bytes: &[u8]) -> Option<Cut> {
        if !bytes.windows(7).any(|window| window == b"COMMIT\0") {
            return None;
        }
        let plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        if plan.then_refuse {
            self.admits.send_replace(false);
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
    // Set when the next answer of the server is the one to lose.
    let lose = watch::Sender::new(false);
    let up = upward(from_client, to_server, &shared, &lose);
    let down = async {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count) = from_server.read(&mut buffer).await {
            thawed(&shared).await;
            if count == 0 || *lose.borrow() || to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

async fn upward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, lose: &watch::Sender<bool>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count) = from.read(&mut buffer).await {
        if count == 0 {
            return;
        }
        thawed(shared).await;
        let bytes = &buffer[..count];
        match shared.planned(bytes) {
            Some(Cut::BeforeServer) => return,
            Some(Cut::AfterServer) => {
                lose.send_replace(true);
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

async fn thawed(shared: &Shared) {
    let _ = shared.frozen.subscribe().wait_for(|frozen| !frozen).await;
}
