//! A recorded session played through Collaborate by one author, while others watch.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem::rpc::proto::v1::{self, server_message::Kind};
use tokio::sync::watch;
use tonic::Status;

use crate::client::{Client, Door, TextSession, YjsSession};
use crate::pipeline::Pipeline;
use crate::process::Process;
use crate::text_client::apply;
use crate::traces::SequentialTrace;
use crate::yjs_client::YjsClient;

/// Edits on one base at most: below the number that a session may have on its way.
const WINDOW: usize = 500;
/// How long a client waits before it tries to come back.
const COME_BACK: Duration = Duration::from_millis(50);

/// A trace as single edits in code points, with its letters as they are or mapped to wider characters.
pub fn edits(trace: &SequentialTrace, wide: bool) -> Vec<UnitChange> {
    let patches = trace.txns.iter().flat_map(|turn| &turn.patches);
    let start = UnitChange::new(0, 0, trace.start_content.as_str());
    let whole = std::iter::once(start).filter(|start| !start.insert.is_empty());
    whole
        .chain(patches.map(crate::traces::Patch::change))
        .map(|edit| UnitChange::new(edit.offset, edit.delete, text(&edit.insert, wide)))
        .collect()
}

/// A text as it is, or with each ASCII letter as a character of 2, 3 or 4 bytes of UTF-8.
pub fn text(text: &str, wide: bool) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    if wide { text.chars().map(widen).collect() } else { text }
}

fn widen(letter: char) -> char {
    if !letter.is_ascii_alphabetic() {
        return letter;
    }
    let number = u32::from(letter);
    let block = [0x100, 0x4E00, 0x1_F300][(number % 3) as usize];
    char::from_u32(block + number).unwrap_or(letter)
}

/// The author: sends each edit as an operation of its own, as many at once as can be said on one base.
pub struct Author {
    /// Its session.
    pub session: TextSession,
    file: String,
    text: Rope,
    base: u64,
    pipeline: Pipeline,
    on_their_way: BTreeSet<u64>,
    /// How often it had to wait for its receipts.
    pub waits: usize,
}

impl Author {
    /// Joins a room and opens a file of it that is empty.
    ///
    /// # Errors
    ///
    /// What the server refused.
    pub async fn join(client: &Client, room: &str, path: &str) -> Result<Self, Status> {
        let mut session = TextSession::join(client, Door::Collaborate, room, "Author", Unit::CodePoint).await?;
        let file = session.open(path).await?;
        let base = session.revision(&file);
        Ok(Self {
            session,
            file,
            text: Rope::new(),
            base,
            pipeline: Pipeline::default(),
            on_their_way: BTreeSet::new(),
            waits: 0,
        })
    }

    /// The file that it writes.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The text as the author has it.
    pub fn text(&self) -> String {
        self.text.to_string()
    }

    /// Sends the edits from `at` on and waits for all receipts; `at` says how far it has come.
    ///
    /// # Errors
    ///
    /// The stream's end: resume, and call it again.
    pub async fn run(&mut self, edits: &[UnitChange], at: &mut usize) -> Result<(), Status> {
        while let Some(edit) = edits.get(*at) {
            let inserted = u32::try_from(edit.insert.chars().count()).unwrap_or(u32::MAX);
            let said = if self.pipeline.len() < WINDOW {
                self.pipeline.on_base(edit, inserted)
            } else {
                None
            };
            let Some(said) = said else {
                self.settle().await?;
                continue;
            };
            apply(&mut self.text, Unit::CodePoint, std::slice::from_ref(edit));
            let op_id = self.session.next_op_id();
            self.on_their_way.insert(op_id);
            *at += 1;
            self.session.send_edit(op_id, &self.file, self.base, vec![said]).await?;
        }
        self.settle().await
    }

    /// Waits until everything sent has its receipt and has come back; the next edit is on that text.
    ///
    /// # Errors
    ///
    /// The stream's end.
    ///
    /// # Panics
    ///
    /// If an edit is refused, or the committed text is not the author's.
    pub async fn settle(&mut self) -> Result<(), Status> {
        self.waits += 1;
        let mut newest = 0;
        while let Some(&op_id) = self.on_their_way.first() {
            match self.session.seen.receipts.get(&op_id) {
                Some(receipt) => {
                    let committed = receipt.state() == v1::ReceiptState::Committed;
                    assert!(committed, "an edit of the trace was refused: {receipt:?}");
                    newest = newest.max(receipt.revision);
                    self.on_their_way.pop_first();
                }
                None => self.step().await?,
            }
        }
        while self.session.revision(&self.file) < newest {
            self.step().await?;
        }
        self.base = self.session.revision(&self.file);
        self.pipeline.clear();
        Ok(())
    }

    async fn step(&mut self) -> Result<(), Status> {
        match self.session.step().await {
            Some(_) => Ok(()),
            None => Err(self
                .session
                .ended
                .clone()
                .and_then(Result::err)
                .unwrap_or_else(|| Status::unavailable("ended"))),
        }
    }
}

/// What a watcher was shown of a file.
#[derive(Default)]
pub struct Shown {
    /// Edits, in order, as a text session got them.
    pub edited: Vec<v1::Edited>,
    /// Updates, in order, as a Yjs session got them.
    pub updated: Vec<v1::Updated>,
}

/// Watches a file with a text session until `until` names a revision and that is seen; comes back after cuts.
pub async fn watch_text(
    session: &mut TextSession,
    file: &str,
    shown: &mut Shown,
    mut until: watch::Receiver<Option<u64>>,
) {
    loop {
        let target = *until.borrow_and_update();
        if target.is_some_and(|target| session.revision(file) >= target) {
            return;
        }
        tokio::select! {
            kind = session.step() => match kind {
                Some(Kind::Edited(edited)) => shown.edited.push(edited),
                Some(_) => {}
                None => while session.resume().await.is_err() {
                    tokio::time::sleep(COME_BACK).await;
                },
            },
            _changed = until.changed() => {}
        }
    }
}

/// Watches a file with a Yjs session, as [`watch_text`].
pub async fn watch_yjs(
    session: &mut YjsSession,
    doc: &mut YjsClient,
    file: &str,
    shown: &mut Shown,
    mut until: watch::Receiver<Option<u64>>,
) {
    loop {
        let target = *until.borrow_and_update();
        let revision = session.seen.open.get(file).map_or(0, |view| view.revision);
        if target.is_some_and(|target| revision >= target) {
            return;
        }
        tokio::select! {
            kind = session.step() => match kind {
                Some(Kind::Updated(updated)) => shown.updated.push(updated),
                Some(_) => {}
                None => while session.resume(vec![open_again(doc, file)]).await.is_err() {
                    tokio::time::sleep(COME_BACK).await;
                },
            },
            _changed = until.changed() => {}
        }
        for update in session.take_updates(file) {
            doc.receive(&update);
        }
    }
}

fn open_again(doc: &YjsClient, file: &str) -> v1::Open {
    v1::Open {
        file: Some(v1::open::File::FileId(file.to_owned())),
        client_id: doc.id().0,
        state_vector: doc.state_vector().into(),
        ..Default::default()
    }
}

/// Joins as a watcher that counts in UTF-16 and opens a file.
///
/// # Errors
///
/// What the server refused.
pub async fn text_watcher(client: &Client, room: &str, path: &str) -> Result<TextSession, Status> {
    let mut session = TextSession::join(client, Door::Subscribe, room, "Watcher", Unit::Utf16).await?;
    session.open(path).await?;
    Ok(session)
}

/// Joins as a Yjs watcher and opens a file.
///
/// # Errors
///
/// What the server refused.
pub async fn yjs_watcher(client: &Client, room: &str, path: &str, id: u32) -> Result<(YjsSession, YjsClient), Status> {
    let mut session = YjsSession::join(client, Door::Collaborate, room, "Page").await?;
    let mut doc = YjsClient::new(ClientId(id));
    let file = session.open(path, id, bytes::Bytes::new()).await?;
    for update in session.take_updates(&file) {
        doc.receive(&update);
    }
    Ok((session, doc))
}

/// What became of a played trace.
#[derive(Debug)]
pub struct Played {
    /// How long the author took, receipts included.
    pub seconds: f64,
    /// CPU time of the server meanwhile, in seconds.
    pub cpu_seconds: f64,
    /// How often the author had to wait for its receipts.
    pub waits: usize,
    /// The file's revision at the end.
    pub revision: u64,
    /// Whose text is not the expected one; empty if all is well.
    pub different: Vec<&'static str>,
}

/// Who has a text at the end of a played trace.
pub const TEXTS: [&str; 5] = [
    "author",
    "text watcher",
    "Yjs watcher",
    "ReadFile",
    "ReadFile after a restart",
];

/// Plays edits through Collaborate in a new room, while a text client with another unit and a Yjs client watch; then
/// restarts the server. All texts must be `end`; without it, the author's.
///
/// # Errors
///
/// What the server refused.
///
/// # Panics
///
/// If the server does not leave when told.
pub async fn play(server: &mut Process, edits: &[UnitChange], end: Option<&str>) -> Result<Played, Status> {
    let client = server.client();
    let created = client.create_room(&[("main.txt", "")]).await?;
    let room = created.room.map(|room| room.room_id).unwrap_or_default();
    let mut author = Author::join(&client, &room, "main.txt").await?;
    let mut text = text_watcher(&server.client(), &room, "main.txt").await?;
    let (mut page, mut doc) = yjs_watcher(&server.client(), &room, "main.txt", 4711).await?;
    let file = author.file().to_owned();

    let (tell, until) = watch::channel(None);
    let (mut by_text, mut by_page) = (Shown::default(), Shown::default());
    let (started, cpu) = (Instant::now(), server.cpu_seconds());
    let writing = async {
        let written = author.run(edits, &mut 0).await;
        tell.send_replace(Some(author.session.revision(&file)));
        (written, started.elapsed().as_secs_f64())
    };
    let ((written, seconds), (), ()) = tokio::join!(
        writing,
        watch_text(&mut text, &file, &mut by_text, until.clone()),
        watch_yjs(&mut page, &mut doc, &file, &mut by_page, until),
    );
    written?;
    let cpu_seconds = server.cpu_seconds() - cpu;
    let (read, revision) = client.read_file(&room, "main.txt").await?;

    server.terminate();
    assert!(
        server.wait(Duration::from_secs(20)).await.is_some(),
        "the server did not leave"
    );
    server.start_again();
    let (after, _) = server.client().read_file(&room, "main.txt").await?;

    let end = end.map_or_else(|| author.text(), str::to_owned);
    let texts = [author.text(), text.text(&file), doc.text(), read, after];
    let different = TEXTS
        .into_iter()
        .zip(texts)
        .filter(|(_, text)| *text != end)
        .map(|(who, _)| who)
        .collect();
    Ok(Played {
        seconds,
        cpu_seconds,
        waits: author.waits,
        revision,
        different,
    })
}
