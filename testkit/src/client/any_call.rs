//! Calls of any method with any message, each given as bytes, and the codec for that.

use bytes::{Buf, BufMut, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use super::Client;

impl Client {
    /// Calls a method such as `/tandem.v1.RoomService/GetRoom` with one encoded message; the encoded messages of the
    /// answer.
    ///
    /// # Errors
    ///
    /// The call's own.
    ///
    /// # Panics
    ///
    /// If the path is none.
    pub async fn call(&self, path: &str, message: Bytes) -> Result<Vec<Bytes>, Status> {
        let path = PathAndQuery::try_from(path).expect("a method's path");
        let mut calls = Grpc::new(self.channel.clone());
        let ready = calls.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        let answer = calls.server_streaming(Request::new(message), path, AsBytes).await?;
        let mut answer = answer.into_inner();
        let mut messages = Vec::new();
        while let Some(message) = answer.message().await? {
            messages.push(message);
        }
        Ok(messages)
    }
}

/// The codec of messages as they are.
#[derive(Clone, Copy, Debug)]
pub struct AsBytes;

impl Codec for AsBytes {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for AsBytes {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
