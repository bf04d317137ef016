//! What goes into a room and what comes out, as plain data: nothing of a transport, no channel, no live state, so that
//! a room may one day be in another process.

mod call;
mod down;
mod up;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::document::Unit;

pub use call::{
    CompletionPlace, CompletionText, CreatedRoom, FileInfo, FileList, NewFile, NewRoom, Request, RoomChange, RoomInfo,
    TextAt, Write, Written,
};
pub use down::{
    Event, FileChange, Joined, Opened, OpenedContent, Outcome, Participant, ParticipantPresence, ParticipantState,
    RefusedRequest,
};
pub use up::{Door, Edit, Join, JoinHow, Open, Presence, Selection, Update, Upward};

/// One message as it goes out: a head of its own and a body that all parts and receivers may share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The first bytes.
    pub head: Bytes,
    /// The rest.
    pub body: Bytes,
}

impl Frame {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An event's frames: nearly always one.
pub type Encoded = SmallVec<[Frame; 1]>;

/// Turns an event into the bytes that receivers of one unit get. `rpc` hands one to the rooms.
pub trait Encode: Send + Sync + 'static {
    /// The event as one frame, or as several if it is longer than [`crate::limits::MESSAGE_OUT_BYTES`].
    fn encode(&self, event: &Event, unit: Unit) -> Encoded;
}
