//! One person's hand: what is sent for an edit, and what a message that comes down means.
//!
//! Most hands type on and on at a place of the person's own. One types some keys at one place, then some at another.

mod floor;
mod text;
mod yjs;

use serde::{Deserialize, Serialize};

pub(crate) use self::floor::FloorHand;
pub(crate) use self::text::TextHand;
pub(crate) use self::yjs::YjsHand;
use super::stamp::{STAMP, Stamp};
use crate::Result;

/// Which kind of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub(crate) enum Clients {
    /// Text clients.
    Text,
    /// Yjs clients.
    Yjs,
}

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Typing {
    /// Stamps of eight characters, which tell when they were sent.
    Stamps,
    /// Single characters.
    Keys,
}

impl Typing {
    /// How many characters one edit has.
    pub(crate) fn length(self) -> usize {
        match self {
            Self::Stamps => STAMP,
            Self::Keys => 1,
        }
    }

    /// What one edit inserts.
    fn text(self, stamp: &Stamp) -> &[u8] {
        // A stamp's first character changes with every microsecond.
        &stamp[..self.length()]
    }
}

/// What a message means to the load.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// Somebody else's edit; if it is a stamp, then one that was sent at this time.
    Delivery(u64),
    /// The oldest edit of one's own that is on its way has arrived.
    Receipt,
    /// Nothing that counts.
    Nothing,
}

/// A person's hand.
pub(crate) enum Hand {
    /// At the floor.
    Floor(FloorHand),
    /// A text client's.
    Text(TextHand),
    /// A Yjs client's.
    Yjs(YjsHand),
}

impl Hand {
    /// The message that sends the next edit, which is the stamp if this hand writes stamps.
    pub(crate) fn write(&mut self, stamp: &Stamp) -> Result<&[u8]> {
        match self {
            Self::Floor(hand) => Ok(hand.write(stamp)),
            Self::Text(hand) => Ok(hand.write(stamp)),
            Self::Yjs(hand) => hand.write(stamp),
        }
    }

    /// What a message means.
    pub(crate) fn read(&mut self, message: &[u8]) -> Result<News> {
        match self {
            Self::Floor(hand) => hand.read(message),
            Self::Text(hand) => hand.read(message),
            Self::Yjs(hand) => hand.read(message),
        }
    }
}
