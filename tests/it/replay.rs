//! Real editing sessions, played through the doors of the real program.

use std::path::{Path, PathBuf};

use tandem::id::ClientId;
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, YjsSession};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::process::{Place, Process};
use tandem_testkit::replay;
use tandem_testkit::server::TestServer;
use tandem_testkit::traces::{self, ConcurrentTrace};
use tandem_testkit::yjs_client::YjsClient;

/// Edits of rustcode that a debug build plays; the whole trace is for the replay command in a release build.
const EDITS: usize = 8_000;

both_databases! {
    async fn a_text_author_s_session_is_the_same_for_all_who_watch_and_after_a_restart(database) {
        let trace = traces::sequential(&path("rustcode")).expect("the trace");
        for wide in [false, true] {
            let mut edits = replay::edits(&trace, wide);
            edits.truncate(if wide { EDITS / 4 } else { EDITS });
            let mut server = Process::start(env!("CARGO_BIN_EXE_tandem"), Place::of(&database));
            let played = replay::play(&mut server, &edits, None).await.expect("played");
            assert!(played.different.is_empty(), "wide {wide}: {played:?}");
        }
    }

    async fn two_yjs_authors_at_once_end_at_the_recorded_text(database) {
        play_causally(database, "friendsforever_concurrent").await;
    }

    async fn three_yjs_authors_at_once_end_at_the_recorded_text(database) {
        play_causally(database, "clownschool_concurrent").await;
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/traces/{name}.json.gz"))
}

/// One page of one author: it types when it has seen what the author had seen, and no sooner.
struct Page {
    session: YjsSession,
    doc: YjsClient,
    file: String,
}

impl Page {
    async fn join(client: &Client, room: &str, id: u32) -> Self {
        let name = format!("Author {id}");
        let mut session = YjsSession::join(client, Door::Collaborate, room, &name)
            .await
            .expect("joined");
        let file = session.open("main.txt", id, bytes::Bytes::new()).await.expect("opened");
        let mut doc = YjsClient::new(ClientId(id));
        for update in session.take_updates(&file) {
            doc.receive(&update);
        }
        Self { session, doc, file }
    }

    /// Sends updates that were made on the text that their author saw then, and waits for the receipts.
    async fn take(&mut self, updates: Vec<Vec<u8>>) -> u64 {
        let mut last = 0;
        for update in updates {
            self.doc.receive(&update);
            last = self.session.update(&self.file, update.into()).await.expect("sent");
        }
        let receipt = self.session.receipt(last).await;
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
        receipt.revision
    }

    async fn see(&mut self, revision: u64) {
        let file = self.file.clone();
        let seen = |seen: &tandem_testkit::client::Seen| seen.open[&file].revision >= revision;
        self.session.until("everybody's edits", seen).await;
        for update in self.session.take_updates(&self.file) {
            self.doc.receive(&update);
        }
    }
}

/// Makes each author's updates on exactly the text that the author saw, as the recording says, and sends them through
/// the author's own session in an order that the recording allows.
async fn play_causally(database: TestDatabase, name: &str) {
    let trace = traces::concurrent(&path(name)).expect("the trace");
    let server = TestServer::start(database).await;
    let client = server.client();
    let room = client
        .create_room(&[("main.txt", "")])
        .await
        .expect("a room")
        .room
        .expect("a room")
        .room_id;
    let mut pages = Vec::new();
    for agent in 0..trace.num_agents {
        pages.push(Page::join(&client, &room, 1_000 + u32::try_from(agent).expect("few")).await);
    }
    let batches = authored(&trace);
    let mut sent = 0;
    let mut newest = vec![0; pages.len()];
    for (agent, updates) in batches {
        sent += updates.len();
        newest[agent] = pages[agent].take(updates).await;
    }
    assert!(sent > 10_000, "only {sent} updates");
    let (text, _) = client.read_file(&room, "main.txt").await.expect("read");
    assert_eq!(text, trace.end_content);
    for (agent, page) in pages.iter_mut().enumerate() {
        // Its own updates do not come back to it.
        let others = newest.iter().enumerate().filter(|(other, _)| *other != agent);
        page.see(others.map(|(_, revision)| *revision).max().unwrap_or_default())
            .await;
        assert_eq!(page.doc.text(), trace.end_content);
    }
    let server = server.restart().await;
    let read = server.client().read_file(&room, "main.txt").await.expect("read");
    assert_eq!(read.0, trace.end_content);
}

/// Runs of updates by author, in the order of the recording. Each author's document takes in just what the author had
/// seen before each transaction.
fn authored(trace: &ConcurrentTrace) -> Vec<(usize, Vec<Vec<u8>>)> {
    let mut docs: Vec<YjsClient> = (0..trace.num_agents)
        .map(|agent| YjsClient::new(ClientId(1_000 + u32::try_from(agent).expect("few"))))
        .collect();
    let mut made: Vec<Vec<Vec<u8>>> = Vec::new();
    let mut has: Vec<Vec<bool>> = vec![vec![false; trace.txns.len()]; trace.num_agents];
    let mut batches: Vec<(usize, Vec<Vec<u8>>)> = Vec::new();
    for (index, turn) in trace.txns.iter().enumerate() {
        let mut missing = Vec::new();
        let mut look: Vec<usize> = turn.parents.clone();
        while let Some(parent) = look.pop() {
            if !std::mem::replace(&mut has[turn.agent][parent], true) {
                missing.push(parent);
                look.extend(&trace.txns[parent].parents);
            }
        }
        missing.sort_unstable();
        let doc = &mut docs[turn.agent];
        for parent in missing {
            for update in &made[parent] {
                doc.receive(update);
            }
        }
        for patch in &turn.patches {
            assert!(
                patch.2.is_ascii(),
                "code points and UTF-16 units agree in this recording"
            );
            doc.edit(&[patch.change()]);
        }
        let updates = doc.take_written();
        has[turn.agent][index] = true;
        match batches.last_mut() {
            Some((agent, batch)) if *agent == turn.agent && batch.len() < 200 => batch.extend(updates.clone()),
            _ if updates.is_empty() => {}
            _ => batches.push((turn.agent, updates.clone())),
        }
        made.push(updates);
    }
    batches
}
