//! What can be wrong with opens, closes and presences, and with a message as such.

use bytes::Bytes;
use tandem::error::Reason;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::{self, Close, Mode, OffsetSelection, Open, Presence, RelativeSelection};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Door, YjsSession};

use super::check::hold;
use super::row::{Row, Shows, Told, Way, publish, say, story};
use super::stage::{ME, Sender, Stage};

both_databases! {
    async fn every_row_of_messages_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![];
    rows.extend(opens());
    rows.extend(yjs_opens());
    rows.extend(closes());
    rows.extend(presences());
    rows.extend(cursors());
    rows.extend(as_such());
    rows
}

fn open(change: impl FnOnce(&mut Open)) -> Vec<Option<Kind>> {
    let mut open = Open {
        file: Some(v1::open::File::Path("src/lib.rs".into())),
        client_id: ME,
        ..Default::default()
    };
    change(&mut open);
    vec![Some(Kind::Open(open))]
}

fn open_path(path: &str) -> Vec<Option<Kind>> {
    open(|it| it.file = Some(v1::open::File::Path(path.to_owned())))
}

fn close(file: Option<v1::close::File>) -> Vec<Option<Kind>> {
    vec![Some(Kind::Close(Close { file }))]
}

/// A presence in main.txt with this selection, changed.
fn presence(
    at: &Stage,
    selection: Option<v1::presence::Selection>,
    change: impl FnOnce(&mut Presence),
) -> Vec<Option<Kind>> {
    let mut presence = Presence {
        file: Some(v1::presence::File::FileId(at.main.clone())),
        selection,
    };
    change(&mut presence);
    vec![Some(Kind::Presence(presence))]
}

fn offsets(revision: u64, anchor: u32, head: u32) -> Option<v1::presence::Selection> {
    Some(v1::presence::Selection::Offsets(OffsetSelection {
        revision,
        anchor,
        head,
    }))
}

fn relative(anchor: Vec<u8>) -> Option<v1::presence::Selection> {
    Some(v1::presence::Selection::Relative(RelativeSelection {
        anchor: anchor.into(),
        head: Bytes::new(),
    }))
}

fn refused(
    mode: Mode,
    input: &'static str,
    reason: Reason,
    field: &'static str,
    kinds: fn(&Stage) -> Vec<Option<Kind>>,
) -> Row {
    say(mode, input, Shows::Refused, reason, field, kinds)
}

fn opens() -> Vec<Row> {
    use Reason::{BaseInFuture, FieldMissing, FileDeleted, FileNotFound, PathInvalid};
    let mut rows = vec![
        refused(Mode::Text, "an open of an unknown path", FileNotFound, "", |_| {
            open_path("no/such.txt")
        }),
        refused(Mode::Text, "an open of a deleted file", FileDeleted, "", |at| {
            open(|it| it.file = Some(v1::open::File::FileId(at.old.clone())))
        }),
        refused(Mode::Text, "an open of a path with ..", PathInvalid, "path", |_| {
            open_path("a/../b")
        }),
        refused(
            Mode::Text,
            "an open after a revision of the future",
            BaseInFuture,
            "after_revision",
            |_| open(|it| it.after_revision = 1_000),
        ),
    ];
    rows.extend(publish(
        Mode::Text,
        "an open without a file",
        (Shows::Refused, "file"),
        FieldMissing,
        (0, "open.file"),
        |_| open(|it| it.file = None),
    ));
    rows
}

fn yjs_opens() -> Vec<Row> {
    use Reason::{ClientIdTaken, EpochMismatch, FieldInvalid, UpdateMalformed};
    vec![
        refused(
            Mode::Yjs,
            "an open under client id 0",
            FieldInvalid,
            "client_id",
            |_| open(|it| it.client_id = 0),
        ),
        refused(Mode::Yjs, "an open of another epoch", EpochMismatch, "epoch", |_| {
            open(|it| it.epoch = 9)
        }),
        refused(
            Mode::Yjs,
            "garbage in place of a state vector",
            UpdateMalformed,
            "state_vector",
            |_| open(|it| it.state_vector = vec![0xff; 9].into()),
        ),
        story(
            ("either door", Way::DOORS),
            "an open under somebody else's client id",
            Shows::Refused,
            ClientIdTaken,
            "client_id",
            |at, way| {
                Box::pin(async move {
                    let yan = YjsSession::join(&at.client, Door::Collaborate, &at.room, "Yan").await;
                    let mut yan = yan.expect("joined");
                    yan.open("src/lib.rs", 55, Bytes::new()).await.expect("open");
                    let mut eve = Sender::join(at, way.door(), Mode::Yjs).await;
                    let told = eve.say(at, open(|it| it.client_id = 55)).await;
                    eve.goes_on(at, told.shows).await;
                    told
                })
            },
        ),
    ]
}

fn closes() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, FileNotFound};
    use v1::close::File;
    let mut rows = vec![refused(
        Mode::Text,
        "a close of an unknown path",
        FileNotFound,
        "",
        |_| close(Some(File::Path("no/such.txt".into()))),
    )];
    let malformed = [
        publish(
            Mode::Text,
            "a close without a file",
            (Shows::Refused, "file"),
            FieldMissing,
            (0, "close.file"),
            |_| close(None),
        ),
        publish(
            Mode::Text,
            "a close of a file id that is no UUID",
            (Shows::Refused, "file_id"),
            FieldInvalid,
            (0, "close.file_id"),
            |_| close(Some(File::FileId("7".into()))),
        ),
    ];
    rows.extend(malformed.into_iter().flatten());
    rows
}

fn presences() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, FileDeleted, FileNotFound, FileNotOpen};
    use v1::presence::File;
    let mut rows = vec![
        refused(
            Mode::Text,
            "a cursor in a file that is not open",
            FileNotOpen,
            "",
            |at| {
                let file = Some(File::Path("src/lib.rs".into()));
                presence(at, offsets(0, 0, 0), |it| it.file = file)
            },
        ),
        refused(Mode::Text, "a cursor in an unknown file", FileNotFound, "", |at| {
            presence(at, None, |it| it.file = Some(File::Path("no/such.txt".into())))
        }),
        refused(Mode::Text, "a cursor in a deleted file", FileDeleted, "", |at| {
            let old = Some(File::FileId(at.old.clone()));
            presence(at, None, |it| it.file = old)
        }),
    ];
    let malformed = [
        publish(
            Mode::Text,
            "a selection in no file",
            (Shows::Refused, "file"),
            FieldMissing,
            (0, "presence.file"),
            |at| presence(at, offsets(0, 0, 0), |it| it.file = None),
        ),
        publish(
            Mode::Yjs,
            "a presence of more than 4 KiB",
            (Shows::Refused, "selection"),
            FieldInvalid,
            (0, "presence.selection"),
            |at| presence(at, relative(vec![0; 5_000]), |_| {}),
        ),
    ];
    rows.extend(malformed.into_iter().flatten());
    rows
}

fn cursors() -> Vec<Row> {
    use Reason::{BaseInFuture, BaseTooOld, FieldInvalid, OffsetInsideCharacter, OffsetPastEnd};
    vec![
        refused(
            Mode::Text,
            "a cursor past the end",
            OffsetPastEnd,
            "offsets.head",
            |at| presence(at, offsets(0, 5, 6), |_| {}),
        ),
        refused(
            Mode::Text,
            "a cursor inside an emoji",
            OffsetInsideCharacter,
            "offsets.anchor",
            |at| presence(at, offsets(0, 2, 3), |_| {}),
        ),
        refused(
            Mode::Text,
            "a cursor of a revision of the future",
            BaseInFuture,
            "offsets.revision",
            |at| presence(at, offsets(1_000, 0, 0), |_| {}),
        ),
        refused(
            Mode::Yjs,
            "garbage in place of a relative position",
            FieldInvalid,
            "relative.anchor",
            |at| presence(at, relative(vec![0xff; 9]), |_| {}),
        ),
        story(
            ("either door", Way::DOORS),
            "a cursor of a revision before the file was there",
            Shows::Refused,
            BaseTooOld,
            "offsets.revision",
            |at, way| Box::pin(before_its_file(at, way)),
        ),
    ]
}

/// src/lib.rs was created after main.txt.
async fn before_its_file(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), Mode::Text).await;
    let file = Some(v1::presence::File::Path("src/lib.rs".into()));
    let cursor = presence(at, offsets(1, 0, 0), |it| it.file = file);
    let told = eve.say(at, [open(|_| {}), cursor].concat()).await;
    eve.goes_on(at, told.shows).await;
    told
}

fn as_such() -> Vec<Row> {
    let empty = publish(
        Mode::Text,
        "a message without a kind",
        (Shows::End, "message"),
        Reason::MessageEmpty,
        (1, ""),
        |_| vec![Some(Kind::Presence(Presence::default())), None],
    );
    empty.into()
}
