//! The Rust side and the proto files say the same.

use std::collections::BTreeMap;
use std::path::Path;

use tandem::error::{Code, Reason};

const PREFIX: &str = "ERROR_REASON_";

/// The values of the ErrorReason enum, each with the comment above it.
pub(crate) fn reasons_of_the_contract() -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto/tandem/v1/error_reason.proto");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("cannot read {}: {e}", path.display()));
    let (_, body) = text.split_once("enum ErrorReason {").expect("the enum is there");
    let mut reasons = BTreeMap::new();
    let mut comment = String::new();
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("//") {
            comment.push_str(words);
        } else if let Some((name, _)) = line.split_once(" = ") {
            let name = name.strip_prefix(PREFIX).expect("every value has the enum's prefix");
            reasons.insert(name.to_owned(), std::mem::take(&mut comment));
        } else if line == "}" {
            break;
        }
    }
    reasons.remove("UNSPECIFIED").expect("the enum has its zero");
    reasons
}

/// gRPC's name of a code.
pub(crate) fn name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The first word of a comment that is some code's name.
fn first_code(comment: &str) -> Option<&'static str> {
    let codes: Vec<&str> = Reason::ALL.iter().map(|reason| name(reason.code())).collect();
    comment
        .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
        .find_map(|word| codes.iter().copied().find(|code| *code == word))
}

#[test]
fn the_reasons_are_those_of_the_contract() {
    let contract: Vec<String> = reasons_of_the_contract().into_keys().collect();
    let mut ours: Vec<String> = Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect();
    ours.sort();
    assert_eq!(ours, contract);
}

#[test]
fn each_reason_has_the_code_that_its_comment_tells() {
    let contract = reasons_of_the_contract();
    for reason in Reason::ALL {
        let comment = &contract[reason.name()];
        assert_eq!(
            first_code(comment),
            Some(name(reason.code())),
            "{}:{comment}",
            reason.name()
        );
    }
}
