//! A cursor as the room keeps it.

use bytes::Bytes;

use crate::document::{self, Delta, Unit};
use crate::id::FileKey;

/// Where somebody's cursor is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The file.
    pub(super) file: FileKey,
    /// Anchor and head in UTF-16 at the room's head, if something is selected or a cursor is shown.
    pub(super) utf16: Option<(u32, u32)>,
    /// The same as the Yjs client said it.
    pub(super) relative: Option<(Bytes, Bytes)>,
}

impl Cursor {
    /// Moves it with an operation on its file.
    pub(super) fn carry(&mut self, delta: &Delta) {
        if let Some((anchor, head)) = &mut self.utf16 {
            *anchor = document::carry_position(*anchor, delta, Unit::Utf16, false);
            *head = document::carry_position(*head, delta, Unit::Utf16, false);
        }
    }
}
