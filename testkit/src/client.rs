//! A client over real gRPC, for tests and tools: all calls of the contract, and sessions on either door.
//!
//! A session here keeps what it was told, nothing more: the pure client machines of this crate decide what to edit, and
//! are driven with what [`Session::step`] returns.

mod any_call;
mod seen;
mod session;
mod steady;
mod text_session;
mod wire;
mod yjs_session;

use std::net::SocketAddr;

use tonic::Status;
use tonic::transport::{Channel, Endpoint};

use tandem::rpc::proto::v1;
use tandem::rpc::proto::v1::autocomplete_service_client::AutocompleteServiceClient;
use tandem::rpc::proto::v1::collaboration_service_client::CollaborationServiceClient;
use tandem::rpc::proto::v1::file_service_client::FileServiceClient;
use tandem::rpc::proto::v1::room_service_client::RoomServiceClient;

pub use any_call::AsBytes;
pub use seen::{FileView, Seen};
pub use session::{Session, WAIT};
pub use steady::{Farewell, Steady, Way, delay};
pub use text_session::TextSession;
pub use wire::{Door, Wire};
pub use yjs_session::YjsSession;

/// All calls of the contract, over one connection.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
}

impl Client {
    /// A client of the server at this address; it connects with the first call, and again after a cut.
    ///
    /// # Panics
    ///
    /// If the address can't be written as a URL, which every address can.
    pub fn new(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address is a URL");
        Self {
            channel: endpoint.tcp_nodelay(true).connect_lazy(),
        }
    }

    /// A client over a channel made elsewhere.
    pub fn over(channel: Channel) -> Self {
        Self { channel }
    }

    /// Calls on rooms.
    pub fn rooms(&self) -> RoomServiceClient<Channel> {
        RoomServiceClient::new(self.channel.clone())
    }

    /// Calls on files.
    pub fn files(&self) -> FileServiceClient<Channel> {
        FileServiceClient::new(self.channel.clone())
    }

    /// Sessions.
    pub fn collaboration(&self) -> CollaborationServiceClient<Channel> {
        CollaborationServiceClient::new(self.channel.clone())
    }

    /// Completions.
    pub fn autocomplete(&self) -> AutocompleteServiceClient<Channel> {
        AutocompleteServiceClient::new(self.channel.clone())
    }

    /// Creates a room with these files, each a path and a text.
    ///
    /// # Errors
    ///
    /// Those of CreateRoom.
    pub async fn create_room(&self, files: &[(&str, &str)]) -> Result<v1::CreateRoomResponse, Status> {
        let files = files.iter().map(|(path, text)| v1::NewFile {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        });
        let request = v1::CreateRoomRequest {
            files: files.collect(),
            ..Default::default()
        };
        Ok(self.rooms().create_room(request).await?.into_inner())
    }

    /// Reads a file at the head: its text and the revision.
    ///
    /// # Errors
    ///
    /// Those of ReadFile.
    pub async fn read_file(&self, room: &str, path: &str) -> Result<(String, u64), Status> {
        let request = v1::ReadFileRequest {
            room: room.to_owned(),
            file: Some(v1::read_file_request::File::Path(path.to_owned())),
            revision: None,
        };
        let mut parts = self.files().read_file(request).await?.into_inner();
        let (mut text, mut revision) = (String::new(), 0);
        while let Some(part) = parts.message().await? {
            text.push_str(&part.text);
            revision = part.revision;
        }
        Ok((text, revision))
    }
}

/// The reason that an error of the server gives, such as `"ROOM_NOT_FOUND"`; empty if it gives none.
pub fn reason(status: &Status) -> String {
    let details = tonic_types::StatusExt::get_error_details(status);
    details.error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

/// The same of an error that stands in a receipt, a refusal or a goodbye.
pub fn reason_of(status: &tonic_types::pb::Status) -> String {
    let details = prost::Message::encode_to_vec(status);
    reason(&Status::with_details(
        tonic::Code::from_i32(status.code),
        status.message.clone(),
        details.into(),
    ))
}
