//! A TCP proxy before the server that is what networks are: it cuts in the middle of a message, it drips, it goes away.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};

/// What the system may hold of a connection between proxy and server, in bytes: little, so that a reader that drips is
/// felt by the server.
const HELD: u32 = 16 << 10;
/// The most that one connection passes on before it is cut, as a power of two of bytes.
const CUT_WITHIN: u32 = 15;
/// The most that a dripping connection passes on at once, in bytes.
const DRIP: usize = 400;
/// The longest that it waits before the next drop, in milliseconds.
const DRIP_WAIT: u64 = 20;

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything is passed on at once.
    Calm,
    /// Each connection is cut after a random number of bytes in one of its directions.
    Cutting,
    /// What goes to the clients drips.
    Dripping,
}

/// The proxy. Dropping it cuts everything.
#[derive(Debug)]
pub struct RoughNetwork {
    address: SocketAddr,
    shared: Arc<Shared>,
    accept: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    weather: watch::Sender<Weather>,
    random: Mutex<SmallRng>,
    cuts: AtomicUsize,
    tasks: Mutex<Vec<AbortHandle>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Up,
    Down,
}

impl RoughNetwork {
    /// A calm network before the server at this address; the seed decides where it cuts.
    ///
    /// # Panics
    ///
    /// If no port is free.
    pub async fn before(server: SocketAddr, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("a bound port");
        let shared = Arc::new(Shared {
            server,
            weather: watch::Sender::new(Weather::Calm),
            random: Mutex::new(SmallRng::seed_from_u64(seed)),
            cuts: AtomicUsize::new(0),
            tasks: Mutex::default(),
        });
        let accept = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            accept,
        }
    }

    /// Where clients reach the server over it.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Says how it is from now on, for open connections too.
    pub fn set(&self, weather: Weather) {
        self.shared.weather.send_replace(weather);
    }

    /// Cuts all connections at once; how many there were.
    pub fn cut_all(&self) -> usize {
        self.shared.cut_all()
    }

    /// How many connections were cut in the middle.
    pub fn cuts(&self) -> usize {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for RoughNetwork {
    fn drop(&mut self) {
        self.accept.abort();
        self.shared.cut_all();
    }
}

impl Shared {
    fn cut_all(&self) -> usize {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let open = tasks.drain(..).filter(|task| !task.is_finished());
        open.inspect(AbortHandle::abort).count()
    }

    fn random<T>(&self, draw: impl FnOnce(&mut SmallRng) -> T) -> T {
        draw(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// In which direction a connection is cut, and after how many bytes: as often in a first word as in a long text.
    fn fate(&self) -> (Way, usize) {
        self.random(|random| {
            let way = if random.random() { Way::Up } else { Way::Down };
            let within = 1_usize << random.random_range(3..=CUT_WITHIN);
            (way, random.random_range(1..=within))
        })
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let task = tokio::spawn(serve(client, Arc::clone(&shared)));
        let mut tasks = shared.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.retain(|task| !task.is_finished());
        tasks.push(task.abort_handle());
    }
}

async fn serve(client: TcpStream, shared: Arc<Shared>) {
    let connect = async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(HELD)?;
        let server = socket.connect(shared.server).await?;
        server.set_nodelay(true)?;
        client.set_nodelay(true)?;
        std::io::Result::Ok(server)
    };
    // Where no server is, the client's connection ends as well.
    let Ok(server) = connect.await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (way, bytes) = shared.fate();
    let budget = |of: Way| if of == way { bytes } else { usize::MAX };
    tokio::select! {
        () = pass(from_client, to_server, &shared, Way::Up, budget(Way::Up)) => {}
        () = pass(from_server, to_client, &shared, Way::Down, budget(Way::Down)) => {}
    }
}

/// Passes on until one side is gone or the connection is cut.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shared: &Shared, way: Way, mut budget: usize) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let drips = way == Way::Down && *shared.weather.borrow() == Weather::Dripping;
        let most = if drips { shared.drip().await } else { buffer.len() };
        let Ok(count @ 1..) = from.read(&mut buffer[..most]).await else {
            return;
        };
        let cut = *shared.weather.borrow() == Weather::Cutting && count >= budget;
        let passed = if cut { budget } else { count };
        if *shared.weather.borrow() == Weather::Cutting {
            budget = budget.saturating_sub(count).max(1);
        }
        if to.write_all(&buffer[..passed]).await.is_err() {
            return;
        }
        if cut {
            shared.cuts.fetch_add(1, Ordering::SeqCst);
            return;
        }
    }
}

impl Shared {
    /// Waits for the next drop, or for better weather; how large it may be.
    async fn drip(&self) -> usize {
        let (wait, most) = self.random(|random| (random.random_range(1..=DRIP_WAIT), random.random_range(1..=DRIP)));
        let mut weather = self.weather.subscribe();
        let better = weather.wait_for(|weather| *weather != Weather::Dripping);
        // Neither outcome matters: who calls looks at the weather again.
        let _ = tokio::time::timeout(Duration::from_millis(wait), better).await;
        most
    }
}
