//! What unary calls ask of a room, and what they get.

use crate::document::Unit;
use crate::id::{Epoch, FileId, FileRef, RequestId, Revision, RoomId};
use crate::store::model::{LineEnding, Micros, Origin};

/// A unary call's id with the digest of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The caller's id.
    pub id: RequestId,
    /// blake3 of the call's name and content without the id.
    pub digest: [u8; 32],
}

/// A room as callers see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RoomInfo {
    /// Its id.
    pub id: RoomId,
    /// Its slug.
    pub slug: Option<String>,
    /// What people call it.
    pub title: String,
    /// When it was created.
    pub created: Micros,
    /// The newest committed revision.
    pub head: Revision,
}

/// A file as callers see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FileInfo {
    /// Its id.
    pub id: FileId,
    /// Its path.
    pub path: String,
    /// The line ending for export.
    pub line_ending: LineEnding,
    /// Whether it is deleted.
    pub deleted: bool,
    /// The revision of its newest operation.
    pub revision: Revision,
    /// Its epoch.
    pub epoch: Epoch,
}

/// A file to create with its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its path, as it was sent.
    pub path: String,
    /// Its text, as it was sent.
    pub text: String,
}

/// A room to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// A chosen slug, as it was sent.
    pub slug: Option<String>,
    /// What people call it.
    pub title: String,
    /// Its first files; none means an empty main.txt.
    pub files: Vec<NewFile>,
}

/// A room and its files, the answer to CreateRoom.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreatedRoom {
    /// The room.
    pub room: RoomInfo,
    /// Its files, by path.
    pub files: Vec<FileInfo>,
}

/// A change of a room's row; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomChange {
    /// The new slug; an empty one takes it away.
    pub slug: Option<String>,
    /// The new title.
    pub title: Option<String>,
}

/// A text at a revision.
#[derive(Clone, Debug)]
pub struct TextAt {
    /// The file.
    pub file: FileInfo,
    /// The revision.
    pub revision: Revision,
    /// The text; ropes share their parts, so this is cheap to pass on.
    pub text: ropey::Rope,
}

/// A whole text to merge.
#[derive(Clone, Debug)]
pub struct Write {
    /// The file.
    pub file: FileRef,
    /// The revision whose text the caller started from.
    pub base: Option<Revision>,
    /// The whole new text, as it was sent.
    pub text: String,
    /// Whether a moved head is refused.
    pub only_if_unchanged: bool,
    /// How the text came to be.
    pub origin: Origin,
}

/// What became of a [`Write`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Written {
    /// The file after it.
    pub file: FileInfo,
    /// Its revision, or the head if nothing changed.
    pub revision: Revision,
    /// Whether others' changes were merged with it.
    pub merged: bool,
}

/// A page of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileList {
    /// The files, by path.
    pub files: Vec<FileInfo>,
    /// The revision that the list is of.
    pub head: Revision,
}

/// A cursor in a room's file, for completion.
#[derive(Clone, Debug)]
pub struct CompletionPlace {
    /// The file.
    pub file: FileRef,
    /// The cursor.
    pub cursor: u32,
    /// What the cursor counts.
    pub unit: Unit,
    /// The revision that the cursor is of; `None` means the head.
    pub revision: Option<Revision>,
}

/// What completion needs of a room, at one committed revision.
#[derive(Clone, Debug)]
pub struct CompletionText {
    /// The revision.
    pub revision: Revision,
    /// The file's path.
    pub path: String,
    /// The file's text.
    pub text: ropey::Rope,
    /// The cursor in the text at `revision`, in the caller's unit.
    pub cursor: u32,
    /// The other files that are in memory, by path.
    pub others: Vec<(String, ropey::Rope)>,
}
