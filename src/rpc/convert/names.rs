//! The small pieces that many messages share: rooms, files, units, request ids.

use prost::Message;
use uuid::Uuid;

use super::super::proto::v1;
use crate::document::Unit;
use crate::error::{Error, Reason, Result};
use crate::id::{FileId, FileRef, RequestId, RoomRef};
use crate::room::message::Request;
use crate::store::model::{Mode, Origin};

/// A field that has to be there and is not.
pub fn missing(field: impl Into<String>) -> Error {
    let field = field.into();
    Error::new(Reason::FieldMissing, format!("{field} is required: set it")).field(field)
}

/// A field with a value outside what its comment allows.
pub fn invalid(field: impl Into<String>, why: impl Into<String>) -> Error {
    Error::new(Reason::FieldInvalid, why).field(field)
}

/// A room by id or slug. Whatever reads as a UUID is an id: no slug does.
pub fn room(name: String, field: &str) -> Result<RoomRef> {
    if name.is_empty() {
        return Err(missing(field));
    }
    Ok(match name.parse() {
        Ok(id) => RoomRef::Id(id),
        Err(_) => RoomRef::Slug(name),
    })
}

/// The two ways to name a file, whichever message they stand in.
#[derive(Clone, Debug)]
pub enum Named {
    /// By id.
    Id(String),
    /// By path.
    Path(String),
}

macro_rules! named {
    ($($module:ident),*) => {
        $(impl From<v1::$module::File> for Named {
            fn from(file: v1::$module::File) -> Self {
                match file {
                    v1::$module::File::FileId(id) => Self::Id(id),
                    v1::$module::File::Path(path) => Self::Path(path),
                }
            }
        })*
    };
}

named!(
    close,
    delete_file_request,
    edit,
    open,
    presence,
    read_file_request,
    rename_file_request,
    room_target,
    update,
    write_file_request
);

/// A file by id or path; fields of errors are those of the message that it stands in.
pub fn file(named: Option<impl Into<Named>>) -> Result<FileRef> {
    match named.map(Into::into) {
        None => Err(Error::new(Reason::FieldMissing, "no file is named: set file_id or path").field("file")),
        Some(Named::Id(id)) => file_id(&id, "file_id").map(FileRef::Id),
        Some(Named::Path(path)) if path.is_empty() => Err(missing("path")),
        Some(Named::Path(path)) => Ok(FileRef::Path(path)),
    }
}

/// A file's id.
pub fn file_id(id: &str, field: &str) -> Result<FileId> {
    if id.is_empty() {
        return Err(missing(field));
    }
    id.parse()
        .map_err(|_| invalid(field, "a file id is a UUID: take it from a file that the server sent"))
}

/// What offsets count; unspecified means code points.
pub fn unit(number: i32, field: &str) -> Result<Unit> {
    match v1::PositionUnit::try_from(number) {
        Ok(v1::PositionUnit::Unspecified | v1::PositionUnit::CodePoint) => Ok(Unit::CodePoint),
        Ok(v1::PositionUnit::Utf16) => Ok(Unit::Utf16),
        Ok(v1::PositionUnit::Utf8) => Ok(Unit::Utf8),
        Err(_) => Err(unknown_number("PositionUnit", field)),
    }
}

/// How a session takes part; unspecified means text.
pub fn mode(number: i32, field: &str) -> Result<Mode> {
    match v1::Mode::try_from(number) {
        Ok(v1::Mode::Unspecified | v1::Mode::Text) => Ok(Mode::Text),
        Ok(v1::Mode::Yjs) => Ok(Mode::Yjs),
        Err(_) => Err(unknown_number("Mode", field)),
    }
}

/// How a text came to be; `default` stands for unspecified.
pub fn origin(number: i32, default: Origin, field: &str) -> Result<Origin> {
    Ok(match v1::Origin::try_from(number) {
        Ok(v1::Origin::Unspecified) => default,
        Ok(v1::Origin::Typed) => Origin::Typed,
        Ok(v1::Origin::Pasted) => Origin::Pasted,
        Ok(v1::Origin::Completed) => Origin::Completed,
        Ok(v1::Origin::Written) => Origin::Written,
        Ok(v1::Origin::Restored) => Origin::Restored,
        Ok(v1::Origin::Undone) => Origin::Undone,
        Ok(v1::Origin::Agent) => Origin::Agent,
        Err(_) => return Err(unknown_number("Origin", field)),
    })
}

/// A number that an enum of the contract does not have.
pub fn unknown_number(name: &str, field: &str) -> Error {
    invalid(
        field,
        format!("this server knows no {name} of this number: use one that its proto file has"),
    )
}

/// The page size to use: `default` for 0, never above `max`.
pub fn page_size(asked: i32, default: usize, max: usize) -> Result<usize> {
    match usize::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(invalid(
            "page_size",
            "a page size is not below zero: send 0 for the default",
        )),
    }
}

/// A request whose retry is safe if it has an id.
pub trait Retryable: Message + Sized {
    /// The method's name: the same content under another method is another request.
    const METHOD: &'static str;

    /// Takes the id out.
    fn take_id(&mut self) -> String;
}

macro_rules! retryable {
    ($($message:ident),*) => {
        $(impl Retryable for v1::$message {
            const METHOD: &'static str = stringify!($message);

            fn take_id(&mut self) -> String {
                std::mem::take(&mut self.request_id)
            }
        })*
    };
}

retryable!(
    CreateFileRequest,
    CreateRoomRequest,
    DeleteFileRequest,
    DeleteRoomRequest,
    RenameFileRequest,
    RestoreFileRequest,
    UpdateRoomRequest,
    WriteFileRequest
);

/// The request's id, if it has one, with the digest of everything else.
pub fn request<M: Retryable>(message: &mut M) -> Result<Option<Request>> {
    let id = message.take_id();
    if id.is_empty() {
        return Ok(None);
    }
    // The nil UUID is the server's own source in the log.
    let id = Uuid::parse_str(&id).ok().filter(|id| !id.is_nil()).ok_or_else(|| {
        Error::new(
            Reason::RequestIdInvalid,
            "a request_id is a UUID of the caller's making: draw one for each request and keep it for its retries",
        )
        .field("request_id")
    })?;
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(M::METHOD.as_bytes())
        .update(&[0])
        .update(&message.encode_to_vec());
    Ok(Some(Request {
        id: RequestId(id),
        digest: *hasher.finalize().as_bytes(),
    }))
}
