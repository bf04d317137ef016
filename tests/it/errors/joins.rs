//! What can be wrong with a session's beginning and its end.

use prost::Message;
use tandem::error::Reason;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::{self, ClientMessage, CollaborateRequest, Join, PublishRequest, SubscribeRequest};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Door, Session};

use super::check::hold;
use super::row::{Row, Shows, Story, Told, Way, call, join, publish, story};
use super::stage::{Sender, Stage};

const SUBSCRIBE: &str = "CollaborationService/Subscribe";
const PUBLISH: &str = "CollaborationService/Publish";

both_databases! {
    async fn every_row_of_joins_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = new().into_iter().chain(resumed()).flatten().collect();
    rows.extend(without_a_join());
    rows.extend(ends());
    rows.extend(resumes_in_vain());
    rows
}

/// A good join, changed.
fn changed(at: &Stage, change: impl FnOnce(&mut Join)) -> Join {
    let mut join = Join {
        room: at.room.clone(),
        name: "Eve".to_owned(),
        ..Default::default()
    };
    change(&mut join);
    join
}

fn new() -> Vec<[Row; 2]> {
    use Reason::{FieldInvalid, FieldMissing, RoomNotFound};
    vec![
        join("a join without a room", FieldMissing, "room", |at| {
            changed(at, |it| it.room.clear())
        }),
        join("a join of an unknown room", RoomNotFound, "", |at| {
            changed(at, |it| it.room = "nobody-made-this-room".into())
        }),
        join("an unknown mode", FieldInvalid, "mode", |at| {
            changed(at, |it| it.mode = 9)
        }),
        join("an unknown position unit", FieldInvalid, "position_unit", |at| {
            changed(at, |it| it.position_unit = -1)
        }),
        join("a name of 65 characters", FieldInvalid, "name", |at| {
            changed(at, |it| it.name = "é".repeat(65))
        }),
        join("a name with U+0000", FieldInvalid, "name", |at| {
            changed(at, |it| it.name = "a\0b".into())
        }),
        join("a join that opens 201 files", FieldInvalid, "open", |at| {
            changed(at, |it| it.open = vec![v1::Open::default(); 201])
        }),
        join(
            "a join that opens a file without a name",
            FieldMissing,
            "open[1].file",
            |at| {
                let main = v1::Open {
                    file: Some(v1::open::File::FileId(at.main.clone())),
                    ..Default::default()
                };
                changed(at, |it| it.open = vec![main, v1::Open::default()])
            },
        ),
    ]
}

fn resumed() -> Vec<[Row; 2]> {
    vec![join(
        "a resume with a wrong token",
        Reason::SessionUnknown,
        "resume_token",
        |at| changed(at, |it| it.resume_token = "made-up".into()),
    )]
}

/// What comes instead of a join, or before it.
fn without_a_join() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, MessageEmpty, NotJoined, SessionUnknown};
    vec![
        story(
            ("Collaborate", &[Way::Collaborate]),
            "a first message that is no join",
            Shows::End,
            NotJoined,
            "",
            |at, _| Box::pin(first(at, vec![Some(Kind::Leave(v1::Leave {}))])),
        ),
        story(
            ("Collaborate", &[Way::Collaborate]),
            "a first message without a kind",
            Shows::End,
            MessageEmpty,
            "message",
            |at, _| Box::pin(first(at, vec![None])),
        ),
        story(
            ("Collaborate", &[Way::Collaborate]),
            "a stream that is closed before a join",
            Shows::End,
            NotJoined,
            "",
            |at, _| Box::pin(first(at, vec![])),
        ),
        call(SUBSCRIBE, "no join", FieldMissing, "join", |_| {
            SubscribeRequest::default().encode_to_vec()
        }),
        call(PUBLISH, "no token", FieldMissing, "resume_token", |_| {
            PublishRequest::default().encode_to_vec()
        }),
        call(PUBLISH, "a wrong token", SessionUnknown, "resume_token", |_| {
            let resume_token = "made-up".to_owned();
            PublishRequest {
                resume_token,
                ..Default::default()
            }
            .encode_to_vec()
        }),
        story(
            ("Publish", Way::CALLS),
            "a Publish while the session has no stream",
            Shows::Call,
            NotJoined,
            "",
            |at, way| Box::pin(publish_without_a_stream(at, way)),
        ),
        story(
            ("Publish", &[Way::Subscribe]),
            "257 messages in a Publish",
            Shows::Call,
            FieldInvalid,
            "messages",
            |at, way| {
                Box::pin(async move {
                    let mut eve = Sender::join(at, way.door(), v1::Mode::Text).await;
                    let presence = || Some(Kind::Presence(v1::Presence::default()));
                    let told = eve.say(at, (0..257).map(|_| presence()).collect()).await;
                    eve.goes_on(at, told.shows).await;
                    told
                })
            },
        ),
    ]
}

/// The first messages of a stream, and what it ends with.
async fn first(at: &Stage, kinds: Vec<Option<Kind>>) -> Told {
    let requests = kinds.into_iter().map(|kind| CollaborateRequest {
        message: Some(ClientMessage { kind }),
    });
    let requests = tokio_stream::iter(requests.collect::<Vec<_>>());
    let answer = at.client.collaboration().collaborate(requests).await;
    let end = answer.expect("the call begins").into_inner().message().await;
    Told::status(Shows::End, &end.expect_err("the stream did not begin"))
}

async fn publish_without_a_stream(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, Door::Subscribe, v1::Mode::Text).await;
    eve.session.cut();
    let request = PublishRequest {
        resume_token: eve.token(),
        messages: Vec::new(),
    };
    // The server hears of the cut a moment later.
    let cut = async {
        while eve.publish(at, Vec::new()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    let cut = tokio::time::timeout(tandem_testkit::client::WAIT, cut).await;
    cut.expect("the server does not see that the stream is cut");
    let told = at.call(way, PUBLISH, request.encode_to_vec()).await;
    eve.goes_on(at, Shows::End).await;
    told
}

/// What ends a stream for good.
fn ends() -> Vec<Row> {
    let mut rows: Vec<Row> = publish(
        v1::Mode::Text,
        "a second join",
        (Shows::End, "message.join"),
        Reason::AlreadyJoined,
        (0, "join"),
        |at| vec![Some(Kind::Join(changed(at, |_| {})))],
    )
    .into();
    let goodbyes: [(&str, Reason, Story); 2] = [
        ("another stream takes up the session", Reason::Replaced, |at, way| {
            Box::pin(replaced(at, way))
        }),
        ("the room is deleted", Reason::RoomDeleted, |at, way| {
            Box::pin(async move { in_a_deleted_room(at, way).await.told().await })
        }),
    ];
    for (input, reason, told) in goodbyes {
        let by = ("either door", Way::DOORS);
        rows.push(story(by, input, Shows::Goodbye, reason, "", told));
    }
    rows
}

async fn replaced(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), v1::Mode::Text).await;
    let join = Join {
        resume_token: eve.token(),
        ..Default::default()
    };
    let other = Session::join(&at.client, way.door(), join).await.expect("resumed");
    assert!(other.seen.joined.resumed);
    eve.told().await
}

/// Somebody in another room than the stage's, which is deleted then.
async fn in_a_deleted_room(at: &Stage, way: Way) -> Sender {
    let room = at.client.create_room(&[]).await.expect("a room");
    let room = room.room.expect("a room").room_id;
    let join = changed(at, |it| it.room.clone_from(&room));
    let eve = Session::join(&at.client, way.door(), join).await.expect("joined");
    let request = v1::DeleteRoomRequest {
        room,
        request_id: String::new(),
    };
    at.succeed("RoomService/DeleteRoom", request.encode_to_vec()).await;
    Sender::of(eve, way.door(), v1::Mode::Text)
}

/// Resumes that are refused, on either door.
fn resumes_in_vain() -> Vec<Row> {
    let stories: [(&str, Reason, &str, Story); 3] = [
        (
            "a resume of a session that has left",
            Reason::SessionUnknown,
            "resume_token",
            |at, way| Box::pin(after_leave(at, way)),
        ),
        (
            "a resume in a room that is deleted",
            Reason::SessionUnknown,
            "resume_token",
            |at, way| {
                Box::pin(async move {
                    let eve = in_a_deleted_room(at, way).await;
                    resume(at, &eve, way, 0).await
                })
            },
        ),
        (
            "a resume that has seen the future",
            Reason::BaseInFuture,
            "last_revision",
            |at, way| Box::pin(from_the_future(at, way)),
        ),
    ];
    let mut rows = Vec::new();
    for (input, reason, field, told) in stories {
        let (collaborate, subscribe) = (format!("message.join.{field}"), format!("join.{field}"));
        let by = ("Collaborate", &[Way::Collaborate][..]);
        rows.push(story(by, input, Shows::End, reason, &collaborate, told));
        let by = ("Subscribe", &[Way::Subscribe][..]);
        rows.push(story(by, input, Shows::Call, reason, &subscribe, told));
    }
    rows
}

async fn after_leave(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), v1::Mode::Text).await;
    let left = eve.session.send(Kind::Leave(v1::Leave {})).await;
    left.expect("sent");
    eve.session.end().await.expect("a stream that leaves ends well");
    resume(at, &eve, way, 0).await
}

async fn from_the_future(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), v1::Mode::Text).await;
    let told = resume(at, &eve, way, 1_000).await;
    // The old stream was not harmed by that.
    eve.goes_on(at, Shows::Refused).await;
    told
}

async fn resume(at: &Stage, eve: &Sender, way: Way, last_revision: u64) -> Told {
    let join = Join {
        resume_token: eve.token(),
        last_revision,
        ..Default::default()
    };
    at.join(way, join).await
}
