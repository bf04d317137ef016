//! One person at work: sends edits at a pace, and notes when receipts and other people's edits arrive.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};

use super::hand::{Hand, News};
use super::latencies::Latencies;
use super::stamp::stamp;
use super::wire::{Call, frame};
use crate::Result;

/// How long nothing may come before what is missing is taken for lost.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked whether everything has come.
const LOOK: Duration = Duration::from_millis(1);

/// How fast people write.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Pace {
    /// As fast as it goes, with so many edits of each writer on their way.
    Full {
        /// How many.
        on_their_way: usize,
    },
    /// One edit of each writer every so often.
    Every(Duration),
}

/// How much people write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// For so long.
    Time(Duration),
    /// So many edits together.
    Edits(u64),
}

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Writing,
    /// What is on its way arrives.
    Ending,
    Over,
}

/// What all people of a load have seen together.
pub(crate) struct Watch {
    began: Instant,
    phase: watch::Sender<Phase>,
    /// Edits that may still be sent.
    left: Cell<u64>,
    /// Edits sent.
    pub(crate) sent: Cell<u64>,
    /// Arrivals that those make: one at each other person of the room.
    pub(crate) expected: Cell<u64>,
    /// From an edit's sending to its receipt.
    pub(crate) receipts: RefCell<Latencies>,
    /// From an edit's sending to its arrival at another person.
    pub(crate) deliveries: RefCell<Latencies>,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            phase: watch::Sender::new(Phase::Over),
            left: Cell::default(),
            sent: Cell::default(),
            expected: Cell::default(),
            receipts: RefCell::default(),
            deliveries: RefCell::default(),
        }
    }

    /// Lets people work and waits until everything has arrived everywhere. What was seen before is forgotten.
    pub(crate) async fn work(&self, people: &mut [Person], extent: Extent) -> Result<()> {
        self.left.set(match extent {
            Extent::Time(_) => u64::MAX,
            Extent::Edits(edits) => edits,
        });
        self.sent.set(0);
        self.expected.set(0);
        self.receipts.borrow_mut().clear();
        self.deliveries.borrow_mut().clear();
        self.phase.send_replace(Phase::Writing);
        let working = futures_util::future::try_join_all(people.iter_mut().map(|person| person.work(self)));
        let timing = async {
            match extent {
                Extent::Time(lasts) => sleep(lasts).await,
                Extent::Edits(_) => {
                    while self.left.get() > 0 {
                        sleep(LOOK).await;
                    }
                }
            }
            self.phase.send_replace(Phase::Ending);
            let all_came = self.all_came().await;
            self.phase.send_replace(Phase::Over);
            all_came
        };
        tokio::try_join!(working, timing)?;
        Ok(())
    }

    async fn all_came(&self) -> Result<()> {
        let mut came = (0, 0);
        let mut last = Instant::now();
        loop {
            sleep(LOOK).await;
            let now = (
                self.receipts.borrow().len() as u64,
                self.deliveries.borrow().len() as u64,
            );
            let wanted = (self.sent.get(), self.expected.get());
            if now == wanted {
                return Ok(());
            }
            if now != came {
                (came, last) = (now, Instant::now());
            } else if last.elapsed() > PATIENCE {
                return Err(format!("of {wanted:?} receipts and deliveries only {now:?} came").into());
            }
        }
    }

    fn micros(&self) -> u64 {
        self.began.elapsed().as_micros() as u64
    }
}

/// One person.
pub(crate) struct Person {
    call: Call,
    hand: Hand,
    /// How fast it writes; `None` if it only reads.
    pace: Option<Pace>,
    /// When it first writes, after the beginning of the work.
    first: Duration,
    /// How many others there are in its room.
    others: u64,
    /// When the edits that are on their way were sent, oldest first.
    on_their_way: VecDeque<u64>,
    out: BytesMut,
}

impl Person {
    /// A person on its stream.
    pub(crate) fn new(hand: Hand, call: Call, others: u64) -> Self {
        Self {
            call,
            hand,
            pace: None,
            first: Duration::ZERO,
            others,
            on_their_way: VecDeque::new(),
            out: BytesMut::new(),
        }
    }

    /// Takes in what comes before the work begins.
    pub(crate) fn pass_over(&mut self) -> Result<()> {
        self.call.pass_over()
    }

    /// Makes it a writer.
    pub(crate) fn writes(&mut self, pace: Pace, first: Duration) {
        self.pace = Some(pace);
        self.first = first;
    }

    async fn work(&mut self, watch: &Watch) -> Result<()> {
        let mut phase = watch.phase.subscribe();
        let mut next = tokio::time::Instant::now() + self.first;
        loop {
            let now = *phase.borrow_and_update();
            if now == Phase::Over {
                return Ok(());
            }
            let mut writes_later = false;
            if now == Phase::Writing {
                writes_later = self.write_due(watch, &mut next)?;
            }
            let (hand, on_their_way) = (&mut self.hand, &mut self.on_their_way);
            // One reading of the clock for all that comes at once.
            let mut arrived = None;
            let read = self.call.read(|message| {
                let arrived = *arrived.get_or_insert_with(|| watch.micros());
                match hand.read(message)? {
                    News::Delivery(sent) => watch.deliveries.borrow_mut().note(arrived.saturating_sub(sent)),
                    News::Receipt => {
                        let sent = on_their_way.pop_front().ok_or("a receipt of nothing")?;
                        watch.receipts.borrow_mut().note(arrived - sent);
                    }
                    News::Nothing => {}
                }
                Ok(())
            });
            tokio::select! {
                done = read => done?,
                () = sleep_until(next), if writes_later => {}
                changed = phase.changed() => changed?,
            }
        }
    }

    /// Sends what is due; whether more is due at `next`.
    fn write_due(&mut self, watch: &Watch, next: &mut tokio::time::Instant) -> Result<bool> {
        let now = watch.micros();
        let mut writes_later = false;
        match self.pace {
            None => {}
            Some(Pace::Full { on_their_way }) => {
                while self.on_their_way.len() < on_their_way && watch.left.get() > 0 {
                    self.write(watch, now)?;
                }
            }
            Some(Pace::Every(period)) => {
                while *next <= tokio::time::Instant::now() && watch.left.get() > 0 {
                    self.write(watch, now)?;
                    *next += period;
                }
                writes_later = watch.left.get() > 0;
            }
        }
        if !self.out.is_empty() {
            self.call.send(self.out.split().freeze())?;
        }
        Ok(writes_later)
    }

    fn write(&mut self, watch: &Watch, now: u64) -> Result<()> {
        frame(&mut self.out, self.hand.write(&stamp(now))?);
        self.on_their_way.push_back(now);
        watch.sent.set(watch.sent.get() + 1);
        watch.expected.set(watch.expected.get() + self.others);
        watch.left.set(watch.left.get() - 1);
        Ok(())
    }
}
