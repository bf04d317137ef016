//! A client that comes back by itself, as an honest one does.

mod typing;

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tandem::document::Unit;
use tandem::rpc::proto::v1::{self, client_message, server_message};
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{Client, Door, Session, TextSession, WAIT, YjsSession, reason};
use crate::yjs_client::YjsClient;

/// How long it waits before it comes back if nobody says how long.
const COME_BACK: Duration = Duration::from_millis(50);

/// A client of either kind that types into one file. When its stream ends it waits as long as it was told, resumes, and
/// sends again what has no receipt. It keeps everything that it was told.
pub struct Steady {
    name: String,
    kind: Kind,
    file: String,
    /// The text that it sent, by op_id; of several insertions one behind the other.
    pub sent: BTreeMap<u64, String>,
    /// Every receipt that came, by op_id.
    pub receipts: BTreeMap<u64, Vec<v1::Receipt>>,
    /// Everybody's edits that it was shown, if it is a text client.
    pub edited: Vec<v1::Edited>,
    /// Everybody else's updates that it was shown, if it is a Yjs client.
    pub updated: Vec<v1::Updated>,
    /// Whole texts that it was shown when it came back or fell behind, with their revisions, if it is a text client.
    pub texts: Vec<(u64, String)>,
    /// How its streams ended.
    pub farewells: Vec<Farewell>,
    /// What calls were answered with that were to be made again: Publish, or a resume.
    pub refusals: Vec<Status>,
    /// What a Publish refused to take in, while its stream goes on.
    unsent: Vec<u64>,
}

enum Kind {
    Text(TextSession),
    Yjs(YjsSession, YjsClient),
}

/// How a stream ended.
#[derive(Clone, Debug)]
pub struct Farewell {
    /// The goodbye before its end.
    pub goodbye: Option<v1::Goodbye>,
    /// Its end.
    pub status: Result<(), Status>,
}

/// How a client takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Whether it is a Yjs client.
    pub yjs: bool,
    /// The door that it comes by.
    pub door: Door,
}

impl Way {
    /// Text and Yjs clients, each by both doors.
    pub const ALL: [Self; 4] = [
        Self::new(false, Door::Collaborate),
        Self::new(true, Door::Subscribe),
        Self::new(true, Door::Collaborate),
        Self::new(false, Door::Subscribe),
    ];

    const fn new(yjs: bool, door: Door) -> Self {
        Self { yjs, door }
    }
}

impl Steady {
    /// Joins a room and opens a file. A server that says to come later is asked later.
    ///
    /// # Panics
    ///
    /// If it is not let in within [`WAIT`].
    pub async fn join(client: &Client, way: Way, room: &str, path: &str, name: &str) -> Self {
        let patience = Instant::now() + WAIT;
        loop {
            match Self::try_join(client, way, room, path, name).await {
                Ok(joined) => return joined,
                Err(status) => wait_out(name, &status, patience).await,
            }
        }
    }

    /// The same, asked once.
    ///
    /// # Errors
    ///
    /// What the server refused it with.
    ///
    /// # Panics
    ///
    /// If the file does not open.
    pub async fn try_join(client: &Client, way: Way, room: &str, path: &str, name: &str) -> Result<Self, Status> {
        let (kind, file) = if way.yjs {
            let mut session = YjsSession::join(client, way.door, room, name).await?;
            // No two sessions have the same.
            let unique = session.seen.joined.participant_id.bytes();
            let seed = unique.fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
            let doc = YjsClient::with_random_id(&mut SmallRng::seed_from_u64(seed));
            let file = session.open(path, doc.id().0, Bytes::new()).await?;
            (Kind::Yjs(session, doc), file)
        } else {
            let mut session = TextSession::join(client, way.door, room, name, Unit::CodePoint).await?;
            let file = session.open(path).await?;
            (Kind::Text(session), file)
        };
        let mut joined = Self {
            name: name.to_owned(),
            kind,
            file,
            sent: BTreeMap::new(),
            receipts: BTreeMap::new(),
            edited: Vec::new(),
            updated: Vec::new(),
            texts: Vec::new(),
            farewells: Vec::new(),
            refusals: Vec::new(),
            unsent: Vec::new(),
        };
        joined.take_updates();
        Ok(joined)
    }

    /// The session.
    pub fn session(&mut self) -> &mut Session {
        match &mut self.kind {
            Kind::Text(session) => session,
            Kind::Yjs(session, _) => session,
        }
    }

    /// The file that it types into.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Whether it is a text client.
    pub fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text(_))
    }

    /// The text that it shows.
    pub fn text(&self) -> String {
        match &self.kind {
            Kind::Text(session) => session.text(&self.file),
            Kind::Yjs(_, doc) => doc.text(),
        }
    }

    /// How many of its operations have no receipt.
    pub fn in_flight(&self) -> usize {
        self.sent.len().saturating_sub(self.receipts.len())
    }

    /// Takes in the next message; `false` once the stream has ended.
    ///
    /// # Panics
    ///
    /// If nothing comes within [`WAIT`].
    pub async fn next(&mut self) -> bool {
        let Some(kind) = self.session().step().await else {
            if let Some(status) = self.session().ended.take() {
                let goodbye = self.session().seen.goodbye.take();
                self.farewells.push(Farewell { goodbye, status });
            }
            return false;
        };
        match kind {
            server_message::Kind::Receipt(receipt) => self.receipts.entry(receipt.op_id).or_default().push(receipt),
            server_message::Kind::Edited(edited) => self.edited.push(edited),
            server_message::Kind::Updated(updated) => self.updated.push(updated),
            server_message::Kind::Opened(opened) if self.is_text() && !opened.resumed => {
                self.texts.push((opened.revision, opened.text));
            }
            server_message::Kind::Resync(resync) if self.is_text() => self.texts.push((resync.revision, resync.text)),
            _ => {}
        }
        self.take_updates();
        true
    }

    /// Takes in messages until `fact` holds, and comes back as often as that takes.
    ///
    /// # Panics
    ///
    /// If it does not hold within twice [`WAIT`]; the message says `what` was waited for.
    pub async fn until(&mut self, what: &str, fact: impl Fn(&Self) -> bool) {
        let waited = timeout(WAIT * 2, async {
            while !fact(self) {
                self.publish_again().await;
                if !self.next().await {
                    self.come_back().await;
                }
            }
        });
        if waited.await.is_err() {
            panic!("{} waited too long for {what}: {:?}", self.name, self.farewells);
        }
    }

    /// Takes in messages until everything that it sent has its receipt.
    ///
    /// # Panics
    ///
    /// As [`Self::until`].
    pub async fn settle(&mut self) {
        let settled = |it: &Self| it.sent.keys().all(|op_id| it.receipts.contains_key(op_id));
        self.until("its receipts", settled).await;
    }

    /// Takes in messages until it shows a text.
    ///
    /// # Panics
    ///
    /// As [`Self::until`].
    pub async fn shows(&mut self, text: &str) {
        let shown = timeout(WAIT, self.until("the text that all have", |it| it.text() == text));
        let shown = shown.await.is_ok();
        assert!(shown, "{} shows {:?}, not {text:?}", self.name, self.text());
    }

    /// Reads to the stream's end.
    ///
    /// # Panics
    ///
    /// If it does not end within [`WAIT`].
    pub async fn read_to_the_end(&mut self) {
        let end = timeout(WAIT, async { while self.next().await {} });
        assert!(end.await.is_ok(), "{}: the stream did not end", self.name);
    }

    /// Leaves for good.
    ///
    /// # Panics
    ///
    /// If the stream does not end.
    pub async fn leave(mut self) {
        if self
            .session()
            .send(client_message::Kind::Leave(v1::Leave {}))
            .await
            .is_ok()
        {
            self.read_to_the_end().await;
        }
    }

    /// Takes the session up again, once the server lets it.
    ///
    /// # Panics
    ///
    /// If the server does not within twice [`WAIT`], or says that it never will.
    pub async fn come_back(&mut self) {
        let patience = Instant::now() + WAIT * 2;
        let told = self.farewells.last().and_then(|farewell| farewell.goodbye.as_ref());
        sleep(told.map_or(COME_BACK, |goodbye| delay(goodbye).unwrap_or(COME_BACK))).await;
        while let Err(status) = self.resume().await {
            wait_out(&self.name, &status, patience).await;
            self.refusals.push(status);
        }
        // All that has no receipt was sent again.
        self.unsent.clear();
    }

    async fn resume(&mut self) -> Result<(), Status> {
        let file = self.file.clone();
        match &mut self.kind {
            Kind::Text(session) => session.resume().await,
            Kind::Yjs(session, doc) => {
                let open = v1::Open {
                    file: Some(v1::open::File::FileId(file.clone())),
                    client_id: doc.id().0,
                    state_vector: doc.state_vector().into(),
                    epoch: session.seen.open.get(&file).map_or(0, |view| view.epoch),
                    ..Default::default()
                };
                session.resume(vec![open]).await
            }
        }
    }

    fn take_updates(&mut self) {
        if let Kind::Yjs(session, doc) = &mut self.kind {
            for update in session.take_updates(&self.file) {
                doc.receive(&update);
            }
        }
    }
}

/// What a goodbye says of when to come back.
pub fn delay(goodbye: &v1::Goodbye) -> Option<Duration> {
    goodbye.retry_delay.and_then(|delay| Duration::try_from(delay).ok())
}

/// Whether trouble passes: the server says so, or the connection broke before anybody could say anything.
fn passes(status: &Status) -> bool {
    status.code() == Code::Unavailable || (reason(status).is_empty() && status.source().is_some())
}

/// Waits as a server asks that has passing trouble.
async fn wait_out(name: &str, status: &Status, patience: Instant) {
    assert!(passes(status), "{name}: {status:?}");
    assert!(Instant::now() < patience, "{name} is never let in: {status:?}");
    let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
    sleep(told.unwrap_or(COME_BACK)).await;
}
