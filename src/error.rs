//! The errors of the domain: what went wrong, in words that say what to do next.
//!
//! A [`Reason`] stands for one [`Code`]; both are part of the contract (`proto/tandem/v1/error_reason.proto`, a test keeps
//! the two lists equal). How an error travels is the business of `rpc`.

use std::fmt;
use std::time::Duration;

/// The canonical gRPC codes that errors of ours have; the numbers are gRPC's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are gRPC's own")]
pub enum Code {
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

macro_rules! reasons {
    ($($variant:ident $name:literal $code:ident;)*) => {
        /// Why a request was refused. The meaning of each is told in `error_reason.proto`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "told in error_reason.proto, once")]
        pub enum Reason {
            $($variant,)*
        }

        impl Reason {
            /// All reasons.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that stands in google.rpc.ErrorInfo.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The canonical code that goes with it.
            pub fn code(self) -> Code {
                match self {
                    $(Self::$variant => Code::$code,)*
                }
            }
        }
    };
}

reasons! {
    FieldMissing "FIELD_MISSING" InvalidArgument;
    FieldInvalid "FIELD_INVALID" InvalidArgument;
    PageTokenInvalid "PAGE_TOKEN_INVALID" InvalidArgument;
    RequestIdInvalid "REQUEST_ID_INVALID" InvalidArgument;
    RequestIdReused "REQUEST_ID_REUSED" AlreadyExists;
    RoomNotFound "ROOM_NOT_FOUND" NotFound;
    RoomExists "ROOM_EXISTS" AlreadyExists;
    SlugInvalid "SLUG_INVALID" InvalidArgument;
    RoomFull "ROOM_FULL" ResourceExhausted;
    RoomDeleted "ROOM_DELETED" NotFound;
    RoomUnavailable "ROOM_UNAVAILABLE" Unavailable;
    FileNotFound "FILE_NOT_FOUND" NotFound;
    FileExists "FILE_EXISTS" AlreadyExists;
    FileDeleted "FILE_DELETED" FailedPrecondition;
    FileNotDeleted "FILE_NOT_DELETED" FailedPrecondition;
    PathInvalid "PATH_INVALID" InvalidArgument;
    PathUnderFile "PATH_UNDER_FILE" FailedPrecondition;
    PathCaseConflict "PATH_CASE_CONFLICT" AlreadyExists;
    FileTooLarge "FILE_TOO_LARGE" ResourceExhausted;
    RoomTooLarge "ROOM_TOO_LARGE" ResourceExhausted;
    TooManyFiles "TOO_MANY_FILES" ResourceExhausted;
    FileUnreadable "FILE_UNREADABLE" DataLoss;
    BaseMissing "BASE_MISSING" FailedPrecondition;
    BaseInFuture "BASE_IN_FUTURE" OutOfRange;
    BaseTooOld "BASE_TOO_OLD" OutOfRange;
    HeadMoved "HEAD_MOVED" Aborted;
    OffsetPastEnd "OFFSET_PAST_END" OutOfRange;
    OffsetInsideCharacter "OFFSET_INSIDE_CHARACTER" InvalidArgument;
    ChangesOutOfOrder "CHANGES_OUT_OF_ORDER" InvalidArgument;
    EditTooLarge "EDIT_TOO_LARGE" ResourceExhausted;
    CarriageReturn "CARRIAGE_RETURN" InvalidArgument;
    Nul "NUL" InvalidArgument;
    NotAccepted "NOT_ACCEPTED" FailedPrecondition;
    UpdateMalformed "UPDATE_MALFORMED" InvalidArgument;
    UpdateNotText "UPDATE_NOT_TEXT" InvalidArgument;
    UpdateGap "UPDATE_GAP" FailedPrecondition;
    ClientIdForeign "CLIENT_ID_FOREIGN" PermissionDenied;
    ClientIdTaken "CLIENT_ID_TAKEN" AlreadyExists;
    TooManyClientIds "TOO_MANY_CLIENT_IDS" ResourceExhausted;
    EpochMismatch "EPOCH_MISMATCH" FailedPrecondition;
    ResyncFirst "RESYNC_FIRST" FailedPrecondition;
    SplitCharacter "SPLIT_CHARACTER" InvalidArgument;
    UpdateCrossed "UPDATE_CROSSED" InvalidArgument;
    NotJoined "NOT_JOINED" FailedPrecondition;
    AlreadyJoined "ALREADY_JOINED" FailedPrecondition;
    OpIdOrder "OP_ID_ORDER" InvalidArgument;
    SessionUnknown "SESSION_UNKNOWN" Unauthenticated;
    MessageEmpty "MESSAGE_EMPTY" InvalidArgument;
    WrongMode "WRONG_MODE" FailedPrecondition;
    FileNotOpen "FILE_NOT_OPEN" FailedPrecondition;
    Replaced "REPLACED" Aborted;
    TooManyInFlight "TOO_MANY_IN_FLIGHT" ResourceExhausted;
    StoreUnavailable "STORE_UNAVAILABLE" Unavailable;
    ShuttingDown "SHUTTING_DOWN" Unavailable;
    Overloaded "OVERLOADED" ResourceExhausted;
    MessageTooLarge "MESSAGE_TOO_LARGE" ResourceExhausted;
    HostRefused "HOST_REFUSED" PermissionDenied;
    OriginRefused "ORIGIN_REFUSED" PermissionDenied;
    DeadlineExceeded "DEADLINE_EXCEEDED" DeadlineExceeded;
    MethodUnknown "METHOD_UNKNOWN" Unimplemented;
    Internal "INTERNAL" Internal;
}

/// An error that a caller gets to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

/// What an [`Error`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Why.
    pub reason: Reason,
    /// What is wrong, a colon, and what to do next: a sentence in lower case without a final stop.
    pub message: String,
    /// The field that is wrong, as a path in the request, or in the edit, update, open, close or presence that a receipt
    /// or refused is about. Such as `changes[2].offset`.
    pub field: Option<String>,
    /// The variables of the message. The field stands among them on the wire.
    pub metadata: Vec<(&'static str, String)>,
    /// How long to wait before trying again, where that helps.
    pub retry_after: Option<Duration>,
}

/// A result of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with its reason and message.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            reason,
            message: message.into(),
            field: None,
            metadata: Vec::new(),
            retry_after: None,
        }))
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn field(mut self, path: impl Into<String>) -> Self {
        self.0.field = Some(path.into());
        self
    }

    /// Names the field that is wrong, unless it is known more exactly.
    #[must_use]
    pub fn or_field(self, path: &str) -> Self {
        if self.0.field.is_some() { self } else { self.field(path) }
    }

    /// Puts the field into the message that it stands in; `at` is that message's path, with its dot.
    #[must_use]
    pub fn inside(mut self, at: &str) -> Self {
        if let Some(field) = &mut self.0.field {
            field.insert_str(0, at);
        }
        self
    }

    /// Adds a variable of the message.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.metadata.push((key, value.to_string()));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Why.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Everything about it.
    pub fn details(&self) -> &Details {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.0.reason.name())
    }
}

impl std::error::Error for Error {}
