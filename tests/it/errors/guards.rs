//! What is refused before it reaches a service: foreign callers, and what is no message.

use prost::Message;
use tandem::error::Reason;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::{self, CreateRoomRequest, ListRoomsRequest, Mode, PublishRequest};
use tandem_testkit::by_hand::{ByHand, Dialect};
use tandem_testkit::database::TestDatabase;

use super::check::hold;
use super::row::{ANY, Row, Shows, Told, Way, call, say, story};
use super::stage::{Stage, insert};

const LIST: &str = "/tandem.v1.RoomService/ListRooms";
const CREATE: &str = "/tandem.v1.RoomService/CreateRoom";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_of_guards_holds() {
    hold(TestDatabase::sqlite(), rows()).await;
}

pub(super) fn rows() -> Vec<Row> {
    [callers(), methods(), bytes(), sizes()].into_iter().flatten().collect()
}

/// A good ListRooms, changed and made by hand.
async fn by_hand(at: &Stage, way: Way, change: impl FnOnce(&mut ByHand)) -> Told {
    let dialect = if way == Way::GrpcWeb {
        Dialect::GrpcWeb
    } else {
        Dialect::Grpc
    };
    let mut call = ByHand::new(dialect, LIST, &ListRoomsRequest::default().encode_to_vec());
    change(&mut call);
    let (messages, status) = call.send(at.address).await;
    assert!(messages.is_empty(), "a refused call has no answer");
    Told::status(Shows::Call, &status)
}

fn any(input: &'static str, reason: Reason, field: &str, told: super::row::Story) -> Row {
    story((ANY, Way::CALLS), input, Shows::Call, reason, field, told)
}

fn callers() -> Vec<Row> {
    use Reason::{DeadlineExceeded, HostRefused, OriginRefused};
    vec![
        any("a foreign host name", HostRefused, "", |at, way| {
            Box::pin(by_hand(at, way, |call| call.host = Some("evil.example")))
        }),
        any("a page of a foreign origin", OriginRefused, "", |at, way| {
            let origin = ("origin", "https://evil.example".to_owned());
            Box::pin(by_hand(at, way, |call| call.headers.push(origin)))
        }),
        any(
            "a deadline before the whole message has come",
            DeadlineExceeded,
            "",
            |at, way| {
                let deadline = ("grpc-timeout", "100m".to_owned());
                Box::pin(by_hand(at, way, |call| {
                    call.headers.push(deadline);
                    call.body = vec![0, 0, 0];
                    call.stalls = true;
                }))
            },
        ),
    ]
}

fn methods() -> Vec<Row> {
    use Reason::MethodUnknown;
    vec![
        any("an unknown service", MethodUnknown, "", |at, way| {
            Box::pin(by_hand(at, way, |call| {
                call.path = "/tandem.v1.NoService/ListRooms".to_owned()
            }))
        }),
        any("an unknown method", MethodUnknown, "", |at, way| {
            Box::pin(by_hand(at, way, |call| {
                call.path = "/tandem.v1.RoomService/NoMethod".to_owned()
            }))
        }),
        any("a compression that no method reads", MethodUnknown, "", |at, way| {
            let encoding = ("grpc-encoding", "gzip".to_owned());
            Box::pin(by_hand(at, way, |call| call.headers.push(encoding)))
        }),
    ]
}

fn bytes() -> Vec<Row> {
    use Reason::FieldInvalid;
    vec![
        any("bytes that are no message", FieldInvalid, "message", |at, way| {
            Box::pin(by_hand(at, way, |call| call.body = framed(&[0xff; 16])))
        }),
        any("no message at all", FieldInvalid, "message", |at, way| {
            Box::pin(by_hand(at, way, |call| call.body.clear()))
        }),
        any("a message that is cut off", FieldInvalid, "message", |at, way| {
            Box::pin(by_hand(at, way, |call| call.body = vec![0, 0, 0, 0, 9, 1]))
        }),
        any("a message with an unknown flag", FieldInvalid, "message", |at, way| {
            Box::pin(by_hand(at, way, |call| call.body = vec![7, 0, 0, 0, 0]))
        }),
        any("a text that is no UTF-8", FieldInvalid, "message", |at, way| {
            Box::pin(by_hand(at, way, |call| {
                call.path = CREATE.to_owned();
                call.body = framed(&[0x0a, 2, 0xc3, 0x28]);
            }))
        }),
        story(
            ("Collaborate", &[Way::Collaborate]),
            "bytes that are no message",
            Shows::End,
            FieldInvalid,
            "message",
            |at, way| {
                Box::pin(async move {
                    let told = by_hand(at, way, |call| {
                        call.path = "/tandem.v1.CollaborationService/Collaborate".to_owned();
                        call.body = framed(&[0xff; 16]);
                    });
                    Told::new(Shows::End, told.await.error)
                })
            },
        ),
    ]
}

fn framed(message: &[u8]) -> Vec<u8> {
    tandem_testkit::by_hand::framed(message)
}

fn sizes() -> Vec<Row> {
    use Reason::MessageTooLarge;
    vec![
        any("a message of 17 MiB", MessageTooLarge, "", |at, way| {
            Box::pin(by_hand(at, way, |call| {
                let title = "x".repeat(17 << 20);
                let request = CreateRoomRequest {
                    title,
                    ..Default::default()
                };
                call.path = CREATE.to_owned();
                call.body = framed(&request.encode_to_vec());
            }))
        }),
        any("a length of 4 GiB", MessageTooLarge, "", |at, way| {
            Box::pin(by_hand(at, way, |call| call.body = vec![0, 0xff, 0xff, 0xff, 0xff, 0]))
        }),
        call(
            "CollaborationService/Publish",
            "a Publish of 5 MiB",
            MessageTooLarge,
            "",
            |_| {
                let resume_token = "x".repeat(5 << 20);
                PublishRequest {
                    resume_token,
                    ..Default::default()
                }
                .encode_to_vec()
            },
        ),
        Row {
            by: "Collaborate",
            ways: &[Way::Collaborate],
            ..say(
                Mode::Text,
                "a message of 5 MiB",
                Shows::End,
                MessageTooLarge,
                "",
                |at| {
                    let edit = v1::Edit {
                        op_id: 1,
                        file: Some(v1::edit::File::FileId(at.main.clone())),
                        base_revision: Some(4),
                        changes: vec![insert(&"x".repeat(5 << 20))],
                        origin: 0,
                    };
                    vec![Some(Kind::Edit(edit))]
                },
            )
        },
    ]
}
