//! The downward half of both doors: the session's frames as they are, and an end that says why.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::encode;
use super::frame::Frame;
use super::status::to_status;
use super::upstream::{self, Joined};
use crate::error::{Error, Result};
use crate::limits::{OUTBOX_MESSAGES, REFUSALS};
use crate::room::{Frames, Session};

/// What a session's client receives. Dropping it detaches the stream from the session and ends the upward half.
pub(super) struct Downward(State);

enum State {
    /// The join is on its way.
    Joining(BoxFuture<'static, Result<Joined>>),
    /// The session's frames come.
    Joined(Both),
    /// Everything has been said.
    Ended,
}

/// A session's frames, and beside them what the upward half has to say.
struct Both {
    frames: Frames,
    /// Whether the session's last frame was a part of a message whose next part has to follow.
    mid_message: bool,
    side: Option<mpsc::Receiver<Result<Vec<Frame>>>>,
    /// The frames of a refusal; its parts follow each other too.
    refusal: VecDeque<Frame>,
    /// The upward half broke the protocol: what is queued still goes out, up to so many frames, then this.
    ending: Option<(Error, usize)>,
    _upward: Option<AbortOnDropHandle<()>>,
}

impl Downward {
    /// The stream of Subscribe.
    pub(super) fn one_way(session: Session) -> Self {
        Self(State::Joined(Both {
            frames: session.frames,
            mid_message: false,
            side: None,
            refusal: VecDeque::new(),
            ending: None,
            _upward: None,
        }))
    }

    /// The stream of Collaborate. The client may close its own side: what it sent is answered all the same, and events
    /// come until it drops the call.
    pub(super) fn two_way(joining: impl Future<Output = Result<Joined>> + Send + 'static) -> Self {
        Self(State::Joining(Box::pin(joining)))
    }
}

impl Both {
    fn two_way((session, inbound): Joined) -> Self {
        let (sender, side) = mpsc::channel(REFUSALS);
        let upward = tokio::spawn(upstream::pump(inbound, session.sender, sender));
        Self {
            frames: session.frames,
            mid_message: false,
            side: Some(side),
            refusal: VecDeque::new(),
            ending: None,
            _upward: Some(AbortOnDropHandle::new(upward)),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame>>> {
        if !self.mid_message
            && let Some(frame) = self.poll_refusal(cx)
        {
            return Poll::Ready(Some(Ok(frame)));
        }
        let polled = Pin::new(&mut self.frames).poll_next(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.mid_message = encode::is_unfinished(frame);
        }
        let Some((_, left)) = &mut self.ending else {
            return polled.map(|item| item.map(|frame| frame.map(Frame)));
        };
        match polled {
            Poll::Ready(Some(Ok(frame))) if *left > 0 => {
                *left -= 1;
                Poll::Ready(Some(Ok(Frame(frame))))
            }
            _ => Poll::Ready(self.ending.take().map(|(error, _)| Err(error))),
        }
    }

    /// The next frame of a refusal, if there is one; notes the error that ends the stream.
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Option<Frame> {
        while self.refusal.is_empty() {
            match self.side.as_mut()?.poll_recv(cx) {
                Poll::Ready(Some(Ok(frames))) => self.refusal.extend(frames),
                Poll::Ready(Some(Err(error))) => {
                    self.ending = Some((error, OUTBOX_MESSAGES));
                    self.side = None;
                }
                Poll::Ready(None) => self.side = None,
                Poll::Pending => return None,
            }
        }
        self.refusal.pop_front()
    }
}

impl Stream for Downward {
    type Item = Result<Frame, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let item = match &mut self.0 {
                State::Joining(joining) => match ready!(joining.as_mut().poll(cx)) {
                    Ok(joined) => {
                        self.0 = State::Joined(Both::two_way(joined));
                        continue;
                    }
                    Err(error) => Some(Err(error)),
                },
                State::Joined(both) => ready!(both.poll(cx)),
                State::Ended => None,
            };
            if !matches!(item, Some(Ok(_))) {
                self.0 = State::Ended;
            }
            return Poll::Ready(item.map(|item| item.map_err(|error| to_status(&error))));
        }
    }
}
