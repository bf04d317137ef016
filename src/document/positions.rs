//! From an update to what it does to the text.

/// One step from left to right through a text, counted in UTF-16 units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So much stays.
    Retain(u32),
    /// So much is deleted.
    Delete(u32),
    /// This is inserted.
    Insert(String),
    /// Something that is no text was inserted.
    Unknown,
}

/// Turns an update into positions. yrs walks through all its blocks for that, which is what an index beside it will
/// save.
pub(super) trait PositionMap {
    /// Applies an update that has passed the gate: what it did to the text, and the bytes of what was new in it, empty if
    /// nothing was. An error, like a panic, means that the document must be thrown away.
    fn apply(&mut self, update: &[u8]) -> Result<(Vec<Step>, Vec<u8>), String>;
}
