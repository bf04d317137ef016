//! A file's document: its text, its Yjs state, and the arithmetic of positions and changes.
//!
//! Everything here is pure: bytes and texts go in, bytes, texts and positions come out. It is the only place that knows
//! of yrs.
//!
//! A change comes as an edit by position or as a Yjs update. An edit on an old base is first carried over what came
//! between ([`carry`]). An update first passes the gate, which reads its bytes without yrs and lets through only what
//! is safe. Either way out come a [`Delta`], for clients that know positions, and an update, for those that know Yjs.

mod delta;
mod diff;
mod file;
mod gate;
mod index;
mod place;
mod transform;
mod unit;
mod update;
mod varint;
mod ydoc;

pub use delta::{CorruptDelta, Delta, DeltaBuilder, DeltaChange};
pub use diff::{diff, normalise};
pub use file::{Applied, Document, Failure, LoadError};
pub use place::{offset_in, utf16_offset};
pub use transform::{OneChange, carry, carry_position, check, join, transform};
pub use unit::{Len, Unit, UnitChange};
