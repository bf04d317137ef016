//! How errors travel: as a gRPC status with typed details, or as the same thing inside a message.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::error::{Error, Reason};

/// The domain of every ErrorInfo of ours.
pub const DOMAIN: &str = "tandem.v1";

/// What a message or a variable of it may take in bytes: a path of full length fits, and the details still fit into the
/// 8 KiB of headers that every peer reads.
const TEXT_BYTES: usize = 640;

/// The error as a call's or a stream's end.
pub fn to_status(error: &Error) -> Status {
    let status = to_rpc_status(error);
    let details = status.encode_to_vec();
    Status::with_details(Code::from_i32(status.code), status.message, details.into())
}

/// The error as a value, for receipts, refused and goodbye.
pub fn to_rpc_status(error: &Error) -> pb::Status {
    let details = error.details();
    let variables = details.metadata.iter().map(|(key, value)| (*key, value));
    let variables = variables.chain(details.field.as_ref().map(|field| ("field", field)));
    let mut typed = vec![any(
        "ErrorInfo",
        &pb::ErrorInfo {
            reason: details.reason.name().to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: variables
                .map(|(key, value)| (key.to_owned(), clip(value).to_owned()))
                .collect::<HashMap<_, _>>(),
        },
    )];
    if let Some(field) = &details.field {
        typed.push(any(
            "BadRequest",
            &pb::BadRequest {
                field_violations: vec![pb::bad_request::FieldViolation {
                    field: clip(field).to_owned(),
                    description: clip(&details.message).to_owned(),
                    ..Default::default()
                }],
            },
        ));
    }
    if let Some(delay) = details.retry_after {
        typed.push(any(
            "RetryInfo",
            &pb::RetryInfo {
                retry_delay: Some(duration(delay)),
            },
        ));
    }
    pb::Status {
        code: details.reason.code() as i32,
        message: clip(&details.message).to_owned(),
        details: typed,
    }
}

/// A span of time as the contract has it.
pub(super) fn duration(span: Duration) -> prost_types::Duration {
    prost_types::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        // Below 1,000,000,000, so it fits.
        nanos: i32::try_from(span.subsec_nanos()).unwrap_or_default(),
    }
}

/// What the gRPC library itself says of a request, in our own terms; `None` if the status is not of its making.
///
/// It answers OUT_OF_RANGE for an oversize message where the rest of the gRPC world answers RESOURCE_EXHAUSTED, and
/// INTERNAL for bytes that are not the message: neither is the server's fault. What our services answer has details.
pub fn of_transport(status: &Status) -> Option<Error> {
    if !status.details().is_empty() {
        return None;
    }
    match status.code() {
        Code::OutOfRange | Code::ResourceExhausted => Some(Error::new(
            Reason::MessageTooLarge,
            "the message is larger than the server reads: send it in smaller parts",
        )),
        // It says nothing of a method that is not there.
        Code::Unimplemented if status.message().is_empty() => Some(Error::new(
            Reason::MethodUnknown,
            "there is no such method: list the services and their methods by server reflection",
        )),
        Code::Unimplemented => Some(Error::new(
            Reason::MethodUnknown,
            "no method reads this compression: send the request without it",
        )),
        Code::Internal => Some(undecodable()),
        _ => None,
    }
}

/// The bytes are not the message that they should be.
pub fn undecodable() -> Error {
    Error::new(
        Reason::FieldInvalid,
        "the bytes are not the message of this method: encode it as its proto file says",
    )
    .field("message")
}

fn any(name: &str, message: &impl Message) -> Any {
    Any {
        type_url: format!("type.googleapis.com/google.rpc.{name}"),
        value: message.encode_to_vec(),
    }
}

/// The beginning of a text, at most [`TEXT_BYTES`] long.
fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}
