//! A hostile session.

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem::limits;
use tandem::rpc::proto::v1::client_message::Kind as Up;
use tandem::rpc::proto::v1::server_message::Kind as Down;
use tandem::rpc::proto::v1::{self, ReceiptState};
use tandem_testkit::client::{self, Door, YjsSession};
use tandem_testkit::hostile::Hostile;
use tandem_testkit::process::Process;

use super::{SESSIONS, VICTIM};

/// What became of the hostile updates: `accepted`, a refusal's reason, or how their stream or call ended.
pub(super) type Tally = BTreeMap<String, usize>;

/// A session that sends what no honest client sends, and expects one answer to each message.
pub(super) struct Attacker {
    session: YjsSession,
    door: Door,
    random: SmallRng,
    hostile: Hostile,
    /// The client ids that it may write under.
    ids: [u32; 3],
    file: String,
    epoch: u32,
    state_vector: Bytes,
    /// How many receipts came for each operation.
    receipts: BTreeMap<u64, usize>,
    tally: Tally,
}

impl Attacker {
    pub(super) async fn join(server: &Process, room: &str, number: u32, mut random: SmallRng) -> Self {
        let door = Door::ALL[number as usize % 2];
        let mut session = YjsSession::join(&server.client(), door, room, "Mallory")
            .await
            .expect("joined");
        let ids = [0, 1, 2].map(|id| 100 + 10 * number + id);
        let foreign = 100 + 10 * ((number + 1) % SESSIONS);
        let file = session.open("main.txt", ids[0], Bytes::new()).await.expect("opened");
        let clients = [VICTIM, ids[0], ids[1], ids[2], foreign].map(u64::from);
        let mut attacker = Self {
            hostile: Hostile::with_clients(SmallRng::from_rng(&mut random), clients),
            epoch: session.seen.open[&file].epoch,
            state_vector: Bytes::new(),
            session,
            door,
            random,
            ids,
            file,
            receipts: BTreeMap::new(),
            tally: Tally::new(),
        };
        for id in ids {
            attacker.open(id).await;
        }
        attacker
    }

    /// Sends so many hostile updates, and other things in between.
    pub(super) async fn attack(mut self, updates: usize) -> Tally {
        let mut sent = 0;
        while sent < updates {
            match self.random.random_range(0..40) {
                0 => self.breach().await,
                1 => self.run(2).await,
                _ => {
                    let count = if self.random.random_range(0..20) == 0 { 6 } else { 1 };
                    self.run(count).await;
                    sent += count;
                }
            }
        }
        let more_than_one = self.receipts.iter().filter(|(_, count)| **count > 1);
        assert_eq!(more_than_one.count(), 0, "{:?}", self.receipts);
        self.tally
    }

    /// Sends operations without waiting in between, and reads until each is answered.
    async fn run(&mut self, count: usize) {
        let mut messages = Vec::new();
        let mut asked = Vec::new();
        for _ in 0..count {
            let op_id = self.session.next_op_id();
            asked.push(op_id);
            messages.extend(self.operation(op_id));
        }
        match self.session.wire().send_all(messages).await {
            Ok(()) => {}
            // The call's own answer: none of its messages was taken in.
            Err(status) if self.door == Door::Subscribe => {
                self.count(&client::reason(&status), count);
                return;
            }
            Err(status) => panic!("the stream ended without a reason: {status:?}"),
        }
        let mut lost = false;
        while let Some(next) = asked.iter().find(|op_id| !self.receipts.contains_key(op_id)) {
            let told = self.session.step().await;
            assert!(told.is_some(), "no receipt of {next}: {:?}", self.session.ended);
            if let Some(Down::Receipt(receipt)) = told {
                lost |= self.receipt(&receipt);
            }
        }
        // Now and then it goes on as if nothing had been refused.
        if lost && self.random.random_range(0..10) > 0 {
            let id = self.ids[self.random.random_range(0..self.ids.len())];
            self.open(id).await;
        }
    }

    /// One operation's messages.
    fn operation(&mut self, op_id: u64) -> Vec<Up> {
        let whole = v1::Update {
            op_id,
            file: Some(v1::update::File::FileId(self.file.clone())),
            epoch: self.epoch,
            update: self.hostile.update().into(),
            ..Default::default()
        };
        let odd = match self.random.random_range(0..60) {
            0 => v1::Update {
                epoch: self.epoch + 1,
                ..whole
            },
            1 => v1::Update {
                file: Some(v1::update::File::Path("other.txt".to_owned())),
                ..whole
            },
            2 => v1::Update {
                file: Some(v1::update::File::FileId("\u{0}no id".to_owned())),
                ..whole
            },
            3 => v1::Update { file: None, ..whole },
            4 => v1::Update { origin: -1, ..whole },
            5 if self.random.random_range(0..4) == 0 => v1::Update {
                update: vec![0; limits::EDIT_BYTES + 1].into(),
                ..whole
            },
            6 => {
                let edit = v1::Edit {
                    op_id,
                    file: Some(v1::edit::File::FileId(self.file.clone())),
                    base_revision: Some(u64::MAX),
                    ..Default::default()
                };
                return vec![Up::Edit(edit)];
            }
            7 | 8 => return self.in_parts(&whole),
            _ => whole,
        };
        vec![Up::Update(odd)]
    }

    fn in_parts(&mut self, whole: &v1::Update) -> Vec<Up> {
        let at = self.random.random_range(0..=whole.update.len());
        let parts = [
            (whole.update.slice(..at), true),
            (Bytes::new(), true),
            (whole.update.slice(at..), false),
        ];
        let part = |(update, more)| {
            Up::Update(v1::Update {
                update,
                more,
                ..whole.clone()
            })
        };
        parts.map(part).into()
    }

    /// Breaks the protocol itself. The answer is the stream's end, or that of the call.
    async fn breach(&mut self) {
        let op_id = self.session.next_op_id();
        let update = |op_id| {
            Up::Update(v1::Update {
                op_id,
                file: Some(v1::update::File::FileId(self.file.clone())),
                ..Default::default()
            })
        };
        let join = Up::Join(v1::Join::default());
        let messages = match self.random.random_range(0..4) {
            0 => vec![update(0)],
            1 => vec![update(op_id), update(op_id)],
            2 => vec![update(op_id), update(op_id - 1)],
            _ => vec![join],
        };
        let sent = self.session.wire().send_all(messages).await;
        let status = match (self.door, sent) {
            (Door::Subscribe, sent) => sent.expect_err("a call that breaks the protocol is refused"),
            (Door::Collaborate, sent) => {
                sent.expect("the stream is there");
                while let Some(told) = self.session.step().await {
                    if let Down::Receipt(receipt) = told {
                        self.receipt(&receipt);
                    }
                }
                let ended = self.session.ended.clone().expect("the stream has ended");
                ended.expect_err("a stream that breaks the protocol ends with an error")
            }
        };
        self.count(&client::reason(&status), 1);
        if self.door == Door::Collaborate {
            self.session.resume(Vec::new()).await.expect("resumed");
            self.open(self.ids[0]).await;
        }
    }

    /// Notes a receipt; says whether it was a refusal.
    fn receipt(&mut self, receipt: &v1::Receipt) -> bool {
        *self.receipts.entry(receipt.op_id).or_default() += 1;
        let refused = receipt.state() == ReceiptState::Refused;
        let reason = receipt.error.as_ref().map(client::reason_of);
        assert_eq!(refused, reason.is_some(), "{receipt:?}");
        self.count(reason.as_deref().unwrap_or("accepted"), 1);
        refused
    }

    /// Every answer has a reason of ours, and none is a defect.
    fn count(&mut self, what: &str, count: usize) {
        assert!(!["", "INTERNAL", "ROOM_UNAVAILABLE"].contains(&what), "{what:?}");
        *self.tally.entry(what.to_owned()).or_default() += count;
    }

    /// Opens the file again, as one must after a refusal, and learns what became of everything.
    async fn open(&mut self, client_id: u32) {
        let open = v1::Open {
            file: Some(v1::open::File::FileId(self.file.clone())),
            client_id,
            state_vector: self.state_vector.clone(),
            ..Default::default()
        };
        self.session.send(Up::Open(open)).await.expect("sent");
        let opened = loop {
            match self.session.step().await.expect("the stream goes on") {
                Down::Opened(opened) => break opened,
                Down::Receipt(receipt) => panic!("a second receipt: {receipt:?}"),
                Down::Refused(refused) => panic!("{refused:?}"),
                _ => {}
            }
        };
        self.state_vector = opened.state_vector;
        self.hostile.learn(&self.state_vector);
        self.session.take_updates(&self.file);
    }
}
