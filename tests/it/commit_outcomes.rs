//! What an append says, and what the log has: they never differ, whatever happens to the database on the way.

use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::ConnectionTrait;
use tandem::error::Reason;
use tandem::id::{Revision, Source};
use tandem::store::{AppendError, Store};
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::proxy::{Cut, Proxy};

use crate::store::sample::{FILE, Writer, eventually, foreign_operation, operation, soon, stored_room};

/// A store behind a proxy, with a room that has one operation.
async fn behind_proxy(patience: Duration) -> (TestDatabase, Proxy, Store, Writer) {
    let database = TestDatabase::postgres().await;
    let proxy = Proxy::before(&database.url()).await;
    let mut settings = database.settings();
    settings.url = Some(database.url_through(proxy.port()));
    settings.statement_timeout = patience;
    let store = Store::open(settings).await.expect("the store opens through the proxy");
    let room = stored_room(&store, "main.txt").await;
    let writer = Writer::new(&store, room.key, 1);
    (database, proxy, store, writer)
}

async fn revisions(writer: &Writer) -> Vec<u64> {
    let changes = writer
        .store
        .changes(writer.room, FILE, Revision(0), Revision(u64::MAX))
        .await;
    changes
        .expect("the log can be read")
        .iter()
        .map(|change| change.revision.0)
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_never_reached_the_server_is_made_again() {
    let (_database, proxy, _store, mut writer) = behind_proxy(Duration::from_secs(10)).await;
    proxy.cut_next_commit(Cut::BeforeServer);
    assert_eq!(soon("the append", writer.send()).await, Ok(()));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(revisions(&writer).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_heard_of_is_found_and_not_repeated() {
    let (_database, proxy, _store, mut writer) = behind_proxy(Duration::from_secs(10)).await;
    proxy.cut_next_commit(Cut::AfterServer);
    assert_eq!(soon("the append", writer.send()).await, Ok(()));
    assert_eq!(soon("the next", writer.send()).await, Ok(()));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(revisions(&writer).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_somebody_else_means_that_the_copy_is_not_the_truth() {
    let (database, proxy, store, mut writer) = behind_proxy(Duration::from_secs(10)).await;
    proxy.cut_next_commit_and_refuse(Cut::BeforeServer);
    let lost = tokio::spawn(writer.send());
    eventually("the cut", async || proxy.cuts() == 1).await;
    let beside = database.connection().await;
    // The server rolls the cut transaction back when it sees the end of its connection; this waits for that.
    foreign_operation(&beside, writer.room, 2).await;
    let built_on_it = writer.send();
    proxy.admit();
    assert!(matches!(
        soon("the append", lost).await.unwrap(),
        Err(AppendError::NotTheTruth(_))
    ));
    assert!(matches!(
        soon("the next", built_on_it).await,
        Err(AppendError::NotTheTruth(_))
    ));
    // The room loads again and goes on.
    let mut reloaded = Writer::new(&store, writer.room, writer.head().await);
    assert_eq!(soon("the reloaded room", reloaded.send()).await, Ok(()));
    assert_eq!(revisions(&reloaded).await, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_arrives_while_it_is_made_again_counts_once() {
    let (database, proxy, _store, mut writer) = behind_proxy(Duration::from_secs(2)).await;
    let beside = database.connection().await;
    proxy.cut_next_commit(Cut::Hold);
    let append = tokio::spawn(writer.send());
    // The second try waits for the first one's row, of which the server does not know yet whether it will stay.
    eventually("the second try", async || {
        let waits = "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let rows = beside
            .query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, waits))
            .await;
        !rows.unwrap().is_empty()
    })
    .await;
    proxy.release();
    assert_eq!(soon("the append", append).await.unwrap(), Ok(()));
    assert_eq!(revisions(&writer).await, [1, 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_database_fills_the_backlog_and_then_everything_is_committed_in_order() {
    let database = TestDatabase::postgres().await;
    let proxy = Proxy::before(&database.url()).await;
    let mut settings = database.settings();
    settings.url = Some(database.url_through(proxy.port()));
    settings.statement_timeout = Duration::from_millis(300);
    settings.call_timeout = Duration::from_secs(1);
    settings.backlog_operations = 50;
    let store = Store::open(settings).await.unwrap();
    let mut writer = Writer::new(&store, stored_room(&store, "main.txt").await.key, 1);

    let open = proxy.connections();
    proxy.freeze();
    let sent: Vec<_> = (0..50).map(|_| tokio::spawn(writer.send())).collect();
    let full = store.reserve(1, 1).unwrap_err();
    assert_eq!(full.reason(), Reason::StoreUnavailable);
    assert!(full.details().retry_after.is_some());
    // A connection is given up and another is tried, in vain as well.
    eventually("a second connection", async || proxy.connections() > open).await;
    assert_eq!(store.ping().await.unwrap_err().reason(), Reason::StoreUnavailable);
    assert!(
        sent.iter().all(|append| !append.is_finished()),
        "nothing is told before it is so"
    );
    proxy.thaw();
    for outcome in soon("the recovery", join_all(sent)).await {
        assert_eq!(outcome.unwrap(), Ok(()));
    }
    assert!(revisions(&writer).await.into_iter().eq(1..=51));
    assert!(store.reserve(50, 1).is_ok());
}

both_databases! {
    async fn one_rooms_bad_row_harms_that_room_alone(database) {
        let mut settings = database.settings();
        // Time enough for all that follows to meet in one commit.
        settings.commit_interval = Duration::from_millis(300);
        let store = Store::open(settings).await.unwrap();
        let mut good = Vec::new();
        for _ in 0..5 {
            good.push(Writer::new(&store, stored_room(&store, "main.txt").await.key, 1));
        }
        let mut bad = Writer::new(&store, stored_room(&store, "main.txt").await.key, 1);
        assert_eq!(bad.send().await, Ok(()));

        let before = bad.head().await;
        let sent: Vec<_> = good.iter_mut().map(Writer::send).collect();
        // A second operation under one number of one source: the log must not have it.
        bad.head += 1;
        let twice = bad.send_operation(operation(bad.head, bad.source, 2));
        let built_on_it = bad.send();
        let more: Vec<_> = good.iter_mut().map(Writer::send).collect();
        for outcome in join_all(sent.into_iter().chain(more)).await {
            assert_eq!(outcome, Ok(()));
        }
        assert!(matches!(twice.await, Err(AppendError::NotTheTruth(_))));
        assert!(matches!(built_on_it.await, Err(AppendError::NotTheTruth(_))));
        assert!(matches!(bad.send().await, Err(AppendError::NotTheTruth(_))), "that copy is done for");
        assert_eq!(bad.head().await, before);
        for writer in &good {
            assert_eq!(revisions(writer).await, [1, 2, 3]);
        }
        let mut reloaded = Writer::new(&store, bad.room, before);
        assert_eq!(reloaded.send().await, Ok(()));
    }

    async fn a_gap_or_a_moved_term_is_never_written(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        let gap = Writer::new(&store, key, 2).send().await;
        assert!(matches!(gap, Err(AppendError::NotTheTruth(_))), "{gap:?}");
        let mut writer = Writer::new(&store, key, 1);
        let beside = database.connection().await;
        beside.execute_unprepared("update rooms set term = 1").await.unwrap();
        let moved = writer.send().await;
        assert!(matches!(moved, Err(AppendError::NotTheTruth(_))), "{moved:?}");
        beside.execute_unprepared("update rooms set term = 0").await.unwrap();
        assert!(matches!(writer.send().await, Err(AppendError::NotTheTruth(_))), "that copy is done for");
        assert_eq!(revisions(&writer).await, [1]);
    }

    async fn many_rooms_write_at_once_and_every_log_is_whole(database) {
        let store = database.open().await;
        let mut rooms = Vec::new();
        for _ in 0..8 {
            rooms.push(Writer::new(&store, stored_room(&store, "main.txt").await.key, 1));
        }
        let mut sent = Vec::new();
        for _ in 0..100 {
            sent.extend(rooms.iter_mut().map(|room| tokio::spawn(room.send())));
            tokio::task::yield_now().await;
        }
        for outcome in soon("all appends", join_all(sent)).await {
            assert_eq!(outcome.unwrap(), Ok(()));
        }
        for room in &rooms {
            assert!(revisions(room).await.into_iter().eq(1..=101));
        }
    }

    async fn closing_writes_what_is_queued_and_takes_nothing_more(database) {
        let store = database.open().await;
        let mut writer = Writer::new(&store, stored_room(&store, "main.txt").await.key, 1);
        let sent: Vec<_> = (0..500).map(|_| writer.send()).collect();
        store.close(Duration::from_secs(10)).await;
        for outcome in join_all(sent).await {
            assert_eq!(outcome, Ok(()));
        }
        assert_eq!(writer.send().await, Err(AppendError::Closed));
        let refused = store.end_session(tandem::id::SessionId::new()).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::ShuttingDown);
    }

    async fn a_lock_held_by_another_is_waited_out(database) {
        let mut settings = database.settings();
        settings.statement_timeout = Duration::from_millis(200);
        let store = Store::open(settings).await.unwrap();
        let mut writer = Writer::new(&store, stored_room(&store, "main.txt").await.key, 1);
        let beside = database.connection().await;
        let other = sea_orm::TransactionTrait::begin(&beside).await.unwrap();
        other.execute_unprepared("update rooms set title = title").await.unwrap();
        let sent: Vec<_> = (0..10).map(|_| tokio::spawn(writer.send())).collect();
        // Several tries long.
        let waited = tokio::time::timeout(Duration::from_millis(700), async {
            eventually("never", async || sent.iter().any(tokio::task::JoinHandle::is_finished)).await;
        });
        assert!(waited.await.is_err(), "nothing is told before it is so");
        other.commit().await.unwrap();
        for outcome in soon("the appends", join_all(sent)).await {
            assert_eq!(outcome.unwrap(), Ok(()));
        }
        assert!(revisions(&writer).await.into_iter().eq(1..=11));
    }
}

#[tokio::test]
async fn the_servers_own_operations_have_their_own_numbers() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    let mut writer = Writer::new(&store, stored_room(&store, "main.txt").await.key, 1);
    assert_eq!(writer.send().await, Ok(()));
    let reseed = operation(3, Source::Server, 3);
    assert_eq!(writer.send_operation(reseed).await, Ok(()));
    assert_eq!(revisions(&writer).await, [1, 2, 3]);
}
