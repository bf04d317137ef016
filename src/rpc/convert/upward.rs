//! What a session sends.

use super::super::proto::v1::{self, client_message::Kind};
use super::names::{file, invalid, mode, origin, room, unit};
use crate::document::UnitChange;
use crate::error::{Error, Reason, Result};
use crate::id::{ClientId, Epoch, OpId, Revision};
use crate::limits;
use crate::room::message::{Door, Edit, Join, JoinHow, Open, Presence, Selection, Update, Upward};
use crate::store::model::Origin;

/// The beginning of a stream. A resume token takes the place of everything that the session already knows.
pub fn join(join: v1::Join, door: Door, at: &str) -> Result<Join> {
    let how = if join.resume_token.is_empty() {
        JoinHow::New {
            room: room(join.room, &format!("{at}room"))?,
            name: join.name,
            mode: mode(join.mode, &format!("{at}mode"))?,
            unit: unit(join.position_unit, &format!("{at}position_unit"))?,
        }
    } else {
        JoinHow::Resume {
            token: join.resume_token,
            last_revision: Revision(join.last_revision),
        }
    };
    if join.open.len() > limits::FILES {
        return Err(invalid(
            format!("{at}open"),
            "no room has as many files as this: open the rest later",
        ));
    }
    let opens = join.open.into_iter().enumerate();
    let open = opens
        .map(|(index, item)| open(item).map_err(|error| error.inside(&format!("{at}open[{index}]."))))
        .collect::<Result<_>>()?;
    Ok(Join { how, open, door })
}

/// Any message after the join. Fields of errors are those of the message's kind: the caller knows where that stands.
pub fn upward(kind: Kind) -> Result<Upward> {
    match kind {
        Kind::Join(_) => Err(already_joined()),
        Kind::Open(message) => open(message).map(Upward::Open),
        Kind::Close(message) => file(message.file).map(Upward::Close),
        Kind::Edit(message) => edit(message).map(Upward::Edit),
        Kind::Update(message) => update(message).map(Upward::Update),
        Kind::Presence(message) => presence(message).map(Upward::Presence),
        Kind::Leave(_) => Ok(Upward::Leave),
    }
}

/// What the contract calls a message's kind.
pub fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Join(_) => "join",
        Kind::Open(_) => "open",
        Kind::Close(_) => "close",
        Kind::Edit(_) => "edit",
        Kind::Update(_) => "update",
        Kind::Presence(_) => "presence",
        Kind::Leave(_) => "leave",
    }
}

/// An error of a message of kind `name`, with the whole path of its field.
pub fn within(error: Error, message: &str, name: &str) -> Error {
    error
        .inside(&format!("{message}.{name}."))
        .or_field(&format!("{message}.{name}"))
}

/// A stream has exactly one join.
pub fn already_joined() -> Error {
    Error::new(
        Reason::AlreadyJoined,
        "a stream has exactly one join: open another stream for another session",
    )
}

/// A message has none of its kinds set.
pub fn message_empty(field: impl Into<String>) -> Error {
    Error::new(
        Reason::MessageEmpty,
        "the message has no kind that this server knows: set one of those in its proto file",
    )
    .field(field)
}

fn open(open: v1::Open) -> Result<Open> {
    Ok(Open {
        file: file(open.file)?,
        after: Revision(open.after_revision),
        client: ClientId(open.client_id),
        state_vector: open.state_vector,
        epoch: Epoch(open.epoch),
    })
}

fn edit(edit: v1::Edit) -> Result<Edit> {
    if edit.changes.len() > limits::EDIT_CHANGES {
        return Err(Error::new(
            Reason::EditTooLarge,
            "the edit has more changes than one edit may have: send it as several edits",
        )
        .field("changes")
        .with("limit", limits::EDIT_CHANGES));
    }
    let changes = edit.changes.into_iter();
    Ok(Edit {
        op_id: OpId(edit.op_id),
        file: file(edit.file)?,
        base: edit.base_revision.map(Revision),
        changes: changes
            .map(|change| UnitChange {
                offset: change.offset,
                delete: change.delete,
                insert: change.insert,
            })
            .collect(),
        origin: origin(edit.origin, Origin::Typed, "origin")?,
    })
}

fn update(update: v1::Update) -> Result<Update> {
    Ok(Update {
        op_id: OpId(update.op_id),
        file: file(update.file)?,
        epoch: Epoch(update.epoch),
        update: update.update,
        more: update.more,
        origin: origin(update.origin, Origin::Typed, "origin")?,
    })
}

fn presence(presence: v1::Presence) -> Result<Presence> {
    let size = prost::Message::encoded_len(&presence);
    if size > limits::PRESENCE_BYTES {
        let field = match &presence.file {
            Some(v1::presence::File::Path(path)) if path.len() > limits::PATH_BYTES => "path",
            _ => "selection",
        };
        let why = "the presence is larger than one may be: show a cursor, not text";
        return Err(invalid(field, why)
            .with("bytes", size)
            .with("limit", limits::PRESENCE_BYTES));
    }
    let selection = presence.selection.map(|selection| match selection {
        v1::presence::Selection::Offsets(offsets) => Selection::Offsets {
            revision: Revision(offsets.revision),
            anchor: offsets.anchor,
            head: offsets.head,
        },
        v1::presence::Selection::Relative(relative) => Selection::Relative {
            anchor: relative.anchor,
            head: relative.head,
        },
    });
    if selection.is_some() && presence.file.is_none() {
        return Err(super::names::missing("file"));
    }
    Ok(Presence {
        file: presence.file.map(|named| file(Some(named))).transpose()?,
        selection,
    })
}
