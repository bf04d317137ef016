//! A file with a long history: written edit by edit, and opened by the first who comes after a restart.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::id::ClientId;
use tandem_testkit::client::Client;
use tandem_testkit::replay::{self, Author};
use tandem_testkit::traces;
use tandem_testkit::yjs_client::YjsClient;

use super::hand::Clients;
use super::mark;
use super::session::{How, PATH, Session};
use super::wire::Connection;
use crate::Result;

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Plan {
    /// Plays a recorded session into a new room, each of its edits as one.
    Write {
        /// The session.
        trace: PathBuf,
    },
    /// Opens the file, between the marks `begin` and `end`.
    Read {
        /// The room.
        room: String,
        /// Which client.
        clients: Clients,
        /// Another room that somebody opens before: what a server sets up for its first client is there then.
        before: Option<String>,
    },
}

/// What was written.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Written {
    /// The room.
    pub(crate) room: String,
    /// Another one, with an empty file.
    pub(crate) empty: String,
    /// Edits.
    pub(crate) edits: usize,
    /// The text's length, in characters.
    pub(crate) length: usize,
}

/// What was read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Read {
    /// From sending the join to the whole text, in milliseconds.
    pub(crate) took: f64,
    /// The text's length, in characters.
    pub(crate) length: usize,
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    match plan {
        Plan::Write { trace } => {
            let edits = replay::edits(&traces::sequential(&trace)?, false);
            let client = Client::new(address);
            let [room, empty] = [create(&client).await?, create(&client).await?];
            let mut author = Author::join(&client, &room, PATH).await?;
            author.run(&edits, &mut 0).await?;
            Ok(serde_json::to_value(Written {
                room,
                empty,
                edits: edits.len(),
                length: author.text().chars().count(),
            })?)
        }
        Plan::Read { room, clients, before } => {
            let mut connection = Connection::open(address).await?;
            if let Some(before) = &before {
                Session::join_on(&mut connection, before, How::Text).await?;
            }
            mark("begin")?;
            let page = rand::random_range(1..=u32::MAX);
            let how = match clients {
                Clients::Text => How::Text,
                Clients::Yjs => How::Yjs(page),
            };
            let began = Instant::now();
            let session = Session::join_on(&mut connection, &room, how).await?;
            let took = began.elapsed().as_secs_f64() * 1e3;
            mark("end")?;
            let length = match clients {
                Clients::Text => session.opened.text.chars().count(),
                Clients::Yjs => {
                    let mut page = YjsClient::new(ClientId(page));
                    page.receive(&session.opened.update);
                    page.text().chars().count()
                }
            };
            Ok(serde_json::to_value(Read { took, length })?)
        }
    }
}

async fn create(client: &Client) -> Result<String> {
    let created = client.create_room(&[(PATH, "")]).await?;
    Ok(created.room.ok_or("no room was created")?.room_id)
}
