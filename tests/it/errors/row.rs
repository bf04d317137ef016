//! A row of the table: what is sent, by which way, where the error shows, and which it is.

use futures_util::future::LocalBoxFuture;
use tandem::error::Reason;
use tandem::rpc::proto::v1;
use tandem::rpc::proto::v1::client_message::Kind;
use tandem_testkit::client::Door;
use tonic::Status;
use tonic_types::pb;

use super::stage::Stage;

/// Where an error shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Shows {
    /// A call's own status.
    Call,
    /// The status of a stream's end.
    End,
    /// A goodbye, and then the same as the stream's end.
    Goodbye,
    /// A receipt on the stream, which goes on.
    Receipt,
    /// A refused message on the stream, which goes on.
    Refused,
}

impl Shows {
    /// As the table has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::End => "end",
            Self::Goodbye => "goodbye",
            Self::Receipt => "receipt",
            Self::Refused => "refused",
        }
    }
}

/// How something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A call over gRPC.
    Grpc,
    /// A call over gRPC-Web.
    GrpcWeb,
    /// A session of native clients.
    Collaborate,
    /// A session of browsers: Subscribe and Publish.
    Subscribe,
}

impl Way {
    pub(super) const CALLS: &'static [Self] = &[Self::Grpc, Self::GrpcWeb];
    pub(super) const DOORS: &'static [Self] = &[Self::Collaborate, Self::Subscribe];

    /// The session's door.
    pub(super) fn door(self) -> Door {
        match self {
            Self::Collaborate | Self::Grpc => Door::Collaborate,
            Self::Subscribe | Self::GrpcWeb => Door::Subscribe,
        }
    }
}

/// What a client was told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) shows: Shows,
    pub(super) error: pb::Status,
}

impl Told {
    pub(super) fn new(shows: Shows, error: pb::Status) -> Self {
        Self { shows, error }
    }

    /// A status of the transport, whose details repeat it.
    pub(super) fn status(shows: Shows, status: &Status) -> Self {
        let error: pb::Status = prost::Message::decode(status.details()).expect("details are a google.rpc.Status");
        let both = (status.code() as i32, status.message());
        assert_eq!(
            both,
            (error.code, error.message.as_str()),
            "the details tell another error"
        );
        Self::new(shows, error)
    }
}

/// What has to be done to get the error.
pub(super) enum Send {
    /// One call with this message.
    Call(fn(&Stage) -> Vec<u8>),
    /// One join.
    Join(fn(&Stage) -> v1::Join),
    /// Messages in a session of this mode that has joined and opened main.txt; `None` is a message without a kind.
    Say(v1::Mode, fn(&Stage) -> Vec<Option<Kind>>),
    /// Something longer.
    Story(Story),
}

/// Something longer.
pub(super) type Story = for<'a> fn(&'a mut Stage, Way) -> LocalBoxFuture<'a, Told>;

/// A row of the table.
pub(super) struct Row {
    /// What is wrong with what is sent.
    pub(super) input: &'static str,
    /// The method, or the door.
    pub(super) by: &'static str,
    pub(super) ways: &'static [Way],
    pub(super) shows: Shows,
    pub(super) reason: Reason,
    /// The wrong field; empty if there is none.
    pub(super) field: String,
    pub(super) send: Send,
}

/// The way of what is refused whatever is called; no method lists it.
pub(super) const ANY: &str = "any method";

/// One call, such as `RoomService/GetRoom`.
pub(super) fn call(
    by: &'static str,
    input: &'static str,
    reason: Reason,
    field: &str,
    message: fn(&Stage) -> Vec<u8>,
) -> Row {
    Row {
        input,
        by,
        ways: Way::CALLS,
        shows: Shows::Call,
        reason,
        field: field.to_owned(),
        send: Send::Call(message),
    }
}

/// A call with something before it or around it.
pub(super) fn story(
    (by, ways): (&'static str, &'static [Way]),
    input: &'static str,
    shows: Shows,
    reason: Reason,
    field: &str,
    story: Story,
) -> Row {
    Row {
        input,
        by,
        ways,
        shows,
        reason,
        field: field.to_owned(),
        send: Send::Story(story),
    }
}

/// A join: it ends the stream of Collaborate and refuses the call of Subscribe.
pub(super) fn join(input: &'static str, reason: Reason, field: &str, join: fn(&Stage) -> v1::Join) -> [Row; 2] {
    let inside = |at: &str| match field {
        "" => String::new(),
        field => format!("{at}{field}"),
    };
    let row = |by, ways, shows, at| Row {
        input,
        by,
        ways,
        shows,
        reason,
        field: inside(at),
        send: Send::Join(join),
    };
    [
        row("Collaborate", &[Way::Collaborate], Shows::End, "message.join."),
        row("Subscribe", &[Way::Subscribe], Shows::Call, "join."),
    ]
}

/// Messages of a session that are answered on its stream, the same on both doors.
pub(super) fn say(
    mode: v1::Mode,
    input: &'static str,
    shows: Shows,
    reason: Reason,
    field: &str,
    kinds: fn(&Stage) -> Vec<Option<Kind>>,
) -> Row {
    Row {
        input,
        by: "either door",
        ways: Way::DOORS,
        shows,
        reason,
        field: field.to_owned(),
        send: Send::Say(mode, kinds),
    }
}

/// Messages that Collaborate answers as told, and that refuse a Publish as a whole; `index` is the bad one's, `path` its
/// field in the ClientMessage.
pub(super) fn publish(
    mode: v1::Mode,
    input: &'static str,
    (shows, field): (Shows, &str),
    reason: Reason,
    (index, path): (usize, &str),
    kinds: fn(&Stage) -> Vec<Option<Kind>>,
) -> [Row; 2] {
    let row = |by, ways, shows, field| Row {
        input,
        by,
        ways,
        shows,
        reason,
        field,
        send: Send::Say(mode, kinds),
    };
    let dot = if path.is_empty() { "" } else { "." };
    [
        row("Collaborate", &[Way::Collaborate], shows, field.to_owned()),
        row(
            "Publish",
            &[Way::Subscribe],
            Shows::Call,
            format!("messages[{index}]{dot}{path}"),
        ),
    ]
}
