//! A file's document: its text, its Yjs state, and the arithmetic of positions and changes.
//!
//! Everything here is pure: bytes and texts go in, bytes, texts and positions come out. It is the only place that knows
//! of yrs.

mod delta;
mod unit;
mod varint;

pub use delta::{CorruptDelta, Delta, DeltaBuilder, DeltaChange};
pub use unit::{Len, Unit, UnitChange};
