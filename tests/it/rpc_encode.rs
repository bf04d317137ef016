//! Every event reads back as the message that the contract promises.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use ropey::Rope;
use tandem::document::{Delta, DeltaChange, Len, Unit};
use tandem::error::{Error, Reason};
use tandem::id::{ClientId, Epoch, FileId, FileRef, OpId, ParticipantId, Revision, RoomId};
use tandem::limits::MESSAGE_OUT_BYTES;
use tandem::room::message::{
    Encode, Event, FileChange, FileInfo, Frame, Joined, Open, Opened, OpenedContent, Outcome, Participant,
    ParticipantPresence, ParticipantState, Presence, RefusedRequest, RoomInfo, Selection,
};
use tandem::rpc::encode::{Encoder, is_unfinished};
use tandem::rpc::proto::v1::server_message::Kind;
use tandem::rpc::proto::v1::{self, CollaborateResponse, SubscribeResponse};
use tandem::store::model::{LineEnding, Mode, Origin};

fn bytes_of(frame: &Frame) -> Vec<u8> {
    [frame.head.as_ref(), frame.body.as_ref()].concat()
}

fn decode(frame: &Frame) -> Kind {
    let bytes = bytes_of(frame);
    let one = CollaborateResponse::decode(bytes.as_slice()).expect("a CollaborateResponse");
    let other = SubscribeResponse::decode(bytes.as_slice()).expect("a SubscribeResponse");
    assert_eq!(one.message, other.message, "both doors carry the same bytes");
    one.message.and_then(|message| message.kind).expect("a known kind")
}

fn encode(event: &Event, unit: Unit) -> Kind {
    let frames = Encoder.encode(event, unit);
    assert_eq!(frames.len(), 1, "a short message is one frame");
    assert!(!is_unfinished(&frames[0]));
    decode(&frames[0])
}

/// Joins the fragments, checking that each keeps to the bound and only the last says so.
fn reassemble(frames: &[Frame]) -> Kind {
    let mut joined = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        assert!(frame.len() <= MESSAGE_OUT_BYTES, "{} bytes", frame.len());
        let Kind::Fragment(fragment) = decode(frame) else {
            panic!("frame {index} is no fragment")
        };
        assert_eq!(fragment.last, index + 1 == frames.len());
        assert_eq!(is_unfinished(frame), !fragment.last);
        joined.extend_from_slice(&fragment.data);
    }
    v1::ServerMessage::decode(joined.as_slice())
        .expect("the fragments make up a message")
        .kind
        .expect("a known kind")
}

fn file() -> FileInfo {
    FileInfo {
        id: FileId::new(),
        path: "src/main.rs".into(),
        line_ending: LineEnding::CrLf,
        deleted: false,
        revision: Revision(6),
        epoch: Epoch(2),
    }
}

fn proto(file: &FileInfo) -> v1::File {
    v1::File {
        file_id: file.id.to_string(),
        path: file.path.clone(),
        line_ending: v1::LineEnding::Crlf as i32,
        deleted: file.deleted,
        revision: file.revision.0,
        epoch: file.epoch.0,
    }
}

#[test]
fn joined_tells_the_room_the_people_the_files_and_the_limits() {
    let file = file();
    let me = Participant {
        id: ParticipantId::new(),
        name: "Ada".into(),
        mode: Mode::Yjs,
        state: ParticipantState::Away,
    };
    let room = RoomInfo {
        id: RoomId::new(),
        slug: Some("pairing".into()),
        title: "Pairing".into(),
        created: 0,
        head: Revision(7),
    };
    let event = Event::Joined(Box::new(Joined {
        participant: me.id,
        resume_token: "secret".into(),
        room: room.clone(),
        participants: vec![me.clone()],
        files: vec![file.clone()],
        head: Revision(7),
        resumed: true,
        committed_op_id: OpId(3),
    }));
    let Kind::Joined(joined) = encode(&event, Unit::CodePoint) else {
        panic!("no joined")
    };
    let limits = joined.limits.expect("limits");
    assert_eq!(limits.message_bytes, 256 << 10);
    assert_eq!(limits.file_bytes, 4 << 20);
    assert_eq!(
        joined,
        v1::Joined {
            participant_id: me.id.to_string(),
            resume_token: "secret".into(),
            room_id: room.id.to_string(),
            slug: "pairing".into(),
            role: v1::Role::Editor as i32,
            limits: Some(limits),
            participants: vec![v1::Participant {
                participant_id: me.id.to_string(),
                name: "Ada".into(),
                mode: v1::Mode::Yjs as i32,
                role: v1::Role::Editor as i32,
                state: v1::ParticipantState::Away as i32,
            }],
            files: vec![proto(&file)],
            head_revision: 7,
            resumed: true,
            committed_op_id: 3,
        }
    );
}

#[test]
fn opened_brings_the_text_or_says_that_edits_follow_or_brings_yjs_bytes() {
    let file = file();
    let opened = |content| {
        encode(
            &Event::Opened(Opened {
                file: file.clone(),
                revision: Revision(9),
                content,
            }),
            Unit::Utf8,
        )
    };
    let head = v1::Opened {
        file: Some(proto(&file)),
        revision: 9,
        epoch: 2,
        ..Default::default()
    };
    assert_eq!(
        opened(OpenedContent::Text(Rope::from_str("é😀\n"))),
        Kind::Opened(v1::Opened {
            text: "é😀\n".into(),
            ..head.clone()
        })
    );
    assert_eq!(opened(OpenedContent::Text(Rope::new())), Kind::Opened(head.clone()));
    assert_eq!(
        opened(OpenedContent::Resumed),
        Kind::Opened(v1::Opened {
            resumed: true,
            ..head.clone()
        })
    );
    assert_eq!(
        opened(OpenedContent::Yjs {
            update: Bytes::from_static(b"u"),
            state_vector: Bytes::from_static(b"sv"),
        }),
        Kind::Opened(v1::Opened {
            update: Bytes::from_static(b"u"),
            state_vector: Bytes::from_static(b"sv"),
            ..head
        })
    );
}

#[test]
fn an_edit_is_told_in_the_receivers_own_unit() {
    let (file, author) = (FileId::new(), ParticipantId::new());
    let event = Event::Edited {
        file,
        revision: Revision(4),
        delta: Arc::new(Delta {
            before: Len::of("é😀x"),
            changes: vec![DeltaChange {
                retain: Len::of("é😀"),
                delete: Len::of("x"),
                insert: "😀".into(),
                insert_len: Len::of("😀"),
            }],
        }),
        participant: Some(author),
        op_id: Some(OpId(12)),
        origin: Origin::Pasted,
    };
    for (unit, offset) in [(Unit::CodePoint, 2), (Unit::Utf16, 3), (Unit::Utf8, 6)] {
        assert_eq!(
            encode(&event, unit),
            Kind::Edited(v1::Edited {
                file_id: file.to_string(),
                revision: 4,
                changes: vec![v1::Change {
                    offset,
                    delete: 1,
                    insert: "😀".into()
                }],
                participant_id: author.to_string(),
                op_id: 12,
                origin: v1::Origin::Pasted as i32,
            })
        );
    }
}

#[test]
fn updates_receipts_and_checkpoints_read_back() {
    let file = FileId::new();
    let updated = Event::Updated {
        file,
        revision: Revision(5),
        epoch: Epoch(1),
        update: Bytes::from_static(b"yjs"),
        participant: None,
        origin: Origin::Agent,
    };
    assert_eq!(
        encode(&updated, Unit::Utf16),
        Kind::Updated(v1::Updated {
            file_id: file.to_string(),
            revision: 5,
            epoch: 1,
            update: Bytes::from_static(b"yjs"),
            participant_id: String::new(),
            origin: v1::Origin::Agent as i32,
        })
    );
    let committed = Event::Receipt {
        op_id: OpId(1),
        outcome: Outcome::Committed(Revision(5)),
        file: Some(file),
    };
    assert_eq!(
        encode(&committed, Unit::Utf16),
        Kind::Receipt(v1::Receipt {
            op_id: 1,
            state: v1::ReceiptState::Committed as i32,
            revision: 5,
            error: None,
            file_id: file.to_string(),
        })
    );
    let refused = Event::Receipt {
        op_id: OpId(2),
        outcome: Outcome::Refused(Error::new(Reason::BaseMissing, "name the base").with("head", 5)),
        file: None,
    };
    let Kind::Receipt(receipt) = encode(&refused, Unit::Utf16) else {
        panic!("no receipt")
    };
    assert_eq!((receipt.op_id, receipt.revision, receipt.file_id.as_str()), (2, 0, ""));
    assert_eq!(receipt.state(), v1::ReceiptState::Refused);
    assert_eq!(receipt.error.expect("an error").code, 9);
    assert_eq!(
        encode(&Event::Checkpoint { revision: Revision(8) }, Unit::Utf16),
        Kind::Checkpoint(v1::Checkpoint { revision: 8 })
    );
    assert_eq!(
        encode(&Event::Closed { file }, Unit::Utf16),
        Kind::Closed(v1::Closed {
            file_id: file.to_string()
        })
    );
}

#[test]
fn people_and_files_coming_and_going_read_back() {
    let (file, who) = (file(), ParticipantId::new());
    let presence = Event::PresenceChanged(vec![ParticipantPresence {
        participant: who,
        file: Some(file.id),
        revision: Revision(3),
        offsets: Some((4, 0)),
        relative: Some((Bytes::from_static(b"a"), Bytes::from_static(b"h"))),
        typing: true,
    }]);
    assert_eq!(
        encode(&presence, Unit::CodePoint),
        Kind::PresenceChanged(v1::PresenceChanged {
            presences: vec![v1::ParticipantPresence {
                participant_id: who.to_string(),
                file_id: file.id.to_string(),
                offsets: Some(v1::OffsetSelection {
                    revision: 3,
                    anchor: 4,
                    head: 0
                }),
                relative: Some(v1::RelativeSelection {
                    anchor: Bytes::from_static(b"a"),
                    head: Bytes::from_static(b"h")
                }),
                typing: true,
            }]
        })
    );
    for (change, proto_change) in [
        (FileChange::Created, v1::FileChange::Created),
        (FileChange::Renamed, v1::FileChange::Renamed),
        (FileChange::Deleted, v1::FileChange::Deleted),
        (FileChange::Restored, v1::FileChange::Restored),
    ] {
        let event = Event::FileChanged {
            file: file.clone(),
            revision: Revision(6),
            change,
            participant: Some(who),
        };
        assert_eq!(
            encode(&event, Unit::CodePoint),
            Kind::FileChanged(v1::FileChanged {
                file: Some(proto(&file)),
                revision: 6,
                change: proto_change as i32,
                participant_id: who.to_string(),
            })
        );
    }
    let left = Event::ParticipantChanged(Participant {
        id: who,
        name: "Bo".into(),
        mode: Mode::Text,
        state: ParticipantState::Left,
    });
    let Kind::ParticipantChanged(changed) = encode(&left, Unit::CodePoint) else {
        panic!("no participant_changed")
    };
    let participant = changed.participant.expect("a participant");
    assert_eq!(participant.state(), v1::ParticipantState::Left);
    assert_eq!(participant.mode(), v1::Mode::Text);
}

#[test]
fn a_refusal_repeats_what_was_asked_for() {
    let file = FileId::new();
    let requests = [
        (
            RefusedRequest::Open(Open {
                file: FileRef::Path("a".into()),
                after: Revision(2),
                client: ClientId(77),
                state_vector: Bytes::from_static(b"sv"),
                epoch: Epoch(1),
            }),
            v1::refused::Request::Open(v1::Open {
                file: Some(v1::open::File::Path("a".into())),
                after_revision: 2,
                client_id: 77,
                state_vector: Bytes::from_static(b"sv"),
                epoch: 1,
            }),
        ),
        (
            RefusedRequest::Close(FileRef::Id(file)),
            v1::refused::Request::Close(v1::Close {
                file: Some(v1::close::File::FileId(file.to_string())),
            }),
        ),
        (
            RefusedRequest::Presence(Presence {
                file: Some(FileRef::Id(file)),
                selection: Some(Selection::Offsets {
                    revision: Revision(1),
                    anchor: 2,
                    head: 3,
                }),
            }),
            v1::refused::Request::Presence(v1::Presence {
                file: Some(v1::presence::File::FileId(file.to_string())),
                selection: Some(v1::presence::Selection::Offsets(v1::OffsetSelection {
                    revision: 1,
                    anchor: 2,
                    head: 3,
                })),
            }),
        ),
    ];
    for (request, expected) in requests {
        let event = Event::Refused {
            request,
            error: Error::new(Reason::FileNotFound, "no such file"),
        };
        let Kind::Refused(refused) = encode(&event, Unit::CodePoint) else {
            panic!("no refused")
        };
        assert_eq!(refused.request, Some(expected));
        assert_eq!(refused.error.expect("an error").code, 5);
    }
}

#[test]
fn a_goodbye_says_why_and_when_to_come_back() {
    let event = Event::Goodbye {
        error: Error::new(Reason::ShuttingDown, "the server is shutting down: connect again"),
        retry_delay: Some(Duration::from_millis(750)),
    };
    let Kind::Goodbye(goodbye) = encode(&event, Unit::CodePoint) else {
        panic!("no goodbye")
    };
    assert_eq!(goodbye.retry_delay.expect("a delay").nanos, 750_000_000);
    let error = goodbye.error.expect("an error");
    assert_eq!(error.code, tonic::Code::Unavailable as i32);
    let kinds: Vec<&str> = error.details.iter().map(|any| any.type_url.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "type.googleapis.com/google.rpc.ErrorInfo",
            "type.googleapis.com/google.rpc.RetryInfo"
        ]
    );
}

#[test]
fn a_long_text_comes_in_fragments_that_share_one_buffer() {
    let text = "0123456789é😀\n".repeat(60_000);
    let file = file();
    let event = Event::Opened(Opened {
        file: file.clone(),
        revision: Revision(9),
        content: OpenedContent::Text(Rope::from_str(&text)),
    });
    let frames = Encoder.encode(&event, Unit::CodePoint);
    assert!(frames.len() > 3);
    for pair in frames.windows(2) {
        let end = pair[0].body.as_ptr() as usize + pair[0].body.len();
        assert_eq!(end, pair[1].body.as_ptr() as usize, "neighbours in one buffer");
    }
    let Kind::Opened(opened) = reassemble(&frames) else {
        panic!("no opened")
    };
    assert_eq!(opened.file, Some(proto(&file)));
    assert!(opened.text == text);

    let resync = Event::Resync {
        file: file.id,
        revision: Revision(10),
        text: Some(Rope::from_str(&text)),
        epoch: Epoch(2),
    };
    let Kind::Resync(resync) = reassemble(&Encoder.encode(&resync, Unit::CodePoint)) else {
        panic!("no resync")
    };
    assert_eq!((resync.revision, resync.epoch), (10, 2));
    assert!(resync.text == text);
}

#[test]
fn a_message_is_cut_exactly_when_it_is_longer_than_the_bound() {
    let encode = |len: usize| {
        let event = Event::Updated {
            file: FileId::new(),
            revision: Revision(1),
            epoch: Epoch(1),
            update: Bytes::from(vec![7; len]),
            participant: None,
            origin: Origin::Typed,
        };
        Encoder.encode(&event, Unit::CodePoint)
    };
    let envelope = encode(MESSAGE_OUT_BYTES - 1_000)[0].len() - (MESSAGE_OUT_BYTES - 1_000);
    let longest = encode(MESSAGE_OUT_BYTES - envelope);
    assert_eq!((longest.len(), longest[0].len()), (1, MESSAGE_OUT_BYTES));
    let longer = encode(MESSAGE_OUT_BYTES - envelope + 1);
    assert_eq!(longer.len(), 2);
    let Kind::Updated(updated) = reassemble(&longer) else {
        panic!("no updated")
    };
    assert_eq!(updated.update.len(), MESSAGE_OUT_BYTES - envelope + 1);
}
