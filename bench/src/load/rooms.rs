//! Writers in rooms.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_testkit::client::Client;

use super::hand::{Clients, FloorHand, Hand, TextHand, Typing, YjsHand};
use super::latencies::Spread;
use super::mark;
use super::person::{Extent, Pace, Person, Watch};
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
    /// What they type; only stamps tell when they were sent.
    pub(crate) typing: Typing,
    /// How many rooms.
    pub(crate) rooms: u32,
    /// How many write in each.
    pub(crate) writers: u32,
    /// How many more only read in each.
    pub(crate) readers: u32,
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
        let mut here = settle(address, &plan, room).await?;
        for (writer, person) in here.iter_mut().take(plan.writers as usize).enumerate() {
            let first = match plan.pace {
                Pace::Full { .. } => Duration::ZERO,
                // Spread over the time between two edits of one writer.
                Pace::Every(period) => {
                    let number = room * plan.writers + writer as u32;
                    period * number / (plan.rooms * plan.writers)
                }
            };
            person.writes(plan.pace, first);
        }
        people.extend(here);
    }
    let watch = Watch::new();
    watch.work(&mut people, Extent::Time(WARM)).await?;
    mark("begin")?;
    watch.work(&mut people, Extent::Time(plan.lasts)).await?;
    mark("end")?;
    Ok(serde_json::to_value(Report {
        receipts: watch.receipts.borrow_mut().spread(),
        deliveries: watch.deliveries.borrow_mut().spread(),
    })?)
}

/// Makes one room and brings its people in, each at the end of a line of its own.
async fn settle(address: SocketAddr, plan: &Plan, room: u32) -> Result<Vec<Person>> {
    let count = plan.writers + plan.readers;
    let others = u64::from(count - 1);
    let mut people = Vec::new();
    if plan.floor {
        // At full speed readers lag behind, and a channel that forgets is no floor of one that does not.
        let slots = match plan.pace {
            Pace::Full { .. } => 32 * floor::ROOM_SLOTS,
            Pace::Every(_) => floor::ROOM_SLOTS,
        }
        .to_string();
        for number in 0..count {
            let name = room.to_string();
            let mut connection = Connection::open(address).await?;
            let mut call = connection
                .call(floor::PATH, &[(floor::ROOM, &name), (floor::SLOTS, &slots)])
                .await?;
            // From here on the floor passes on to it what others send.
            call.begun().await?;
            let hand = FloorHand::new(number, plan.clients, plan.typing);
            people.push(Person::new(Hand::Floor(hand), call, others));
        }
        return Ok(people);
    }
    let lines = "\n".repeat(count as usize + 1);
    let created = Client::new(address).create_room(&[(PATH, &lines)]).await?;
    let room = created.room.ok_or("no room was created")?.room_id;
    for line in 0..count {
        let (session, hand);
        match plan.clients {
            Clients::Text => {
                session = Session::join(address, &room, How::Text).await?;
                hand = Hand::Text(TextHand::at(&session, line + 1, plan.typing));
            }
            Clients::Yjs => {
                let client = rand::random_range(1 << 24..=u32::MAX);
                session = Session::join(address, &room, How::Yjs(client)).await?;
                hand = Hand::Yjs(YjsHand::at(&session, client, line, plan.typing)?);
            }
        }
        people.push(Person::new(hand, session.call, others));
        // Everybody hears of everybody who comes.
        people.iter_mut().try_for_each(Person::pass_over)?;
    }
    Ok(people)
}
