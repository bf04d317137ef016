//! Writers in rooms.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_testkit::client::Client;

use super::hand::{Clients, Hand};
use super::latencies::Spread;
use super::mark;
use super::person::{Pace, Person, Watch};
use super::session::{How, PATH, Session};
use super::wire::Connection;
use crate::{Result, floor};

/// Edits before the measured part begins: caches, statements and connections are warm then.
const WARM: Duration = Duration::from_millis(500);

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Whether the server is the floor.
    pub(crate) floor: bool,
    /// Which clients.
    pub(crate) clients: Clients,
    /// How many rooms.
    pub(crate) rooms: u32,
    /// How many write in each.
    pub(crate) writers: u32,
    /// How fast.
    pub(crate) pace: Pace,
    /// For how long.
    pub(crate) lasts: Duration,
}

/// What was seen between the marks `begin` and `end`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// From sending an edit to its receipt.
    pub(crate) receipts: Spread,
    /// From sending an edit to its arrival at another client.
    pub(crate) deliveries: Spread,
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    let mut people = Vec::new();
    for room in 0..plan.rooms {
        people.extend(settle(address, &plan, room).await?);
    }
    let count = people.len() as u32;
    for (number, person) in people.iter_mut().enumerate() {
        let first = match plan.pace {
            Pace::Full { .. } => Duration::ZERO,
            // Spread over the time between two edits of one writer.
            Pace::Every(period) => period * number as u32 / count,
        };
        person.writes(plan.pace, first);
    }
    let watch = Watch::new();
    watch.work(&mut people, WARM).await?;
    mark("begin")?;
    watch.work(&mut people, plan.lasts).await?;
    mark("end")?;
    Ok(serde_json::to_value(Report {
        receipts: watch.receipts.borrow_mut().spread(),
        deliveries: watch.deliveries.borrow_mut().spread(),
    })?)
}

/// Makes one room and brings its writers in, each at the end of a line of its own.
async fn settle(address: SocketAddr, plan: &Plan, room: u32) -> Result<Vec<Person>> {
    let others = u64::from(plan.writers - 1);
    let mut people = Vec::new();
    if plan.floor {
        for writer in 0..plan.writers {
            let name = room.to_string();
            let mut connection = Connection::open(address).await?;
            let mut call = connection.call(floor::PATH, Some((floor::ROOM, &name))).await?;
            // From here on the floor passes on to it what others send.
            call.begun().await?;
            people.push(Person::new(call, Hand::floor(writer, plan.clients), others));
        }
        return Ok(people);
    }
    let lines = "\n".repeat(plan.writers as usize + 1);
    let created = Client::new(address).create_room(&[(PATH, &lines)]).await?;
    let room = created.room.ok_or("no room was created")?.room_id;
    for writer in 0..plan.writers {
        let (session, hand);
        match plan.clients {
            Clients::Text => {
                session = Session::join(address, &room, How::Text).await?;
                hand = Hand::text(&session, writer + 1);
            }
            Clients::Yjs => {
                let client = rand::random_range(1 << 24..=u32::MAX);
                session = Session::join(address, &room, How::Yjs(client)).await?;
                hand = Hand::yjs(&session, client, writer)?;
            }
        }
        people.push(Person::new(session.call, hand, others));
    }
    Ok(people)
}
