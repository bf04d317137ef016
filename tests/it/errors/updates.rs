//! What can be wrong with a Yjs session's update.

use bytes::Bytes;
use tandem::error::Reason;
use tandem::rpc::proto::v1::Mode::Yjs;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem::rpc::proto::v1::update::File;
use tandem::rpc::proto::v1::{self, Update};
use tandem_testkit::both_databases;
use tandem_testkit::crafted::typed;

use super::check::hold;
use super::row::{Row, Shows, Told, Way, publish, say, story};
use super::stage::{ME, Sender, Stage, insert};

both_databases! {
    async fn every_row_of_updates_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![];
    rows.extend(bytes());
    rows.extend(places());
    rows.extend(parts());
    rows.extend(files());
    rows.extend(malformed());
    rows
}

/// An update of main.txt, changed.
fn update(at: &Stage, op_id: u64, update: impl Into<Bytes>, change: impl FnOnce(&mut Update)) -> Option<Kind> {
    let mut update = Update {
        op_id,
        file: Some(File::FileId(at.main.clone())),
        epoch: 1,
        update: update.into(),
        more: false,
        origin: 0,
    };
    change(&mut update);
    Some(Kind::Update(update))
}

fn one(at: &Stage, bytes: impl Into<Bytes>) -> Vec<Option<Kind>> {
    vec![update(at, 1, bytes, |_| {})]
}

/// Two updates, of which the first is good.
fn then(at: &Stage, first: Vec<u8>, second: Vec<u8>) -> Vec<Option<Kind>> {
    vec![update(at, 1, first, |_| {}), update(at, 2, second, |_| {})]
}

fn refused(input: &'static str, reason: Reason, kinds: fn(&Stage) -> Vec<Option<Kind>>) -> Row {
    say(Yjs, input, Shows::Receipt, reason, "update", kinds)
}

fn bytes() -> Vec<Row> {
    use Reason::{CarriageReturn, EditTooLarge, Nul, UpdateMalformed, UpdateNotText};
    vec![
        refused("garbage in place of an update", UpdateMalformed, |at| {
            one(at, vec![0xff; 40])
        }),
        refused("an update without bytes", UpdateMalformed, |at| one(at, Bytes::new())),
        refused("an update that is cut off", UpdateMalformed, |at| {
            let mut update = typed(ME, 0, "hello", None, None);
            update.truncate(9);
            one(at, update)
        }),
        refused("an update with bytes after its end", UpdateMalformed, |at| {
            let mut update = typed(ME, 0, "hello", None, None);
            update.push(0);
            one(at, update)
        }),
        refused("an update that writes a map", UpdateNotText, |at| {
            one(at, vec![1, 1, ME as u8, 0, 0x28, 1, 1, b't', 1, b'k', 1, 126, 0])
        }),
        refused("an update with an embedded value", UpdateNotText, |at| {
            one(at, vec![1, 1, ME as u8, 0, 8, 1, 1, b't', 1, 126, 0])
        }),
        refused("an update of another root text", UpdateNotText, |at| {
            one(at, vec![1, 1, ME as u8, 0, 4, 1, 1, b'u', 1, b'x', 0])
        }),
        refused("an update with U+000D", CarriageReturn, |at| {
            one(at, typed(ME, 0, "a\r\n", None, None))
        }),
        refused("an update with U+0000", Nul, |at| {
            one(at, typed(ME, 0, "a\0", None, None))
        }),
        refused("an update of more than 1 MiB", EditTooLarge, |at| {
            one(at, vec![0; (1 << 20) + 1])
        }),
    ]
}

fn places() -> Vec<Row> {
    use Reason::{ClientIdForeign, SplitCharacter, UpdateCrossed, UpdateGap};
    vec![
        refused("an update under somebody else's client id", ClientIdForeign, |at| {
            one(at, typed(99, 0, "x", None, None))
        }),
        refused("an update that leaves clocks out", UpdateGap, |at| {
            one(at, typed(ME, 5, "x", None, None))
        }),
        refused("an update beside a character that is not there", UpdateGap, |at| {
            one(at, typed(ME, 0, "x", Some((99, 9)), None))
        }),
        refused("a deletion of characters that are not there", UpdateGap, |at| {
            one(at, vec![0, 1, ME as u8, 1, 0, 9])
        }),
        refused("an update that cuts an emoji in two", SplitCharacter, |at| {
            let text = typed(ME, 0, "a😀b", None, None);
            then(at, text, typed(ME, 4, "x", Some((ME, 1)), Some((ME, 2))))
        }),
        refused("a deletion of half an emoji", SplitCharacter, |at| {
            let text = typed(ME, 0, "a😀b", None, None);
            then(at, text, vec![0, 1, ME as u8, 1, 1, 1])
        }),
        refused(
            "an update whose right neighbour stands left of its left one",
            UpdateCrossed,
            |at| {
                let text = typed(ME, 0, "abc", None, None);
                then(at, text, typed(ME, 3, "x", Some((ME, 2)), Some((ME, 0))))
            },
        ),
    ]
}

fn parts() -> Vec<Row> {
    use Reason::{EditTooLarge, FieldMissing, OpIdOrder, UpdateMalformed};
    let mut rows = vec![
        say(
            Yjs,
            "an update whose last part never comes",
            Shows::Receipt,
            UpdateMalformed,
            "more",
            |at| {
                let whole = typed(ME, 0, "hello", None, None);
                let begun = update(at, 1, whole[..4].to_vec(), |it| it.more = true);
                vec![begun, update(at, 2, whole, |_| {})]
            },
        ),
        story(
            ("either door", Way::DOORS),
            "an update whose first part is too large, and its other parts",
            Shows::Receipt,
            EditTooLarge,
            "update",
            |at, way| Box::pin(a_refused_part_and_the_rest(at, way)),
        ),
    ];
    let broken = [
        publish(
            Yjs,
            "a later part of an update without a file",
            (Shows::End, "message.update.file"),
            FieldMissing,
            (1, "update.file"),
            |at| {
                let begun = update(at, 1, vec![1], |it| it.more = true);
                vec![begun, update(at, 1, vec![1], |it| it.file = None)]
            },
        ),
        publish(
            Yjs,
            "a part after the last one",
            (Shows::End, "message.update.op_id"),
            OpIdOrder,
            (1, "update.op_id"),
            |at| {
                let whole = typed(ME, 0, "hello", None, None);
                vec![update(at, 1, whole, |_| {}), update(at, 1, vec![1], |_| {})]
            },
        ),
    ];
    rows.extend(broken.into_iter().flatten());
    rows
}

/// It has one receipt, whatever follows of it.
async fn a_refused_part_and_the_rest(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), Yjs).await;
    let first = update(at, 1, vec![0; (1 << 20) + 1], |it| it.more = true);
    let rest = [true, false].map(|more| update(at, 1, vec![1, 2, 3], |it| it.more = more));
    let told = eve.say(at, [first].into_iter().chain(rest).collect()).await;
    let mut receipts = 0;
    eve.session
        .send(Kind::Open(v1::Open {
            file: Some(v1::open::File::Path("no/such.txt".into())),
            ..Default::default()
        }))
        .await
        .expect("sent");
    while eve.session.seen.refused.is_empty() {
        let message = eve.session.step().await.expect("the stream goes on");
        receipts += usize::from(matches!(message, v1::server_message::Kind::Receipt(_)));
    }
    assert_eq!(receipts, 0, "a second receipt came");
    eve.goes_on(at, told.shows).await;
    told
}

/// A good update, of this file.
fn of(at: &Stage, file: File) -> Vec<Option<Kind>> {
    vec![update(at, 1, typed(ME, 0, "x", None, None), |it| it.file = Some(file))]
}

fn here(input: &'static str, reason: Reason, kinds: fn(&Stage) -> Vec<Option<Kind>>) -> Row {
    say(Yjs, input, Shows::Receipt, reason, "", kinds)
}

fn files() -> Vec<Row> {
    use Reason::{EpochMismatch, FileDeleted, FileNotFound, FileNotOpen, ResyncFirst, WrongMode};
    vec![
        say(
            Yjs,
            "an update of another epoch",
            Shows::Receipt,
            EpochMismatch,
            "epoch",
            |at| vec![update(at, 1, typed(ME, 0, "x", None, None), |it| it.epoch = 9)],
        ),
        here("an update of a file that is not open", FileNotOpen, |at| {
            of(at, File::Path("src/lib.rs".into()))
        }),
        here("an update of a deleted file", FileDeleted, |at| {
            of(at, File::FileId(at.old.clone()))
        }),
        here("an update of an unknown path", FileNotFound, |at| {
            of(at, File::Path("no/such.txt".into()))
        }),
        here("an edit in a Yjs session", WrongMode, |at| {
            let edit = v1::Edit {
                op_id: 1,
                file: Some(v1::edit::File::FileId(at.main.clone())),
                base_revision: Some(1),
                changes: vec![insert("x")],
                origin: 0,
            };
            vec![Some(Kind::Edit(edit))]
        }),
        story(
            ("either door", Way::DOORS),
            "an update after a refused one",
            Shows::Receipt,
            ResyncFirst,
            "",
            |at, way| Box::pin(after_a_refused_one(at, way)),
        ),
    ]
}

async fn after_a_refused_one(at: &Stage, way: Way) -> Told {
    let mut eve = Sender::join(at, way.door(), Yjs).await;
    eve.say(at, vec![update(at, 1, vec![0xff], |_| {})]).await;
    let good = typed(ME, 0, "x", None, None);
    let told = eve.say(at, vec![update(at, 2, good, |_| {})]).await;
    eve.goes_on(at, told.shows).await;
    told
}

fn malformed() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing};
    let malformed = [
        publish(
            Yjs,
            "an update without a file",
            (Shows::Receipt, "file"),
            FieldMissing,
            (0, "update.file"),
            |at| vec![update(at, 1, vec![1], |it| it.file = None)],
        ),
        publish(
            Yjs,
            "an update with an unknown origin",
            (Shows::Receipt, "origin"),
            FieldInvalid,
            (0, "update.origin"),
            |at| vec![update(at, 1, vec![1], |it| it.origin = 99)],
        ),
    ];
    malformed.into_iter().flatten().collect()
}
