//! Where a row is played: a room of its own, somebody innocent in it, and somebody who sends what is wrong.

use std::net::SocketAddr;

use bytes::Bytes;
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::{self, server_message};
use tandem_testkit::by_hand::{ByHand, Dialect, is_ok};
use tandem_testkit::client::{Client, Door, Session, TextSession, WAIT};
use tandem_testkit::server::TestServer;
use tandem_testkit::yjs_client::YjsClient;
use tokio::time::timeout;
use uuid::Uuid;

use super::row::{Row, Send, Shows, Told, Way};

/// The text of main.txt, with a character that has two UTF-16 units and four bytes.
pub(super) const TEXT: &str = "a😀b\n";
/// The client id of the sender's Y.Doc.
pub(super) const ME: u32 = 77;
/// The number of the edit by which a sender shows that its stream goes on.
const GOES_ON: u64 = 1_000_000;

/// A room with main.txt, src/lib.rs and a deleted old.txt.
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) address: SocketAddr,
    pub(super) room: String,
    pub(super) slug: String,
    /// The id of main.txt.
    pub(super) main: String,
    /// The id of the deleted old.txt.
    pub(super) old: String,
    /// Somebody who did nothing wrong and has main.txt open.
    innocent: TextSession,
}

impl Stage {
    pub(super) async fn new(server: &TestServer) -> Self {
        let client = server.client();
        let files = [
            ("main.txt", TEXT),
            ("src/lib.rs", "fn main() {}\n"),
            ("old.txt", "old\n"),
        ];
        let files = files.map(|(path, text)| v1::NewFile {
            path: path.to_owned(),
            text: text.to_owned(),
        });
        let slug = format!("room-{}", Uuid::new_v4().simple());
        let request = v1::CreateRoomRequest {
            slug: slug.clone(),
            files: files.to_vec(),
            ..Default::default()
        };
        let created = client.rooms().create_room(request).await.expect("a room").into_inner();
        let room = created.room.expect("a room").room_id;
        let id = |path: &str| {
            let file = created.files.iter().find(|file| file.path == path);
            file.expect("the file").file_id.clone()
        };
        let delete = v1::DeleteFileRequest {
            room: room.clone(),
            file: Some(v1::delete_file_request::File::Path("old.txt".into())),
            request_id: String::new(),
        };
        client.files().delete_file(delete).await.expect("deleted");
        let innocent = TextSession::join(&client, Door::Collaborate, &room, "Ivy", Unit::CodePoint).await;
        let mut innocent = innocent.expect("a session");
        let main = innocent.open("main.txt").await.expect("open");
        Self {
            client,
            address: server.address(),
            room,
            slug,
            main,
            old: id("old.txt"),
            innocent,
        }
    }

    /// Plays a row by one of its ways.
    pub(super) async fn play(&mut self, row: &Row, way: Way) -> Told {
        match &row.send {
            Send::Call(message) => self.call(way, row.by, message(self)).await,
            Send::Join(join) => self.join(way, join(self)).await,
            Send::Say(mode, kinds) => {
                let kinds = kinds(self);
                let mut sender = Sender::join(self, way.door(), *mode).await;
                let told = sender.say(self, kinds).await;
                sender.goes_on(self, told.shows).await;
                told
            }
            Send::Story(story) => story(self, way).await,
        }
    }

    /// Makes a call, such as `RoomService/GetRoom`, that is refused.
    pub(super) async fn call(&self, way: Way, method: &str, message: Vec<u8>) -> Told {
        let path = format!("/tandem.v1.{method}");
        let status = match way {
            Way::GrpcWeb => {
                let call = ByHand::new(Dialect::GrpcWeb, path, &message);
                call.send(self.address).await.1
            }
            _ => match self.client.call(&path, message.into()).await {
                Ok(_) => panic!("the call was not refused"),
                Err(status) => status,
            },
        };
        assert!(!is_ok(&status), "the call was not refused");
        Told::status(Shows::Call, &status)
    }

    /// Makes a call that has to succeed; the first message of the answer.
    pub(super) async fn succeed(&self, method: &str, message: Vec<u8>) -> Bytes {
        let answer = self.client.call(&format!("/tandem.v1.{method}"), message.into()).await;
        let answer = answer.unwrap_or_else(|status| panic!("{method}: {status:?}"));
        answer.into_iter().next().expect("an answer")
    }

    /// Joins, in vain.
    pub(super) async fn join(&self, way: Way, join: v1::Join) -> Told {
        let refused = Session::join(&self.client, way.door(), join).await.err();
        let status = refused.expect("the join was not refused");
        let shows = match way.door() {
            Door::Collaborate => Shows::End,
            Door::Subscribe => Shows::Call,
        };
        Told::status(shows, &status)
    }

    /// Who did nothing wrong was told nothing, and goes on.
    pub(super) async fn innocents_go_on(&mut self) {
        let ivy = &mut self.innocent;
        let receipts = ivy.seen.receipts.len();
        let edit = ivy.edit(&self.main, vec![UnitChange::new(0, 1, "i")]).await;
        let op_id = edit.expect("her stream is open");
        let receipt = ivy.receipt(op_id).await;
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
        let main = self.main.clone();
        ivy.until("her own edit", |seen| seen.open[&main].revision >= receipt.revision)
            .await;
        assert_eq!(ivy.seen.receipts.len(), receipts + 1, "she got somebody else's receipt");
        assert!(ivy.seen.refused.is_empty() && ivy.seen.goodbye.is_none() && ivy.ended.is_none());
        let (text, _) = self.client.read_file(&self.room, "main.txt").await.expect("read");
        assert_eq!(ivy.text(&self.main), text, "her text is the server's");
    }
}

/// Somebody who sends what is wrong.
pub(super) struct Sender {
    pub(super) session: Session,
    door: Door,
    mode: v1::Mode,
}

impl Sender {
    /// A session with main.txt open, in a Yjs session under [`ME`].
    pub(super) async fn join(stage: &Stage, door: Door, mode: v1::Mode) -> Self {
        let join = v1::Join {
            room: stage.room.clone(),
            name: "Eve".to_owned(),
            mode: mode as i32,
            position_unit: v1::PositionUnit::Utf16 as i32,
            open: vec![open(ME)],
            ..Default::default()
        };
        let session = Session::join(&stage.client, door, join).await.expect("a session");
        let mut sender = Self::of(session, door, mode);
        sender.is_open(stage).await;
        sender
    }

    /// Somebody with this session.
    pub(super) fn of(session: Session, door: Door, mode: v1::Mode) -> Self {
        Self { session, door, mode }
    }

    async fn is_open(&mut self, stage: &Stage) {
        let is_open = |seen: &tandem_testkit::client::Seen| seen.open.contains_key(&stage.main);
        self.session.until("main.txt to open", is_open).await;
    }

    /// Sends messages and reads until something is refused.
    pub(super) async fn say(&mut self, stage: &Stage, kinds: Vec<Option<Kind>>) -> Told {
        let messages = kinds.into_iter().map(|kind| v1::ClientMessage { kind });
        match self.door {
            Door::Collaborate => {
                for message in messages {
                    let message = Some(message);
                    // A stream that has ended meanwhile says why when it is read.
                    let _ = self.session.wire().send_raw(v1::CollaborateRequest { message }).await;
                }
            }
            Door::Subscribe => {
                let published = self.publish(stage, messages.collect()).await;
                if let Err(status) = published {
                    return Told::status(Shows::Call, &status);
                }
            }
        }
        self.told().await
    }

    /// One Publish.
    pub(super) async fn publish(&self, stage: &Stage, messages: Vec<v1::ClientMessage>) -> Result<(), tonic::Status> {
        let request = v1::PublishRequest {
            resume_token: self.token(),
            messages,
        };
        stage.client.collaboration().publish(request).await.map(drop)
    }

    /// The session's secret.
    pub(super) fn token(&self) -> String {
        self.session.seen.joined.resume_token.clone()
    }

    /// Reads until something is refused.
    pub(super) async fn told(&mut self) -> Told {
        timeout(WAIT, self.read()).await.expect("nothing was refused in time")
    }

    async fn read(&mut self) -> Told {
        let mut goodbye = None;
        while let Some(message) = self.session.step().await {
            match message {
                server_message::Kind::Receipt(receipt) => {
                    if let Some(error) = receipt.error {
                        return Told::new(Shows::Receipt, error);
                    }
                }
                server_message::Kind::Refused(refused) => {
                    return Told::new(Shows::Refused, refused.error.expect("why it is refused"));
                }
                server_message::Kind::Goodbye(told) => goodbye = Some(told),
                _ => {}
            }
        }
        let ended = self.session.ended.clone().expect("it has ended");
        let end = Told::status(Shows::End, &ended.expect_err("nothing was refused"));
        let Some(goodbye) = goodbye else { return end };
        let told = Told::new(Shows::Goodbye, goodbye.error.expect("why it ends"));
        assert_eq!(told.error, end.error, "goodbye and the end tell the same");
        told
    }

    /// Shows that the session goes on: on the same stream, or on a new one if the protocol was broken.
    pub(super) async fn goes_on(&mut self, stage: &Stage, shows: Shows) {
        if matches!(shows, Shows::End) {
            self.session.resume(vec![open(ME)]).await.expect("the session is there");
            self.is_open(stage).await;
        }
        let update = match self.mode {
            v1::Mode::Yjs => Some(self.new_document(stage).await),
            _ => None,
        };
        let (_, head) = stage.client.read_file(&stage.room, "main.txt").await.expect("read");
        let next = match update {
            Some(update) => Kind::Update(v1::Update {
                op_id: GOES_ON,
                file: Some(v1::update::File::FileId(stage.main.clone())),
                epoch: 1,
                update: update.into(),
                ..Default::default()
            }),
            None => Kind::Edit(v1::Edit {
                op_id: GOES_ON,
                file: Some(v1::edit::File::FileId(stage.main.clone())),
                base_revision: Some(head),
                changes: vec![insert("x")],
                origin: 0,
            }),
        };
        self.session.send(next).await.expect("the stream takes more");
        let receipt = self.session.receipt(GOES_ON).await;
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
    }

    /// Drops the Y.Doc, as the contract asks, opens the file under another id and types into it.
    async fn new_document(&mut self, stage: &Stage) -> Vec<u8> {
        let mut doc = YjsClient::new(ClientId(ME + 1));
        let view = self.session.seen.open.remove(&stage.main);
        view.expect("main.txt is open");
        self.session.send(Kind::Open(open(ME + 1))).await.expect("sent");
        self.is_open(stage).await;
        let view = self.session.seen.open.get_mut(&stage.main).expect("main.txt is open");
        for update in view.updates.drain(..) {
            doc.receive(&update);
        }
        doc.edit(&[UnitChange::new(0, 0, "y")]);
        doc.take_written().into_iter().next().expect("an update")
    }
}

/// Opens main.txt; a text session does not look at the client id.
fn open(client_id: u32) -> v1::Open {
    v1::Open {
        file: Some(v1::open::File::Path("main.txt".into())),
        client_id,
        ..Default::default()
    }
}

/// An insertion at the text's beginning.
pub(super) fn insert(text: &str) -> v1::Change {
    v1::Change {
        insert: text.to_owned(),
        ..Default::default()
    }
}
