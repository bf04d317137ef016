//! Those who write all the time, and those who read, or do not.

use std::cell::Cell;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use ropey::Rope;
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::client::{Door, TextSession, YjsSession};
use tandem_testkit::process::Process;
use tandem_testkit::steady::{TextWriter, YjsWriter};
use tandem_testkit::yjs_client::YjsClient;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::FILES;

/// What one edit replaces, in bytes.
const PIECE: usize = 16 << 10;
/// How often each writer edits who writes for a time: in all 1.3 MB/s, a thousand times what people type.
const PACE: Duration = Duration::from_millis(50);
/// About how long a file is, in bytes.
const LENGTH: usize = 256 << 10;

/// Those who edit all the time: one with a text and one with a Y.Doc in each file.
pub(super) struct Writers {
    texts: Vec<TextWriter>,
    pages: Vec<YjsWriter>,
}

impl Writers {
    pub(super) async fn join(server: &Process, room: &str) -> Self {
        let (mut texts, mut pages) = (Vec::new(), Vec::new());
        for (path, id) in FILES.into_iter().zip(1..) {
            texts.push(TextWriter::join(&server.client(), Door::Collaborate, room, path).await);
            pages.push(YjsWriter::join(&server.client(), Door::Subscribe, room, path, id).await);
        }
        Self { texts, pages }
    }

    /// Lets all write until they have written so much, for so long at least; how long each receipt took, and how much it
    /// was. Who writes for a time writes at a pace: a text's history grows with every edit, whoever reads it.
    pub(super) async fn write(&mut self, bytes: usize, least: Duration) -> (Vec<Duration>, usize) {
        let (written, begun) = (Cell::new(0), Instant::now());
        let goes_on = || written.get() < bytes || begun.elapsed() < least;
        let pace = if least.is_zero() { Duration::ZERO } else { PACE };
        let texts = self.texts.iter_mut().map(|writer| async {
            let mut took = Vec::new();
            while goes_on() {
                let next = Instant::now() + pace;
                took.push(writer.edit(replace).await.0);
                written.set(written.get() + PIECE);
                sleep_until(next.into()).await;
            }
            took
        });
        let pages = self.pages.iter_mut().map(|writer| async {
            let mut took = Vec::new();
            while goes_on() {
                let next = Instant::now() + pace;
                took.extend(writer.edit(replace).await.map(|(time, _)| time));
                written.set(written.get() + PIECE);
                sleep_until(next.into()).await;
            }
            took
        });
        let (texts, pages) = (
            futures_util::future::join_all(texts),
            futures_util::future::join_all(pages),
        );
        let (texts, pages) = tokio::join!(texts, pages);
        (texts.into_iter().chain(pages).flatten().collect(), written.get())
    }

    /// Lets the text writers say the last word and all writers hear it; the files' texts.
    pub(super) async fn last_word(&mut self) -> Vec<String> {
        let mut texts = Vec::new();
        for (writer, page) in self.texts.iter_mut().zip(&mut self.pages) {
            let (_, revision) = writer.edit(|_, _| vec![UnitChange::new(0, 0, "the end\n")]).await;
            writer.see(revision).await;
            page.see(revision).await;
            assert_eq!(page.doc.text(), writer.text().to_string(), "the writers' texts differ");
            texts.push(page.doc.text());
        }
        texts
    }
}

/// An edit that replaces a piece, so that much is written and the text stays as long as it is.
fn replace(text: &Rope, _unit: Unit) -> Vec<UnitChange> {
    let mut random = SmallRng::from_os_rng();
    // All letters are ASCII, so that every unit counts the same.
    let length = text.len_bytes();
    let delete = (length + PIECE).saturating_sub(LENGTH).min(length);
    let offset = random.random_range(0..=length - delete);
    let piece: String = (0..PIECE)
        .map(|_| char::from(random.random_range(b'a'..=b'z')))
        .collect();
    let number = |count: usize| u32::try_from(count).expect("a short text");
    vec![UnitChange::new(number(offset), number(delete), piece)]
}

/// Somebody who reads both files, on a connection of their own, as long as they are to.
pub(super) struct Reader {
    who: String,
    texts: watch::Receiver<Vec<String>>,
    pub(super) task: JoinHandle<()>,
}

impl Reader {
    /// A text reader and a Yjs reader at each door.
    pub(super) async fn all(server: &Process, room: &str, reads: &watch::Sender<bool>) -> Vec<Self> {
        let mut all = Vec::new();
        for door in Door::ALL {
            all.push(Self::text(server, room, door, reads.subscribe()).await);
            all.push(Self::yjs(server, room, door, reads.subscribe()).await);
        }
        all
    }

    async fn text(server: &Process, room: &str, door: Door, mut reads: watch::Receiver<bool>) -> Self {
        let mut session = TextSession::join(&server.client(), door, room, "Reader", Unit::Utf8)
            .await
            .expect("joined");
        let mut files = Vec::new();
        for path in FILES {
            files.push(session.open(path).await.expect("opened"));
        }
        let (tell, texts) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            loop {
                if reads.wait_for(|reads| *reads).await.is_err() || session.step().await.is_none() {
                    return;
                }
                tell.send_replace(files.iter().map(|file| session.text(file)).collect());
            }
        });
        let who = format!("a text reader at {door:?}");
        Self { who, texts, task }
    }

    async fn yjs(server: &Process, room: &str, door: Door, mut reads: watch::Receiver<bool>) -> Self {
        let mut session = YjsSession::join(&server.client(), door, room, "Reader")
            .await
            .expect("joined");
        let mut files = Vec::new();
        for path in FILES {
            let id = rand::rng().random_range(1_000..u32::MAX);
            let file = session.open(path, id, Bytes::new()).await.expect("opened");
            files.push((file, YjsClient::new(ClientId(id))));
        }
        let (tell, texts) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            loop {
                if reads.wait_for(|reads| *reads).await.is_err() || session.step().await.is_none() {
                    return;
                }
                for (file, doc) in &mut files {
                    for update in session.take_updates(file) {
                        doc.receive(&update);
                    }
                }
                tell.send_replace(files.iter().map(|(_, doc)| doc.text()).collect());
            }
        });
        let who = format!("a Yjs reader at {door:?}");
        Self { who, texts, task }
    }

    /// Waits until it shows these texts.
    pub(super) async fn until(&self, texts: &[String], deadline: Instant) {
        let mut shown = self.texts.clone();
        let equal = shown.wait_for(|shown| shown == texts);
        let waited = tokio::time::timeout_at(deadline.into(), equal).await;
        let there = matches!(waited, Ok(Ok(_)));
        assert!(there, "{} does not show the others' text in time", self.who);
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}
