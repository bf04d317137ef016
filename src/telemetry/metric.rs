//! Every metric's name and meaning. Labels are few and closed: never a room, a name or a path.

use metrics::{counter, describe_counter, describe_gauge, gauge};

/// Panics.
pub const PANICS: &str = "tandem_panics_total";
/// Open connections.
pub const CONNECTIONS: &str = "tandem_connections";
/// Connections closed at once because there were as many as there may be.
pub const CONNECTIONS_REFUSED: &str = "tandem_connections_refused_total";
/// Requests that a guard refused, by `reason`.
pub const REFUSED: &str = "tandem_requests_refused_total";
/// Rooms in memory.
pub const ROOMS_OPEN: &str = "tandem_rooms_open";
/// Times that a room was read into memory.
pub const ROOMS_LOADED: &str = "tandem_rooms_loaded_total";
/// Copies of rooms that were given up because the log said otherwise.
pub const ROOMS_DISCARDED: &str = "tandem_rooms_discarded_total";
/// Streams in rooms.
pub const STREAMS_OPEN: &str = "tandem_streams_open";
/// Times that a reader fell behind and was brought up to date with the whole.
pub const STREAMS_BEHIND: &str = "tandem_streams_behind_total";
/// Times that a file's whole content was encoded for those who open it.
pub const WHOLES_ENCODED: &str = "tandem_wholes_encoded_total";
/// Operations accepted.
pub const OPERATIONS: &str = "tandem_operations_total";
/// Messages of sessions that were refused, by `reason`.
pub const MESSAGES_REFUSED: &str = "tandem_messages_refused_total";
/// Stored states that were not what they should be.
pub const SNAPSHOTS_DISTRUSTED: &str = "tandem_snapshots_distrusted_total";
/// Files started anew because Yjs bytes and position deltas differed.
pub const RESEEDED: &str = "tandem_reseeded_total";

/// The bounds of every histogram's buckets, in seconds: from a memory access to a call's deadline.
pub const SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Describes every metric, and sets those to 0 whose first increase is worth an alarm.
pub(super) fn declare() {
    describe_counter!(PANICS, "Panics; each one is a defect.");
    describe_gauge!(CONNECTIONS, "Open connections.");
    describe_counter!(
        CONNECTIONS_REFUSED,
        "Connections closed at once because there were too many."
    );
    describe_counter!(REFUSED, "Requests refused before they reached a service, by reason.");
    describe_gauge!(ROOMS_OPEN, "Rooms in memory.");
    describe_counter!(ROOMS_LOADED, "Times that a room was read into memory.");
    describe_counter!(
        ROOMS_DISCARDED,
        "Copies of rooms given up because the log said otherwise."
    );
    describe_gauge!(STREAMS_OPEN, "Streams in rooms.");
    describe_counter!(
        STREAMS_BEHIND,
        "Times that a slow reader was brought up to date with the whole."
    );
    describe_counter!(
        WHOLES_ENCODED,
        "Times that a file's whole content was encoded for those who open it."
    );
    describe_counter!(OPERATIONS, "Operations accepted.");
    describe_counter!(MESSAGES_REFUSED, "Messages of sessions refused, by reason.");
    describe_counter!(SNAPSHOTS_DISTRUSTED, "Stored states that were not what they should be.");
    describe_counter!(
        RESEEDED,
        "Files started anew because Yjs bytes and position deltas differed."
    );
    for worth_an_alarm in [ROOMS_DISCARDED, SNAPSHOTS_DISTRUSTED, RESEEDED] {
        counter!(worth_an_alarm).absolute(0);
    }
    counter!(PANICS).absolute(0);
    counter!(CONNECTIONS_REFUSED).absolute(0);
    gauge!(CONNECTIONS).set(0.0);
}
