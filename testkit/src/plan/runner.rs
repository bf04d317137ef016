//! Runs a plan against the whole product.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use ropey::Rope;
use tandem::document::Unit;
use tandem::rpc::proto::v1;
use tokio::time::{Instant, sleep, timeout};
use tonic::{Code, Status};

use super::person::Person;
use super::{Plan, Step};
use crate::client::{Client, WAIT, reason};
use crate::database::TestDatabase;
use crate::random_edit::random_edit;
use crate::server::TestServer;
use crate::text_client::apply;

/// Makes a call again until it is answered by something else than passing trouble: after a crash, a commit of the server
/// that was may still arrive, and the room is then read again. The request id keeps the call from being done twice.
macro_rules! patiently {
    ($call:expr) => {{
        let patience = Instant::now() + WAIT;
        loop {
            match $call.await {
                Err(status) if status.code() == Code::Unavailable && Instant::now() < patience => {
                    sleep(Duration::from_millis(20)).await;
                }
                answer => break answer,
            }
        }
    }};
}

fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// What became of a plan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Operations of sessions that were committed.
    pub committed: usize,
    /// Operations that were refused, for good reasons.
    pub refused: usize,
    /// Texts that were compared.
    pub compared: usize,
}

/// Carries a plan out.
///
/// # Panics
///
/// If a client is told what can't be, or texts differ at quiet.
pub async fn run(plan: &Plan, database: TestDatabase) -> Outcome {
    let mut world = World::start(plan, database).await;
    for (at, step) in plan.steps.iter().enumerate() {
        let done = timeout(WAIT * 2, world.step(step)).await;
        assert!(done.is_ok(), "step {at} took too long: {step:?}");
    }
    world.quiesce().await;
    world.restart(false).await;
    world.quiesce().await;
    world.finish()
}

struct File {
    id: String,
    deleted: bool,
    renamed: usize,
    /// What was read of it last.
    read: (String, u64),
}

struct World<'p> {
    plan: &'p Plan,
    server: Option<TestServer>,
    client: Client,
    room: String,
    people: Vec<Person>,
    files: Vec<File>,
    /// Revisions of calls, which are nobody else's.
    revisions: Vec<u64>,
    outcome: Outcome,
    joins: u64,
}

impl<'p> World<'p> {
    async fn start(plan: &'p Plan, database: TestDatabase) -> Self {
        let server = TestServer::start(database).await;
        let client = server.client();
        let texts = ["one 😀\ntwo\n", "", "x", "y"];
        let paths: Vec<String> = (0..plan.files).map(|at| format!("file-{at}.txt")).collect();
        let new: Vec<_> = paths.iter().map(String::as_str).zip(texts).collect();
        let created = client.create_room(&new).await.expect("a room");
        let files = created.files.into_iter().zip(texts).map(|(file, text)| File {
            id: file.file_id,
            deleted: false,
            renamed: 0,
            read: (text.to_owned(), file.revision),
        });
        let mut world = Self {
            plan,
            server: Some(server),
            client,
            room: created.room.expect("a room").room_id,
            people: Vec::new(),
            files: files.collect(),
            revisions: Vec::new(),
            outcome: Outcome::default(),
            joins: 0,
        };
        for at in 0..plan.people.len() {
            let person = world.join(at).await;
            world.people.push(person);
        }
        world
    }

    /// Somebody comes as a new session.
    async fn join(&mut self, at: usize) -> Person {
        self.joins += 1;
        let seed = self.plan.seed.wrapping_mul(1_000).wrapping_add(self.joins);
        let joined = Person::join(&self.client, &self.room, at, self.plan.people[at], seed).await;
        joined.expect("a new session")
    }

    fn server(&self) -> &TestServer {
        self.server.as_ref().expect("it runs between two steps")
    }

    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Edit { who, file, times, seed } => self.edit(who, file, times, false, seed).await,
            Step::Batch { who, file, times, seed } => self.edit(who, file, times, true, seed).await,
            Step::Take { who, most } => {
                // What is under way may arrive.
                tokio::task::yield_now().await;
                self.people[who].take(most).await;
            }
            Step::Cut { who } => self.people[who].cut(),
            Step::Resume { who, at_once } => self.resume(who, at_once).await,
            Step::Resend { who } => self.people[who].resend().await,
            Step::Leave { who } => {
                self.people[who].leave().await;
                self.say_goodbye_to(who).await;
            }
            Step::Rename { file } => self.rename(file).await,
            Step::Delete { file } => self.delete(file).await,
            Step::Restore { file } => self.restore(file).await,
            Step::Create => self.create().await,
            Step::Write { file, stale, seed } => self.write(file, stale, seed).await,
            Step::Restart => self.restart(false).await,
            Step::Crash => self.restart(true).await,
            Step::Quiesce => self.quiesce().await,
        }
    }

    async fn edit(&mut self, who: usize, file: usize, times: usize, as_one: bool, seed: u64) {
        if let Some(file) = self.files.get(file).map(|file| file.id.clone()) {
            self.people[who].edit(&file, times, as_one, seed).await;
        }
    }

    /// Resumes; a session that has left is not taken up, and its user comes anew.
    async fn resume(&mut self, who: usize, at_once: bool) {
        let patience = Instant::now() + WAIT;
        while let Err(status) = self.people[who].resume(at_once).await {
            let passing = status.code() == Code::Unavailable && Instant::now() < patience;
            assert!(passing, "resuming: {status:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// The session that has left is unknown from now on; its user comes as somebody new.
    async fn say_goodbye_to(&mut self, who: usize) {
        let status: Result<(), Status> = self.people[who].resume(false).await;
        if let Err(status) = status {
            assert_eq!(reason(&status), "SESSION_UNKNOWN", "{status:?}");
            let new = self.join(who).await;
            let old = std::mem::replace(&mut self.people[who], new);
            self.count(&old);
        }
    }

    fn count(&mut self, person: &Person) {
        self.outcome.committed += person.committed;
        self.outcome.refused += person.refused;
        self.revisions.extend(&person.revisions);
    }

    async fn rename(&mut self, at: usize) {
        let Some(file) = self.files.get_mut(at) else { return };
        file.renamed += 1;
        let request = v1::RenameFileRequest {
            room: self.room.clone(),
            file: Some(v1::rename_file_request::File::FileId(file.id.clone())),
            new_path: format!("file-{at}-{}.txt", file.renamed),
            request_id: request_id(),
        };
        let answer = patiently!(self.client.files().rename_file(request.clone()));
        let file = answer.map(|answer| answer.into_inner().file);
        self.changed(at, file);
    }

    async fn delete(&mut self, at: usize) {
        let Some(file) = self.files.get(at) else { return };
        let request = v1::DeleteFileRequest {
            room: self.room.clone(),
            file: Some(v1::delete_file_request::File::FileId(file.id.clone())),
            request_id: request_id(),
        };
        let answer = patiently!(self.client.files().delete_file(request.clone()));
        let file = answer.map(|answer| answer.into_inner().file);
        self.changed(at, file);
        self.files[at].deleted = true;
    }

    async fn restore(&mut self, at: usize) {
        let Some(file) = self.files.get(at).filter(|file| file.deleted) else {
            return;
        };
        let request = v1::RestoreFileRequest {
            room: self.room.clone(),
            file_id: file.id.clone(),
            request_id: request_id(),
            ..Default::default()
        };
        let answer = patiently!(self.client.files().restore_file(request.clone()));
        self.files[at].deleted = false;
        let file = answer.map(|answer| answer.into_inner().file);
        self.changed(at, file);
    }

    async fn create(&mut self) {
        let request = v1::CreateFileRequest {
            room: self.room.clone(),
            path: format!("file-{}.txt", self.files.len()),
            text: "new\n".into(),
            request_id: request_id(),
        };
        let answer = patiently!(self.client.files().create_file(request.clone()));
        let file = answer.expect("a new file").into_inner().file.expect("a file");
        self.files.push(File {
            id: file.file_id,
            deleted: false,
            renamed: 0,
            read: ("new\n".into(), file.revision),
        });
    }

    /// A call on a file was answered: with its revision, or with why not.
    fn changed(&mut self, at: usize, answer: Result<Option<v1::File>, Status>) {
        match answer {
            Ok(file) => self.revisions.push(file.expect("a file").revision),
            Err(status) => {
                assert_eq!(reason(&status), "FILE_DELETED", "{status:?}");
                assert!(self.files[at].deleted, "it is not deleted");
            }
        }
    }

    async fn write(&mut self, at: usize, stale: bool, seed: u64) {
        if self.files.get(at).is_none_or(|file| file.deleted) {
            return;
        }
        if !stale {
            self.read(at).await;
        }
        let file = &self.files[at];
        let (text, revision) = &file.read;
        let mut text = Rope::from_str(text);
        let changes = random_edit(&mut SmallRng::seed_from_u64(seed), &text, Unit::CodePoint);
        apply(&mut text, Unit::CodePoint, &changes);
        let changed = text != file.read.0.as_str();
        let request = v1::WriteFileRequest {
            room: self.room.clone(),
            file: Some(v1::write_file_request::File::FileId(file.id.clone())),
            base_revision: Some(*revision),
            text: text.to_string(),
            request_id: request_id(),
            ..Default::default()
        };
        let answer = patiently!(self.client.files().write_file(request.clone())).expect("written");
        if changed {
            // A deletion of what is deleted already changes nothing, and has no revision of its own.
            tracing::debug!(revision = answer.into_inner().revision, "written");
        }
    }

    async fn read(&mut self, at: usize) -> String {
        let request = v1::ReadFileRequest {
            room: self.room.clone(),
            file: Some(v1::read_file_request::File::FileId(self.files[at].id.clone())),
            revision: None,
        };
        let mut parts = self.client.files().read_file(request).await.expect("read").into_inner();
        let (mut text, mut revision) = (String::new(), 0);
        while let Some(part) = parts.message().await.expect("a part") {
            text.push_str(&part.text);
            revision = part.revision;
        }
        self.files[at].read = (text.clone(), revision);
        text
    }

    /// The server ends and another starts on the same database.
    async fn restart(&mut self, crash: bool) {
        let server = self.server.take().expect("it runs between two steps");
        let database = if crash {
            server.crash().await
        } else {
            server.stop().await
        };
        for person in &mut self.people {
            if crash {
                person.cut();
            } else if person.is_connected() {
                assert!(person.read_to_the_end().await, "a stream ended without goodbye");
            }
        }
        self.server = Some(TestServer::start(database).await);
        self.client = self.server().client();
        for person in &mut self.people {
            person.move_to(&self.client);
        }
    }

    /// Everybody comes back and takes in everything; then all texts are the same.
    async fn quiesce(&mut self) {
        for who in 0..self.people.len() {
            if !self.people[who].is_connected() {
                self.resume(who, false).await;
            }
        }
        // What an optimistic client keeps back goes out when its last edit has its receipt: all are quiet when nothing
        // went out while all caught up.
        loop {
            for who in 0..self.people.len() {
                while !self.people[who].settle().await {
                    self.resume(who, false).await;
                }
            }
            for who in 0..self.people.len() {
                while !self.people[who].catch_up().await {
                    self.resume(who, false).await;
                }
            }
            if self.people.iter().all(Person::is_settled) {
                break;
            }
        }
        self.compare().await;
    }

    async fn compare(&mut self) {
        let mut texts = BTreeMap::new();
        for at in 0..self.files.len() {
            if !self.files[at].deleted {
                texts.insert(self.files[at].id.clone(), self.read(at).await);
            }
        }
        for person in &self.people {
            for (file, text) in &texts {
                if let Err(why) = person.compare(file, text) {
                    panic!("{why}");
                }
                self.outcome.compared += 1;
            }
            for file in self.files.iter().filter(|file| file.deleted) {
                assert!(!person.has_open(&file.id), "a deleted file is open");
            }
        }
    }

    fn finish(mut self) -> Outcome {
        for person in std::mem::take(&mut self.people) {
            self.count(&person);
        }
        let mut seen = HashSet::new();
        for revision in &self.revisions {
            assert!(seen.insert(revision), "revision {revision} was given twice");
        }
        self.outcome
    }
}
