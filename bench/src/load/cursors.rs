//! Many who move their cursors in one file while one writes.
//!
//! A cursor's offset says how often its owner has moved it, so that whoever sees it can tell when it was sent. The
//! writer is behind them all and moves none.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tandem_testkit::client::Client;
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until, timeout};

use super::hand::{Hand, News, TextHand, Typing};
use super::latencies::{Latencies, Spread};
use super::mark;
use super::messages::{Pen, Seen, cursors, read};
use super::session::{How, PATH, Session};
use super::stamp::stamp;
use super::wire::{Call, frame};
use crate::Result;

/// Where the writer is; no cursor moves so often.
const LENGTH: usize = 100_000;
/// How long everything may take to arrive before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether everything has arrived.
const LOOK: Duration = Duration::from_millis(1);

/// What to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// How many move their cursors.
    pub(crate) people: u32,
    /// Time between two moves of one cursor.
    pub(crate) move_every: Duration,
    /// Time between two edits of the writer.
    pub(crate) edit_every: Duration,
    /// How often all stop, so that their last places can be told.
    pub(crate) rounds: u32,
    /// How long they move before each stop.
    pub(crate) lasts: Duration,
}

/// What was seen between the marks `begin` and `end`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// From sending an edit to its arrival at each of the others.
    pub(crate) edits: Spread,
    /// From sending a cursor's last place to its arrival at each of the others.
    pub(crate) last_places: Spread,
    /// The same of all places that arrived; most are replaced by later ones on the way.
    pub(crate) places: Spread,
    /// Cursors moved.
    pub(crate) moves: usize,
}

/// Carries it out.
pub(crate) async fn run(address: SocketAddr, plan: Plan) -> Result<Value> {
    let created = Client::new(address).create_room(&[(PATH, &"x".repeat(LENGTH))]).await?;
    let room = created.room.ok_or("no room was created")?.room_id;
    let mut people = Vec::new();
    let mut numbers = HashMap::new();
    for number in 0..=plan.people as usize {
        let session = Session::join(address, &room, How::Text).await?;
        numbers.insert(session.participant.clone().into_bytes(), number);
        people.push(Mover {
            number,
            file: session.file().to_owned(),
            hand: Hand::Text(TextHand::at(&session, LENGTH as u32, Typing::Stamps)),
            call: session.call,
            pen: Pen::default(),
        });
        // Everybody hears of everybody who comes.
        people
            .iter_mut()
            .try_for_each(|mover: &mut Mover| mover.call.pass_over())?;
    }
    let count = people.len();
    let board = Board {
        began: Instant::now(),
        numbers,
        moving: watch::Sender::new(false),
        sent: RefCell::new(vec![vec![0]; count]),
        newest: RefCell::new(vec![vec![(0, 0); count]; count]),
        edits_sent: RefCell::default(),
        edits: RefCell::default(),
        places: RefCell::default(),
    };
    let mut last_places = Latencies::default();
    mark("begin")?;
    let working = try_join_all(people.iter_mut().map(|mover| mover.work(&board, &plan)));
    let timing = async {
        for _ in 0..plan.rounds {
            board.moving.send_replace(true);
            sleep(plan.lasts).await;
            board.moving.send_replace(false);
            let all = timeout(PATIENCE, board.all_arrived());
            all.await.map_err(|_| "not all cursors and edits arrived")?;
            board.note_last(&mut last_places);
        }
        Ok(())
    };
    // Those who work do so until they are no longer wanted, or something goes wrong.
    tokio::select! {
        failed = working => failed.map(drop),
        done = timing => done,
    }?;
    mark("end")?;
    Ok(serde_json::to_value(Report {
        edits: board.edits.borrow_mut().spread(),
        last_places: last_places.spread(),
        places: board.places.borrow_mut().spread(),
        moves: board.sent.borrow().iter().map(|sent| sent.len() - 1).sum(),
    })?)
}

/// What all have sent and seen together; times are in microseconds.
struct Board {
    began: Instant,
    /// Everybody's number, by their id in the room.
    numbers: HashMap<Vec<u8>, usize>,
    moving: watch::Sender<bool>,
    /// When each sent their places, one after the other; the first is where they began.
    sent: RefCell<Vec<Vec<u64>>>,
    /// The newest place that each has seen of each, and when it came.
    newest: RefCell<Vec<Vec<(u32, u64)>>>,
    edits_sent: RefCell<usize>,
    edits: RefCell<Latencies>,
    places: RefCell<Latencies>,
}

impl Board {
    fn micros(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }

    /// Waits until everybody has seen everybody's last place, and every edit.
    async fn all_arrived(&self) {
        loop {
            // Whoever moves has stopped by then.
            sleep(LOOK).await;
            let sent = self.sent.borrow();
            let last = |one: usize| sent[one].len() as u32 - 1;
            let newest = self.newest.borrow();
            let others = |seer: usize| (0..sent.len()).filter(move |one| *one != seer);
            let places = (0..sent.len()).all(|seer| others(seer).all(|one| newest[seer][one].0 == last(one)));
            let edits = *self.edits_sent.borrow() * (sent.len() - 1);
            if places && self.edits.borrow().len() == edits {
                return;
            }
        }
    }

    /// Notes how long the last places took.
    fn note_last(&self, last_places: &mut Latencies) {
        let (sent, newest) = (self.sent.borrow(), self.newest.borrow());
        for (seer, seen) in newest.iter().enumerate() {
            for (one, (place, came)) in seen.iter().enumerate() {
                if one != seer && *place > 0 {
                    last_places.note(came.saturating_sub(sent[one][*place as usize]));
                }
            }
        }
    }
}

/// Somebody who moves a cursor; number 0 writes instead.
struct Mover {
    number: usize,
    file: String,
    hand: Hand,
    call: Call,
    pen: Pen,
}

impl Mover {
    /// Works until it is dropped.
    async fn work(&mut self, board: &Board, plan: &Plan) -> Result<()> {
        let mut moving = board.moving.subscribe();
        let every = if self.number == 0 {
            plan.edit_every
        } else {
            plan.move_every
        };
        // Spread over the time between two moves.
        let mut next = tokio::time::Instant::now() + every * self.number as u32 / plan.people;
        loop {
            let moves = *moving.borrow_and_update();
            let now = tokio::time::Instant::now();
            if moves && next <= now {
                // A pause is not made up for.
                next = (next + every).max(now);
                self.send(board)?;
            }
            let (number, hand) = (self.number, &mut self.hand);
            let read = self.call.read(|message| take(board, number, hand, message));
            tokio::select! {
                done = read => done?,
                () = sleep_until(next), if moves => {}
                changed = moving.changed() => changed?,
            }
        }
    }

    fn send(&mut self, board: &Board) -> Result<()> {
        let now = board.micros();
        let mut out = BytesMut::new();
        if self.number == 0 {
            frame(&mut out, self.hand.write(&stamp(now))?);
            *board.edits_sent.borrow_mut() += 1;
        } else {
            let sent = &mut board.sent.borrow_mut()[self.number];
            frame(&mut out, self.pen.cursor(&self.file, sent.len() as u32));
            sent.push(now);
        }
        self.call.send(out.freeze())
    }
}

/// Takes in what came down to somebody.
fn take(board: &Board, number: usize, hand: &mut Hand, message: &[u8]) -> Result<()> {
    let now = board.micros();
    if let Seen::Cursors(body) = read(message)? {
        for (participant, head) in cursors(body) {
            let whose = *board.numbers.get(participant).ok_or("a cursor of nobody")?;
            let sent = board.sent.borrow();
            // The writer's cursor is not told, only that it types.
            if let Some(sent) = sent[whose].get(head as usize).filter(|_| head > 0) {
                board.places.borrow_mut().note(now - sent);
                board.newest.borrow_mut()[number][whose] = (head, now);
            }
        }
    } else if let News::Delivery(sent) = hand.read(message)? {
        board.edits.borrow_mut().note(now.saturating_sub(sent));
    }
    Ok(())
}
