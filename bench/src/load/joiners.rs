//! Many who join at once and want a long text.

use std::net::SocketAddr;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_testkit::client::Client;

use super::hand::Clients;
use super::latencies::{Latencies, Spread};
use super::mark;
use super::messages::{Seen, read};
use super::session::{COLLABORATE, How, PATH, Session, join, send};
use super::wire::Connection;
use crate::{Result, floor};

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Whether the server is the floor.
    pub(crate) floor: bool,
    /// Which clients.
    pub(crate) clients: Clients,
    /// How many.
    pub(crate) joiners: u32,
    /// How long the text is, in bytes.
    pub(crate) bytes: usize,
}

/// What was seen between the marks `begin` and `end`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// From sending the join to the end of the text.
    pub(crate) whole: Spread,
    /// Bytes that came down, of all.
    pub(crate) bytes: u64,
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    let mut room = String::new();
    if !plan.floor {
        let text = text(plan.bytes);
        let created = Client::new(address).create_room(&[(PATH, &text)]).await?;
        room = created.room.ok_or("no room was created")?.room_id;
        mark("made")?;
        // One who is there before the others: the file is in memory.
        Session::join(address, &room, how(&plan, plan.joiners)).await?;
    }
    let mut connections = Vec::new();
    for _ in 0..plan.joiners {
        connections.push(Connection::open(address).await?);
    }
    mark("begin")?;
    let joining = connections.iter_mut().enumerate();
    let joining = joining.map(|(number, connection)| one(connection, &plan, &room, number as u32));
    let joined = futures_util::future::try_join_all(joining).await?;
    mark("end")?;
    let mut whole = Latencies::default();
    joined.iter().for_each(|(micros, _)| whole.note(*micros));
    Ok(serde_json::to_value(Report {
        whole: whole.spread(),
        bytes: joined.iter().map(|(_, bytes)| *bytes as u64).sum(),
    })?)
}

/// Joins and reads the text; how long it took, in microseconds, and how many bytes came.
async fn one(connection: &mut Connection, plan: &Plan, room: &str, number: u32) -> Result<(u64, usize)> {
    let began = Instant::now();
    let length = plan.bytes.to_string();
    let mut call = if plan.floor {
        let headers = [(floor::ROOM, "one"), (floor::BYTES, length.as_str())];
        connection.call(floor::PATH, &headers).await?
    } else {
        let mut call = connection.call(COLLABORATE, &[]).await?;
        send(&mut call, join(room, how(plan, number)))?;
        call
    };
    let (mut bytes, mut whole) = (0, false);
    while !whole {
        call.read(|message| {
            bytes += message.len();
            whole |= match plan.floor {
                true => bytes >= plan.bytes,
                false => matches!(read(message)?, Seen::Fragment(true) | Seen::Opened),
            };
            Ok(())
        })
        .await?;
    }
    if bytes < plan.bytes {
        return Err("less than the text has come".into());
    }
    Ok((began.elapsed().as_micros() as u64, bytes))
}

fn how(plan: &Plan, number: u32) -> How {
    match plan.clients {
        Clients::Text => How::Text,
        Clients::Yjs => How::Yjs(number + 1),
    }
}

/// Lines of a program, more or less, so many bytes of them.
fn text(bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 64);
    for line in 0.. {
        if text.len() >= bytes {
            break;
        }
        text.push_str(&format!("    let value_{line} = compute(value, {line});\n"));
    }
    text.truncate(bytes);
    text
}
