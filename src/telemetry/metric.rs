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
    counter!(PANICS).absolute(0);
    counter!(CONNECTIONS_REFUSED).absolute(0);
    gauge!(CONNECTIONS).set(0.0);
}
