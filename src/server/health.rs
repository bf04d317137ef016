//! Health, as load balancers watch it: whoever watches is told that the server leaves, and is not waited for after that.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::Frame;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::Status;
use tonic::body::Body;
use tower::util::MapResponseLayer;

use crate::error::{Error, Reason};
use crate::limits;
use crate::rpc::status::to_status;

/// Makes the streams of a health service end when the server leaves, once they have told so.
pub(super) fn ending(stop: CancellationToken) -> MapResponseLayer<impl Fn(Response<Body>) -> Response<Body> + Clone> {
    MapResponseLayer::new(move |response: Response<Body>| {
        response.map(|body| {
            Body::new(UntilStop {
                body,
                stop: Box::pin(stop.clone().cancelled_owned()),
                over: false,
            })
        })
    })
}

/// A body that ends, with a status, when it has nothing more to say and the server leaves.
struct UntilStop {
    body: Body,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    over: bool,
}

impl hyper::body::Body for UntilStop {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>, Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        // What there is to say is said first: it tells that the server leaves.
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => {}
            ready => return ready,
        }
        if self.stop.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.over = true;
        let mut trailers = HeaderMap::new();
        match leaving().add_header(&mut trailers) {
            Ok(()) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
            Err(status) => Poll::Ready(Some(Err(status))),
        }
    }
}

fn leaving() -> Status {
    let error = Error::new(Reason::ShuttingDown, "the server is shutting down: watch it again");
    to_status(&error.retry_after(limits::RETRY_DELAY))
}
