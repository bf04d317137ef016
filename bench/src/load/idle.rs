//! Clients that do nothing, and rooms that everybody has left.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::rpc::proto::v1::{self, client_message, server_message};
use tandem_testkit::client::Client;
use tokio::time::sleep;

use super::mark;
use super::session::{How, PATH, Session, send, until};
use super::wire::{Call, Connection};
use crate::{Result, floor};

/// Connections before the measured ones: what a server sets up once is there then.
const FIRST: u32 = 40;
/// How long everything is left alone before memory is read.
const QUIET: Duration = Duration::from_secs(2);
/// Rooms that are visited at once.
const AT_ONCE: usize = 32;
/// Connections that visitors share.
const SHARED: usize = 8;

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Connections that stay, between the marks `begin` and `end`.
    Connections {
        /// Whether the server is the floor.
        floor: bool,
        /// How many.
        count: u32,
        /// How many share a room.
        in_a_room: u32,
    },
    /// Rooms that are made, opened, edited and left: after the first ones comes the mark `first`, after the others the
    /// mark `all`. At a mark no connection is open.
    Rooms {
        /// How many first.
        first: u32,
        /// How many in all.
        all: u32,
    },
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    match plan {
        Plan::Connections {
            floor,
            count,
            in_a_room,
        } => {
            let mut calls = Vec::new();
            connect(address, floor, FIRST, in_a_room, &mut calls).await?;
            sleep(QUIET).await;
            mark("begin")?;
            connect(address, floor, count, in_a_room, &mut calls).await?;
            read_for(QUIET, &mut calls).await?;
            mark("end")?;
        }
        Plan::Rooms { first, all } => {
            visit(address, first).await?;
            mark("first")?;
            visit(address, all - first).await?;
            mark("all")?;
        }
    }
    Ok(Value::Null)
}

/// Joins so many more, each on a connection of its own.
async fn connect(address: SocketAddr, floor: bool, count: u32, in_a_room: u32, calls: &mut Vec<Call>) -> Result<()> {
    let client = Client::new(address);
    let mut room = String::new();
    for number in 0..count {
        if number % in_a_room == 0 {
            room = if floor {
                calls.len().to_string()
            } else {
                create(&client).await?
            };
        }
        calls.push(if floor {
            let mut connection = Connection::open(address).await?;
            let mut call = connection.call(floor::PATH, &[(floor::ROOM, &room)]).await?;
            call.begun().await?;
            call
        } else {
            Session::join(address, &room, How::Text).await?.call
        });
    }
    Ok(())
}

/// Takes in what comes, so that nothing waits in the server.
async fn read_for(lasts: Duration, calls: &mut [Call]) -> Result<()> {
    let reading = calls.iter_mut().map(|call| async move {
        loop {
            call.read(|_| Ok(())).await?;
        }
    });
    tokio::select! {
        failed = futures_util::future::try_join_all::<_>(reading) => failed.map(|_: Vec<()>| ()),
        () = sleep(lasts) => Ok(()),
    }
}

async fn create(client: &Client) -> Result<String> {
    let created = client.create_room(&[(PATH, "")]).await?;
    Ok(created.room.ok_or("no room was created")?.room_id)
}

/// Makes so many rooms, and in each joins, opens the file, edits it once and leaves.
async fn visit(address: SocketAddr, rooms: u32) -> Result<()> {
    let client = Client::new(address);
    let mut connections = Vec::new();
    for _ in 0..SHARED {
        connections.push(Connection::open(address).await?);
    }
    let (client, connections) = (&client, &connections);
    let visits = futures_util::stream::iter(0..rooms).map(|number| async move {
        let mut connection = connections[number as usize % SHARED].clone();
        visit_one(&mut connection, &create(client).await?).await
    });
    let mut visits = visits.buffer_unordered(AT_ONCE);
    while let Some(visited) = visits.next().await {
        visited?;
    }
    Ok(())
}

async fn visit_one(connection: &mut Connection, room: &str) -> Result<()> {
    let mut session = Session::join_on(connection, room, How::Text).await?;
    let edit = v1::Edit {
        op_id: 1,
        file: Some(v1::edit::File::FileId(session.file().to_owned())),
        base_revision: Some(session.opened.revision),
        changes: vec![v1::Change {
            offset: 0,
            delete: 0,
            insert: "a room that somebody was in".to_owned(),
        }],
        origin: 0,
    };
    send(&mut session.call, client_message::Kind::Edit(edit))?;
    until(&mut session.call, |kind| match kind {
        server_message::Kind::Edited(_) => Some(()),
        _ => None,
    })
    .await?;
    send(&mut session.call, client_message::Kind::Leave(v1::Leave {}))?;
    // The stream ends when everything of the session is done.
    while session.call.read(|_| Ok(())).await.is_ok() {}
    Ok(())
}
