//! The requests of unary calls.

use super::super::proto::v1;
use super::names::{file, missing, origin, room};
use crate::error::Result;
use crate::id::{FileRef, Revision, RoomRef};
use crate::room::message::{NewFile, NewRoom, RoomChange, Write};
use crate::store::model::Origin;

/// A room to create.
pub fn new_room(request: v1::CreateRoomRequest) -> Result<NewRoom> {
    let files = request.files.into_iter().enumerate();
    let files = files
        .map(|(index, file)| new_file(file.path, file.text, &format!("files[{index}].path")))
        .collect::<Result<_>>()?;
    Ok(NewRoom {
        slug: Some(request.slug).filter(|slug| !slug.is_empty()),
        title: request.title,
        files,
    })
}

/// A file to create; `field` is the path's.
pub fn new_file(path: String, text: String, field: &str) -> Result<NewFile> {
    if path.is_empty() {
        return Err(missing(field));
    }
    Ok(NewFile { path, text })
}

/// A change of a room's row.
pub fn room_change(request: v1::UpdateRoomRequest) -> Result<(RoomRef, RoomChange)> {
    let change = RoomChange {
        slug: request.slug,
        title: request.title,
    };
    Ok((room(request.room, "room")?, change))
}

/// A whole text to merge.
pub fn write(request: v1::WriteFileRequest) -> Result<(RoomRef, Write)> {
    let write = Write {
        file: file(request.file)?,
        base: request.base_revision.map(Revision),
        text: request.text,
        only_if_unchanged: request.only_if_unchanged,
        origin: origin(request.origin, Origin::Written, "origin")?,
    };
    Ok((room(request.room, "room")?, write))
}

/// A file to rename, and its new path.
pub fn rename(request: v1::RenameFileRequest) -> Result<(RoomRef, FileRef, String)> {
    if request.new_path.is_empty() {
        return Err(missing("new_path"));
    }
    Ok((room(request.room, "room")?, file(request.file)?, request.new_path))
}
