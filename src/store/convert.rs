//! Rows to plain data and back. Dull and total: a row that can't be understood is an error, never a guess.

use std::time::{SystemTime, UNIX_EPOCH};

use sea_orm::{DbErr, NotSet, Set};

use crate::id::{
    ClientId, Epoch, FileId, FileKey, OpId, ParticipantId, RequestId, Revision, RoomId, RoomKey, SessionId, Term,
    UserKey,
};
use crate::store::entity::{client_ids, files, operations, requests, rooms, sessions, snapshots};
use crate::store::model::{
    Answered, Binding, File, Kind, LineEnding, Micros, Mode, Operation, Origin, Room, Session, Snapshot,
};

/// The time, for rows whose writer does not say it.
pub(super) fn now() -> Micros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

/// A number of ours as a column. What does not fit is cut to the greatest column value, which no row of ours has.
pub(super) fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn strange(what: &'static str) -> DbErr {
    DbErr::Type(format!("a row has no sensible {what}"))
}

/// A column as a number of ours.
pub(super) fn number<T: TryFrom<i64>>(what: &'static str, column: i64) -> Result<T, DbErr> {
    T::try_from(column).map_err(|_| strange(what))
}

fn text(what: &'static str, bytes: Vec<u8>) -> Result<String, DbErr> {
    String::from_utf8(bytes).map_err(|_| strange(what))
}

fn hash(what: &'static str, bytes: Vec<u8>) -> Result<[u8; 32], DbErr> {
    bytes.try_into().map_err(|_| strange(what))
}

pub(super) fn kind(column: i16) -> Result<Kind, DbErr> {
    let all = [
        Kind::Edit,
        Kind::Update,
        Kind::Create,
        Kind::Rename,
        Kind::Delete,
        Kind::Restore,
        Kind::Reseed,
    ];
    all.into_iter()
        .find(|kind| *kind as i16 == column)
        .ok_or_else(|| strange("kind"))
}

pub(super) fn origin(column: i16) -> Result<Origin, DbErr> {
    let all = [
        Origin::Unspecified,
        Origin::Typed,
        Origin::Pasted,
        Origin::Completed,
        Origin::Written,
        Origin::Restored,
        Origin::Undone,
        Origin::Agent,
    ];
    all.into_iter()
        .find(|origin| *origin as i16 == column)
        .ok_or_else(|| strange("origin"))
}

pub(super) fn room(row: rooms::Model) -> Result<Room, DbErr> {
    Ok(Room {
        key: RoomKey(row.key),
        id: RoomId(row.id),
        slug: row.slug,
        title: text("title", row.title)?,
        term: Term(row.term),
        created: row.created,
    })
}

pub(super) fn file(row: files::Model) -> Result<File, DbErr> {
    Ok(File {
        key: FileKey(row.key),
        id: FileId(row.id),
        path: text("path", row.path)?,
        line_ending: match row.line_ending {
            1 => LineEnding::Lf,
            2 => LineEnding::CrLf,
            _ => return Err(strange("line ending")),
        },
        deleted: row.deleted,
        epoch: Epoch(number("epoch", row.epoch)?),
        server_client: ClientId(number("client id", row.server_client)?),
        created: Revision(number("revision", row.created_revision)?),
    })
}

pub(super) fn file_row(room: RoomKey, file: &File) -> files::ActiveModel {
    files::ActiveModel {
        room: Set(room.0),
        key: Set(file.key.0),
        id: Set(file.id.0),
        path: Set(file.path.clone().into_bytes()),
        line_ending: Set(file.line_ending as i16),
        deleted: Set(file.deleted),
        epoch: Set(file.epoch.0.into()),
        server_client: Set(file.server_client.0.into()),
        created_revision: Set(column(file.created.0)),
        packed_revision: NotSet,
        packed_delta: NotSet,
    }
}

pub(super) fn operation_row(room: RoomKey, term: Term, operation: &Operation) -> operations::ActiveModel {
    operations::ActiveModel {
        room: Set(room.0),
        revision: Set(column(operation.revision.0)),
        source: Set(operation.source.uuid()),
        op_id: Set(column(operation.op_id.0)),
        file: Set(operation.file.0),
        epoch: Set(operation.epoch.0.into()),
        author: Set(operation.user.0),
        kind: Set(operation.kind as i16),
        origin: Set(operation.origin as i16),
        yjs_update: Set(operation.update.to_vec()),
        delta: Set(operation.delta.to_vec()),
        path: Set(operation.path.clone().into_bytes()),
        term: Set(term.0),
        time: Set(operation.time),
    }
}

pub(super) fn snapshot(row: snapshots::Model) -> Result<Snapshot, DbErr> {
    Ok(Snapshot {
        file: FileKey(row.file),
        revision: Revision(number("revision", row.revision)?),
        epoch: Epoch(number("epoch", row.epoch)?),
        state: row.state,
        text_hash: hash("text hash", row.text_hash)?,
    })
}

pub(super) fn session(row: sessions::Model) -> Result<Session, DbErr> {
    Ok(Session {
        id: SessionId(row.id),
        room: RoomKey(row.room),
        user: UserKey(row.user_key),
        participant: ParticipantId(row.participant),
        name: text("name", row.name)?,
        token_hash: hash("token hash", row.token_hash)?,
        mode: match row.mode {
            1 => Mode::Text,
            2 => Mode::Yjs,
            _ => return Err(strange("mode")),
        },
        unit: number("unit", row.unit.into())?,
        created: row.created,
    })
}

pub(super) fn binding(row: client_ids::Model) -> Result<Binding, DbErr> {
    Ok(Binding {
        file: FileKey(row.file),
        epoch: Epoch(number("epoch", row.epoch)?),
        client: ClientId(number("client id", row.client)?),
        user: UserKey(row.user_key),
        session: SessionId(row.session),
    })
}

pub(super) fn answered(row: requests::Model) -> Result<Answered, DbErr> {
    Ok(Answered {
        request: RequestId(row.request),
        digest: hash("digest", row.digest)?,
        answer: row.answer,
    })
}

pub(super) fn answered_row(scope: RoomKey, answered: &Answered) -> requests::ActiveModel {
    requests::ActiveModel {
        scope: Set(scope.0),
        request: Set(answered.request.0),
        digest: Set(answered.digest.to_vec()),
        answer: Set(answered.answer.clone()),
        created: Set(now()),
    }
}

/// The op id of a row.
pub(super) fn op_id(column: i64) -> Result<OpId, DbErr> {
    Ok(OpId(number("op id", column)?))
}
