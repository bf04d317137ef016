//! Hears a refused caller out who speaks HTTP/1.1.
//!
//! Such a caller reads the answer when it has sent everything. If the connection ends before that, all it sees is that.
//! HTTP/2 can answer in between.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use http::Version;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use crate::limits;

/// A request's body, in the hands of its service and in those of a guard that may read the rest.
#[derive(Clone)]
pub(super) struct Lent(Arc<Mutex<Body>>);

/// Lends the body of an HTTP/1.1 request to whoever reads it next; `None` with others.
pub(super) fn lend(request: Request) -> (Request, Option<Lent>) {
    if request.version() > Version::HTTP_11 {
        return (request, None);
    }
    let (head, body) = request.into_parts();
    let lent = Lent(Arc::new(Mutex::new(body)));
    (Request::from_parts(head, Body::new(lent.clone())), Some(lent))
}

impl Lent {
    /// Reads what is left, within bounds; nobody looks at it.
    pub(super) async fn hear_out(mut self) {
        let rest = async {
            let mut bytes = 0;
            while bytes < limits::HEARD_OUT_BYTES
                && let Some(Ok(frame)) = self.frame().await
            {
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        // Whoever takes longer may not see the answer.
        let _ = timeout(limits::HEARD_OUT, rest).await;
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}
