//! The bounded queue of one stream: what its reader has yet to take.
//!
//! Receipts and answers always go in (a session has a bounded number of them on their way); events go in while there
//! is room. When there is none the room marks what the reader has missed, and brings it up to date once it has read
//! what is there: nobody slows the room, and nothing is dropped in silence.

use std::any::Any;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_stream::Stream;

use crate::error::Error;
use crate::limits;
use crate::room::gone;
use crate::room::message::Frame;
use crate::telemetry::metric;

/// Counts against the messages that one session may have on their way; given back when the message is answered.
pub(super) type InFlight = Option<OwnedSemaphorePermit>;

#[derive(Debug, Default)]
struct Queue {
    /// Each with what counts against its session until it is read.
    frames: VecDeque<(Frame, InFlight)>,
    bytes: usize,
    /// The room waits for the reader: wake it when the queue is empty.
    room_waits: bool,
    /// The room puts no more in; the stream ends when all is read, with this error if there is one.
    ended: Option<Option<Error>>,
    reader_gone: bool,
    reader: Option<Waker>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Wakes the room's actor.
    room: Arc<Notify>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A panic while the lock was held leaves a queue that is whole: each change is one step.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The room's end of the queue. When the last copy is dropped without a goodbye, as in a panic, the stream ends with an
/// error: nobody waits for a room that is gone.
#[derive(Clone, Debug)]
pub(super) struct Outbox(Arc<RoomEnd>);

#[derive(Debug)]
struct RoomEnd(Arc<Shared>);

impl Drop for RoomEnd {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.ended.get_or_insert_with(|| Some(gone()));
        wake(&mut queue);
    }
}

/// The reader's end: a stream of frames that ends after goodbye, with the error that goodbye told.
#[derive(Debug)]
pub struct Frames {
    shared: Arc<Shared>,
    /// Kept while somebody reads.
    guard: Option<Box<dyn Any + Send + Sync>>,
}

impl Frames {
    /// Keeps something while somebody reads.
    pub(super) fn keep(&mut self, guard: impl Any + Send + Sync) {
        self.guard = Some(Box::new(guard));
    }
}

/// A queue; `room` is woken when its reader has caught up or is gone.
pub(super) fn outbox(room: Arc<Notify>) -> (Outbox, Frames) {
    metrics::gauge!(metric::STREAMS_OPEN).increment(1.0);
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        room,
    });
    (
        Outbox(Arc::new(RoomEnd(shared.clone()))),
        Frames { shared, guard: None },
    )
}

impl Outbox {
    /// Puts frames in that must arrive: answers, receipts, goodbye. The permit is given back when they are read.
    pub(super) fn push(&self, frames: impl IntoIterator<Item = Frame>, permit: InFlight) {
        let mut queue = self.0.0.lock();
        if queue.ended.is_some() || queue.reader_gone {
            return;
        }
        for frame in frames {
            queue.bytes += frame.len();
            queue.frames.push_back((frame, None));
        }
        if let Some((_, last)) = queue.frames.back_mut() {
            *last = permit;
        }
        wake(&mut queue);
    }

    /// Puts an event's frames in if there is room for more.
    ///
    /// `false` means that there is none: the caller notes what was missed. The room is woken when the reader has
    /// taken everything.
    pub(super) fn offer(&self, frames: &[Frame]) -> bool {
        let mut queue = self.0.0.lock();
        if queue.ended.is_some() || queue.reader_gone {
            return true;
        }
        if queue.frames.len() >= limits::OUTBOX_MESSAGES || queue.bytes >= limits::OUTBOX_BYTES {
            queue.room_waits = true;
            return false;
        }
        queue.bytes += frames.iter().map(Frame::len).sum::<usize>();
        queue.frames.extend(frames.iter().map(|frame| (frame.clone(), None)));
        wake(&mut queue);
        true
    }

    /// Whether the reader has taken everything; if not, the room is woken when it has.
    pub(super) fn is_drained(&self) -> bool {
        let mut queue = self.0.0.lock();
        let drained = queue.frames.is_empty();
        queue.room_waits = !drained;
        drained
    }

    /// Wakes the room when the reader has taken everything; at once if it has.
    pub(super) fn wake_when_drained(&self) {
        let mut queue = self.0.0.lock();
        if queue.frames.is_empty() {
            self.0.0.room.notify_one();
        } else {
            queue.room_waits = true;
        }
    }

    /// Whether a large answer should wait until the reader has taken more; if so, the room is woken then.
    pub(super) fn is_full(&self) -> bool {
        let mut queue = self.0.0.lock();
        let full = queue.bytes >= limits::OUTBOX_BYTES;
        queue.room_waits |= full;
        full
    }

    /// Whether nobody reads any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.0.0.lock().reader_gone
    }

    /// Ends the stream after what is in the queue.
    pub(super) fn end(&self, error: Option<Error>) {
        let mut queue = self.0.0.lock();
        queue.ended.get_or_insert(error);
        wake(&mut queue);
    }
}

fn wake(queue: &mut Queue) {
    if let Some(reader) = queue.reader.take() {
        reader.wake();
    }
}

impl Stream for Frames {
    type Item = Result<Frame, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut queue = self.shared.lock();
        if let Some((frame, _permit)) = queue.frames.pop_front() {
            queue.bytes -= frame.len();
            if queue.frames.is_empty() && std::mem::take(&mut queue.room_waits) {
                self.shared.room.notify_one();
            }
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut queue.ended {
            Some(error) => Poll::Ready(error.take().map(Err)),
            None => {
                queue.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Frames {
    fn drop(&mut self) {
        metrics::gauge!(metric::STREAMS_OPEN).decrement(1.0);
        let mut queue = self.shared.lock();
        queue.reader_gone = true;
        queue.frames.clear();
        queue.bytes = 0;
        drop(queue);
        self.shared.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{FutureExt, StreamExt};

    use super::*;
    use crate::error::Reason;

    fn frame(len: usize) -> Frame {
        Frame {
            head: Bytes::new(),
            body: Bytes::from(vec![0; len]),
        }
    }

    #[test]
    fn a_slow_reader_misses_events_but_never_receipts_and_the_room_hears_when_it_has_caught_up() {
        let room = Arc::new(Notify::new());
        let (outbox, mut frames) = outbox(room.clone());
        assert!(outbox.offer(&[frame(limits::OUTBOX_BYTES)]));
        assert!(!outbox.offer(&[frame(1)]));
        outbox.push([frame(2)], None);
        assert!(!outbox.is_drained());
        assert!(room.notified().now_or_never().is_none());
        assert_eq!(
            frames.next().now_or_never().unwrap().unwrap().unwrap().len(),
            limits::OUTBOX_BYTES
        );
        assert_eq!(frames.next().now_or_never().unwrap().unwrap().unwrap().len(), 2);
        assert!(room.notified().now_or_never().is_some());
        assert!(outbox.is_drained());
        assert!(outbox.offer(&[frame(1)]));
    }

    #[test]
    fn after_its_end_a_stream_gives_what_is_queued_then_the_error_then_nothing() {
        let (outbox, mut frames) = outbox(Arc::new(Notify::new()));
        outbox.push([frame(1)], None);
        outbox.end(Some(Error::new(Reason::ShuttingDown, "bye")));
        outbox.push([frame(1)], None);
        assert!(frames.next().now_or_never().unwrap().unwrap().is_ok());
        let error = frames.next().now_or_never().unwrap().unwrap().unwrap_err();
        assert_eq!(error.reason(), Reason::ShuttingDown);
        assert!(frames.next().now_or_never().unwrap().is_none());
    }

    #[test]
    fn a_room_that_is_gone_without_a_word_ends_its_streams() {
        let (outbox, mut frames) = outbox(Arc::new(Notify::new()));
        outbox.push([frame(1)], None);
        drop(outbox);
        assert!(frames.next().now_or_never().unwrap().unwrap().is_ok());
        let error = frames.next().now_or_never().unwrap().unwrap().unwrap_err();
        assert_eq!(error.reason(), Reason::RoomUnavailable);
    }
}
