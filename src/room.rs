//! Rooms: the heart of the product.
//!
//! A room is an actor: one task owns its documents, participants and presence, and one task gives one order, the
//! revisions. [`Rooms`] finds and opens rooms; a [`RoomHandle`] asks one; a [`Session`] is one stream of one user in
//! one room. Nothing here names a transport: what goes in and out is plain data ([`message`]), and events leave as
//! bytes that an encoder of `rpc` made.
//!
//! Start reading at `Rooms::join`, then `RoomState::message`, `RoomState::edit`, `RoomState::accept` and
//! `RoomState::on_committed`: that is the path of one edit.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rand::Rng;

use crate::error::{Error, Reason};
use crate::limits;

mod actor;
mod calls;
mod catching_up;
mod command;
mod creating;
mod cursor;
mod directory;
mod editing;
mod filing;
mod first_text;
mod handle;
mod history;
mod inbox;
mod job;
mod joining;
mod keeping;
mod kept;
mod lifecycle;
mod load;
mod loading;
mod member;
pub mod message;
mod needs;
mod open_file;
mod opening;
mod outbox;
mod packing;
mod parts;
mod presence;
mod refusals;
mod registry;
mod release;
mod reseed;
mod rooms;
mod session;
mod slug;
mod state;
mod token;
mod whole;
mod writing;

pub use handle::RoomHandle;
pub use outbox::Frames;
pub use rooms::{RoomCursor, Rooms};
pub use session::{Session, SessionSender};

/// The time, for one turn of an actor.
fn clock() -> state::Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    state::Now {
        at: Instant::now(),
        wall: i64::try_from(wall.as_micros()).unwrap_or(i64::MAX),
    }
}

/// How long a client is told to wait: spread, so that those who were cut off together do not come back together.
fn retry_delay() -> Duration {
    limits::RETRY_DELAY + limits::RETRY_DELAY.mul_f64(rand::rng().random::<f64>())
}

/// The room's copy here has ended; the next request opens it anew.
fn gone() -> Error {
    Error::new(
        Reason::RoomUnavailable,
        "the room is being read again: try again, or resume",
    )
    .retry_after(retry_delay())
}
