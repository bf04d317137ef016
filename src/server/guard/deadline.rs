//! Ends calls whose answer does not begin in time: by the caller's `grpc-timeout`, or else by a default.
//!
//! It covers the time until the headers of the answer: all of a unary call, the start of a stream. What a call has handed
//! to a room goes on; only its answer is not waited for.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use tokio::time::timeout;

use crate::error::{Error, Reason};
use crate::limits;
use crate::server::refusal::{self, Dialect};

/// Answers DEADLINE_EXCEEDED when the time is over.
pub(in crate::server) async fn deadline(request: Request, next: Next) -> Response {
    let dialect = Dialect::of(&request);
    if dialect == Dialect::Http {
        return next.run(request).await;
    }
    let limit = wanted(request.headers()).unwrap_or(limits::CALL_DEADLINE);
    match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let message = "the call took longer than its deadline: look what became of it before trying again";
            let error = Error::new(Reason::DeadlineExceeded, message).with("milliseconds", limit.as_millis());
            refusal::respond(dialect, &error)
        }
    }
}

/// The caller's `grpc-timeout`: at most eight digits and a unit. One that can't be read counts as none, as elsewhere in
/// the gRPC world.
fn wanted(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3_600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Option<Duration> {
        let value = http::HeaderValue::from_static(value);
        wanted(&HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-timeout"),
            value,
        )]))
    }

    #[test]
    fn a_timeout_has_digits_and_a_unit() {
        assert_eq!(read("1H"), Some(Duration::from_secs(3_600)));
        assert_eq!(read("2M"), Some(Duration::from_secs(120)));
        assert_eq!(read("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(read("250m"), Some(Duration::from_millis(250)));
        assert_eq!(read("7u"), Some(Duration::from_micros(7)));
        assert_eq!(read("0n"), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_timeout_counts_as_none() {
        for wrong in ["", "S", "5", "-1S", "+1S", "1.5S", "123456789S", "1s", "1 S"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
