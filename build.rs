//! Compiles `proto/` without protoc.
//!
//! Two passes: the first makes all messages and the client stubs; the second
//! makes the server stubs alone, whose two streamed answers are `Frame`s:
//! bytes that the room's hub has encoded once for all receivers.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use protox::Compiler;
use protox::file::{ChainFileResolver, GoogleFileResolver, IncludeFileResolver};

const FILES: [&str; 5] = [
    "tandem/v1/autocomplete_service.proto",
    "tandem/v1/collaboration_service.proto",
    "tandem/v1/error_reason.proto",
    "tandem/v1/file_service.proto",
    "tandem/v1/room_service.proto",
];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by environment variables"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new("proto".into()));
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    // Comments in the descriptors let reflection print them.
    compiler.include_source_info(true).include_imports(true);
    compiler.open_files(FILES)?;
    fs::write(out.join("descriptor.bin"), compiler.encode_file_descriptor_set())?;

    let mut messages = prost_build::Config::new();
    messages
        .bytes(["."])
        .extern_path(".google.rpc", "::tonic_types::pb")
        .out_dir(&out);
    tonic_prost_build::configure()
        .build_server(false)
        .compile_fds_with_config(compiler.file_descriptor_set(), messages)?;

    let server = out.join("server");
    fs::create_dir_all(&server)?;
    let mut frames = prost_build::Config::new();
    frames
        .extern_path(".google.rpc", "::tonic_types::pb")
        .extern_path(".tandem.v1", "crate::rpc::proto::v1")
        .extern_path(".tandem.v1.CollaborateResponse", "crate::rpc::frame::Frame")
        .extern_path(".tandem.v1.SubscribeResponse", "crate::rpc::frame::Frame")
        .out_dir(&server);
    tonic_prost_build::configure()
        .build_client(false)
        .out_dir(&server)
        .compile_fds_with_config(compiler.file_descriptor_set(), frames)?;
    Ok(())
}
