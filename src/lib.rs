//! Tandem: a pair-programming backend. People join a *room*, edit the same *files* at once, see each other's cursors,
//! ask for completions, and lose nothing.
//!
//! # The map
//!
//! | module | what it does |
//! | --- | --- |
//! | `server` | one port for everything: accepting, guards, health, metrics, leaving |
//! | `rpc` | the contract: proto messages in and out, nothing decided here |
//! | `room` | the heart: one actor a room decides, commits, then tells |
//! | `store` | the log and its projections, in PostgreSQL or SQLite |
//! | `document` | a file's text: Yjs bytes, position edits, the gate before them; pure |
//! | `complete` | the embedded completion engine; pure |
//! | `config`, `telemetry` | settings; logs and metric names |
//! | `id`, `error`, `limits` | names, errors and bounds for all |
//! | `pieces` | small pieces of bytes, for all but the pure |
//!
//! # The layer rule
//!
//! `main → server → rpc → room → {store, document, complete}`; arrows never run back. Only `rpc` and `server` name
//! tonic, only `store` names the database, only `document` names yrs; `document` and `complete` know no clock, no task
//! and no I/O; generated proto types stay in `rpc`. `tests/it/layers.rs` holds this.
//!
//! ARCHITECTURE.md tells the rest: the nouns, the path of one edit, and what to touch to add something.

pub mod complete;
pub mod config;
pub mod document;
pub mod error;
pub mod id;
pub mod limits;
pub mod path;
pub mod pieces;
pub mod room;
pub mod rpc;
pub mod server;
pub mod store;
pub mod telemetry;
