//! Every error carries exactly the details that the contract promises.

use std::time::Duration;

use prost::Message;
use tandem::error::{Error, Reason};
use tandem::rpc::status::{DOMAIN, of_transport, to_rpc_status, to_status, undecodable};
use tonic::Status;
use tonic_types::{ErrorDetail, StatusExt};

#[test]
fn every_reason_has_its_code_and_exactly_one_error_info() {
    for &reason in Reason::ALL {
        let status = to_status(&Error::new(reason, "say what to do next"));
        assert_eq!(status.code() as i32, reason.code() as i32, "{}", reason.name());
        assert_eq!(status.message(), "say what to do next");
        let details = status.get_error_details_vec();
        assert!(
            matches!(&details[..], [ErrorDetail::ErrorInfo(info)]
                if info.reason == reason.name() && info.domain == DOMAIN && info.metadata.is_empty()),
            "{details:?}"
        );
    }
}

#[test]
fn a_field_a_variable_and_a_delay_each_stand_in_their_place() {
    let error = Error::new(Reason::OffsetPastEnd, "the offset is past the end")
        .field("changes[2].offset")
        .with("length", 12)
        .retry_after(Duration::from_millis(1_500));
    let status = to_status(&error);
    let details = status.get_error_details();
    let info = details.error_info().expect("ErrorInfo");
    assert_eq!(info.metadata["field"], "changes[2].offset");
    assert_eq!(info.metadata["length"], "12");
    let violations = &details.bad_request().expect("BadRequest").field_violations;
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].field, "changes[2].offset");
    assert_eq!(violations[0].description, "the offset is past the end");
    let retry = details.retry_info().expect("RetryInfo");
    assert_eq!(retry.retry_delay, Some(Duration::from_millis(1_500)));
    assert_eq!(status.get_error_details_vec().len(), 3);
}

#[test]
fn the_value_in_a_message_is_the_one_that_ends_a_call() {
    let error = Error::new(Reason::FileExists, "choose another path").with("path", "a.txt");
    let value = to_rpc_status(&error);
    let status = to_status(&error);
    let carried = tonic_types::pb::Status::decode(status.details()).expect("a google.rpc.Status");
    assert_eq!(carried, value);
    assert_eq!((value.code, value.message.as_str()), (6, "choose another path"));
}

#[test]
fn a_long_variable_never_bursts_the_headers() {
    let long = "é".repeat(1 << 20);
    let status = to_status(&Error::new(Reason::FieldInvalid, &long).field(&long).with("path", &long));
    assert!(status.details().len() < 5_000, "{} bytes", status.details().len());
    assert!(
        !status
            .get_error_details()
            .error_info()
            .expect("ErrorInfo")
            .reason
            .is_empty()
    );
}

#[test]
fn what_the_library_refuses_gets_a_reason_of_ours() {
    let reason = |status: Status| of_transport(&status).map(|error| error.reason());
    for (status, expected) in [
        (
            Status::out_of_range("decoded message length too large"),
            Reason::MessageTooLarge,
        ),
        (
            Status::resource_exhausted("exceeded while decompressing"),
            Reason::MessageTooLarge,
        ),
        (
            Status::internal("failed to decode Protobuf message"),
            Reason::FieldInvalid,
        ),
        (Status::unimplemented(""), Reason::MethodUnknown),
        (Status::unimplemented("compressed with `gzip`"), Reason::MethodUnknown),
    ] {
        assert_eq!(reason(status), Some(expected));
    }
    assert_eq!(undecodable().details().field.as_deref(), Some("message"));
    // What health says of an unknown service is its own, and what we say has its reason already.
    assert_eq!(reason(Status::not_found("service not registered")), None);
    assert_eq!(
        reason(to_status(&Error::new(Reason::Internal, "tell the operator"))),
        None
    );
}
