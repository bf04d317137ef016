//! Requests of every call of the contract, made at random: most of them could be right.

use bytes::Bytes;
use prost::Message;
use rand::Rng;
use rand::rngs::SmallRng;
use tandem::rpc::proto::v1::{self, autocomplete_request, client_message::Kind, presence};
use uuid::Uuid;

use crate::mutate::{TEXTS, one_of};

/// The calls of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum Method {
    CreateRoom,
    GetRoom,
    ListRooms,
    UpdateRoom,
    DeleteRoom,
    CreateFile,
    ListFiles,
    ReadFile,
    WriteFile,
    RenameFile,
    DeleteFile,
    RestoreFile,
    Collaborate,
    Subscribe,
    Publish,
    Autocomplete,
    StreamAutocomplete,
    SendFeedback,
}

impl Method {
    /// All calls.
    pub const ALL: [Self; 18] = [
        Self::CreateRoom,
        Self::GetRoom,
        Self::ListRooms,
        Self::UpdateRoom,
        Self::DeleteRoom,
        Self::CreateFile,
        Self::ListFiles,
        Self::ReadFile,
        Self::WriteFile,
        Self::RenameFile,
        Self::DeleteFile,
        Self::RestoreFile,
        Self::Collaborate,
        Self::Subscribe,
        Self::Publish,
        Self::Autocomplete,
        Self::StreamAutocomplete,
        Self::SendFeedback,
    ];

    /// Its service's name.
    fn service(self) -> &'static str {
        match self {
            Self::CreateRoom | Self::GetRoom | Self::ListRooms | Self::UpdateRoom | Self::DeleteRoom => "RoomService",
            Self::Collaborate | Self::Subscribe | Self::Publish => "CollaborationService",
            Self::Autocomplete | Self::StreamAutocomplete | Self::SendFeedback => "AutocompleteService",
            _ => "FileService",
        }
    }

    /// Its path, such as `/tandem.v1.RoomService/GetRoom`.
    pub fn path(self) -> String {
        format!("/tandem.v1.{}/{self:?}", self.service())
    }

    /// Whether it takes something away that others may be using.
    pub fn takes_away(self) -> bool {
        matches!(
            self,
            Self::UpdateRoom | Self::DeleteRoom | Self::RenameFile | Self::DeleteFile | Self::RestoreFile
        )
    }
}

/// What requests refer to.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// A room, by id or slug.
    pub room: String,
    /// Ids of its files.
    pub files: Vec<String>,
    /// Their paths.
    pub paths: Vec<String>,
    /// A session's resume token.
    pub token: String,
    /// The room's head, or about that.
    pub head: u64,
    /// Client ids that a session may announce.
    pub clients: Vec<u32>,
}

impl Scene {
    /// One that no server has.
    pub fn imagined() -> Self {
        Self {
            room: "a-room".to_owned(),
            files: vec!["6f2c0b52-3c3e-4d8e-9a43-0a9f6e1f7b11".to_owned()],
            paths: vec!["main.txt".to_owned(), "src/lib.rs".to_owned()],
            token: "token".to_owned(),
            head: 7,
            clients: vec![7, 8],
        }
    }

    /// A request of a call, encoded.
    pub fn request(&self, random: &mut SmallRng, method: Method) -> Vec<u8> {
        match method {
            Method::CreateRoom => self.create_room(random).encode_to_vec(),
            Method::GetRoom => v1::GetRoomRequest {
                room: self.room(random),
            }
            .encode_to_vec(),
            Method::ListRooms => list_rooms(random).encode_to_vec(),
            Method::UpdateRoom => self.update_room(random).encode_to_vec(),
            Method::DeleteRoom => self.delete_room(random).encode_to_vec(),
            Method::CreateFile => self.create_file(random).encode_to_vec(),
            Method::ListFiles => self.list_files(random).encode_to_vec(),
            Method::ReadFile => self.read_file(random).encode_to_vec(),
            Method::WriteFile => self.write_file(random).encode_to_vec(),
            Method::RenameFile => self.rename_file(random).encode_to_vec(),
            Method::DeleteFile => self.delete_file(random).encode_to_vec(),
            Method::RestoreFile => self.restore_file(random).encode_to_vec(),
            Method::Collaborate => v1::CollaborateRequest {
                message: Some(self.message(random)),
            }
            .encode_to_vec(),
            Method::Subscribe => v1::SubscribeRequest {
                join: Some(self.join(random)),
            }
            .encode_to_vec(),
            Method::Publish => self.publish(random).encode_to_vec(),
            Method::Autocomplete => self.autocomplete(random).encode_to_vec(),
            Method::StreamAutocomplete => v1::StreamAutocompleteRequest {
                request: Some(self.autocomplete(random)),
                model_deadline_ms: random.random_range(-1..3),
            }
            .encode_to_vec(),
            Method::SendFeedback => feedback(random).encode_to_vec(),
        }
    }

    /// The beginning of a session.
    pub fn join(&self, random: &mut SmallRng) -> v1::Join {
        v1::Join {
            room: self.room(random),
            name: text(random),
            mode: random.random_range(0..4),
            position_unit: random.random_range(0..5),
            resume_token: if random.random_bool(0.2) {
                self.token(random)
            } else {
                String::new()
            },
            last_revision: self.revision(random),
            open: (0..random.random_range(0..3)).map(|_| self.open(random)).collect(),
        }
    }

    /// What a session sends.
    pub fn message(&self, random: &mut SmallRng) -> v1::ClientMessage {
        let kind = match random.random_range(0..24) {
            0 => Kind::Join(self.join(random)),
            1..4 => Kind::Open(self.open(random)),
            4 => Kind::Close(v1::Close {
                file: Some(self.either(random, v1::close::File::FileId, v1::close::File::Path)),
            }),
            5..13 => Kind::Edit(self.edit(random)),
            13..19 => Kind::Update(self.update(random)),
            19..23 => Kind::Presence(self.presence(random)),
            _ => Kind::Leave(v1::Leave {}),
        };
        v1::ClientMessage { kind: Some(kind) }
    }

    fn room(&self, random: &mut SmallRng) -> String {
        match random.random_range(0..24) {
            0 => Uuid::nil().to_string(),
            1 => text(random),
            _ => self.room.clone(),
        }
    }

    fn token(&self, random: &mut SmallRng) -> String {
        match random.random_range(0..12) {
            0 => text(random),
            _ => self.token.clone(),
        }
    }

    fn revision(&self, random: &mut SmallRng) -> u64 {
        match random.random_range(0..8) {
            0 => random.random(),
            1 => self.head.saturating_add(random.random_range(0..3)),
            2 => random.random_range(0..=self.head),
            _ => self.head.saturating_sub(random.random_range(0..8)),
        }
    }

    fn file_id(&self, random: &mut SmallRng) -> String {
        match self.files.get(random.random_range(0..self.files.len().max(1))) {
            Some(id) if random.random_range(0..12) > 0 => id.clone(),
            _ => Uuid::from_u128(random.random()).to_string(),
        }
    }

    fn path(&self, random: &mut SmallRng) -> String {
        match self.paths.get(random.random_range(0..self.paths.len().max(1))) {
            Some(path) if random.random_range(0..12) > 0 => path.clone(),
            _ => new_path(random),
        }
    }

    fn either<F>(&self, random: &mut SmallRng, by_id: fn(String) -> F, by_path: fn(String) -> F) -> F {
        if random.random() {
            by_id(self.file_id(random))
        } else {
            by_path(self.path(random))
        }
    }

    fn create_room(&self, random: &mut SmallRng) -> v1::CreateRoomRequest {
        let files = (0..random.random_range(0..4)).map(|_| v1::NewFile {
            path: new_path(random),
            text: text(random),
        });
        let files = files.collect();
        v1::CreateRoomRequest {
            slug: slug(random),
            title: text(random),
            files,
            request_id: request_id(random),
        }
    }

    fn update_room(&self, random: &mut SmallRng) -> v1::UpdateRoomRequest {
        v1::UpdateRoomRequest {
            room: self.room(random),
            slug: random.random::<bool>().then(|| slug(random)),
            title: random.random::<bool>().then(|| text(random)),
            request_id: request_id(random),
        }
    }

    fn delete_room(&self, random: &mut SmallRng) -> v1::DeleteRoomRequest {
        v1::DeleteRoomRequest {
            room: self.room(random),
            request_id: request_id(random),
        }
    }

    fn create_file(&self, random: &mut SmallRng) -> v1::CreateFileRequest {
        v1::CreateFileRequest {
            room: self.room(random),
            path: new_path(random),
            text: text(random),
            request_id: request_id(random),
        }
    }

    fn list_files(&self, random: &mut SmallRng) -> v1::ListFilesRequest {
        v1::ListFilesRequest {
            room: self.room(random),
            page_size: random.random_range(-1..3),
            page_token: if random.random_bool(0.2) {
                text(random)
            } else {
                String::new()
            },
            include_deleted: random.random(),
        }
    }

    fn read_file(&self, random: &mut SmallRng) -> v1::ReadFileRequest {
        use v1::read_file_request::File;
        v1::ReadFileRequest {
            room: self.room(random),
            file: Some(self.either(random, File::FileId, File::Path)),
            revision: random.random::<bool>().then(|| self.revision(random)),
        }
    }

    fn write_file(&self, random: &mut SmallRng) -> v1::WriteFileRequest {
        use v1::write_file_request::File;
        v1::WriteFileRequest {
            room: self.room(random),
            file: Some(self.either(random, File::FileId, File::Path)),
            base_revision: Some(self.revision(random)),
            text: [text(random), text(random)].concat(),
            only_if_unchanged: random.random(),
            origin: random.random_range(-1..9),
            request_id: request_id(random),
        }
    }

    fn rename_file(&self, random: &mut SmallRng) -> v1::RenameFileRequest {
        use v1::rename_file_request::File;
        v1::RenameFileRequest {
            room: self.room(random),
            file: Some(self.either(random, File::FileId, File::Path)),
            new_path: new_path(random),
            request_id: request_id(random),
        }
    }

    fn delete_file(&self, random: &mut SmallRng) -> v1::DeleteFileRequest {
        use v1::delete_file_request::File;
        v1::DeleteFileRequest {
            room: self.room(random),
            file: Some(self.either(random, File::FileId, File::Path)),
            request_id: request_id(random),
        }
    }

    fn restore_file(&self, random: &mut SmallRng) -> v1::RestoreFileRequest {
        v1::RestoreFileRequest {
            room: self.room(random),
            file_id: self.file_id(random),
            new_path: if random.random() {
                new_path(random)
            } else {
                String::new()
            },
            request_id: request_id(random),
        }
    }

    fn publish(&self, random: &mut SmallRng) -> v1::PublishRequest {
        v1::PublishRequest {
            resume_token: self.token(random),
            messages: (0..random.random_range(0..4)).map(|_| self.message(random)).collect(),
        }
    }

    fn open(&self, random: &mut SmallRng) -> v1::Open {
        v1::Open {
            file: Some(self.either(random, v1::open::File::FileId, v1::open::File::Path)),
            after_revision: if random.random() { 0 } else { self.revision(random) },
            client_id: self.client(random),
            state_vector: if random.random() { Bytes::new() } else { noise(random) },
            epoch: random.random_range(0..3),
        }
    }

    fn client(&self, random: &mut SmallRng) -> u32 {
        let own = self.clients.get(random.random_range(0..self.clients.len().max(1)));
        own.copied().unwrap_or_else(|| random.random_range(0..9))
    }

    fn edit(&self, random: &mut SmallRng) -> v1::Edit {
        let mut offset = 0;
        let mut change = || {
            offset += random.random_range(0..6);
            let delete = random.random_range(0..3);
            let change = v1::Change {
                offset,
                delete,
                insert: text(random),
            };
            offset += delete;
            change
        };
        let changes = (0..3).map(|_| change()).collect();
        v1::Edit {
            op_id: random.random_range(0..40),
            file: Some(self.either(random, v1::edit::File::FileId, v1::edit::File::Path)),
            base_revision: (random.random_range(0..12) > 0).then(|| self.revision(random)),
            changes,
            origin: random.random_range(-1..9),
        }
    }

    fn update(&self, random: &mut SmallRng) -> v1::Update {
        let client = self.client(random);
        let typed = crate::crafted::typed(client, random.random_range(0..4), &text(random), None, None);
        v1::Update {
            op_id: random.random_range(0..40),
            file: Some(self.either(random, v1::update::File::FileId, v1::update::File::Path)),
            epoch: random.random_range(0..3),
            update: if random.random() { typed.into() } else { noise(random) },
            more: random.random_bool(0.2),
            origin: random.random_range(-1..9),
        }
    }

    fn presence(&self, random: &mut SmallRng) -> v1::Presence {
        let selection = match random.random_range(0..4) {
            0 => None,
            1 => Some(presence::Selection::Relative(v1::RelativeSelection {
                anchor: noise(random),
                head: Bytes::from_static(&[1, 1, b't', 0]),
            })),
            _ => Some(presence::Selection::Offsets(v1::OffsetSelection {
                revision: self.revision(random),
                anchor: random.random_range(0..9),
                head: random.random(),
            })),
        };
        v1::Presence {
            file: (random.random_range(0..6) > 0)
                .then(|| self.either(random, presence::File::FileId, presence::File::Path)),
            selection,
        }
    }

    fn autocomplete(&self, random: &mut SmallRng) -> v1::AutocompleteRequest {
        use v1::room_target::File;
        let target = match random.random_range(0..2) {
            0 => autocomplete_request::Target::RoomTarget(v1::RoomTarget {
                room: self.room(random),
                file: Some(self.either(random, File::FileId, File::Path)),
                cursor: random.random_range(0..9),
                revision: random.random::<bool>().then(|| self.revision(random)),
            }),
            _ => autocomplete_request::Target::CodeTarget(v1::CodeTarget {
                code: [text(random), code(random), text(random)].concat(),
                cursor: random.random_range(0..20),
                language: one_of(random, &["", "rust", "python", "x"]).to_owned(),
                path: new_path(random),
                context: vec![v1::ContextFile {
                    path: new_path(random),
                    text: code(random),
                }],
            }),
        };
        v1::AutocompleteRequest {
            target: Some(target),
            position_unit: random.random_range(0..5),
            max_items: random.random_range(-1..200),
            trigger: random.random_range(-1..5),
            selected_label: text(random),
        }
    }
}

fn list_rooms(random: &mut SmallRng) -> v1::ListRoomsRequest {
    v1::ListRoomsRequest {
        page_size: random.random_range(-1..3),
        page_token: if random.random_bool(0.2) {
            text(random)
        } else {
            String::new()
        },
    }
}

fn feedback(random: &mut SmallRng) -> v1::SendFeedbackRequest {
    let events = (0..random.random_range(0..3)).map(|_| v1::CompletionFeedback {
        completion_id: Uuid::from_u128(random.random()).to_string(),
        event: random.random_range(0..6),
        source: random.random_range(0..4),
        accepted_length: random.random(),
    });
    v1::SendFeedbackRequest {
        events: events.collect(),
    }
}

/// A path of few parts, so that many are alike.
pub fn new_path(random: &mut SmallRng) -> String {
    const PARTS: [&str; 12] = [
        "a", "A", "b", "src", "Src", "é", "e\u{301}", "ß", "SS", "main.txt", "Σ", "ς",
    ];
    let mut path = one_of(random, &PARTS).to_owned();
    for _ in 0..random.random_range(0..3) {
        path.push('/');
        path.push_str(one_of(random, &PARTS));
    }
    if random.random_range(0..8) == 0 {
        path.push_str(one_of(random, &TEXTS));
    }
    path
}

fn slug(random: &mut SmallRng) -> String {
    match random.random_range(0..4) {
        0 => text(random),
        1 => format!("room-{}", random.random_range(0..50)),
        _ => String::new(),
    }
}

fn request_id(random: &mut SmallRng) -> String {
    match random.random_range(0..6) {
        0 => Uuid::from_u128(random.random()).to_string(),
        1 => Uuid::from_u128(random.random_range(0..20)).to_string(),
        2 => text(random),
        _ => String::new(),
    }
}

fn text(random: &mut SmallRng) -> String {
    match random.random_range(0..3) {
        0 => one_of(random, &TEXTS).to_owned(),
        1 => "a".repeat(random.random_range(0..4)),
        _ => String::new(),
    }
}

fn code(random: &mut SmallRng) -> String {
    const CODE: [&str; 6] = [
        "fn greet(name: &str) { gr",
        "\"unfinished 😀",
        "/* /* */ let",
        "r#\"x\"#",
        "def é(): # no",
        "'a 'b' 0x_",
    ];
    one_of(random, &CODE).to_owned()
}

fn noise(random: &mut SmallRng) -> Bytes {
    (0..random.random_range(0..12)).map(|_| random.random::<u8>()).collect()
}
