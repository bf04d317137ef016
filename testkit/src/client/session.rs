//! A session on one stream after another: what both kinds have in common.

use std::time::Duration;

use tandem::document::Unit;
use tandem::rpc::proto::v1::{self, client_message, server_message};
use tokio::time::timeout;
use tonic::Status;

use super::{Client, Door, Seen, Wire};

/// How long a test waits for a fact before it fails; far above what a slow machine takes.
pub const WAIT: Duration = Duration::from_secs(20);

/// A session that keeps what it was told.
pub struct Session {
    client: Client,
    door: Door,
    unit: Unit,
    wire: Option<Wire>,
    /// What it was told.
    pub seen: Seen,
    /// How the stream ended, once it has.
    pub ended: Option<Result<(), Status>>,
    next_op: u64,
}

impl Session {
    /// Joins and waits for the answer.
    ///
    /// # Errors
    ///
    /// What the server refused the join with.
    pub async fn join(client: &Client, door: Door, join: v1::Join) -> Result<Self, Status> {
        let mut session = Self {
            client: client.clone(),
            door,
            unit: match join.position_unit() {
                v1::PositionUnit::Utf16 => Unit::Utf16,
                v1::PositionUnit::Utf8 => Unit::Utf8,
                v1::PositionUnit::CodePoint | v1::PositionUnit::Unspecified => Unit::CodePoint,
            },
            wire: None,
            seen: Seen::default(),
            ended: None,
            next_op: 1,
        };
        session.connect(join, Vec::new()).await?;
        Ok(session)
    }

    /// Takes the session up on a new stream, with these files to open at once. The old stream is dropped.
    ///
    /// # Errors
    ///
    /// What the server refused it with.
    pub async fn resume(&mut self, open: Vec<v1::Open>) -> Result<(), Status> {
        self.resume_with(open, Vec::new()).await
    }

    /// As [`Self::resume`], and sends these messages: over Collaborate right behind the join, before it is answered.
    ///
    /// # Errors
    ///
    /// What the server refused it with.
    pub async fn resume_with(&mut self, open: Vec<v1::Open>, behind: Vec<client_message::Kind>) -> Result<(), Status> {
        let newest = self.seen.open.values().map(|view| view.revision).max();
        let last_revision = newest.unwrap_or_default().max(self.seen.checkpoint);
        let join = v1::Join {
            resume_token: self.seen.joined.resume_token.clone(),
            last_revision,
            open,
            ..Default::default()
        };
        self.connect(join, behind).await
    }

    /// Comes to another server from the next resume on.
    pub fn move_to(&mut self, client: &Client) {
        self.client = client.clone();
    }

    /// Whether it has a stream.
    pub fn is_connected(&self) -> bool {
        self.wire.is_some()
    }

    /// Drops the stream, as a cut does.
    pub fn cut(&mut self) {
        self.wire = None;
    }

    /// What offsets count.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The next op_id; each is given out once.
    pub fn next_op_id(&mut self) -> u64 {
        let id = self.next_op;
        self.next_op += 1;
        id
    }

    /// The op_id that is given out next.
    pub fn peek_op_id(&self) -> u64 {
        self.next_op
    }

    /// The stream, to send what no session would.
    ///
    /// # Panics
    ///
    /// If it was cut.
    pub fn wire(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("the stream was cut")
    }

    /// Sends one message.
    ///
    /// # Errors
    ///
    /// Those of [`Wire::send`].
    pub async fn send(&mut self, kind: client_message::Kind) -> Result<(), Status> {
        self.wire().send(kind).await
    }

    /// Takes in the next message and returns it; `None` once the stream has ended, with [`Self::ended`] saying how.
    ///
    /// # Panics
    ///
    /// If nothing comes within [`WAIT`].
    pub async fn step(&mut self) -> Option<server_message::Kind> {
        let wire = self.wire.as_mut()?;
        let next = timeout(WAIT, wire.next()).await.expect("nothing came down the stream");
        match next {
            Ok(Some(kind)) => {
                self.seen.apply(&kind, self.unit);
                Some(kind)
            }
            end => {
                self.ended = Some(end.map(|_| ()));
                self.wire = None;
                None
            }
        }
    }

    /// Takes messages in until `fact` holds.
    ///
    /// # Panics
    ///
    /// If it does not within [`WAIT`], or the stream ends first; the message says `what` was waited for.
    pub async fn until(&mut self, what: &str, fact: impl Fn(&Seen) -> bool) {
        let waited = timeout(WAIT, async {
            while !fact(&self.seen) {
                if self.step().await.is_none() {
                    return false;
                }
            }
            true
        });
        match waited.await {
            Ok(true) => {}
            Ok(false) => panic!("the stream ended before {what}: {:?}", self.ended),
            Err(_) => panic!("waited too long for {what}"),
        }
    }

    /// Waits for an operation's receipt.
    ///
    /// # Panics
    ///
    /// As [`Self::until`].
    pub async fn receipt(&mut self, op_id: u64) -> v1::Receipt {
        let what = format!("the receipt of {op_id}");
        self.until(&what, |seen| seen.receipts.contains_key(&op_id)).await;
        self.seen.receipts[&op_id].clone()
    }

    /// Reads to the stream's end and says how it ended.
    ///
    /// # Panics
    ///
    /// If it does not end within [`WAIT`].
    pub async fn end(&mut self) -> Result<(), Status> {
        let whole = timeout(WAIT, async { while self.step().await.is_some() {} });
        whole.await.expect("the stream did not end");
        self.ended.clone().unwrap_or(Ok(()))
    }

    async fn connect(&mut self, join: v1::Join, behind: Vec<client_message::Kind>) -> Result<(), Status> {
        self.wire = None;
        self.ended = None;
        let mut wire = Wire::open(&self.client, self.door, join).await?;
        // Publish has to wait for the stream that it belongs to.
        let waits = self.door == Door::Subscribe;
        if !waits {
            wire.send_all(behind.clone()).await?;
        }
        self.wire = Some(wire);
        match self.step().await {
            Some(server_message::Kind::Joined(joined)) => {
                self.next_op = self.next_op.max(joined.committed_op_id + 1);
                if waits && !behind.is_empty() {
                    self.wire().send_all(behind).await?;
                }
                Ok(())
            }
            Some(other) => Err(Status::internal(format!("the first message was not joined: {other:?}"))),
            None => match self.ended.clone() {
                Some(Err(status)) => Err(status),
                _ => Err(Status::internal("the stream ended without joined")),
            },
        }
    }
}
