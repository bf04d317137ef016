//! What the rooms answer, as messages of the contract.

use super::super::proto::v1;
use crate::id::FileRef;
use crate::limits;
use crate::room::message::{FileInfo, RoomInfo};
use crate::store::model::{LineEnding, Micros};

/// A room.
pub fn room(room: &RoomInfo) -> v1::Room {
    v1::Room {
        room_id: room.id.to_string(),
        slug: room.slug.clone().unwrap_or_default(),
        title: room.title.clone(),
        create_time: Some(timestamp(room.created)),
        head_revision: room.head.0,
    }
}

/// A file.
pub fn file(file: &FileInfo) -> v1::File {
    let line_ending = match file.line_ending {
        LineEnding::Lf => v1::LineEnding::Lf,
        LineEnding::CrLf => v1::LineEnding::Crlf,
    };
    v1::File {
        file_id: file.id.to_string(),
        path: file.path.clone(),
        line_ending: line_ending as i32,
        deleted: file.deleted,
        revision: file.revision.0,
        epoch: file.epoch.0,
    }
}

/// A file as a caller named it, for an answer that repeats the request.
pub fn named<F: From<FileRef>>(file: &FileRef) -> F {
    F::from(file.clone())
}

macro_rules! named {
    ($($module:ident),*) => {
        $(impl From<FileRef> for v1::$module::File {
            fn from(file: FileRef) -> Self {
                match file {
                    FileRef::Id(id) => Self::FileId(id.to_string()),
                    FileRef::Path(path) => Self::Path(path),
                }
            }
        })*
    };
}

named!(open, close, presence);

/// What the server accepts.
pub fn limits() -> v1::Limits {
    v1::Limits {
        file_bytes: limits::FILE_BYTES.into(),
        edit_bytes: limits::EDIT_BYTES as u64,
        update_bytes: limits::UPDATE_BYTES as u64,
        path_bytes: count(limits::PATH_BYTES),
        files: count(limits::FILES),
        room_bytes: limits::ROOM_BYTES,
        sessions: count(limits::SESSIONS),
        operations_in_flight: count(limits::IN_FLIGHT),
        message_bytes: count(limits::MESSAGE_OUT_BYTES),
        presence_bytes: count(limits::PRESENCE_BYTES),
    }
}

fn count(bound: usize) -> u32 {
    u32::try_from(bound).unwrap_or(u32::MAX)
}

fn timestamp(time: Micros) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.div_euclid(1_000_000),
        // Below 1,000,000,000, so it fits.
        nanos: i32::try_from(time.rem_euclid(1_000_000) * 1_000).unwrap_or_default(),
    }
}
