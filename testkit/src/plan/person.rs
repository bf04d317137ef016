//! Somebody in a plan: a session, and a client machine for each file.

use std::collections::{BTreeMap, HashMap, HashSet};

use futures_util::FutureExt;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tandem::id::{ClientId, OpId, Revision};
use tandem::rpc::proto::v1::{self, client_message, refused, server_message};
use tokio::time::Instant;
use tonic::{Code, Status};

use super::{Kind, Taking};
use crate::client::{Client, Door, Session, WAIT, reason, reason_of};
use crate::random_edit::random_edit;
use crate::text_client::{Edited, OptimisticClient, PlainClient, Receipt, Sent};
use crate::yjs_client::YjsClient;

/// Why an honest client's operation may be refused: its file was deleted, before or after what it builds on; or a cut
/// took the receipt of such a refusal away.
const REFUSALS: [&str; 5] = [
    "FILE_DELETED",
    "FILE_NOT_OPEN",
    "RESYNC_FIRST",
    "UPDATE_GAP",
    "NOT_ACCEPTED",
];

/// What somebody has of a file.
struct Held {
    machine: Machine,
    /// Whether events of the file come.
    open: bool,
    /// How many opens have no answer yet: until the last one's, nothing of the file counts.
    asked: usize,
    epoch: u32,
}

enum Machine {
    /// Nothing yet.
    Empty,
    Plain(PlainClient),
    Optimistic(Box<OptimisticClient>),
    Yjs(YjsClient),
}

/// An operation without a receipt.
struct Pending {
    message: client_message::Kind,
    file: String,
    /// The machine's own number for it.
    machine: Option<OpId>,
    /// The Y.Doc that it is of.
    doc: Option<ClientId>,
}

/// Somebody.
pub(super) struct Person {
    name: String,
    taking: Taking,
    session: Session,
    files: BTreeMap<String, Held>,
    pending: BTreeMap<u64, Pending>,
    /// The machines' own numbers for what was sent.
    numbers: HashMap<u64, OpId>,
    /// What had its receipt on this stream.
    receipts_here: HashSet<u64>,
    /// What was sent again on this stream, and may have two.
    sent_twice: HashSet<u64>,
    /// Revisions of its own text operations.
    pub(super) revisions: Vec<u64>,
    pub(super) refused: usize,
    pub(super) committed: usize,
    pings: (u64, u64),
    said_goodbye: bool,
    random: SmallRng,
}

impl Person {
    pub(super) async fn join(
        client: &Client,
        room: &str,
        at: usize,
        taking: Taking,
        seed: u64,
    ) -> Result<Self, Status> {
        let name = format!("{at} {:?}", taking.client);
        let is_yjs = taking.client == Kind::Yjs;
        let unit = if is_yjs { Unit::Utf16 } else { taking.unit() };
        let join = v1::Join {
            room: room.to_owned(),
            name: name.clone(),
            mode: if is_yjs { v1::Mode::Yjs } else { v1::Mode::Text } as i32,
            position_unit: unit.number(),
            ..Default::default()
        };
        let mut person = Self {
            name,
            taking,
            session: Session::join(client, taking.door(), join).await?,
            files: BTreeMap::new(),
            pending: BTreeMap::new(),
            numbers: HashMap::new(),
            receipts_here: HashSet::new(),
            sent_twice: HashSet::new(),
            revisions: Vec::new(),
            refused: 0,
            committed: 0,
            pings: (0, 0),
            said_goodbye: false,
            random: SmallRng::seed_from_u64(seed),
        };
        person.open_all().await;
        Ok(person)
    }

    pub(super) fn is_connected(&self) -> bool {
        self.session.is_connected()
    }

    pub(super) fn cut(&mut self) {
        self.session.cut();
        self.off();
    }

    pub(super) fn move_to(&mut self, client: &Client) {
        self.session.move_to(client);
    }

    /// Leaves for good, and reads to the end.
    pub(super) async fn leave(&mut self) {
        if self.is_connected() && self.send(vec![client_message::Kind::Leave(v1::Leave {})]).await {
            self.read_to_the_end().await;
        }
    }

    /// Reads what still comes of a stream that ends; whether a goodbye came.
    pub(super) async fn read_to_the_end(&mut self) -> bool {
        self.said_goodbye = false;
        while let Some(kind) = self.session.step().await {
            // Whatever that makes the client say, nobody hears it any more.
            self.apply(kind);
        }
        self.off();
        self.said_goodbye
    }

    /// Takes the session up on a new stream.
    pub(super) async fn resume(&mut self, at_once: bool) -> Result<(), Status> {
        self.off();
        let files: Vec<String> = self.files.keys().cloned().collect();
        let open = files.into_iter().map(|file| self.open_message(&file)).collect();
        let again = self.unreceipted();
        let (now, later) = if at_once {
            (again, Vec::new())
        } else {
            (Vec::new(), again)
        };
        self.session.resume_with(open, now).await?;
        assert!(self.session.seen.joined.resumed, "{}: not resumed", self.name);
        self.send(later).await;
        self.open_all().await;
        Ok(())
    }

    /// Publishes again what has no receipt, as one does whose call has failed.
    pub(super) async fn resend(&mut self) {
        if self.taking.door() == Door::Subscribe && self.is_connected() {
            let again: Vec<u64> = self
                .pending
                .iter()
                .filter(|(_, it)| self.is_wanted(it))
                .map(|(id, _)| *id)
                .collect();
            let messages = again.iter().map(|id| self.pending[id].message.clone()).collect();
            self.sent_twice.extend(again);
            self.send(messages).await;
        }
    }

    /// Edits a file that is open, so many times at once.
    pub(super) async fn edit(&mut self, file: &str, times: usize, as_one: bool, seed: u64) {
        let random = &mut SmallRng::seed_from_u64(seed);
        // Nobody types before there is a text.
        let comes = |person: &Self| person.files.get(file).is_some_and(|held| held.asked > 0);
        while self.is_connected() && comes(self) {
            self.next().await;
        }
        let Some(held) = self.files.get_mut(file).filter(|held| held.open && held.asked == 0) else {
            return;
        };
        let mut messages = Vec::new();
        let mut before = Vec::new();
        if let Machine::Yjs(doc) = &held.machine {
            before = doc.state_vector();
        }
        for _ in 0..times {
            let Some(held) = self.files.get_mut(file) else { break };
            match &mut held.machine {
                Machine::Empty => {}
                Machine::Plain(client) => {
                    let changes = random_edit(random, client.text(), client.unit());
                    let base = client.revision();
                    match client.edit(changes.clone()) {
                        Some(sent) => messages.push(self.text_message(file, sent)),
                        // One more on the same base, beside the machine.
                        None => messages.push(self.further_edit(file, base, changes)),
                    }
                }
                Machine::Optimistic(client) => {
                    let changes = random_edit(random, client.text(), client.unit());
                    if let Some(sent) = client.edit(changes) {
                        messages.push(self.text_message(file, sent));
                    }
                }
                Machine::Yjs(client) => {
                    let shown = Rope::from_str(&client.text());
                    client.edit(&random_edit(random, &shown, Unit::Utf16));
                    let written = client.take_written();
                    if !as_one {
                        messages.extend(written.into_iter().map(|update| self.update_message(file, update)));
                    }
                }
            }
        }
        if as_one && let Some(Machine::Yjs(client)) = self.files.get(file).map(|held| &held.machine) {
            let update = client.difference(&before);
            messages.push(self.update_message(file, update));
        }
        self.send(messages).await;
    }

    /// Takes in what is there, at most so many messages.
    pub(super) async fn take(&mut self, most: usize) {
        for _ in 0..most {
            match self.session.step().now_or_never() {
                None => return,
                Some(None) => return self.off(),
                Some(Some(kind)) => self.answer(kind).await,
            }
        }
    }

    /// Whether everything that it did has its receipt, and everything that it opens is open.
    pub(super) fn is_settled(&self) -> bool {
        let still = |held: &Held| match &held.machine {
            Machine::Optimistic(client) => held.asked == 0 && (!held.open || !client.has_pending()),
            _ => held.asked == 0,
        };
        self.is_connected() && self.pending.is_empty() && self.files.values().all(still)
    }

    /// Takes in messages until it is settled; `false` if the stream ended before.
    pub(super) async fn settle(&mut self) -> bool {
        let patience = Instant::now() + WAIT;
        while !self.is_settled() {
            assert!(
                Instant::now() < patience,
                "{}: waits for {:?}",
                self.name,
                self.waits_for()
            );
            if !self.next().await {
                return false;
            }
        }
        true
    }

    fn waits_for(&self) -> Vec<String> {
        let pending = self.pending.values().map(|pending| format!("{:?}", pending.message));
        let held = self.files.iter().map(|(file, held)| {
            let machine = match &held.machine {
                Machine::Optimistic(client) => format!("{client:?}"),
                _ => String::new(),
            };
            format!("{file}: open {}, asked {} {machine}", held.open, held.asked)
        });
        pending.chain(held).collect()
    }

    /// Takes in everything that was sent to it before now: asks for what is refused, and waits for that.
    pub(super) async fn catch_up(&mut self) -> bool {
        self.pings.0 += 1;
        let nowhere = v1::presence::File::Path("no such file".into());
        let ping = v1::Presence {
            file: Some(nowhere),
            ..Default::default()
        };
        self.send(vec![client_message::Kind::Presence(ping)]).await;
        let patience = Instant::now() + WAIT;
        while self.pings.1 < self.pings.0 {
            assert!(Instant::now() < patience, "{}: hears nothing", self.name);
            if !self.next().await {
                return false;
            }
        }
        true
    }

    /// Says in what its copy of a file differs from this text.
    pub(super) fn compare(&self, file: &str, text: &str) -> Result<(), String> {
        let held = self
            .files
            .get(file)
            .ok_or_else(|| format!("{}: has not opened {file}", self.name))?;
        if !held.open {
            return Err(format!("{}: {file} is not open", self.name));
        }
        let (shown, sound) = match &held.machine {
            Machine::Empty => return Err(format!("{}: has nothing of {file}", self.name)),
            Machine::Plain(client) => (client.text().to_string(), true),
            Machine::Optimistic(client) => {
                let sound = client.is_consistent() && client.committed() == client.text();
                (client.text().to_string(), sound)
            }
            Machine::Yjs(client) => (client.text(), !client.has_missing()),
        };
        if shown != text || !sound {
            return Err(format!(
                "{}: shows {shown:?}, the server has {text:?}; sound: {sound}",
                self.name
            ));
        }
        Ok(())
    }

    /// Whether a deleted file is closed.
    pub(super) fn has_open(&self, file: &str) -> bool {
        self.files.get(file).is_some_and(|held| held.open)
    }

    async fn next(&mut self) -> bool {
        match self.session.step().await {
            Some(kind) => self.answer(kind).await,
            None => self.off(),
        }
        self.is_connected()
    }

    async fn answer(&mut self, kind: server_message::Kind) {
        let messages = self.apply(kind);
        self.send(messages).await;
    }

    /// Sends; whether it could be sent. What could not be sent is sent after the next resume.
    async fn send(&mut self, messages: Vec<client_message::Kind>) -> bool {
        if messages.is_empty() || !self.is_connected() {
            return messages.is_empty();
        }
        match self.session.wire().send_all(messages).await {
            Ok(()) => true,
            Err(status) => {
                let passing = status.code() == Code::Unavailable || reason(&status) == "NOT_JOINED";
                assert!(passing, "{}: {status:?}", self.name);
                self.cut();
                false
            }
        }
    }

    /// There is no stream now: what was asked for is not answered any more.
    fn off(&mut self) {
        for held in self.files.values_mut() {
            (held.open, held.asked) = (false, 0);
        }
        self.receipts_here.clear();
        self.sent_twice.clear();
        self.pings = (0, 0);
        self.forget_drafts();
    }

    fn unreceipted(&self) -> Vec<client_message::Kind> {
        self.pending.values().map(|pending| pending.message.clone()).collect()
    }

    /// What a dropped Y.Doc had is a draft: it is not sent again.
    fn forget_drafts(&mut self) {
        let drafts: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, it)| !self.is_wanted(it))
            .map(|(id, _)| *id)
            .collect();
        drafts.iter().for_each(|id| drop(self.pending.remove(id)));
    }

    fn is_wanted(&self, pending: &Pending) -> bool {
        let doc = match self.files.get(&pending.file).map(|held| &held.machine) {
            Some(Machine::Yjs(doc)) => Some(doc.id()),
            _ => None,
        };
        pending.doc.is_none() || pending.doc == doc
    }

    /// Opens the living files that it has not opened.
    async fn open_all(&mut self) {
        let files = self.session.seen.files.values().filter(|file| !file.deleted);
        let files: Vec<String> = files.map(|file| file.file_id.clone()).collect();
        for file in files {
            if !self.files.get(&file).is_some_and(|held| held.asked > 0 || held.open) {
                let open = self.open_message(&file);
                self.send(vec![client_message::Kind::Open(open)]).await;
            }
        }
    }

    fn open_message(&mut self, file: &str) -> v1::Open {
        let held = self.files.entry(file.to_owned()).or_insert_with(|| Held {
            machine: Machine::Empty,
            open: false,
            asked: 0,
            epoch: 0,
        });
        held.asked += 1;
        let mut open = v1::Open {
            file: Some(v1::open::File::FileId(file.to_owned())),
            ..Default::default()
        };
        if self.taking.client == Kind::Yjs && matches!(held.machine, Machine::Empty) {
            held.machine = Machine::Yjs(YjsClient::with_random_id(&mut self.random));
        }
        match &held.machine {
            Machine::Empty => {}
            Machine::Plain(client) => open.after_revision = client.revision().0,
            Machine::Optimistic(client) => open.after_revision = client.revision().0,
            Machine::Yjs(client) => {
                open.client_id = client.id().0;
                open.state_vector = client.state_vector().into();
                open.epoch = held.epoch;
            }
        }
        open
    }

    fn text_message(&mut self, file: &str, sent: Sent) -> client_message::Kind {
        self.edit_message(file, sent.base, sent.changes, Some(sent.op_id))
    }

    fn further_edit(&mut self, file: &str, base: Revision, changes: Vec<UnitChange>) -> client_message::Kind {
        self.edit_message(file, base, changes, None)
    }

    fn edit_message(
        &mut self,
        file: &str,
        base: Revision,
        changes: Vec<UnitChange>,
        machine: Option<OpId>,
    ) -> client_message::Kind {
        let op_id = self.session.next_op_id();
        let change = |change: UnitChange| v1::Change {
            offset: change.offset,
            delete: change.delete,
            insert: change.insert,
        };
        let message = client_message::Kind::Edit(v1::Edit {
            op_id,
            file: Some(v1::edit::File::FileId(file.to_owned())),
            base_revision: Some(base.0),
            changes: changes.into_iter().map(change).collect(),
            origin: 0,
        });
        self.keep(op_id, file, machine, None, &message);
        message
    }

    fn update_message(&mut self, file: &str, update: Vec<u8>) -> client_message::Kind {
        let op_id = self.session.next_op_id();
        let (epoch, doc) = match self.files.get(file) {
            Some(Held {
                epoch,
                machine: Machine::Yjs(doc),
                ..
            }) => (*epoch, Some(doc.id())),
            _ => (0, None),
        };
        let message = client_message::Kind::Update(v1::Update {
            op_id,
            file: Some(v1::update::File::FileId(file.to_owned())),
            epoch,
            update: update.into(),
            ..Default::default()
        });
        self.keep(op_id, file, None, doc, &message);
        message
    }

    fn keep(
        &mut self,
        op_id: u64,
        file: &str,
        machine: Option<OpId>,
        doc: Option<ClientId>,
        message: &client_message::Kind,
    ) {
        let pending = Pending {
            message: message.clone(),
            file: file.to_owned(),
            machine,
            doc,
        };
        self.pending.insert(op_id, pending);
        self.numbers.extend(machine.map(|number| (op_id, number)));
    }

    /// Takes one message in; what is to be sent then.
    fn apply(&mut self, kind: server_message::Kind) -> Vec<client_message::Kind> {
        use server_message::Kind as Down;
        match kind {
            Down::Opened(opened) => self.opened(opened),
            Down::Edited(edited) => {
                let number = self.numbers.get(&edited.op_id).copied();
                let held = self.listening(&edited.file_id);
                let sent = held.and_then(|held| held.machine.edited(&edited, number));
                sent.map(|sent| self.text_message(&edited.file_id, sent))
                    .into_iter()
                    .collect()
            }
            Down::Updated(updated) => {
                if let Some(Machine::Yjs(doc)) = self.listening(&updated.file_id).map(|held| &mut held.machine) {
                    doc.receive(&updated.update);
                }
                Vec::new()
            }
            Down::Receipt(receipt) => self.receipt(receipt),
            Down::FileChanged(changed) => self.file_changed(changed),
            Down::Resync(resync) if self.taking.client == Kind::Yjs => self.start_anew(&resync.file_id),
            Down::Resync(resync) => self.text_anew(&resync.file_id, &resync.text, resync.revision),
            Down::Refused(refused) => self.refused(refused),
            Down::Checkpoint(checkpoint) => self.checkpoint(checkpoint.revision),
            Down::Goodbye(_) => {
                self.said_goodbye = true;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn listening(&mut self, file: &str) -> Option<&mut Held> {
        self.files.get_mut(file).filter(|held| held.open && held.asked == 0)
    }

    fn opened(&mut self, opened: v1::Opened) -> Vec<client_message::Kind> {
        let file = opened.file.expect("opened names its file").file_id;
        let held = self.files.get_mut(&file).expect("opened answers an open");
        held.asked -= 1;
        held.open = true;
        if held.asked > 0 {
            return Vec::new();
        }
        held.epoch = opened.epoch;
        match &mut held.machine {
            Machine::Yjs(_) if opened.update.is_empty() => {}
            Machine::Yjs(doc) => doc.receive(&opened.update),
            _ if opened.resumed => {}
            _ => return self.text_anew(&file, &opened.text, opened.revision),
        }
        Vec::new()
    }

    /// A text client starts anew with a text.
    fn text_anew(&mut self, file: &str, text: &str, revision: u64) -> Vec<client_message::Kind> {
        let unit = self.taking.unit();
        let kind = self.taking.client;
        let Some(held) = self.files.get_mut(file) else {
            return Vec::new();
        };
        let (text, revision) = (Rope::from_str(text), Revision(revision));
        let sent = match (&mut held.machine, kind) {
            (Machine::Plain(client), _) => {
                client.resync(text, revision);
                None
            }
            (Machine::Optimistic(client), _) => client.resync(text, revision),
            (machine, Kind::Optimistic) => {
                *machine = Machine::Optimistic(Box::new(OptimisticClient::new(unit, text, revision)));
                None
            }
            (machine, _) => {
                *machine = Machine::Plain(PlainClient::new(unit, text, revision));
                None
            }
        };
        sent.map(|sent| self.text_message(file, sent)).into_iter().collect()
    }

    /// A Yjs client drops its document and opens the file under a new client id, if there is anything to open.
    fn start_anew(&mut self, file: &str) -> Vec<client_message::Kind> {
        let Some(held) = self.files.get_mut(file) else {
            return Vec::new();
        };
        held.machine = Machine::Empty;
        held.epoch = 0;
        let lives = self.session.seen.files.get(file).is_some_and(|file| !file.deleted);
        if lives || held.open || held.asked > 0 {
            return vec![client_message::Kind::Open(self.open_message(file))];
        }
        Vec::new()
    }

    fn receipt(&mut self, receipt: v1::Receipt) -> Vec<client_message::Kind> {
        let op_id = receipt.op_id;
        let first = self.receipts_here.insert(op_id);
        assert!(
            first || self.sent_twice.contains(&op_id),
            "{}: a second receipt: {receipt:?}",
            self.name
        );
        let contradictions = &self.session.seen.contradictions;
        assert!(
            contradictions.is_empty(),
            "{}: {contradictions:?} {receipt:?}",
            self.name
        );
        let Some(pending) = self.pending.remove(&op_id) else {
            assert!(!first, "{}: a receipt for nothing: {receipt:?}", self.name);
            return Vec::new();
        };
        let committed = receipt.state() == v1::ReceiptState::Committed;
        let outcome = if committed {
            self.committed += 1;
            if pending.doc.is_none() {
                self.revisions.push(receipt.revision);
            }
            Receipt::Committed(Revision(receipt.revision))
        } else {
            self.refused += 1;
            let error = receipt.error.as_ref().map(reason_of).unwrap_or_default();
            assert!(
                REFUSALS.contains(&error.as_str()),
                "{}: {receipt:?} of {:?}",
                self.name,
                pending.message
            );
            Receipt::Refused
        };
        let file = pending.file;
        let Some(held) = self.files.get_mut(&file) else {
            return Vec::new();
        };
        let sent = match (&mut held.machine, pending.machine) {
            (Machine::Plain(client), Some(op_id)) => {
                client.receipt(op_id, outcome);
                None
            }
            (Machine::Optimistic(client), Some(op_id)) => client.receipt(op_id, outcome),
            (Machine::Yjs(doc), _) if !committed && pending.doc == Some(doc.id()) => return self.start_anew(&file),
            _ => None,
        };
        sent.map(|sent| self.text_message(&file, sent)).into_iter().collect()
    }

    fn file_changed(&mut self, changed: v1::FileChanged) -> Vec<client_message::Kind> {
        let change = changed.change();
        let file = changed.file.expect("a file that changed").file_id;
        match change {
            v1::FileChange::Deleted => {
                if let Some(held) = self.files.get_mut(&file) {
                    held.open = false;
                }
                Vec::new()
            }
            v1::FileChange::Created | v1::FileChange::Restored => {
                vec![client_message::Kind::Open(self.open_message(&file))]
            }
            v1::FileChange::Renamed | v1::FileChange::Unspecified => Vec::new(),
        }
    }

    fn refused(&mut self, refused: v1::Refused) -> Vec<client_message::Kind> {
        let error = refused.error.as_ref().map(reason_of).unwrap_or_default();
        match refused.request {
            Some(refused::Request::Presence(_)) => {
                assert_eq!(error, "FILE_NOT_FOUND", "{}", self.name);
                self.pings.1 += 1;
            }
            Some(refused::Request::Open(v1::Open {
                file: Some(v1::open::File::FileId(file)),
                ..
            })) => {
                assert_eq!(error, "FILE_DELETED", "{}: opening {file}", self.name);
                if let Some(held) = self.files.get_mut(&file) {
                    held.asked -= 1;
                    held.open = false;
                }
            }
            other => panic!("{}: {error} for {other:?}", self.name),
        }
        Vec::new()
    }

    fn checkpoint(&mut self, revision: u64) -> Vec<client_message::Kind> {
        let mut all = Vec::new();
        let files: Vec<String> = self.files.keys().cloned().collect();
        for file in files {
            if let Some(Machine::Optimistic(client)) = self.listening(&file).map(|held| &mut held.machine)
                && let Some(sent) = client.checkpoint(Revision(revision))
            {
                all.push(self.text_message(&file, sent));
            }
        }
        all
    }
}

impl Machine {
    /// Takes in a committed operation; what is to be sent next.
    fn edited(&mut self, edited: &v1::Edited, op_id: Option<OpId>) -> Option<Sent> {
        let changes = edited.changes.iter();
        let changes = changes.map(|change| UnitChange::new(change.offset, change.delete, change.insert.as_str()));
        let edited = Edited {
            revision: Revision(edited.revision),
            changes: changes.collect(),
            op_id,
        };
        let known = match self {
            Self::Plain(client) => client.revision(),
            Self::Optimistic(client) => client.revision(),
            _ => panic!("an edit came before the text, or to a Yjs client"),
        };
        assert!(
            edited.revision > known,
            "revision {:?} came after {known:?}",
            edited.revision
        );
        match self {
            Self::Plain(client) => client.edited(&edited),
            Self::Optimistic(client) => return client.edited(&edited),
            _ => {}
        }
        None
    }
}
