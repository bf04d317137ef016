//! Keys at many places of texts of several sizes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem::document::UnitChange;
use tandem::id::ClientId;
use tandem::limits::{EDIT_BYTES, SNAPSHOT_APART};
use tandem::rpc::proto::v1::{self, client_message, server_message};
use tandem_bench::fixture::FIRST_CLIENT;
use tandem_testkit::client::Client;
use tandem_testkit::yjs_client::YjsClient;
use tokio::time::sleep;

use super::hand::{Clients, FloorHand, Hand, TextHand, Typing, YjsHand};
use super::mark;
use super::person::{Extent, Pace, Person, Watch};
use super::session::{How, PATH, Session, send, until};
use super::wire::Connection;
use crate::{Result, floor};

/// Places in each text where keys are typed.
const PLACES: u32 = 60;
/// Keys at each place.
const KEYS: u32 = 10;
/// After how much quiet a room has looked around and kept a file's state.
const QUIET: Duration = Duration::from_millis(2_500);
/// The client id of the one who types.
const WRITER: u32 = 77;

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// Whether the server is the floor.
    pub(crate) floor: bool,
    /// Which clients: one that types and one that watches.
    pub(crate) clients: Clients,
    /// The texts.
    pub(crate) texts: Vec<Text>,
    /// Keys are typed so often into each text, each time into a copy of its own: few enough for a copy to need no
    /// snapshot meanwhile. In the last copy the same follows once more, between the marks `NAME kept begin` and
    /// `NAME kept end`, and then a snapshot.
    pub(crate) copies: u32,
    /// Edits that are on their way at once.
    pub(crate) on_their_way: usize,
}

/// A text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Text {
    /// Its name; the marks before and after keys are typed into a copy are `NAME COPY begin` and `NAME COPY end`.
    pub(crate) name: String,
    /// The file with its Yjs state.
    pub(crate) state: PathBuf,
    /// How many clients wrote it.
    pub(crate) clients: u32,
}

/// What was typed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// Edits between two marks.
    pub(crate) edits: u32,
    /// The texts' lengths in characters.
    pub(crate) lengths: Vec<u32>,
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    let mut rooms = Vec::new();
    let mut lengths = Vec::new();
    for copy in 0..plan.copies {
        for text in &plan.texts {
            let mut room = Room::prepare(address, &plan, text, copy, rooms.len()).await?;
            room.people[0].writes(
                Pace::Full {
                    on_their_way: plan.on_their_way,
                },
                Duration::ZERO,
            );
            lengths.push(room.length);
            rooms.push(room);
        }
    }
    // What the rooms do with what was brought in would fall between the marks: snapshots, packing.
    sleep(2 * QUIET).await;
    let edits = PLACES * KEYS;
    let watch = Watch::new();
    for room in &mut rooms {
        mark(&format!("{} begin", room.name))?;
        watch.work(&mut room.people, Extent::Edits(edits.into())).await?;
        mark(&format!("{} end", room.name))?;
    }
    // Snapshots keep apart; then the next thousand edits are followed by one.
    sleep(SNAPSHOT_APART).await;
    let last = rooms.len() - plan.texts.len();
    for (room, text) in rooms[last..].iter_mut().zip(&plan.texts) {
        mark(&format!("{} kept begin", text.name))?;
        watch.work(&mut room.people, Extent::Edits(edits.into())).await?;
        sleep(QUIET).await;
        mark(&format!("{} kept end", text.name))?;
    }
    lengths.truncate(plan.texts.len());
    Ok(serde_json::to_value(Report { edits, lengths })?)
}

/// A copy of a text with those who have it open.
struct Room {
    name: String,
    length: u32,
    people: [Person; 2],
}

impl Room {
    async fn prepare(address: SocketAddr, plan: &Plan, text: &Text, copy: u32, number: usize) -> Result<Self> {
        let name = format!("{} {copy}", text.name);
        if plan.floor {
            let people = [
                at_floor(address, plan, number, 0).await?,
                at_floor(address, plan, number, 1).await?,
            ];
            return Ok(Self {
                name,
                length: 0,
                people,
            });
        }
        let created = Client::new(address).create_room(&[(PATH, "")]).await?;
        let room = created.room.ok_or("no room was created")?.room_id;
        let state = Bytes::from(std::fs::read(&text.state)?);
        seed(address, &room, &state, text.clients).await?;
        let seed = u64::from(copy);
        let rounds = if copy + 1 == plan.copies { 2 } else { 1 };
        let (hand, call, length, watcher);
        match plan.clients {
            Clients::Text => {
                let session = Session::join(address, &room, How::Text).await?;
                length = session.opened.text.chars().count() as u32;
                hand = Hand::Text(TextHand::at_places(&session, KEYS, seed));
                call = session.call;
                let session = Session::join(address, &room, How::Text).await?;
                watcher = Person::new(Hand::Text(TextHand::at(&session, 0, Typing::Keys)), session.call, 1);
            }
            Clients::Yjs => {
                let session = Session::join(address, &room, How::Yjs(WRITER)).await?;
                let mut page = YjsClient::new(ClientId(WRITER));
                page.receive(&session.opened.update);
                length = page.len();
                hand = Hand::Yjs(YjsHand::written(&session, type_keys(&mut page, seed, rounds)));
                call = session.call;
                let session = Session::join(address, &room, How::Yjs(WRITER + 1)).await?;
                watcher = Person::new(Hand::Yjs(YjsHand::written(&session, Vec::new())), session.call, 1);
            }
        }
        let people = [Person::new(hand, call, 1), watcher];
        Ok(Self { name, length, people })
    }
}

async fn at_floor(address: SocketAddr, plan: &Plan, room: usize, number: u32) -> Result<Person> {
    let mut connection = Connection::open(address).await?;
    let room = room.to_string();
    let mut call = connection.call(floor::PATH, &[(floor::ROOM, &room)]).await?;
    call.begun().await?;
    let hand = FloorHand::new(number, plan.clients, Typing::Keys);
    Ok(Person::new(Hand::Floor(hand), call, 1))
}

/// Brings a state in as a page does that was offline for long: under all the client ids that wrote it, in parts.
async fn seed(address: SocketAddr, room: &str, state: &Bytes, clients: u32) -> Result<()> {
    let mut session = Session::join(address, room, How::Yjs(FIRST_CLIENT)).await?;
    let (file, epoch) = (session.file().to_owned(), session.opened.epoch);
    for client in 1..clients {
        let open = v1::Open {
            file: Some(v1::open::File::FileId(file.clone())),
            client_id: FIRST_CLIENT + client,
            ..Default::default()
        };
        send(&mut session.call, client_message::Kind::Open(open))?;
        until(&mut session.call, |kind| {
            matches!(kind, server_message::Kind::Opened(_)).then_some(())
        })
        .await?;
    }
    let mut rest = state.clone();
    while !rest.is_empty() {
        let part = rest.split_to(EDIT_BYTES.min(rest.len()));
        let update = v1::Update {
            op_id: 1,
            file: Some(v1::update::File::FileId(file.clone())),
            epoch,
            update: part,
            more: !rest.is_empty(),
            origin: 0,
        };
        send(&mut session.call, client_message::Kind::Update(update))?;
    }
    let receipt = until(&mut session.call, |kind| match kind {
        server_message::Kind::Receipt(receipt) => Some(receipt),
        _ => None,
    })
    .await?;
    if receipt.state() != v1::ReceiptState::Committed {
        return Err(format!("the text was refused: {receipt:?}").into());
    }
    send(&mut session.call, client_message::Kind::Leave(v1::Leave {}))
}

/// What a page writes when keys are typed at places all over its text, one update a key.
fn type_keys(page: &mut YjsClient, seed: u64, rounds: u32) -> Vec<Vec<u8>> {
    let mut random = SmallRng::seed_from_u64(seed);
    let mut length = page.len();
    for _ in 0..PLACES * rounds {
        let place = random.random_range(0..=length);
        for key in 0..KEYS {
            page.edit(&[UnitChange::new(place + key, 0, "k")]);
        }
        length += KEYS;
    }
    page.take_written()
}
