//! `RoomService`.

use tonic::{Request, Response, Status};

use super::convert::{answers, calls, names};
use super::page;
use super::proto::server::room_service_server::RoomService;
use super::proto::v1;
use super::status::to_status;
use crate::error::Result;
use crate::id::RoomKey;
use crate::room::{RoomCursor, Rooms};

/// Which list a page token is of.
const LIST: &[&[u8]] = &[b"rooms"];

/// Rooms over gRPC.
pub(super) struct RoomApi {
    rooms: Rooms,
}

impl RoomApi {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }

    async fn create(&self, mut message: v1::CreateRoomRequest) -> Result<v1::CreateRoomResponse> {
        let request = names::request(&mut message)?;
        let created = self.rooms.create_room(calls::new_room(message)?, request).await?;
        Ok(v1::CreateRoomResponse {
            room: Some(answers::room(&created.room)),
            files: created.files.iter().map(answers::file).collect(),
        })
    }

    async fn list(&self, message: v1::ListRoomsRequest) -> Result<v1::ListRoomsResponse> {
        let limit = names::page_size(message.page_size, 50, 200)?;
        let after = page::open(LIST, &message.page_token)?;
        let after = after.map(|bytes| read_cursor(&bytes)).transpose()?;
        let (rooms, next) = self.rooms.list_rooms(after, limit).await?;
        Ok(v1::ListRoomsResponse {
            rooms: rooms.iter().map(answers::room).collect(),
            next_page_token: next.map(write_cursor).unwrap_or_default(),
        })
    }

    async fn update(&self, mut message: v1::UpdateRoomRequest) -> Result<v1::UpdateRoomResponse> {
        let request = names::request(&mut message)?;
        let (room, change) = calls::room_change(message)?;
        let room = self.rooms.update_room(&room, change, request).await?;
        Ok(v1::UpdateRoomResponse {
            room: Some(answers::room(&room)),
        })
    }

    async fn delete(&self, mut message: v1::DeleteRoomRequest) -> Result<v1::DeleteRoomResponse> {
        let request = names::request(&mut message)?;
        let room = names::room(message.room, "room")?;
        self.rooms.delete_room(&room, request).await?;
        Ok(v1::DeleteRoomResponse {})
    }

    async fn get(&self, message: v1::GetRoomRequest) -> Result<v1::GetRoomResponse> {
        let room = names::room(message.room, "room")?;
        let room = self.rooms.get_room(&room).await?;
        Ok(v1::GetRoomResponse {
            room: Some(answers::room(&room)),
        })
    }
}

#[tonic::async_trait]
impl RoomService for RoomApi {
    async fn create_room(
        &self,
        request: Request<v1::CreateRoomRequest>,
    ) -> Result<Response<v1::CreateRoomResponse>, Status> {
        answer(self.create(request.into_inner()).await)
    }

    async fn get_room(&self, request: Request<v1::GetRoomRequest>) -> Result<Response<v1::GetRoomResponse>, Status> {
        answer(self.get(request.into_inner()).await)
    }

    async fn list_rooms(
        &self,
        request: Request<v1::ListRoomsRequest>,
    ) -> Result<Response<v1::ListRoomsResponse>, Status> {
        answer(self.list(request.into_inner()).await)
    }

    async fn update_room(
        &self,
        request: Request<v1::UpdateRoomRequest>,
    ) -> Result<Response<v1::UpdateRoomResponse>, Status> {
        answer(self.update(request.into_inner()).await)
    }

    async fn delete_room(
        &self,
        request: Request<v1::DeleteRoomRequest>,
    ) -> Result<Response<v1::DeleteRoomResponse>, Status> {
        answer(self.delete(request.into_inner()).await)
    }
}

/// An answer of the domain as one of the transport.
pub(super) fn answer<T>(result: Result<T>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(|error| to_status(&error))
}

fn write_cursor(cursor: RoomCursor) -> String {
    let mut bytes = cursor.created.to_le_bytes().to_vec();
    bytes.extend_from_slice(&cursor.key.0.to_le_bytes());
    page::seal(LIST, &bytes)
}

fn read_cursor(bytes: &[u8]) -> Result<RoomCursor> {
    let (created, key) = bytes.split_first_chunk::<8>().ok_or_else(page::refused)?;
    let key: [u8; 8] = key.try_into().map_err(|_| page::refused())?;
    Ok(RoomCursor {
        created: i64::from_le_bytes(*created),
        key: RoomKey(i64::from_le_bytes(key)),
    })
}
