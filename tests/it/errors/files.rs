//! What can be wrong with calls on files.

use prost::Message;
use tandem::error::Reason;
use tandem::rpc::proto::v1::{self, CreateFileRequest, DeleteFileRequest, ListFilesRequest, ReadFileRequest};
use tandem::rpc::proto::v1::{RenameFileRequest, RestoreFileRequest, WriteFileRequest, WriteFileResponse};
use tandem_testkit::both_databases;
use uuid::Uuid;

use super::check::hold;
use super::row::{Row, Shows, Way, call, story};
use super::stage::Stage;

const CREATE: &str = "FileService/CreateFile";
const LIST: &str = "FileService/ListFiles";
const READ: &str = "FileService/ReadFile";
const WRITE: &str = "FileService/WriteFile";
const RENAME: &str = "FileService/RenameFile";
const DELETE: &str = "FileService/DeleteFile";
const RESTORE: &str = "FileService/RestoreFile";

both_databases! {
    async fn every_row_of_files_holds(database) {
        hold(database, rows()).await;
    }
}

pub(super) fn rows() -> Vec<Row> {
    [paths(), creating(), reading(), writing(), renaming(), restoring()]
        .into_iter()
        .flatten()
        .collect()
}

fn create(at: &Stage, path: &str, text: &str) -> Vec<u8> {
    changed(at, |it| {
        it.path = path.to_owned();
        it.text = text.to_owned();
    })
}

fn changed(at: &Stage, change: impl FnOnce(&mut CreateFileRequest)) -> Vec<u8> {
    let mut request = CreateFileRequest {
        room: at.room.clone(),
        path: "a".to_owned(),
        ..Default::default()
    };
    change(&mut request);
    request.encode_to_vec()
}

fn list(at: &Stage, page_size: i32, page_token: &str) -> Vec<u8> {
    let request = ListFilesRequest {
        room: at.room.clone(),
        page_size,
        page_token: page_token.to_owned(),
        include_deleted: false,
    };
    request.encode_to_vec()
}

fn read(at: &Stage, change: impl FnOnce(&mut ReadFileRequest)) -> Vec<u8> {
    let mut request = ReadFileRequest {
        room: at.room.clone(),
        file: Some(v1::read_file_request::File::Path("main.txt".into())),
        revision: None,
    };
    change(&mut request);
    request.encode_to_vec()
}

fn write(at: &Stage, change: impl FnOnce(&mut WriteFileRequest)) -> Vec<u8> {
    let mut request = WriteFileRequest {
        room: at.room.clone(),
        file: Some(v1::write_file_request::File::Path("main.txt".into())),
        base_revision: Some(3),
        text: "written\n".to_owned(),
        ..Default::default()
    };
    change(&mut request);
    request.encode_to_vec()
}

fn rename(at: &Stage, file_id: &str, new_path: &str) -> Vec<u8> {
    let request = RenameFileRequest {
        room: at.room.clone(),
        file: Some(v1::rename_file_request::File::FileId(file_id.to_owned())),
        new_path: new_path.to_owned(),
        request_id: String::new(),
    };
    request.encode_to_vec()
}

fn delete(at: &Stage, file: v1::delete_file_request::File) -> Vec<u8> {
    let request = DeleteFileRequest {
        room: at.room.clone(),
        file: Some(file),
        request_id: String::new(),
    };
    request.encode_to_vec()
}

fn restore(at: &Stage, file_id: &str, new_path: &str) -> Vec<u8> {
    let request = RestoreFileRequest {
        room: at.room.clone(),
        file_id: file_id.to_owned(),
        new_path: new_path.to_owned(),
        request_id: String::new(),
    };
    request.encode_to_vec()
}

fn bad(input: &'static str, message: fn(&Stage) -> Vec<u8>) -> Row {
    call(CREATE, input, Reason::PathInvalid, "path", message)
}

fn paths() -> Vec<Row> {
    use Reason::{FileExists, PathCaseConflict, PathUnderFile};
    vec![
        bad("a path with ..", |at| create(at, "../secret", "")),
        bad("a path with .", |at| create(at, "a/./b", "")),
        bad("a path with //", |at| create(at, "a//b", "")),
        bad("a path from the root", |at| create(at, "/etc/passwd", "")),
        bad("a path that ends with /", |at| create(at, "a/", "")),
        bad("a path with \\", |at| create(at, "a\\b", "")),
        bad("a path with U+0000", |at| create(at, "a\0b", "")),
        bad("a path with a line break", |at| create(at, "a\nb", "")),
        bad("a path with a direction mark", |at| create(at, "a\u{202e}b", "")),
        bad("a path whose part ends with a space", |at| create(at, "a /b", "")),
        bad("a path of 513 bytes", |at| create(at, &"p".repeat(513), "")),
        call(CREATE, "a path that a file has", FileExists, "path", |at| {
            create(at, "main.txt", "")
        }),
        call(CREATE, "a case twin of a path", PathCaseConflict, "path", |at| {
            create(at, "MAIN.txt", "")
        }),
        call(CREATE, "a case twin of a folder", PathCaseConflict, "path", |at| {
            create(at, "SRC/main.rs", "")
        }),
        call(CREATE, "a path under a file", PathUnderFile, "path", |at| {
            create(at, "main.txt/a", "")
        }),
        call(CREATE, "a path that is a folder", PathUnderFile, "path", |at| {
            create(at, "src", "")
        }),
    ]
}

fn creating() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, Nul, PageTokenInvalid, RequestIdInvalid, RequestIdReused, RoomNotFound};
    vec![
        call(CREATE, "no room", FieldMissing, "room", |at| {
            changed(at, |it| it.room.clear())
        }),
        call(CREATE, "an unknown room", RoomNotFound, "", |at| {
            changed(at, |it| it.room = "nobody-made-this-room".into())
        }),
        call(CREATE, "no path", FieldMissing, "path", |at| create(at, "", "")),
        call(CREATE, "a text with U+0000", Nul, "text", |at| create(at, "a", "x\0y")),
        call(CREATE, "no UUID as request_id", RequestIdInvalid, "request_id", |at| {
            changed(at, |it| it.request_id = "7".into())
        }),
        story(
            (CREATE, Way::CALLS),
            "CreateFile twice with one request_id, with other content",
            Shows::Call,
            RequestIdReused,
            "request_id",
            |at, way| {
                Box::pin(async move {
                    let id = Uuid::new_v4().to_string();
                    at.succeed(CREATE, changed(at, |it| it.request_id = id.clone())).await;
                    let another = changed(at, |it| {
                        it.path = "b".into();
                        it.request_id = id;
                    });
                    at.call(way, CREATE, another).await
                })
            },
        ),
        call(LIST, "a page size below zero", FieldInvalid, "page_size", |at| {
            list(at, -7, "")
        }),
        call(LIST, "a made-up page token", PageTokenInvalid, "page_token", |at| {
            list(at, 0, "AAAA")
        }),
    ]
}

fn reading() -> Vec<Row> {
    use Reason::{BaseInFuture, BaseTooOld, FieldInvalid, FieldMissing, FileDeleted, FileNotFound, PathInvalid};
    use v1::read_file_request::File;
    vec![
        call(READ, "no file", FieldMissing, "file", |at| {
            read(at, |it| it.file = None)
        }),
        call(READ, "a file id that is no UUID", FieldInvalid, "file_id", |at| {
            read(at, |it| it.file = Some(File::FileId("7".into())))
        }),
        call(READ, "an empty file id", FieldMissing, "file_id", |at| {
            read(at, |it| it.file = Some(File::FileId(String::new())))
        }),
        call(READ, "an unknown file id", FileNotFound, "", |at| {
            read(at, |it| it.file = Some(File::FileId(Uuid::new_v4().to_string())))
        }),
        call(READ, "an unknown path", FileNotFound, "", |at| {
            read(at, |it| it.file = Some(File::Path("no/such.txt".into())))
        }),
        call(READ, "a deleted file's path", FileNotFound, "", |at| {
            read(at, |it| it.file = Some(File::Path("old.txt".into())))
        }),
        call(READ, "a path with ..", PathInvalid, "path", |at| {
            read(at, |it| it.file = Some(File::Path("../main.txt".into())))
        }),
        call(READ, "a deleted file", FileDeleted, "", |at| {
            let old = at.old.clone();
            read(at, |it| it.file = Some(File::FileId(old)))
        }),
        call(READ, "a revision of the future", BaseInFuture, "revision", |at| {
            read(at, |it| it.revision = Some(1_000))
        }),
        call(
            READ,
            "a revision before the file was there",
            BaseTooOld,
            "revision",
            |at| read(at, |it| it.revision = Some(0)),
        ),
    ]
}

fn writing() -> Vec<Row> {
    use Reason::{BaseInFuture, BaseMissing, BaseTooOld, FieldInvalid, FileDeleted, HeadMoved, Nul, RequestIdReused};
    use v1::write_file_request::File;
    vec![
        call(WRITE, "no base", BaseMissing, "base_revision", |at| {
            write(at, |it| it.base_revision = None)
        }),
        call(WRITE, "a base of the future", BaseInFuture, "base_revision", |at| {
            write(at, |it| it.base_revision = Some(u64::MAX))
        }),
        call(
            WRITE,
            "a base before the file was there",
            BaseTooOld,
            "base_revision",
            |at| write(at, |it| it.base_revision = Some(0)),
        ),
        call(WRITE, "a text with U+0000", Nul, "text", |at| {
            write(at, |it| it.text = "\0".into())
        }),
        call(WRITE, "an unknown origin", FieldInvalid, "origin", |at| {
            write(at, |it| it.origin = 99)
        }),
        call(WRITE, "a deleted file", FileDeleted, "", |at| {
            let old = at.old.clone();
            write(at, |it| it.file = Some(File::FileId(old)))
        }),
        story(
            (WRITE, Way::CALLS),
            "only_if_unchanged, and it has changed",
            Shows::Call,
            HeadMoved,
            "base_revision",
            |at, way| {
                Box::pin(async move {
                    at.succeed(WRITE, write(at, |_| {})).await;
                    let late = write(at, |it| {
                        it.only_if_unchanged = true;
                        it.text = "late".into();
                    });
                    at.call(way, WRITE, late).await
                })
            },
        ),
        story(
            (WRITE, Way::CALLS),
            "WriteFile twice with one request_id, with other content",
            Shows::Call,
            RequestIdReused,
            "request_id",
            |at, way| {
                Box::pin(async move {
                    let request_id = Uuid::new_v4().to_string();
                    let message = |text: &str| {
                        write(at, |it| {
                            it.text = text.to_owned();
                            it.request_id = request_id.clone();
                        })
                    };
                    let first = at.succeed(WRITE, message("one\n")).await;
                    // The same again is no error: it gets the first answer.
                    let again = at.succeed(WRITE, message("one\n")).await;
                    let read = |bytes| WriteFileResponse::decode(bytes).expect("an answer");
                    assert_eq!(read(again), read(first));
                    at.call(way, WRITE, message("another\n")).await
                })
            },
        ),
    ]
}

fn renaming() -> Vec<Row> {
    use Reason::{FieldMissing, FileDeleted, FileExists, FileNotFound, PathCaseConflict, PathInvalid, PathUnderFile};
    use v1::delete_file_request::File;
    vec![
        call(RENAME, "no new path", FieldMissing, "new_path", |at| {
            rename(at, &at.main, "")
        }),
        call(RENAME, "a new path with ..", PathInvalid, "new_path", |at| {
            rename(at, &at.main, "a/../b")
        }),
        call(RENAME, "a new path that a file has", FileExists, "new_path", |at| {
            rename(at, &at.main, "src/lib.rs")
        }),
        call(
            RENAME,
            "a new path that is a case twin",
            PathCaseConflict,
            "new_path",
            |at| rename(at, &at.main, "src/LIB.rs"),
        ),
        call(RENAME, "a new path under a file", PathUnderFile, "new_path", |at| {
            rename(at, &at.main, "src/lib.rs/main")
        }),
        call(RENAME, "a deleted file", FileDeleted, "", |at| {
            rename(at, &at.old, "new.txt")
        }),
        call(RENAME, "an unknown file", FileNotFound, "", |at| {
            rename(at, &Uuid::new_v4().to_string(), "new.txt")
        }),
        call(DELETE, "a file that is deleted already", FileDeleted, "", |at| {
            delete(at, File::FileId(at.old.clone()))
        }),
        call(DELETE, "an unknown path", FileNotFound, "", |at| {
            delete(at, File::Path("nothing".into()))
        }),
    ]
}

fn restoring() -> Vec<Row> {
    use Reason::{
        FieldInvalid, FieldMissing, FileExists, FileNotDeleted, FileNotFound, PathCaseConflict, PathUnderFile,
    };
    vec![
        call(RESTORE, "no file id", FieldMissing, "file_id", |at| restore(at, "", "")),
        call(RESTORE, "a file id that is no UUID", FieldInvalid, "file_id", |at| {
            restore(at, "old.txt", "")
        }),
        call(RESTORE, "an unknown file", FileNotFound, "", |at| {
            restore(at, &Uuid::new_v4().to_string(), "")
        }),
        call(RESTORE, "a file that is not deleted", FileNotDeleted, "", |at| {
            restore(at, &at.main, "")
        }),
        call(RESTORE, "a new path that a file has", FileExists, "new_path", |at| {
            restore(at, &at.old, "main.txt")
        }),
        call(
            RESTORE,
            "a new path that is a case twin",
            PathCaseConflict,
            "new_path",
            |at| restore(at, &at.old, "Main.txt"),
        ),
        call(
            RESTORE,
            "a new path that is a folder",
            PathUnderFile,
            "new_path",
            |at| restore(at, &at.old, "src"),
        ),
        story(
            (RESTORE, Way::CALLS),
            "an old path that a new file has",
            Shows::Call,
            FileExists,
            "new_path",
            |at, way| {
                Box::pin(async move {
                    at.succeed(CREATE, create(at, "old.txt", "")).await;
                    at.call(way, RESTORE, restore(at, &at.old, "")).await
                })
            },
        ),
    ]
}
