//! What can be wrong with calls on rooms.

use prost::Message;
use tandem::error::Reason;
use tandem::rpc::proto::v1::{CreateRoomRequest, DeleteRoomRequest, GetRoomRequest, ListRoomsRequest, NewFile};
use tandem::rpc::proto::v1::{ListFilesRequest, ListRoomsResponse, UpdateRoomRequest};
use tandem_testkit::both_databases;
use uuid::Uuid;

use super::check::hold;
use super::row::{Row, Shows, Way, call, story};

const CREATE: &str = "RoomService/CreateRoom";
const GET: &str = "RoomService/GetRoom";
const LIST: &str = "RoomService/ListRooms";
const UPDATE: &str = "RoomService/UpdateRoom";
const DELETE: &str = "RoomService/DeleteRoom";

both_databases! {
    async fn every_row_of_rooms_holds(database) {
        hold(database, rows()).await;
    }
}

fn create(change: impl FnOnce(&mut CreateRoomRequest)) -> Vec<u8> {
    let mut request = CreateRoomRequest::default();
    change(&mut request);
    request.encode_to_vec()
}

fn with_slug(slug: &str) -> Vec<u8> {
    create(|it| it.slug = slug.to_owned())
}

fn with_files(files: &[(&str, &str)]) -> Vec<u8> {
    let files = files.iter().map(|(path, text)| NewFile {
        path: (*path).to_owned(),
        text: (*text).to_owned(),
    });
    create(|it| it.files = files.collect())
}

fn update(room: &str, change: impl FnOnce(&mut UpdateRoomRequest)) -> Vec<u8> {
    let mut request = UpdateRoomRequest {
        room: room.to_owned(),
        ..Default::default()
    };
    change(&mut request);
    request.encode_to_vec()
}

fn list(page_size: i32, page_token: &str) -> Vec<u8> {
    let page_token = page_token.to_owned();
    let request = ListRoomsRequest { page_size, page_token };
    request.encode_to_vec()
}

fn get(room: &str) -> Vec<u8> {
    let room = room.to_owned();
    GetRoomRequest { room }.encode_to_vec()
}

fn delete(room: &str, request_id: &str) -> Vec<u8> {
    let (room, request_id) = (room.to_owned(), request_id.to_owned());
    DeleteRoomRequest { room, request_id }.encode_to_vec()
}

pub(super) fn rows() -> Vec<Row> {
    [creating(), first_files(), listing(), updating(), deleting()]
        .into_iter()
        .flatten()
        .collect()
}

fn creating() -> Vec<Row> {
    use Reason::{FieldInvalid, RequestIdInvalid, RequestIdReused, RoomExists, SlugInvalid};
    vec![
        call(CREATE, "a slug with capitals and a space", SlugInvalid, "slug", |_| {
            with_slug("My Room")
        }),
        call(CREATE, "a slug of two characters", SlugInvalid, "slug", |_| {
            with_slug("ab")
        }),
        call(CREATE, "a slug that is a UUID", SlugInvalid, "slug", |_| {
            with_slug(&Uuid::new_v4().to_string())
        }),
        call(CREATE, "a slug with U+0000", SlugInvalid, "slug", |_| with_slug("a\0b")),
        call(CREATE, "a slug that another room has", RoomExists, "slug", |at| {
            with_slug(&at.slug)
        }),
        call(CREATE, "a title of 201 bytes", FieldInvalid, "title", |_| {
            create(|it| it.title = "t".repeat(201))
        }),
        call(CREATE, "a title with a line break", FieldInvalid, "title", |_| {
            create(|it| it.title = "two\nlines".into())
        }),
        call(CREATE, "no UUID as request_id", RequestIdInvalid, "request_id", |_| {
            create(|it| it.request_id = "again".into())
        }),
        story(
            (CREATE, Way::CALLS),
            "CreateRoom twice with one request_id, with other content",
            Shows::Call,
            RequestIdReused,
            "request_id",
            |at, way| {
                Box::pin(async move {
                    let id = Uuid::new_v4().to_string();
                    let request = |title: &str| CreateRoomRequest {
                        title: title.to_owned(),
                        request_id: id.clone(),
                        ..Default::default()
                    };
                    at.succeed(CREATE, request("one").encode_to_vec()).await;
                    at.call(way, CREATE, request("another").encode_to_vec()).await
                })
            },
        ),
    ]
}

fn first_files() -> Vec<Row> {
    use Reason::{FieldMissing, FileExists, Nul, PathCaseConflict, PathInvalid, PathUnderFile, TooManyFiles};
    let second = "files[1].path";
    vec![
        call(CREATE, "a first file without a path", FieldMissing, second, |_| {
            with_files(&[("a", ""), ("", "")])
        }),
        call(CREATE, "a first file's path with ..", PathInvalid, second, |_| {
            with_files(&[("a", ""), ("../b", "")])
        }),
        call(CREATE, "two first files of one path", FileExists, second, |_| {
            with_files(&[("a", ""), ("a", "")])
        }),
        call(
            CREATE,
            "two first files that are case twins",
            PathCaseConflict,
            second,
            |_| with_files(&[("readme", ""), ("README", "")]),
        ),
        call(CREATE, "a first file under another", PathUnderFile, second, |_| {
            with_files(&[("a", ""), ("a/b", "")])
        }),
        call(CREATE, "a first file's text with U+0000", Nul, "files[0].text", |_| {
            with_files(&[("a", "x\0y")])
        }),
        call(CREATE, "201 first files", TooManyFiles, "files", |_| {
            let paths: Vec<String> = (0..201).map(|n| n.to_string()).collect();
            let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "")).collect();
            with_files(&files)
        }),
    ]
}

fn listing() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, PageTokenInvalid, RoomNotFound};
    vec![
        call(GET, "an unknown slug", RoomNotFound, "", |_| {
            get("nobody-made-this-room")
        }),
        call(GET, "an unknown id", RoomNotFound, "", |_| {
            get(&Uuid::new_v4().to_string())
        }),
        call(GET, "a slug with U+0000", RoomNotFound, "", |_| get("a\0b")),
        call(GET, "no room", FieldMissing, "room", |_| get("")),
        call(LIST, "a page size below zero", FieldInvalid, "page_size", |_| {
            list(-1, "")
        }),
        call(LIST, "a made-up page token", PageTokenInvalid, "page_token", |_| {
            list(0, "next")
        }),
        story(
            ("FileService/ListFiles", Way::CALLS),
            "another list's page token",
            Shows::Call,
            PageTokenInvalid,
            "page_token",
            |at, way| {
                Box::pin(async move {
                    at.client.create_room(&[]).await.expect("a second room");
                    let page = at.succeed(LIST, list(1, "")).await;
                    let page = ListRoomsResponse::decode(page).expect("a page");
                    let request = ListFilesRequest {
                        room: at.room.clone(),
                        page_token: page.next_page_token,
                        ..Default::default()
                    };
                    at.call(way, "FileService/ListFiles", request.encode_to_vec()).await
                })
            },
        ),
    ]
}

fn updating() -> Vec<Row> {
    use Reason::{FieldInvalid, FieldMissing, RequestIdReused, RoomExists, RoomNotFound, SlugInvalid};
    vec![
        call(UPDATE, "no room", FieldMissing, "room", |_| update("", |_| {})),
        call(UPDATE, "an unknown room", RoomNotFound, "", |_| {
            update("nobody-made-this-room", |_| {})
        }),
        call(UPDATE, "a slug that ends with a hyphen", SlugInvalid, "slug", |at| {
            update(&at.room, |change| change.slug = Some("room-".into()))
        }),
        call(UPDATE, "a title of 201 bytes", FieldInvalid, "title", |at| {
            update(&at.room, |change| change.title = Some("t".repeat(201)))
        }),
        story(
            (UPDATE, Way::CALLS),
            "a slug that another room has",
            Shows::Call,
            RoomExists,
            "slug",
            |at, way| {
                Box::pin(async move {
                    let slug = format!("taken-{}", Uuid::new_v4().simple());
                    at.succeed(CREATE, with_slug(&slug)).await;
                    let message = update(&at.room, |change| change.slug = Some(slug));
                    at.call(way, UPDATE, message).await
                })
            },
        ),
        story(
            (UPDATE, Way::CALLS),
            "UpdateRoom twice with one request_id, with other content",
            Shows::Call,
            RequestIdReused,
            "request_id",
            |at, way| {
                Box::pin(async move {
                    let id = Uuid::new_v4().to_string();
                    let message = |title: &str| {
                        update(&at.room, |change| {
                            change.title = Some(title.to_owned());
                            change.request_id = id.clone();
                        })
                    };
                    at.succeed(UPDATE, message("one")).await;
                    at.call(way, UPDATE, message("another")).await
                })
            },
        ),
    ]
}

fn deleting() -> Vec<Row> {
    use Reason::{FieldMissing, RequestIdInvalid, RequestIdReused, RoomNotFound};
    vec![
        call(DELETE, "no room", FieldMissing, "room", |_| delete("", "")),
        call(DELETE, "an unknown room", RoomNotFound, "", |_| {
            delete("nobody-made-this-room", "")
        }),
        call(
            DELETE,
            "the nil UUID as request_id",
            RequestIdInvalid,
            "request_id",
            |at| delete(&at.room, &Uuid::nil().to_string()),
        ),
        story(
            (DELETE, Way::CALLS),
            "a room that is deleted already",
            Shows::Call,
            RoomNotFound,
            "",
            |at, way| {
                Box::pin(async move {
                    let other = at.client.create_room(&[]).await.expect("a room").room.expect("a room");
                    at.succeed(DELETE, delete(&other.room_id, "")).await;
                    at.call(way, DELETE, delete(&other.room_id, "")).await
                })
            },
        ),
        story(
            (DELETE, Way::CALLS),
            "DeleteRoom with another call's request_id",
            Shows::Call,
            RequestIdReused,
            "request_id",
            |at, way| {
                Box::pin(async move {
                    let id = Uuid::new_v4().to_string();
                    let message = update(&at.room, |change| change.request_id = id.clone());
                    at.succeed(UPDATE, message).await;
                    at.call(way, DELETE, delete(&at.room, &id)).await
                })
            },
        ),
    ]
}
