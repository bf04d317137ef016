//! Everybody at once: many rooms are made, joined, left and joined again at the same moments, just when they come and go in
//! the server's memory. There is never a second copy of a room and never an empty one, and nothing is lost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tandem::server::product::Bounds;
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Steady, Way};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::{Setup, TestServer};

use super::crew::{check_told, lines, room};

const ROOMS: usize = 100;
/// Clients in each.
const CLIENTS: usize = 2;
/// How long a storm may take.
const BOUND: Duration = Duration::from_secs(60);
/// How often everybody leaves and comes back.
const ROUNDS: usize = 4;

async fn server(database: TestDatabase) -> (TestServer, Vec<Client>) {
    let bounds = Bounds {
        // An idle room goes at the next look.
        room_idle: Duration::ZERO,
        ..Bounds::default()
    };
    let setup = Setup {
        bounds,
        ..Setup::default()
    };
    let server = TestServer::start_as(database, setup).await;
    let clients = (0..ROOMS * CLIENTS).map(|_| server.client()).collect();
    (server, clients)
}

/// Makes all rooms at once.
async fn rooms(clients: &[Client]) -> Vec<String> {
    join_all(
        clients
            .iter()
            .take(ROOMS)
            .map(|client| room(client, "the first line\n")),
    )
    .await
}

/// Somebody comes, finds a text with so many lines or more, types a line, and has its receipt.
async fn comes_and_types(client: &Client, at: usize, room: &str, least: usize, line: &str) -> Steady {
    let mut one = Steady::join(
        client,
        Way::ALL[at % Way::ALL.len()],
        room,
        "main.txt",
        &format!("client {at}"),
    )
    .await;
    let found = one.text();
    assert!(found.ends_with("the first line\n"), "client {at} found {found:?}");
    assert!(
        found.lines().count() >= least,
        "client {at} found {found:?}, with less than {least} lines"
    );
    one.type_in(line).await;
    one.settle().await;
    one
}

/// All clients of all rooms at the same moment.
async fn all_come(clients: &[Client], rooms: &[String], least: usize, what: &str) -> Vec<Steady> {
    let coming = clients.iter().enumerate().map(|(at, client)| {
        let (room, line) = (rooms[at % ROOMS].clone(), format!("{what} {at}\n"));
        let client = client.clone();
        tokio::spawn(async move { comes_and_types(&client, at, &room, least, &line).await })
    });
    let all = join_all(coming).await;
    all.into_iter().map(|one| one.expect("it had its receipt")).collect()
}

/// Everybody in a room shows what the server has.
async fn all_equal(clients: &[Client], rooms: &[String], people: &mut [Steady]) {
    let reads = rooms
        .iter()
        .zip(clients)
        .map(|(room, client)| client.read_file(room, "main.txt"));
    let texts: Vec<String> = join_all(reads)
        .await
        .into_iter()
        .map(|read| read.expect("read").0)
        .collect();
    let shown = people
        .iter_mut()
        .enumerate()
        .map(|(at, one)| one.shows(&texts[at % ROOMS]));
    join_all(shown).await;
}

fn nobody_was_sent_away(server: &TestServer, people: &[Steady]) {
    people.iter().for_each(was_not_sent_away);
    assert_eq!(server.metric("tandem_rooms_discarded_total"), 0);
    assert_eq!(server.metric("tandem_panics_total"), 0);
}

both_databases! {
    async fn two_hundred_clients_make_and_open_a_hundred_rooms_at_once(database) {
        let begun = Instant::now();
        let (server, clients) = server(database).await;
        let rooms = rooms(&clients).await;
        let mut people = all_come(&clients, &rooms, 1, "a line of").await;
        all_equal(&clients, &rooms, &mut people).await;
        nobody_was_sent_away(&server, &people);
        println!("{} clients in {ROOMS} rooms: {:?}", people.len(), begun.elapsed());
        assert!(begun.elapsed() < BOUND, "it took {:?}", begun.elapsed());
        let database = server.stop().await;
        for (at, room) in rooms.iter().enumerate().step_by(10) {
            check_told(&database, room, [&people[at], &people[at + ROOMS]]).await;
        }
    }

    async fn rooms_that_go_and_are_asked_for_at_the_same_moment_are_never_empty_and_never_twice(database) {
        let seed = 3;
        println!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        let (server, clients) = server(database).await;
        let rooms = rooms(&clients).await;
        for round in 0..ROUNDS {
            let begun = Instant::now();
            // Everybody has left and each room goes at some moment of the next two seconds: somebody comes at each of them.
            let coming = clients.iter().enumerate().map(|(at, client)| {
                let (room, line) = (rooms[at % ROOMS].clone(), format!("round {round} {at}\n"));
                let (client, wait) = (client.clone(), Duration::from_millis(random.random_range(0..2_000)));
                tokio::spawn(async move {
                    tokio::time::sleep(wait).await;
                    let least = 1 + round * CLIENTS;
                    let one = comes_and_types(&client, at, &room, least, &line).await;
                    was_not_sent_away(&one);
                    one.leave().await;
                })
            });
            for left in join_all(coming).await {
                left.expect("it came, typed and left");
            }
            println!("round {round}: {:?}", begun.elapsed());
            assert!(begun.elapsed() < BOUND, "round {round} took {:?}", begun.elapsed());
        }
        let mut people = all_come(&clients, &rooms, 1 + ROUNDS * CLIENTS, "at last").await;
        all_equal(&clients, &rooms, &mut people).await;
        for one in &people {
            let text = one.text();
            assert_eq!(lines(&text).len(), 1 + (ROUNDS + 1) * CLIENTS, "{text}");
        }
        nobody_was_sent_away(&server, &people);
        let loaded = server.metric("tandem_rooms_loaded_total");
        println!("{loaded} times a room was read");
        assert!(loaded > 2 * ROOMS as i64, "the rooms stayed in memory");
    }
}

fn was_not_sent_away(one: &Steady) {
    assert!(
        one.farewells.is_empty() && one.refusals.is_empty(),
        "{:?} {:?}",
        one.farewells,
        one.refusals
    );
}
