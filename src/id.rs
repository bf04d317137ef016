//! The names of things, each with its own type, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new one; its order is that of creation.
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id!(
    /// A room, for ever.
    RoomId
);
uuid_id!(
    /// A file, for ever; its path may change.
    FileId
);
uuid_id!(
    /// A person or program.
    UserId
);
uuid_id!(
    /// One user's place in one room. Not secret, but never shown either: others see the participant.
    SessionId
);
uuid_id!(
    /// The public side of a session.
    ParticipantId
);
uuid_id!(
    /// Makes the retry of a unary call safe.
    RequestId
);

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A room's key in the database. The log refers to rooms by it.
    RoomKey,
    i64
);
number!(
    /// A file's number in its room: 1, 2, 3 and so on. Unique in the room only.
    FileKey,
    i64
);
number!(
    /// A user's key in the database; 0 is the server itself.
    UserKey,
    i64
);
number!(
    /// An operation's number in its room: 1, 2, 3 and so on, without gaps.
    Revision,
    u64
);
number!(
    /// A file's line of Yjs history; the first is 1.
    Epoch,
    u32
);
number!(
    /// A client's own number for an operation, increasing in its session; never 0.
    OpId,
    u64
);
number!(
    /// A Yjs client id, 1 to 2^32 - 1: what Yjs 13 draws, and what every client of the Yjs family can hold.
    ClientId,
    u32
);
number!(
    /// A room's term of ownership; every append checks it. 0 until rooms move between nodes.
    Term,
    i64
);

impl OpId {
    /// The highest that the database can hold.
    pub const MAX: Self = Self(i64::MAX as u64);
}

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Where an operation came from; with the [`OpId`] it is unique in a room's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A session's edit or update.
    Session(SessionId),
    /// A unary call; its op id is 1, or counts the operations of one call.
    Request(RequestId),
    /// The server's own doing, such as starting a file anew; its op id is the revision.
    Server,
}

impl Source {
    /// The 16 bytes that stand in the log. Session and request ids are UUIDs of their own, so they never meet.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Session(id) => id.0,
            Self::Request(id) => id.0,
            Self::Server => Uuid::nil(),
        }
    }
}

/// How a caller names a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RoomRef {
    /// By id.
    Id(RoomId),
    /// By slug, not yet checked to be one.
    Slug(String),
}

impl fmt::Display for RoomRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

/// How a caller names a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FileRef {
    /// By id.
    Id(FileId),
    /// By path, as it was sent.
    Path(String),
}

impl fmt::Display for FileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Path(path) => path.fmt(f),
        }
    }
}
