//! Compiles `proto/` without protoc, and lists the files of `web/dist` for the program to hold.
//!
//! Two passes over the contract: the first makes all messages and the client stubs; the second
//! makes the server stubs alone, whose two streamed answers are `Frame`s:
//! bytes that the room's hub has encoded once for all receivers.

use std::error::Error;
use std::path::{Path, PathBuf};
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
    println!("cargo:rerun-if-changed=web/dist");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("site.rs"), site()?)?;
    contract(&out)
}

/// Rust code for the list of the page's files.
fn site() -> Result<String, Box<dyn Error>> {
    let root = Path::new("web/dist");
    if !root.join("index.html").is_file() {
        return Err(
            "web/dist/index.html is missing: it is part of the repository, or `npm run build` in web makes it".into(),
        );
    }
    let mut paths = Vec::new();
    list(root, &mut paths)?;
    paths.sort();
    let mut code = String::from("/// Each path below web/dist with its bytes.\nstatic FILES: &[(&str, &[u8])] = &[\n");
    for path in paths {
        let name = path
            .strip_prefix(root)?
            .to_str()
            .ok_or("a name that is no UTF-8")?
            .replace('\\', "/");
        code +=
            &format!("({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/web/dist/\", {name:?}))),\n");
    }
    code += "];\n";
    Ok(code)
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, paths)?;
        } else {
            paths.push(path);
        }
    }
    Ok(())
}

/// The messages, stubs and descriptors.
fn contract(out: &Path) -> Result<(), Box<dyn Error>> {
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
        .out_dir(out);
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
