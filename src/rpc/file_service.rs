//! `FileService`.

use tokio_stream::Iter;
use tonic::{Request, Response, Status};

use super::convert::{answers, calls, names};
use super::page;
use super::proto::server::file_service_server::FileService;
use super::proto::v1;
use super::read_parts::ReadParts;
use super::room_service::answer;
use crate::error::Result;
use crate::id::{Revision, RoomRef};
use crate::room::{RoomHandle, Rooms};

/// Files over gRPC.
pub(super) struct FileApi {
    rooms: Rooms,
}

impl FileApi {
    pub(super) fn new(rooms: Rooms) -> Self {
        Self { rooms }
    }

    async fn room(&self, name: String) -> Result<RoomHandle> {
        self.open(&names::room(name, "room")?).await
    }

    async fn open(&self, room: &RoomRef) -> Result<RoomHandle> {
        self.rooms.room(room).await
    }

    async fn create(&self, mut message: v1::CreateFileRequest) -> Result<v1::CreateFileResponse> {
        let request = names::request(&mut message)?;
        let new = calls::new_file(message.path, message.text, "path")?;
        let file = self.room(message.room).await?.create_file(new, request).await?;
        Ok(v1::CreateFileResponse {
            file: Some(answers::file(&file)),
        })
    }

    async fn list(&self, message: v1::ListFilesRequest) -> Result<v1::ListFilesResponse> {
        let size = names::page_size(message.page_size, 100, 200)?;
        let list: [&[u8]; 3] = [b"files", message.room.as_bytes(), &[message.include_deleted.into()]];
        let after = page::open(&list, &message.page_token)?;
        let room = self.room(message.room.clone()).await?;
        let all = room.list_files(message.include_deleted).await?;

        // A deleted file's path may be that of a living one, so the id decides between the two.
        let mut files = all.files;
        files.sort_by_cached_key(place);
        let from = after.map_or(0, |after| files.partition_point(|file| place(file) <= after));
        let mut rest = files.into_iter().skip(from);
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        Ok(v1::ListFilesResponse {
            next_page_token: last.map(|file| page::seal(&list, &place(file))).unwrap_or_default(),
            files: page.iter().map(answers::file).collect(),
            head_revision: all.head.0,
        })
    }

    async fn read(&self, message: v1::ReadFileRequest) -> Result<ReadParts> {
        let file = names::file(message.file)?;
        let room = self.room(message.room).await?;
        let text = room.read_file(file, message.revision.map(Revision)).await?;
        Ok(ReadParts::new(text))
    }

    async fn write(&self, mut message: v1::WriteFileRequest) -> Result<v1::WriteFileResponse> {
        let request = names::request(&mut message)?;
        let (room, write) = calls::write(message)?;
        let written = self.open(&room).await?.write_file(write, request).await?;
        Ok(v1::WriteFileResponse {
            file: Some(answers::file(&written.file)),
            revision: written.revision.0,
            merged: written.merged,
        })
    }

    async fn rename(&self, mut message: v1::RenameFileRequest) -> Result<v1::RenameFileResponse> {
        let request = names::request(&mut message)?;
        let (room, file, new_path) = calls::rename(message)?;
        let file = self.open(&room).await?.rename_file(file, new_path, request).await?;
        Ok(v1::RenameFileResponse {
            file: Some(answers::file(&file)),
        })
    }

    async fn delete(&self, mut message: v1::DeleteFileRequest) -> Result<v1::DeleteFileResponse> {
        let request = names::request(&mut message)?;
        let file = names::file(message.file)?;
        let file = self.room(message.room).await?.delete_file(file, request).await?;
        Ok(v1::DeleteFileResponse {
            file: Some(answers::file(&file)),
        })
    }

    async fn restore(&self, mut message: v1::RestoreFileRequest) -> Result<v1::RestoreFileResponse> {
        let request = names::request(&mut message)?;
        let file = names::file_id(&message.file_id, "file_id")?;
        let new_path = Some(message.new_path).filter(|path| !path.is_empty());
        let room = self.room(message.room).await?;
        let file = room.restore_file(file, new_path, request).await?;
        Ok(v1::RestoreFileResponse {
            file: Some(answers::file(&file)),
        })
    }
}

/// Where a file stands in a list: by path, then by id.
fn place(file: &crate::room::message::FileInfo) -> Vec<u8> {
    // No path has a NUL, so no path reaches into the id.
    [file.path.as_bytes(), &[0], file.id.0.as_bytes()].concat()
}

#[tonic::async_trait]
impl FileService for FileApi {
    type ReadFileStream = Iter<ReadParts>;

    async fn create_file(
        &self,
        request: Request<v1::CreateFileRequest>,
    ) -> Result<Response<v1::CreateFileResponse>, Status> {
        answer(self.create(request.into_inner()).await)
    }

    async fn list_files(
        &self,
        request: Request<v1::ListFilesRequest>,
    ) -> Result<Response<v1::ListFilesResponse>, Status> {
        answer(self.list(request.into_inner()).await)
    }

    async fn read_file(&self, request: Request<v1::ReadFileRequest>) -> Result<Response<Self::ReadFileStream>, Status> {
        answer(self.read(request.into_inner()).await.map(tokio_stream::iter))
    }

    async fn write_file(
        &self,
        request: Request<v1::WriteFileRequest>,
    ) -> Result<Response<v1::WriteFileResponse>, Status> {
        answer(self.write(request.into_inner()).await)
    }

    async fn rename_file(
        &self,
        request: Request<v1::RenameFileRequest>,
    ) -> Result<Response<v1::RenameFileResponse>, Status> {
        answer(self.rename(request.into_inner()).await)
    }

    async fn delete_file(
        &self,
        request: Request<v1::DeleteFileRequest>,
    ) -> Result<Response<v1::DeleteFileResponse>, Status> {
        answer(self.delete(request.into_inner()).await)
    }

    async fn restore_file(
        &self,
        request: Request<v1::RestoreFileRequest>,
    ) -> Result<Response<v1::RestoreFileResponse>, Status> {
        answer(self.restore(request.into_inner()).await)
    }
}
