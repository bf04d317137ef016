//! The rows of a new room: its own, its first files', and the operations that create them.

use crate::error::{Error, Reason, Result};
use crate::id::{Epoch, FileId, FileKey, OpId, RequestId, Revision, RoomId, RoomKey, Source, Term, UserKey};
use crate::limits;
use crate::path;
use crate::room::directory::{Directory, Entry};
use crate::room::first_text::first_text;
use crate::room::kept::kept_answer;
use crate::room::message::{CreatedRoom, FileInfo, NewFile, NewRoom, Request, RoomInfo};
use crate::room::{clock, slug};
use crate::store::model::{Append, File, Kind, Micros, Operation, Origin, Room};

/// The rows of a new room, and what its creator is told.
pub(super) fn first_rows(new: NewRoom, request: Option<Request>) -> Result<(Room, Append, CreatedRoom)> {
    if let Some(wanted) = &new.slug {
        slug::check(wanted)?;
    }
    let time = clock().wall;
    let room = Room {
        key: RoomKey(0),
        id: RoomId::new(),
        slug: new.slug,
        title: checked_title(new.title)?,
        term: Term(0),
        created: time,
    };
    let first = if new.files.is_empty() {
        vec![NewFile {
            path: "main.txt".to_owned(),
            text: String::new(),
        }]
    } else {
        new.files
    };
    let source = Source::Request(request.map_or_else(RequestId::new, |request| request.id));
    let (files, operations) = first_files(&first, source, time)?;
    let mut infos: Vec<FileInfo> = files
        .iter()
        .map(|file| {
            Entry {
                file: file.clone(),
                revision: file.created,
                bytes: 0,
            }
            .info()
        })
        .collect();
    infos.sort_by(|a, b| a.path.cmp(&b.path));
    let head = operations.last().map_or(Revision(0), |operation| operation.revision);
    let created = CreatedRoom {
        room: RoomInfo {
            id: room.id,
            slug: room.slug.clone(),
            title: room.title.clone(),
            created: time,
            head,
        },
        files: infos,
    };
    let answered = kept_answer(request, &created);
    let append = Append {
        room: RoomKey(0),
        term: Term(0),
        incarnation: 0,
        operations,
        files,
        answered,
    };
    Ok((room, append, created))
}

fn first_files(new: &[NewFile], source: Source, time: Micros) -> Result<(Vec<File>, Vec<Operation>)> {
    let mut directory = Directory::default();
    let (mut files, mut operations) = (Vec::new(), Vec::new());
    for (index, file) in new.iter().enumerate() {
        let field = |name: &str| format!("files[{index}].{name}");
        let wanted = path::parse(&file.path, &field("path"))?;
        directory.room_for_a_new_one().map_err(|error| error.field("files"))?;
        directory
            .admit(&wanted, None)
            .map_err(|error| error.field(field("path")))?;
        let first = first_text(file, &field("text"))?;
        let bytes = u64::from(first.document.len().utf8);
        check_first_bytes(&directory, bytes, &field("text"))?;
        let revision = Revision(index as u64 + 1);
        let row = File {
            key: FileKey(index as i64 + 1),
            id: FileId::new(),
            path: wanted.clone(),
            line_ending: first.line_ending,
            deleted: false,
            epoch: Epoch(1),
            server_client: first.server_client,
            created: revision,
        };
        directory.put(Entry {
            file: row.clone(),
            revision,
            bytes,
        });
        operations.push(Operation {
            revision,
            source,
            op_id: OpId(revision.0),
            file: row.key,
            epoch: row.epoch,
            user: UserKey(0),
            kind: Kind::Create,
            origin: Origin::Written,
            update: first.update.into(),
            delta: first.delta.encode().into(),
            path: wanted,
            time,
        });
        files.push(row);
    }
    Ok((files, operations))
}

fn check_first_bytes(directory: &Directory, bytes: u64, field: &str) -> Result<()> {
    if bytes > u64::from(limits::FILE_BYTES) {
        let message = format!("a file has at most {} bytes: split it", limits::FILE_BYTES);
        return Err(Error::new(Reason::FileTooLarge, message)
            .field(field)
            .with("limit", limits::FILE_BYTES));
    }
    if directory.bytes() + bytes > limits::ROOM_BYTES {
        let message = format!(
            "a room's files have at most {} bytes together: use several rooms",
            limits::ROOM_BYTES
        );
        return Err(Error::new(Reason::RoomTooLarge, message)
            .field(field)
            .with("limit", limits::ROOM_BYTES));
    }
    Ok(())
}

pub(super) fn checked_title(title: String) -> Result<String> {
    if title.len() <= limits::TITLE_BYTES && !title.chars().any(char::is_control) {
        return Ok(title);
    }
    let message = format!(
        "a title has at most {} bytes and no control characters: choose another",
        limits::TITLE_BYTES
    );
    Err(Error::new(Reason::FieldInvalid, message).field("title"))
}
