//! What others may ask one room: plain data in, plain data out.

use tokio::sync::oneshot;

use crate::error::{Error, Reason, Result};
use crate::id::{FileId, FileRef, Revision, RoomKey, RoomRef};
use crate::room::command::{Answer, Ask, Call, Command};
use crate::room::gone;
use crate::room::message::{
    CompletionPlace, CompletionText, FileInfo, FileList, NewFile, Request, RoomInfo, TextAt, Write, Written,
};
use crate::room::rooms::{Rooms, TRIES};

/// A room to ask. It is opened when it is asked, and need not be open now.
#[derive(Clone)]
pub struct RoomHandle {
    pub(super) rooms: Rooms,
    pub(super) room: RoomKey,
}

impl Rooms {
    /// A room to ask.
    ///
    /// # Errors
    /// ROOM_NOT_FOUND.
    pub async fn room(&self, room: &RoomRef) -> Result<RoomHandle> {
        let at = self.find(room).await?;
        Ok(RoomHandle {
            rooms: self.clone(),
            room: at.room.key,
        })
    }
}

macro_rules! answers {
    ($answer:expr, $kind:ident) => {
        match $answer {
            Answer::$kind(answer) => Ok(answer),
            _ => Err(Error::new(
                Reason::Internal,
                "the room gave another answer than was asked for",
            )),
        }
    };
}

impl RoomHandle {
    /// Asks the room. A copy that says it is gone has done nothing: the next one is asked. One that ended without a
    /// word may have done it: then only what can be done twice is asked again.
    async fn ask(&self, ask: Ask, request: Option<Request>) -> Result<Answer> {
        let repeatable = request.is_some() || ask.only_reads();
        for _ in 1..TRIES {
            match self.ask_once(&ask, request).await {
                Some(Err(error)) if error.reason() == Reason::RoomUnavailable => {}
                Some(answer) => return answer,
                None if repeatable => {}
                None => return Err(gone()),
            }
        }
        self.ask_once(&ask, request).await.unwrap_or_else(|| Err(gone()))
    }

    async fn ask_once(&self, ask: &Ask, request: Option<Request>) -> Option<Result<Answer>> {
        let (reply, answer) = oneshot::channel();
        let call = Call {
            ask: ask.clone(),
            request,
            text: None,
            compared: None,
            reply,
        };
        let live = match self.rooms.open(self.room).await {
            Ok(live) => live,
            Err(error) => return Some(Err(error)),
        };
        if live.commands.send(Command::Call(Box::new(call))).await.is_err() {
            return Some(Err(gone()));
        }
        answer.await.ok()
    }

    /// The room as it is.
    ///
    /// # Errors
    /// As every call: ROOM_NOT_FOUND, ROOM_UNAVAILABLE, STORE_UNAVAILABLE, SHUTTING_DOWN.
    pub async fn info(&self) -> Result<RoomInfo> {
        answers!(self.ask(Ask::Info, None).await?, Info)
    }

    /// Creates a file.
    ///
    /// # Errors
    /// PATH_INVALID, FILE_EXISTS, PATH_CASE_CONFLICT, PATH_UNDER_FILE, TOO_MANY_FILES, FILE_TOO_LARGE,
    /// ROOM_TOO_LARGE, NUL, REQUEST_ID_REUSED.
    pub async fn create_file(&self, new: NewFile, request: Option<Request>) -> Result<FileInfo> {
        answers!(self.ask(Ask::CreateFile(new), request).await?, File)
    }

    /// All files by path.
    ///
    /// # Errors
    /// As every call.
    pub async fn list_files(&self, include_deleted: bool) -> Result<FileList> {
        answers!(self.ask(Ask::ListFiles { include_deleted }, None).await?, Files)
    }

    /// A file's text at the head or at a revision.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED, BASE_IN_FUTURE, BASE_TOO_OLD.
    pub async fn read_file(&self, file: FileRef, revision: Option<Revision>) -> Result<TextAt> {
        answers!(self.ask(Ask::ReadFile { file, revision }, None).await?, Text)
    }

    /// Merges a whole text into a file.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED, BASE_MISSING, BASE_IN_FUTURE, BASE_TOO_OLD, HEAD_MOVED, NUL, FILE_TOO_LARGE,
    /// ROOM_TOO_LARGE, REQUEST_ID_REUSED.
    pub async fn write_file(&self, write: Write, request: Option<Request>) -> Result<Written> {
        answers!(self.ask(Ask::WriteFile(write), request).await?, Written)
    }

    /// Gives a file another path.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED, PATH_INVALID, FILE_EXISTS, PATH_CASE_CONFLICT, PATH_UNDER_FILE,
    /// REQUEST_ID_REUSED.
    pub async fn rename_file(&self, file: FileRef, new_path: String, request: Option<Request>) -> Result<FileInfo> {
        answers!(self.ask(Ask::RenameFile { file, new_path }, request).await?, File)
    }

    /// Deletes a file; its history stays.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED, REQUEST_ID_REUSED.
    pub async fn delete_file(&self, file: FileRef, request: Option<Request>) -> Result<FileInfo> {
        answers!(self.ask(Ask::DeleteFile { file }, request).await?, File)
    }

    /// Brings a deleted file back, under its old path or another.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_NOT_DELETED, PATH_INVALID, FILE_EXISTS, PATH_CASE_CONFLICT, PATH_UNDER_FILE,
    /// TOO_MANY_FILES, ROOM_TOO_LARGE, REQUEST_ID_REUSED.
    pub async fn restore_file(
        &self,
        file: FileId,
        new_path: Option<String>,
        request: Option<Request>,
    ) -> Result<FileInfo> {
        answers!(self.ask(Ask::RestoreFile { file, new_path }, request).await?, File)
    }

    /// What completion needs: the texts in memory at one committed revision, and the cursor carried there.
    ///
    /// # Errors
    /// FILE_NOT_FOUND, FILE_DELETED, BASE_IN_FUTURE, BASE_TOO_OLD.
    pub async fn completion_text(&self, place: CompletionPlace) -> Result<CompletionText> {
        answers!(self.ask(Ask::CompletionText(place), None).await?, Completion)
    }
}
