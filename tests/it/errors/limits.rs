//! What is more than a room, a file or a session may have.

use prost::Message;
use tandem::error::Reason;
use tandem::limits::{FILE_BYTES, FILES, SESSIONS};
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::{self, ClientMessage, CreateFileRequest, CreateRoomRequest, Mode, NewFile};
use tandem::rpc::proto::v1::{Open, server_message};
use tandem_testkit::client::{Door, Session};
use tandem_testkit::crafted::typed;
use tandem_testkit::database::TestDatabase;

use super::check::hold;
use super::row::{Row, Shows, Told, Way, call, story};
use super::stage::{ME, Sender, Stage, insert};

const CREATE: &str = "FileService/CreateFile";
const CREATE_ROOM: &str = "RoomService/CreateRoom";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_limits_holds() {
    hold(TestDatabase::sqlite(), rows()).await;
}

pub(super) fn rows() -> Vec<Row> {
    [of_files(), of_edits(), of_rooms(), of_sessions()]
        .into_iter()
        .flatten()
        .collect()
}

/// A text so much longer than a file may be.
fn text(more: i32) -> String {
    "x".repeat(FILE_BYTES.saturating_add_signed(more) as usize)
}

fn file(at: &Stage, path: &str, text: String) -> Vec<u8> {
    let request = CreateFileRequest {
        room: at.room.clone(),
        path: path.to_owned(),
        text,
        request_id: String::new(),
    };
    request.encode_to_vec()
}

/// Fills the stage's room up to less than one full file.
async fn fill(at: &Stage) {
    for n in 0..15 {
        at.succeed(CREATE, file(at, &format!("full/{n}.txt"), text(0))).await;
    }
}

fn of_files() -> Vec<Row> {
    use Reason::{FileTooLarge, RoomTooLarge, TooManyFiles};
    vec![
        call(CREATE, "a text of more than 4 MiB", FileTooLarge, "text", |at| {
            file(at, "a", text(1))
        }),
        call(
            "FileService/WriteFile",
            "a text of more than 4 MiB",
            FileTooLarge,
            "text",
            |at| {
                let request = v1::WriteFileRequest {
                    room: at.room.clone(),
                    file: Some(v1::write_file_request::File::FileId(at.main.clone())),
                    base_revision: Some(4),
                    text: text(1),
                    ..Default::default()
                };
                request.encode_to_vec()
            },
        ),
        call(
            CREATE_ROOM,
            "a first file of more than 4 MiB",
            FileTooLarge,
            "files[0].text",
            |_| {
                let file = NewFile {
                    path: "a".to_owned(),
                    text: text(1),
                };
                let files = vec![file];
                CreateRoomRequest {
                    files,
                    ..Default::default()
                }
                .encode_to_vec()
            },
        ),
        story(
            (CREATE, Way::CALLS),
            "the 201st file",
            Shows::Call,
            TooManyFiles,
            "",
            |at, way| {
                Box::pin(async move {
                    // Two are there already.
                    for n in 2..FILES {
                        at.succeed(CREATE, file(at, &format!("many/{n}"), String::new())).await;
                    }
                    at.call(way, CREATE, file(at, "one/more", String::new())).await
                })
            },
        ),
        story(
            (CREATE, &[Way::Grpc]),
            "a file by which the room has more than 64 MiB",
            Shows::Call,
            RoomTooLarge,
            "text",
            |at, way| {
                Box::pin(async move {
                    fill(at).await;
                    at.call(way, CREATE, file(at, "last", text(0))).await
                })
            },
        ),
    ]
}

fn of_edits() -> Vec<Row> {
    use Reason::{EditTooLarge, FileTooLarge, RoomTooLarge};
    vec![
        story(
            ("either door", Way::DOORS),
            "an edit by which the file has more than 4 MiB",
            Shows::Receipt,
            FileTooLarge,
            "changes",
            |at, way| {
                Box::pin(async move {
                    at.succeed(CREATE, file(at, "full.txt", text(-1))).await;
                    edit_one_too_many(at, way, "full.txt", "xx").await
                })
            },
        ),
        story(
            ("either door", Way::DOORS),
            "an update by which the file has more than 4 MiB",
            Shows::Receipt,
            FileTooLarge,
            "update",
            |at, way| {
                Box::pin(async move {
                    at.succeed(CREATE, file(at, "full.txt", text(-1))).await;
                    update_one_too_many(at, way).await
                })
            },
        ),
        story(
            ("either door", &[Way::Collaborate]),
            "an edit by which the room has more than 64 MiB",
            Shows::Receipt,
            RoomTooLarge,
            "changes",
            |at, way| {
                Box::pin(async move {
                    fill(at).await;
                    at.succeed(CREATE, file(at, "last", text(-1_000))).await;
                    edit_one_too_many(at, way, "main.txt", &"x".repeat(2_000)).await
                })
            },
        ),
        story(
            ("either door", Way::DOORS),
            "an update of more than 8 MiB in parts",
            Shows::Receipt,
            EditTooLarge,
            "update",
            |at, way| {
                Box::pin(async move {
                    let mut eve = Sender::join(at, way.door(), Mode::Yjs).await;
                    for n in 1..=9 {
                        let part = v1::Update {
                            op_id: 1,
                            file: Some(v1::update::File::FileId(at.main.clone())),
                            epoch: 1,
                            update: vec![0; 1 << 20].into(),
                            more: n < 9,
                            origin: 0,
                        };
                        eve.session.send(Kind::Update(part)).await.expect("sent");
                    }
                    let told = eve.told().await;
                    eve.goes_on(at, told.shows).await;
                    told
                })
            },
        ),
    ]
}

async fn edit_one_too_many(at: &Stage, way: Way, path: &str, text: &str) -> Told {
    let mut eve = Sender::join(at, way.door(), Mode::Text).await;
    let (_, head) = at.client.read_file(&at.room, "main.txt").await.expect("read");
    let edit = v1::Edit {
        op_id: 1,
        file: Some(v1::edit::File::Path(path.to_owned())),
        base_revision: Some(head),
        changes: vec![insert(text)],
        origin: 0,
    };
    let told = eve.say(at, vec![Some(Kind::Edit(edit))]).await;
    eve.goes_on(at, told.shows).await;
    told
}

async fn update_one_too_many(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), Mode::Yjs).await;
    let open = open("full.txt", ME);
    let update = v1::Update {
        op_id: 1,
        file: Some(v1::update::File::Path("full.txt".into())),
        epoch: 1,
        update: typed(ME, 0, "xx", None, None).into(),
        ..Default::default()
    };
    let told = eve.say(at, vec![Some(open), Some(Kind::Update(update))]).await;
    eve.goes_on(at, told.shows).await;
    told
}

fn open(path: &str, client_id: u32) -> Kind {
    Kind::Open(Open {
        file: Some(v1::open::File::Path(path.to_owned())),
        client_id,
        ..Default::default()
    })
}

fn of_rooms() -> Vec<Row> {
    [
        ("Collaborate", &[Way::Collaborate], Shows::End),
        ("Subscribe", &[Way::Subscribe], Shows::Call),
    ]
    .map(|(by, ways, shows)| {
        story(
            (by, ways),
            "the 201st session of a room",
            shows,
            Reason::RoomFull,
            "",
            |at, way| {
                Box::pin(async move {
                    let join = v1::Join {
                        room: at.room.clone(),
                        ..Default::default()
                    };
                    let mut here = Vec::new();
                    // One is there already.
                    for _ in 1..SESSIONS {
                        let one = Session::join(&at.client, Door::Subscribe, join.clone()).await;
                        here.push(one.expect("there is room"));
                        if here.len() % 50 == 0 {
                            // A connection takes so many calls at once.
                            at.client = tandem_testkit::client::Client::new(at.address);
                        }
                    }
                    at.join(way, join).await
                })
            },
        )
    })
    .into()
}

fn of_sessions() -> Vec<Row> {
    use Reason::{TooManyClientIds, TooManyInFlight};
    vec![
        story(
            ("either door", Way::DOORS),
            "the 65th client id of a session",
            Shows::Refused,
            TooManyClientIds,
            "client_id",
            |at, way| {
                Box::pin(async move {
                    let mut eve = Sender::join(at, way.door(), Mode::Yjs).await;
                    let ids = 1_000..=1_064;
                    let told = eve.say(at, ids.map(|id| Some(open("src/lib.rs", id))).collect()).await;
                    eve.goes_on(at, told.shows).await;
                    told
                })
            },
        ),
        story(
            ("Publish", &[Way::Subscribe]),
            "more than 1,024 messages without an answer",
            Shows::Call,
            TooManyInFlight,
            "",
            |at, way| Box::pin(too_many_in_flight(at, way)),
        ),
    ]
}

/// It publishes and does not read, until the server takes no more; then it reads.
async fn too_many_in_flight(at: &Stage, way: Way) -> Told {
    at.succeed(CREATE, file(at, "long.txt", "x".repeat(20 << 10))).await;
    let mut eve = Sender::join(at, way.door(), Mode::Text).await;
    let message = ClientMessage {
        kind: Some(open("long.txt", 0)),
    };
    let mut sent = 0;
    let status = loop {
        assert!(sent <= 2_048, "the server takes everything");
        match eve.publish(at, vec![message.clone(); 256]).await {
            Ok(()) => sent += 256,
            Err(status) => break status,
        }
    };
    let mut opened = 0;
    while opened < sent {
        let message = eve.session.step().await.expect("the stream goes on");
        opened += usize::from(matches!(message, server_message::Kind::Opened(_)));
    }
    let told = Told::status(Shows::Call, &status);
    eve.goes_on(at, told.shows).await;
    told
}
