//! The stage of a round: the program, its database, and teams at work in it.

use std::net::SocketAddr;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::log;
use tandem_testkit::process::{Place, Process};
use tokio::task::block_in_place;

use super::check;
use super::member::Part;
use super::rounds::Figures;
use super::team::{Team, USUAL};

const PROGRAM: &str = env!("CARGO_BIN_EXE_tandem");

/// Everything that a round is about.
pub(super) struct Stage {
    pub(super) server: Process,
    pub(super) random: SmallRng,
    /// How many faults there were.
    pub(super) faults: usize,
    pub(super) teams: Vec<Team>,
    database: TestDatabase,
    seed: u64,
}

impl Stage {
    /// The program on a database, without anybody in it.
    pub(super) fn open(database: TestDatabase, seed: u64) -> Self {
        Self::open_by(&[], database, seed)
    }

    /// The same, with the program started by another one; see [`Process::start_by`].
    pub(super) fn open_by(wrapper: &[&str], database: TestDatabase, seed: u64) -> Self {
        let server = block_in_place(|| Process::start_by(wrapper, PROGRAM, Place::of(&database)));
        Self::of(server, database, seed)
    }

    /// The same, with the program reaching the database in its own way.
    pub(super) fn open_at(place: Place, database: TestDatabase, seed: u64) -> Self {
        Self::of(block_in_place(|| Process::start(PROGRAM, place)), database, seed)
    }

    fn of(server: Process, database: TestDatabase, seed: u64) -> Self {
        Self {
            server,
            random: SmallRng::seed_from_u64(seed),
            faults: 0,
            teams: Vec::new(),
            database,
            seed,
        }
    }

    /// Kills the program.
    pub(super) fn kill(&mut self) {
        block_in_place(|| self.server.kill());
    }

    /// Starts it again after it was killed. Everybody else goes on meanwhile.
    pub(super) fn start_again(&mut self) {
        block_in_place(|| self.server.start_again());
    }

    /// The usual team comes in by the program's own address.
    pub(super) async fn usual_team(&mut self) {
        let address = self.server.address();
        self.team(|_| address, &USUAL).await;
    }

    /// A team comes in.
    pub(super) async fn team(&mut self, doors: impl Fn(usize) -> SocketAddr, parts: &[(usize, Part)]) {
        let seed = self.seed.wrapping_mul(1_000).wrapping_add(self.teams.len() as u64);
        self.teams
            .push(Team::join(&self.server.client(), doors, parts, seed).await);
    }

    /// Everybody begins to work.
    pub(super) fn begin(&mut self) {
        self.teams.iter_mut().for_each(Team::begin);
    }

    /// Waits until each team has got a random number of receipts more, and then for a random part of a commit.
    pub(super) async fn some_moment(&mut self) {
        let (more, micros) = (self.random.random_range(5..60), self.random.random_range(0..8_000));
        for team in &mut self.teams {
            team.receipts(more).await;
        }
        tokio::time::sleep(Duration::from_micros(micros)).await;
    }

    /// Ends the round: work goes on and ends, everything arrives, the program starts once more; then everything that
    /// anybody was told is compared with the log.
    pub(super) async fn finish(mut self) -> Figures {
        for team in &mut self.teams {
            team.receipts(20).await;
        }
        self.settle_and_check().await
    }

    /// The same, without waiting for more work.
    pub(super) async fn settle_and_check(mut self) -> Figures {
        for team in &mut self.teams {
            team.end().await;
        }
        let mut ends = Vec::new();
        for team in &mut self.teams {
            let text = team.settle(&self.server.client()).await;
            ends.push((team.room.clone(), text));
        }
        self.kill();
        let mut logs = Vec::new();
        for (room, _) in &ends {
            logs.push(log::read(&self.database, room).await);
        }
        let mut figures = Figures {
            rounds: 1,
            faults: self.faults,
            ..Figures::default()
        };
        for ((team, (_, text)), log) in self.teams.iter().zip(&ends).zip(&logs) {
            figures += check::told(team, log, text);
        }
        self.start_again();
        for (room, text) in &ends {
            let read = self.server.client().read_file(room, "main.txt").await.expect("read");
            assert_eq!(read.0, *text, "another text after a restart");
        }
        figures
    }
}
