//! A database that stalls: what was accepted waits, what there is no place for is sent away, and nothing is told before it
//! is so. Afterwards everything goes on by itself.

use std::time::Duration;

use futures_util::FutureExt;
use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, client_message, server_message};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, Steady, TextSession, Way, reason};
use tandem_testkit::server::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::{Code, Request, Status};

use super::crew::{all_settle, all_type, assert_come_later, assert_sent_away, check_told, crew, lines, room};
use super::stall::{BACKLOG, Stall, backlog_of};

/// How many receipts, edits and updates somebody has got.
fn told(one: &Steady) -> (usize, usize, usize) {
    (one.receipts.len(), one.edited.len(), one.updated.len())
}

both_databases! {
    async fn nothing_leaves_while_it_stalls_and_afterwards_everything_is_there(database) {
        let mut stall = Stall::of_all(&database).await;
        let server = stall.server(database).await;
        let (busy, quiet) = (room(&server.client(), "").await, room(&server.client(), "quiet\n").await);
        let mut crew = crew(&server, &busy).await;
        let mut other = Steady::join(&server.client(), Way::ALL[0], &quiet, "main.txt", "Otto").await;
        all_type(&mut crew, "before", 1).await;
        all_settle(&server, &busy, &mut crew).await;
        let before: Vec<_> = crew.iter().map(told).collect();

        stall.begin().await;
        for line in 0..BACKLOG {
            crew[0].type_in(&format!("waits {line}\n")).await;
        }
        backlog_of(&server, BACKLOG).await;
        for one in crew.iter_mut().chain([&mut other]) {
            one.type_in("too much\n").await;
        }
        check_sent_away(&mut crew, &before).await;
        other.read_to_the_end().await;
        assert_sent_away(&other.farewells[0], "STORE_UNAVAILABLE");
        check_calls(&server, &busy, &quiet).await;
        for (one, before) in crew.iter_mut().zip(&before) {
            take_what_is_there(one).await;
            assert_eq!(told(one), *before, "something was told before it was so");
        }

        stall.end().await;
        let text = all_settle(&server, &busy, &mut crew).await;
        other.settle().await;
        assert_eq!(lines(&text).values().sum::<usize>(), 2 * crew.len() + BACKLOG, "{text}");
        assert_eq!(lines(&text)["too much"], crew.len());
        assert_eq!(page(&server, "/readyz").await, 200);
        assert_eq!(server.metric("tandem_rooms_discarded_total"), 0);
        let database = server.stop().await;
        check_told(&database, &busy, &crew).await;
        check_told(&database, &quiet, [&other]).await;
    }

    async fn who_comes_back_while_it_stalls_is_told_to_come_later_and_no_edit_is_swallowed(database) {
        let mut stall = Stall::of_commits(&database).await;
        let server = stall.server(database).await;
        let room = room(&server.client(), "").await;
        let ways = [Way::ALL[0], Way::ALL[0]];
        let mut pair = Vec::new();
        for (at, way) in ways.into_iter().enumerate() {
            pair.push(Steady::join(&server.client(), way, &room, "main.txt", &format!("client {at}")).await);
        }
        stall.begin().await;
        for line in 0..BACKLOG {
            pair[0].type_in(&format!("waits {line}\n")).await;
        }
        backlog_of(&server, BACKLOG).await;
        pair[1].type_in("too much\n").await;
        pair[1].read_to_the_end().await;
        assert_sent_away(&pair[1].farewells[0], "STORE_UNAVAILABLE");

        // Nothing is said to who comes back before the head of that moment is committed, joined neither. What is sent
        // behind the join finds no place: the stream that has not begun ends.
        let again = edit(1, pair[1].file(), 1, "too much\n");
        let status = pair[1].session().resume_with(Vec::new(), vec![again]).await;
        assert_come_later(&status.expect_err("no place"), "STORE_UNAVAILABLE");

        stall.end().await;
        let text = all_settle(&server, &room, &mut pair).await;
        assert_eq!(lines(&text).len(), BACKLOG + 1, "{text}");
        let database = server.stop().await;
        check_told(&database, &room, &pair).await;
    }

    async fn who_comes_back_and_gives_up_before_it_is_let_in_counts_as_away(database) {
        let mut stall = Stall::of_commits(&database).await;
        let server = stall.server(database).await;
        let room = room(&server.client(), "").await;
        let mut ana = Steady::join(&server.client(), Way::ALL[0], &room, "main.txt", "Ana").await;
        let mut ben = TextSession::join(&server.client(), Door::Subscribe, &room, "Ben", Unit::CodePoint).await.expect("in");
        let ben_is = ben.seen.joined.participant_id.clone();
        ben.cut();
        state_of(&mut ana, &ben_is, v1::ParticipantState::Away).await;
        stall.begin().await;
        ana.type_in("waits\n").await;
        backlog_of(&server, 1).await;
        // Over Subscribe the answer's headers say that it was let in; joined has to wait.
        let join = v1::Join {
            resume_token: ben.seen.joined.resume_token.clone(),
            ..Default::default()
        };
        let request = v1::SubscribeRequest { join: Some(join) };
        let stream = server.client().collaboration().subscribe(request).await.expect("let in");
        drop(stream);
        stall.end().await;
        state_of(&mut ana, &ben_is, v1::ParticipantState::Present).await;
        state_of(&mut ana, &ben_is, v1::ParticipantState::Away).await;
    }

    async fn an_edit_behind_one_that_was_sent_away_does_not_overtake_it(database) {
        let mut stall = Stall::of_commits(&database).await;
        let server = stall.server(database).await;
        let large = "large text\n".repeat(380_000);
        let files = [("main.txt", ""), ("large.txt", large.as_str())];
        let room = server.client().create_room(&files).await.expect("a room").room.expect("a room").room_id;
        let mut ana = Steady::join(&server.client(), Way::ALL[0], &room, "main.txt", "Ana").await;
        // Ben reads nothing for a while: what he asked for fills his connection, and he does not hear what comes after.
        let mut ben = TextSession::join(&server.client(), Door::Collaborate, &room, "Ben", Unit::CodePoint).await.expect("in");
        let main = ben.seen.file_id("main.txt").expect("it is there").to_owned();
        ben.send(open("large.txt")).await.expect("sent");
        let first = ben.next_op_id();
        ben.send_edit(first, &main, 1, vec![UnitChange::new(0, 0, "first\n")]).await.expect("sent");
        ana.until("Ben's first", |ana| ana.text() == "first\n").await;

        stall.begin().await;
        for line in 0..BACKLOG {
            ana.type_in(&format!("waits {line}\n")).await;
        }
        backlog_of(&server, BACKLOG).await;
        let refused = server.metric("tandem_store_refused_total");
        let sent_away = ben.next_op_id();
        ben.send_edit(sent_away, &main, 1, vec![UnitChange::new(0, 0, "second\n")]).await.expect("sent");
        crate::store::sample::eventually("no place", async || server.metric("tandem_store_refused_total") > refused).await;
        stall.end().await;
        ana.settle().await;
        // The stream has ended, and Ben goes on.
        let behind = ben.next_op_id();
        ben.send_edit(behind, &main, 1, vec![UnitChange::new(0, 0, "third\n")]).await.expect("sent");
        ben.end().await.expect_err("an end that says to come back");
        assert_eq!(reason(ben.ended.as_ref().expect("ended").as_ref().expect_err("why")), "STORE_UNAVAILABLE");
        ben.resume().await.expect("resumed");
        for op_id in [sent_away, behind] {
            let receipt = ben.receipt(op_id).await;
            assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{receipt:?}");
        }
        ana.until("all of Ben's", |ana| ["second", "third"].iter().all(|line| ana.text().contains(line))).await;
    }
}

/// Those who came by Collaborate were sent away with a goodbye; Publish was refused, and its stream goes on. Nobody was
/// told anything of what waits.
async fn check_sent_away(crew: &mut [Steady], before: &[(usize, usize, usize)]) {
    for ((one, way), before) in crew.iter_mut().zip(Way::ALL).zip(before) {
        match way.door {
            Door::Collaborate => {
                one.read_to_the_end().await;
                assert_sent_away(&one.farewells[0], "STORE_UNAVAILABLE");
            }
            Door::Subscribe => {
                assert_come_later(one.refusals.first().expect("Publish was refused"), "STORE_UNAVAILABLE");
                assert!(one.farewells.is_empty(), "{:?}", one.farewells);
            }
        }
        assert_eq!(told(one), *before, "something was told before it was so");
    }
}

/// What calls say while the database stalls.
async fn check_calls(server: &TestServer, busy: &str, quiet: &str) {
    let client = server.client();
    let later = |status: Option<Status>| assert_come_later(&status.expect("no place"), "STORE_UNAVAILABLE");
    later(client.create_room(&[]).await.err());
    later(
        Steady::try_join(&client, Way::ALL[0], quiet, "main.txt", "New")
            .await
            .err(),
    );
    later(
        Steady::try_join(&client, Way::ALL[1], quiet, "main.txt", "New")
            .await
            .err(),
    );
    let create = v1::CreateFileRequest {
        room: quiet.to_owned(),
        path: "new.txt".to_owned(),
        ..Default::default()
    };
    later(client.files().create_file(create).await.err());
    let write = v1::WriteFileRequest {
        room: quiet.to_owned(),
        file: Some(v1::write_file_request::File::Path("main.txt".to_owned())),
        base_revision: Some(1),
        text: "other\n".to_owned(),
        ..Default::default()
    };
    later(client.files().write_file(write).await.err());
    if server.database().is_postgres() {
        // Nobody knows which room is meant.
        later(client.read_file(quiet, "main.txt").await.err());
        assert_eq!(page(server, "/readyz").await, 503);
    } else {
        let read = client.read_file(quiet, "main.txt").await.expect("nothing in it waits");
        assert_eq!(read, ("quiet\n".to_owned(), 1));
        // The server says the one, the client's own clock the other.
        let gave_up = impatient_read(&client, busy).await;
        assert!(
            [Code::DeadlineExceeded, Code::Cancelled].contains(&gave_up.code()),
            "{gave_up:?}"
        );
    }
    assert_eq!(page(server, "/healthz").await, 200);
}

/// What a read is answered that does not wait for what is not committed.
async fn impatient_read(client: &Client, room: &str) -> Status {
    let mut request = Request::new(v1::ReadFileRequest {
        room: room.to_owned(),
        file: Some(v1::read_file_request::File::Path("main.txt".to_owned())),
        revision: None,
    });
    request.set_timeout(Duration::from_millis(300));
    let read = client.files().read_file(request).await;
    read.expect_err("what it would say is not so yet")
}

async fn take_what_is_there(one: &mut Steady) {
    while one.session().is_connected() && one.next().now_or_never().is_some() {}
}

async fn state_of(observer: &mut Steady, participant: &str, state: v1::ParticipantState) {
    let waited = tokio::time::timeout(tandem_testkit::client::WAIT, async {
        loop {
            let kind = observer.session().step().await.expect("the stream goes on");
            if let server_message::Kind::ParticipantChanged(changed) = kind
                && let Some(one) = changed.participant
                && one.participant_id == participant
                && one.state() == state
            {
                return;
            }
        }
    });
    assert!(waited.await.is_ok(), "nobody says that they are {state:?}");
}

fn open(path: &str) -> client_message::Kind {
    client_message::Kind::Open(v1::Open {
        file: Some(v1::open::File::Path(path.to_owned())),
        ..Default::default()
    })
}

fn edit(op_id: u64, file: &str, base: u64, insert: &str) -> client_message::Kind {
    let change = v1::Change {
        offset: 0,
        delete: 0,
        insert: insert.to_owned(),
    };
    client_message::Kind::Edit(v1::Edit {
        op_id,
        file: Some(v1::edit::File::FileId(file.to_owned())),
        base_revision: Some(base),
        changes: vec![change],
        origin: 0,
    })
}

/// A page's status.
async fn page(server: &TestServer, path: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address()).await.expect("the server accepts");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        server.address()
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let status = answer.split_whitespace().nth(1).expect("a status");
    status.parse().expect("a number")
}
