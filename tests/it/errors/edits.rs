//! What can be wrong with a text session's edit.

use tandem::error::Reason;
use tandem::rpc::proto::v1::Mode::Text;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::edit::File;
use tandem::rpc::proto::v1::{self, Change, Edit};
use tandem_testkit::both_databases;
use tandem_testkit::client::Door;
use uuid::Uuid;

use super::check::hold;
use super::row::{Row, Shows, Told, Way, publish, say, story};
use super::stage::{Sender, Stage, insert};

/// The stage's head: three files created, and one deleted.
const HEAD: u64 = 4;

both_databases! {
    async fn every_row_of_edits_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![];
    rows.extend(bases());
    rows.extend(places());
    rows.extend(texts());
    rows.extend(files());
    rows.extend(numbers());
    rows
}

/// A good edit with number 1, changed.
fn edit(at: &Stage, change: impl FnOnce(&mut Edit)) -> Vec<Option<Kind>> {
    let mut edit = Edit {
        op_id: 1,
        file: Some(File::FileId(at.main.clone())),
        base_revision: Some(HEAD),
        changes: vec![insert("x")],
        origin: 0,
    };
    change(&mut edit);
    vec![Some(Kind::Edit(edit))]
}

fn change(at: &Stage, offset: u32, delete: u32, insert: &str) -> Vec<Option<Kind>> {
    let insert = insert.to_owned();
    edit(at, |edit| edit.changes = vec![Change { offset, delete, insert }])
}

fn refused(input: &'static str, reason: Reason, field: &'static str, kinds: fn(&Stage) -> Vec<Option<Kind>>) -> Row {
    say(Text, input, Shows::Receipt, reason, field, kinds)
}

fn bases() -> Vec<Row> {
    use Reason::{BaseInFuture, BaseMissing, BaseTooOld};
    vec![
        refused("an edit without a base", BaseMissing, "base_revision", |at| {
            edit(at, |it| it.base_revision = None)
        }),
        refused(
            "an edit with a base of the future",
            BaseInFuture,
            "base_revision",
            |at| edit(at, |it| it.base_revision = Some(HEAD + 1)),
        ),
        refused(
            "an edit with a base before the file was there",
            BaseTooOld,
            "base_revision",
            |at| edit(at, |it| it.base_revision = Some(0)),
        ),
    ]
}

fn places() -> Vec<Row> {
    use Reason::{ChangesOutOfOrder, OffsetInsideCharacter, OffsetPastEnd};
    vec![
        refused("an offset past the end", OffsetPastEnd, "changes[0].offset", |at| {
            change(at, 6, 0, "x")
        }),
        refused("a deletion past the end", OffsetPastEnd, "changes[0].delete", |at| {
            change(at, 4, 2, "")
        }),
        refused(
            "the greatest offset and deletion there are",
            OffsetPastEnd,
            "changes[0].offset",
            |at| change(at, u32::MAX, u32::MAX, ""),
        ),
        refused(
            "an offset inside an emoji",
            OffsetInsideCharacter,
            "changes[0].offset",
            |at| change(at, 2, 0, "x"),
        ),
        refused(
            "a deletion of half an emoji",
            OffsetInsideCharacter,
            "changes[0].delete",
            |at| change(at, 1, 1, ""),
        ),
        refused("changes out of order", ChangesOutOfOrder, "changes[1].offset", |at| {
            let later = Change {
                offset: 3,
                ..insert("x")
            };
            edit(at, |it| it.changes = vec![later, insert("y")])
        }),
        refused("changes that overlap", ChangesOutOfOrder, "changes[1].offset", |at| {
            let long = Change {
                delete: 3,
                ..insert("")
            };
            let inside = Change {
                offset: 1,
                ..insert("y")
            };
            edit(at, |it| it.changes = vec![long, inside])
        }),
    ]
}

fn texts() -> Vec<Row> {
    use Reason::{CarriageReturn, EditTooLarge, Nul};
    let mut rows = vec![
        refused("an insertion with U+000D", CarriageReturn, "changes[0].insert", |at| {
            change(at, 0, 0, "one\r\ntwo")
        }),
        refused("an insertion with U+0000", Nul, "changes[0].insert", |at| {
            change(at, 0, 0, "a\0")
        }),
        refused("more than 1 MiB of inserted text", EditTooLarge, "changes", |at| {
            change(at, 0, 0, &"x".repeat((1 << 20) + 1))
        }),
    ];
    rows.extend(publish(
        Text,
        "10,001 changes",
        (Shows::Receipt, "changes"),
        EditTooLarge,
        (0, "edit.changes"),
        |at| edit(at, |it| it.changes = vec![Change::default(); 10_001]),
    ));
    rows
}

fn files() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, FileDeleted, FileNotFound, PathInvalid, WrongMode};
    let mut rows = vec![
        refused("an edit to a deleted file", FileDeleted, "", |at| {
            edit(at, |it| it.file = Some(File::FileId(at.old.clone())))
        }),
        refused("an edit to an unknown file", FileNotFound, "", |at| {
            edit(at, |it| it.file = Some(File::FileId(Uuid::new_v4().to_string())))
        }),
        refused("an edit to a path with ..", PathInvalid, "path", |at| {
            edit(at, |it| it.file = Some(File::Path("../main.txt".into())))
        }),
        refused("an update in a text session", WrongMode, "", |at| {
            let update = v1::Update {
                op_id: 1,
                file: Some(v1::update::File::FileId(at.main.clone())),
                epoch: 1,
                ..Default::default()
            };
            vec![Some(Kind::Update(update))]
        }),
    ];
    let malformed = [
        publish(
            Text,
            "an edit without a file",
            (Shows::Receipt, "file"),
            FieldMissing,
            (0, "edit.file"),
            |at| edit(at, |it| it.file = None),
        ),
        publish(
            Text,
            "an edit to a file id that is no UUID",
            (Shows::Receipt, "file_id"),
            FieldInvalid,
            (0, "edit.file_id"),
            |at| edit(at, |it| it.file = Some(File::FileId("main.txt".into()))),
        ),
        publish(
            Text,
            "an edit with an unknown origin",
            (Shows::Receipt, "origin"),
            FieldInvalid,
            (0, "edit.origin"),
            |at| edit(at, |it| it.origin = 99),
        ),
    ];
    rows.extend(malformed.into_iter().flatten());
    rows
}

fn numbers() -> Vec<Row> {
    use Reason::{FieldInvalid, NotAccepted, OpIdOrder};
    let mut rows = vec![
        refused("an op_id above 2^63 - 1", FieldInvalid, "op_id", |at| {
            edit(at, |it| it.op_id = 1 << 63)
        }),
        story(
            ("either door", Way::DOORS),
            "an op_id that was passed over",
            Shows::Receipt,
            NotAccepted,
            "",
            |at, way| Box::pin(passed_over(at, way)),
        ),
    ];
    let broken = [
        publish(
            Text,
            "op_id 0",
            (Shows::End, "message.edit.op_id"),
            OpIdOrder,
            (0, "edit.op_id"),
            |at| edit(at, |it| it.op_id = 0),
        ),
        publish(
            Text,
            "an op_id twice",
            (Shows::End, "message.edit.op_id"),
            OpIdOrder,
            (1, "edit.op_id"),
            |at| [edit(at, |it| it.op_id = 2), edit(at, |it| it.op_id = 2)].concat(),
        ),
        publish(
            Text,
            "an op_id below the one before it",
            (Shows::End, "message.edit.op_id"),
            OpIdOrder,
            (1, "edit.op_id"),
            |at| [edit(at, |it| it.op_id = 2), edit(at, |it| it.op_id = 1)].concat(),
        ),
    ];
    rows.extend(broken.into_iter().flatten());
    rows
}

/// Number 5 is committed; then comes number 3, which never was: on a new stream, or in a later Publish.
async fn passed_over(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), Text).await;
    let five = edit(at, |it| it.op_id = 5).into_iter().flatten();
    for kind in five {
        eve.session.send(kind).await.expect("sent");
    }
    assert_eq!(eve.session.receipt(5).await.state(), v1::ReceiptState::Committed);
    if way.door() == Door::Collaborate {
        eve.session.resume(Vec::new()).await.expect("resumed");
    }
    let told = eve.say(at, edit(at, |it| it.op_id = 3)).await;
    eve.goes_on(at, told.shows).await;
    told
}
