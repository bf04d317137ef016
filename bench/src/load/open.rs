//! A file with a long history: written edit by edit, and opened by the first who comes after a restart.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::document::{Document, Unit, UnitChange};
use tandem::id::ClientId;
use tandem_testkit::client::Client;
use tandem_testkit::yjs_client::YjsClient;
use tandem_testkit::{replay, traces};

use super::hand::{Clients, Hand, YjsHand};
use super::mark;
use super::person::{Extent, Pace, Person, Watch};
use super::session::{How, PATH, Session};
use super::wire::Connection;
use crate::Result;

/// Updates of the author that are on their way at once.
const ON_THEIR_WAY: usize = 256;

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
            let length = write(address, &room, &edits).await?;
            Ok(serde_json::to_value(Written {
                room,
                empty,
                edits: edits.len(),
                length,
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

/// Sends each edit as an update of its own, as a page that never waits; gives the text's length in characters.
async fn write(address: SocketAddr, room: &str, edits: &[UnitChange]) -> Result<usize> {
    let page = ClientId(rand::random_range(1..=u32::MAX));
    let mut document = Document::new(page);
    let mut updates = Vec::with_capacity(edits.len());
    for edit in edits {
        let applied = document.edit(Unit::CodePoint, std::slice::from_ref(edit));
        let applied = applied.map_err(|failure| format!("the trace's edits are none of its text: {failure:?}"))?;
        if !applied.update.is_empty() {
            updates.push(applied.update);
        }
    }
    let session = Session::join(address, room, How::Yjs(page.0)).await?;
    let extent = Extent::Edits(updates.len() as u64);
    let mut author = Person::new(Hand::Yjs(YjsHand::written(&session, updates)), session.call, 0);
    let pace = Pace::Full {
        on_their_way: ON_THEIR_WAY,
    };
    author.writes(pace, Duration::ZERO);
    Watch::new().work(&mut [author], extent).await?;
    Ok(document.len().chars as usize)
}

async fn create(client: &Client) -> Result<String> {
    let created = client.create_room(&[(PATH, "")]).await?;
    Ok(created.room.ok_or("no room was created")?.room_id)
}
