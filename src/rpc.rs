//! The contract on the wire: proto messages come in and go out here, and nothing is decided here.
//!
//! A service parses a message (`convert`), asks the rooms, and converts the answer; errors become statuses in
//! [`status`], once. What streams send is encoded by [`encode`] for the rooms, which hold bytes only.

use tonic::service::Routes;

use crate::limits;
use crate::room::Rooms;

mod autocomplete_service;
mod collaboration_service;
pub mod convert;
mod downward;
pub mod encode;
mod file_service;
pub mod frame;
pub mod op_order;
pub mod page;
pub mod proto;
pub mod read_parts;
mod room_service;
pub mod status;
mod upstream;

use autocomplete_service::AutocompleteApi;
use collaboration_service::CollaborationApi;
use file_service::FileApi;
use proto::server::autocomplete_service_server::AutocompleteServiceServer;
use proto::server::collaboration_service_server::CollaborationServiceServer;
use proto::server::file_service_server::FileServiceServer;
use proto::server::room_service_server::RoomServiceServer;
use room_service::RoomApi;

/// The full names of the services, for health checks.
pub const SERVICES: [&str; 4] = [
    "tandem.v1.AutocompleteService",
    "tandem.v1.CollaborationService",
    "tandem.v1.FileService",
    "tandem.v1.RoomService",
];

/// All services on these rooms, and reflection. Health is the server's own.
///
/// # Panics
/// Never in a build that passes its tests: the descriptors were made by the build itself.
pub fn routes(rooms: Rooms) -> Routes {
    let room = RoomServiceServer::new(RoomApi::new(rooms.clone())).max_decoding_message_size(limits::UNARY_IN_BYTES);
    let file = FileServiceServer::new(FileApi::new(rooms.clone())).max_decoding_message_size(limits::UNARY_IN_BYTES);
    // A Publish carries many messages, and one of them may be as large as a message of Collaborate.
    let collaboration = CollaborationServiceServer::new(CollaborationApi::new(rooms.clone()))
        .max_decoding_message_size(limits::PUBLISH_IN_BYTES);
    let autocomplete = AutocompleteServiceServer::new(AutocompleteApi::new(rooms))
        .max_decoding_message_size(limits::COMPLETION_IN_BYTES);
    let mut routes = Routes::default()
        .add_service(room)
        .add_service(file)
        .add_service(collaboration)
        .add_service(autocomplete);
    if let Ok(v1) = reflection().build_v1() {
        routes = routes.add_service(v1);
    }
    if let Ok(v1alpha) = reflection().build_v1alpha() {
        routes = routes.add_service(v1alpha);
    }
    routes
}

fn reflection() -> tonic_reflection::server::Builder<'static> {
    tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
}
