//! Joins a room and opens its file.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use prost::Message;
use tandem::rpc::proto::v1::{self, client_message, server_message};

use super::wire::{Call, Connection, frame};
use crate::Result;

/// The path of Collaborate.
pub(crate) const COLLABORATE: &str = "/tandem.v1.CollaborationService/Collaborate";
/// The one file of each room.
pub(crate) const PATH: &str = "main.txt";

/// How a session takes part.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    /// With position edits.
    Text,
    /// With Yjs updates, under this client id.
    Yjs(u32),
}

/// A session that has its file open.
pub(crate) struct Session {
    /// The stream.
    pub(crate) call: Call,
    /// The id under which others see it.
    pub(crate) participant: String,
    /// The answer to open.
    pub(crate) opened: v1::Opened,
}

impl Session {
    /// Joins on a connection of its own.
    pub(crate) async fn join(address: SocketAddr, room: &str, how: How) -> Result<Self> {
        Self::join_on(&mut Connection::open(address).await?, room, how).await
    }

    /// Joins on a connection.
    pub(crate) async fn join_on(connection: &mut Connection, room: &str, how: How) -> Result<Self> {
        let mut call = connection.call(COLLABORATE, &[]).await?;
        send(&mut call, join(room, how))?;
        let mut participant = String::new();
        let opened = until(&mut call, |kind| match kind {
            server_message::Kind::Joined(joined) => {
                participant = joined.participant_id;
                None
            }
            server_message::Kind::Opened(opened) => Some(opened),
            _ => None,
        })
        .await?;
        Ok(Self {
            call,
            participant,
            opened,
        })
    }

    /// The file's id.
    pub(crate) fn file(&self) -> &str {
        self.opened.file.as_ref().map_or("", |file| file.file_id.as_str())
    }
}

/// The message that joins and opens the file.
pub(crate) fn join(room: &str, how: How) -> client_message::Kind {
    let (mode, client_id) = match how {
        How::Text => (v1::Mode::Text, 0),
        How::Yjs(client) => (v1::Mode::Yjs, client),
    };
    client_message::Kind::Join(v1::Join {
        room: room.to_owned(),
        mode: mode as i32,
        open: vec![v1::Open {
            file: Some(v1::open::File::Path(PATH.to_owned())),
            client_id,
            ..Default::default()
        }],
        ..Default::default()
    })
}

/// Sends one message.
pub(crate) fn send(call: &mut Call, kind: client_message::Kind) -> Result<()> {
    let request = v1::CollaborateRequest {
        message: Some(v1::ClientMessage { kind: Some(kind) }),
    };
    let mut out = BytesMut::new();
    frame(&mut out, &request.encode_to_vec());
    call.send(out.freeze())
}

/// Reads until something has come, and what came with it; all messages are decoded in full, long ones put together.
pub(crate) async fn until<T>(call: &mut Call, mut find: impl FnMut(server_message::Kind) -> Option<T>) -> Result<T> {
    let mut parts = Vec::new();
    let mut found = None;
    while found.is_none() {
        call.read(|message| {
            let response = v1::CollaborateResponse::decode(Bytes::copy_from_slice(message))?;
            let mut kind = response.message.and_then(|message| message.kind);
            if let Some(server_message::Kind::Fragment(fragment)) = kind {
                parts.extend_from_slice(&fragment.data);
                if !fragment.last {
                    return Ok(());
                }
                kind = v1::ServerMessage::decode(Bytes::from(std::mem::take(&mut parts)))?.kind;
            }
            match kind {
                Some(server_message::Kind::Refused(refused)) => return Err(format!("refused: {refused:?}").into()),
                Some(kind) if found.is_none() => found = find(kind),
                _ => {}
            }
            Ok(())
        })
        .await?;
    }
    found.ok_or_else(|| "it was found just now".into())
}
