//! What stands before the services, each guard in its file. The router says in which order.

mod cors;
mod deadline;
mod hear_out;
mod host;
mod names;
mod origin;
mod own_words;
mod panics;

pub(super) use cors::cors;
pub(super) use deadline::deadline;
pub(super) use host::host;
pub(super) use names::Names;
pub(super) use origin::origin;
pub(super) use own_words::own_words;
pub(super) use panics::panics;
