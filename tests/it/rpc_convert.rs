//! What comes in is checked once, and a refusal names the field.

use tandem::document::Unit;
use tandem::error::{Error, Reason};
use tandem::id::{FileRef, OpId, Revision, RoomId, RoomRef};
use tandem::room::message::{Door, JoinHow, Upward};
use tandem::rpc::convert::{calls, names, upward};
use tandem::rpc::proto::v1::{self, client_message::Kind};
use tandem::store::model::{Mode, Origin};

fn says<T: std::fmt::Debug>(result: Result<T, Error>, reason: Reason, field: &str) {
    let error = result.expect_err("a refusal");
    assert_eq!(
        (error.reason(), error.details().field.as_deref()),
        (reason, Some(field)),
        "{error}"
    );
}

#[test]
fn a_room_is_named_by_id_or_slug() {
    let id = RoomId::new();
    assert_eq!(names::room(id.to_string(), "room").expect("an id"), RoomRef::Id(id));
    assert_eq!(
        names::room("pairing".into(), "room").expect("a slug"),
        RoomRef::Slug("pairing".into())
    );
    says(names::room(String::new(), "room"), Reason::FieldMissing, "room");
}

#[test]
fn a_file_is_named_by_id_or_path() {
    use v1::edit::File;
    says(names::file(None::<File>), Reason::FieldMissing, "file");
    says(
        names::file(Some(File::FileId("7".into()))),
        Reason::FieldInvalid,
        "file_id",
    );
    says(
        names::file(Some(File::FileId(String::new()))),
        Reason::FieldMissing,
        "file_id",
    );
    says(
        names::file(Some(File::Path(String::new()))),
        Reason::FieldMissing,
        "path",
    );
    let file = names::file(Some(File::Path("a/b".into()))).expect("a path");
    assert_eq!(file, FileRef::Path("a/b".into()));
}

#[test]
fn a_join_says_what_is_wrong_with_it() {
    let join = |join| upward::join(join, Door::Collaborate, "join.");
    says(join(v1::Join::default()), Reason::FieldMissing, "join.room");
    let good = v1::Join {
        room: "pairing".into(),
        name: "Ada".into(),
        ..Default::default()
    };
    let JoinHow::New { mode, unit, name, .. } = join(good.clone()).expect("a join").how else {
        panic!("not a new session")
    };
    assert_eq!((mode, unit, name.as_str()), (Mode::Text, Unit::CodePoint, "Ada"));
    says(
        join(v1::Join {
            mode: 9,
            ..good.clone()
        }),
        Reason::FieldInvalid,
        "join.mode",
    );
    says(
        join(v1::Join {
            position_unit: -1,
            ..good.clone()
        }),
        Reason::FieldInvalid,
        "join.position_unit",
    );
    says(
        join(v1::Join {
            open: vec![
                v1::Open {
                    file: Some(v1::open::File::Path("a".into())),
                    ..Default::default()
                },
                v1::Open::default(),
            ],
            ..good
        }),
        Reason::FieldMissing,
        "join.open[1].file",
    );
    let resumed = join(v1::Join {
        resume_token: "token".into(),
        mode: 9,
        last_revision: 4,
        ..Default::default()
    });
    let JoinHow::Resume { token, last_revision } = resumed.expect("what a resume ignores is not looked at").how else {
        panic!("not a resume")
    };
    assert_eq!((token.as_str(), last_revision), ("token", Revision(4)));
}

#[test]
fn an_edit_keeps_what_was_sent_and_names_what_is_wrong() {
    let edit = v1::Edit {
        op_id: 3,
        file: Some(v1::edit::File::Path("a".into())),
        base_revision: Some(0),
        changes: vec![v1::Change {
            offset: 1,
            delete: 2,
            insert: "x".into(),
        }],
        origin: 0,
    };
    let Upward::Edit(read) = upward::upward(Kind::Edit(edit.clone())).expect("an edit") else {
        panic!("no edit")
    };
    assert_eq!(
        (read.op_id, read.base, read.origin),
        (OpId(3), Some(Revision(0)), Origin::Typed)
    );
    assert_eq!((read.changes[0].offset, read.changes[0].delete), (1, 2));
    says(
        upward::upward(Kind::Edit(v1::Edit {
            origin: 99,
            ..edit.clone()
        }))
        .map_err(|error| upward::within(error, "messages[2]", "edit")),
        Reason::FieldInvalid,
        "messages[2].edit.origin",
    );
    let many = v1::Edit {
        changes: vec![v1::Change::default(); tandem::limits::EDIT_CHANGES + 1],
        ..edit
    };
    says(upward::upward(Kind::Edit(many)), Reason::EditTooLarge, "changes");
}

#[test]
fn a_presence_may_be_empty_but_not_huge() {
    let presence = |presence| upward::upward(Kind::Presence(presence));
    assert_eq!(
        presence(v1::Presence::default()).expect("a sign of life"),
        Upward::Presence(Default::default())
    );
    let offsets = v1::presence::Selection::Offsets(v1::OffsetSelection::default());
    says(
        presence(v1::Presence {
            file: None,
            selection: Some(offsets),
        }),
        Reason::FieldMissing,
        "file",
    );
    let huge = v1::RelativeSelection {
        anchor: vec![0; 5_000].into(),
        head: Default::default(),
    };
    says(
        presence(v1::Presence {
            file: Some(v1::presence::File::Path("a".into())),
            selection: Some(v1::presence::Selection::Relative(huge)),
        }),
        Reason::FieldInvalid,
        "selection",
    );
}

#[test]
fn a_request_id_stands_for_the_method_and_the_content() {
    let request = |id: &str, title: &str| v1::UpdateRoomRequest {
        room: "pairing".into(),
        title: Some(title.into()),
        request_id: id.into(),
        ..Default::default()
    };
    let id = "6f2c0b52-3c3e-4d8e-9a43-0a9f6e1f7b11";
    let read = |mut message| names::request(&mut message);
    assert_eq!(read(request("", "a")).expect("none is fine"), None);
    let first = read(request(id, "a")).expect("a UUID").expect("a request");
    let again = read(request(id, "a")).expect("a UUID").expect("a request");
    let other = read(request(id, "b")).expect("a UUID").expect("a request");
    assert_eq!(first, again);
    assert_eq!(first.id, other.id);
    assert_ne!(first.digest, other.digest);
    for wrong in ["7", "00000000-0000-0000-0000-000000000000"] {
        says(read(request(wrong, "a")), Reason::RequestIdInvalid, "request_id");
    }
}

#[test]
fn the_same_content_under_another_method_is_another_request() {
    let id = "6f2c0b52-3c3e-4d8e-9a43-0a9f6e1f7b11";
    let mut create = v1::CreateFileRequest {
        room: "r".into(),
        request_id: id.into(),
        ..Default::default()
    };
    let mut delete = v1::DeleteFileRequest {
        room: "r".into(),
        request_id: id.into(),
        ..Default::default()
    };
    let one = names::request(&mut create).expect("a UUID").expect("a request");
    let two = names::request(&mut delete).expect("a UUID").expect("a request");
    assert_ne!(one.digest, two.digest);
}

#[test]
fn unary_calls_name_their_fields_too() {
    let file = |path: &str| v1::NewFile {
        path: path.into(),
        text: String::new(),
    };
    let room = v1::CreateRoomRequest {
        files: vec![file("a"), file("")],
        ..Default::default()
    };
    says(calls::new_room(room), Reason::FieldMissing, "files[1].path");
    says(
        calls::write(v1::WriteFileRequest::default()),
        Reason::FieldMissing,
        "file",
    );
    says(
        calls::rename(v1::RenameFileRequest::default()),
        Reason::FieldMissing,
        "new_path",
    );
    says(names::page_size(-1, 50, 200), Reason::FieldInvalid, "page_size");
    assert_eq!(names::page_size(0, 50, 200).expect("the default"), 50);
    assert_eq!(names::page_size(1_000, 50, 200).expect("the most"), 200);
}
