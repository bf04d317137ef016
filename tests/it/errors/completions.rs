//! What can be wrong with completions and their feedback.

use prost::Message;
use tandem::error::Reason;
use tandem::rpc::proto::v1::autocomplete_request::Target;
use tandem::rpc::proto::v1::{self, AutocompleteRequest, CodeTarget, CompletionFeedback, ContextFile, RoomTarget};
use tandem::rpc::proto::v1::{SendFeedbackRequest, StreamAutocompleteRequest};
use tandem_testkit::both_databases;
use uuid::Uuid;

use super::check::hold;
use super::row::{Row, call};
use super::stage::Stage;

const ASK: &str = "AutocompleteService/Autocomplete";
const STREAM: &str = "AutocompleteService/StreamAutocomplete";
const FEEDBACK: &str = "AutocompleteService/SendFeedback";

both_databases! {
    async fn every_row_of_completions_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    [in_a_room(), in_code(), of_feedback()].into_iter().flatten().collect()
}

fn request(at: &Stage, change: impl FnOnce(&mut RoomTarget)) -> AutocompleteRequest {
    let mut target = RoomTarget {
        room: at.room.clone(),
        file: Some(v1::room_target::File::FileId(at.main.clone())),
        ..Default::default()
    };
    change(&mut target);
    AutocompleteRequest {
        target: Some(Target::RoomTarget(target)),
        position_unit: v1::PositionUnit::Utf16 as i32,
        ..Default::default()
    }
}

fn ask(at: &Stage, change: impl FnOnce(&mut RoomTarget)) -> Vec<u8> {
    request(at, change).encode_to_vec()
}

fn code(change: impl FnOnce(&mut CodeTarget)) -> Vec<u8> {
    let mut target = CodeTarget {
        code: "a😀b".to_owned(),
        ..Default::default()
    };
    change(&mut target);
    let request = AutocompleteRequest {
        target: Some(Target::CodeTarget(target)),
        position_unit: v1::PositionUnit::Utf16 as i32,
        ..Default::default()
    };
    request.encode_to_vec()
}

fn stream(request: Option<AutocompleteRequest>, model_deadline_ms: i32) -> Vec<u8> {
    let request = StreamAutocompleteRequest {
        request,
        model_deadline_ms,
    };
    request.encode_to_vec()
}

fn feedback(change: impl FnOnce(&mut CompletionFeedback)) -> Vec<u8> {
    let mut event = CompletionFeedback {
        completion_id: Uuid::new_v4().to_string(),
        event: v1::FeedbackEvent::Shown as i32,
        ..Default::default()
    };
    change(&mut event);
    SendFeedbackRequest { events: vec![event] }.encode_to_vec()
}

fn in_a_room() -> Vec<Row> {
    use Reason::{BaseInFuture, BaseTooOld, FieldInvalid, FieldMissing, FileDeleted, FileNotFound, PathInvalid};
    use Reason::{OffsetInsideCharacter, OffsetPastEnd, RoomNotFound};
    use v1::room_target::File;
    vec![
        call(ASK, "no room", FieldMissing, "room_target.room", |at| {
            ask(at, |it| it.room.clear())
        }),
        call(ASK, "an unknown room", RoomNotFound, "", |at| {
            ask(at, |it| it.room = "nobodys".into())
        }),
        call(ASK, "no file", FieldMissing, "room_target.file", |at| {
            ask(at, |it| it.file = None)
        }),
        call(ASK, "an unknown path", FileNotFound, "", |at| {
            ask(at, |it| it.file = Some(File::Path("nothing".into())))
        }),
        call(ASK, "a path with ..", PathInvalid, "room_target.path", |at| {
            ask(at, |it| it.file = Some(File::Path("..".into())))
        }),
        call(ASK, "a deleted file", FileDeleted, "", |at| {
            let old = at.old.clone();
            ask(at, |it| it.file = Some(File::FileId(old)))
        }),
        call(
            ASK,
            "a cursor past the end",
            OffsetPastEnd,
            "room_target.cursor",
            |at| ask(at, |it| it.cursor = 6),
        ),
        call(
            ASK,
            "a cursor inside an emoji",
            OffsetInsideCharacter,
            "room_target.cursor",
            |at| ask(at, |it| it.cursor = 2),
        ),
        call(
            ASK,
            "a revision of the future",
            BaseInFuture,
            "room_target.revision",
            |at| ask(at, |it| it.revision = Some(1_000)),
        ),
        call(
            ASK,
            "a revision before the file was there",
            BaseTooOld,
            "room_target.revision",
            |at| ask(at, |it| it.revision = Some(0)),
        ),
        call(STREAM, "no request", FieldMissing, "request", |_| stream(None, 0)),
        call(
            STREAM,
            "a deadline below zero",
            FieldInvalid,
            "model_deadline_ms",
            |at| stream(Some(request(at, |_| {})), -1),
        ),
        call(
            STREAM,
            "a cursor past the end",
            OffsetPastEnd,
            "request.room_target.cursor",
            |at| stream(Some(request(at, |it| it.cursor = 6)), 0),
        ),
    ]
}

fn in_code() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, FileTooLarge, OffsetInsideCharacter, OffsetPastEnd};
    vec![
        call(ASK, "no target", FieldMissing, "target", |_| {
            AutocompleteRequest::default().encode_to_vec()
        }),
        call(ASK, "an unknown position unit", FieldInvalid, "position_unit", |_| {
            AutocompleteRequest {
                position_unit: 9,
                ..Default::default()
            }
            .encode_to_vec()
        }),
        call(ASK, "an unknown trigger", FieldInvalid, "trigger", |_| {
            AutocompleteRequest {
                trigger: 9,
                ..Default::default()
            }
            .encode_to_vec()
        }),
        call(ASK, "max_items below zero", FieldInvalid, "max_items", |_| {
            AutocompleteRequest {
                max_items: -1,
                ..Default::default()
            }
            .encode_to_vec()
        }),
        call(
            ASK,
            "a cursor past the end of the code",
            OffsetPastEnd,
            "code_target.cursor",
            |_| code(|it| it.cursor = 5),
        ),
        call(
            ASK,
            "a cursor inside an emoji of the code",
            OffsetInsideCharacter,
            "code_target.cursor",
            |_| code(|it| it.cursor = 2),
        ),
        call(ASK, "more than 1 MiB of code", FileTooLarge, "code_target.code", |_| {
            code(|it| it.code = "x".repeat((1 << 20) + 1))
        }),
        call(
            ASK,
            "more than 1 MiB of context",
            FileTooLarge,
            "code_target.context",
            |_| {
                let file = ContextFile {
                    path: "a".to_owned(),
                    text: "x".repeat((1 << 19) + 1),
                };
                code(|it| it.context = vec![file.clone(), file])
            },
        ),
    ]
}

fn of_feedback() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing};
    vec![
        call(FEEDBACK, "101 events", FieldInvalid, "events", |_| {
            let events = vec![CompletionFeedback::default(); 101];
            SendFeedbackRequest { events }.encode_to_vec()
        }),
        call(
            FEEDBACK,
            "an event without completion_id",
            FieldMissing,
            "events[0].completion_id",
            |_| feedback(|event| event.completion_id.clear()),
        ),
        call(
            FEEDBACK,
            "a completion_id that is no UUID",
            FieldInvalid,
            "events[0].completion_id",
            |_| feedback(|event| event.completion_id = "first".into()),
        ),
        call(
            FEEDBACK,
            "an event that says nothing",
            FieldMissing,
            "events[0].event",
            |_| feedback(|event| event.event = 0),
        ),
        call(FEEDBACK, "an unknown event", FieldInvalid, "events[0].event", |_| {
            feedback(|event| event.event = 99)
        }),
        call(FEEDBACK, "an unknown source", FieldInvalid, "events[0].source", |_| {
            feedback(|event| event.source = 99)
        }),
    ]
}
