//! A log that is packed, wholly or in part, is the log that it was.

use std::collections::BTreeMap;

use migration::{Migrator, MigratorTrait};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use sea_orm::ConnectionTrait;
use tandem::error::Reason;
use tandem::id::{Epoch, FileId, FileKey, OpId, RequestId, Revision, RoomKey, RoomRef, SessionId, Source, Term};
use tandem::limits;
use tandem::store::model::{Append, File, Kind, LoggedChange, Operation, Origin, Recent, RoomState, Snapshot};
use tandem::store::{AppendError, ReadError, Store};
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;
use tandem_testkit::proxy::{Cut, Proxy};
use uuid::Uuid;

use super::sample::{FILE, Writer, append, file, foreign_operation, operation, soon, stored_room};
use crate::number;

const KINDS: [Kind; 7] = [
    Kind::Edit,
    Kind::Update,
    Kind::Create,
    Kind::Rename,
    Kind::Delete,
    Kind::Restore,
    Kind::Reseed,
];
const ORIGINS: [Origin; 4] = [Origin::Unspecified, Origin::Typed, Origin::Pasted, Origin::Agent];
const FILES: i64 = 4;
const NEVER: Revision = Revision(u64::MAX);

/// A room with some files, written to by sessions, unary calls and the server in turn.
async fn random_room(store: &Store, random: &mut SmallRng, operations: u64) -> (RoomKey, Vec<Operation>) {
    let key = stored_room(store, "main.txt").await.key;
    let sessions: Vec<Source> = (0..3).map(|_| Source::Session(SessionId::new())).collect();
    let mut op_ids: BTreeMap<Uuid, u64> = BTreeMap::new();
    let mut all = Vec::new();
    for revision in 2..2 + operations {
        let source = match random.random_range(0..20) {
            0 => Source::Request(RequestId::new()),
            1 => Source::Server,
            _ => *sessions.choose(random).expect("some"),
        };
        let op_id = op_ids.entry(source.uuid()).or_default();
        *op_id = if source == Source::Server {
            revision
        } else {
            *op_id + random.random_range(1..4)
        };
        let mut one = operation(revision, source, *op_id);
        one.file = FileKey(random.random_range(1..=FILES));
        one.epoch = Epoch(random.random_range(1..3));
        one.kind = *KINDS.choose(random).expect("some");
        one.origin = *ORIGINS.choose(random).expect("some");
        if random.random_range(0..10) == 0 {
            one.path = format!("é/{revision}");
            one.delta.clear();
        }
        if random.random_range(0..100) == 0 {
            one.update = (0..random.random_range(0..90_000)).map(|_| random.random()).collect();
        }
        all.push(one);
    }
    let mut files: Vec<File> = (2..=FILES)
        .map(|key| File {
            key: FileKey(key),
            ..file(&key.to_string())
        })
        .collect();
    files.iter_mut().for_each(|file| file.id = FileId::new());
    for part in all.chunks(250) {
        let part = Append {
            files: std::mem::take(&mut files),
            ..append(key, 1, part.to_vec())
        };
        store
            .append(part, store.reserve(1, 1).unwrap())
            .await
            .expect("the log takes it");
    }
    (key, all)
}

/// Everything that can be asked of a room's log.
#[derive(Debug, PartialEq)]
struct Asked {
    changes: Vec<Vec<LoggedChange>>,
    recent: Vec<Recent>,
    found: Vec<Option<Revision>>,
    highest: Vec<OpId>,
    snapshots: Vec<Option<Snapshot>>,
}

async fn ask(store: &Store, key: RoomKey, all: &[Operation], head: Revision) -> Asked {
    let mut asked = Asked {
        changes: vec![],
        recent: vec![],
        found: vec![],
        highest: vec![],
        snapshots: vec![],
    };
    for file in (1..=FILES).map(FileKey) {
        for (after, up_to) in [
            (Revision(0), NEVER),
            (Revision(300), Revision(700)),
            (Revision(511), head),
        ] {
            asked
                .changes
                .push(store.changes(key, file, after, up_to).await.expect("read"));
        }
        for (up_to, limit) in [(head, 10), (Revision(600), 200), (head, 10_000)] {
            asked
                .recent
                .push(store.recent_changes(key, file, up_to, limit).await.expect("read"));
        }
        asked
            .snapshots
            .push(store.snapshot(key, file, NEVER).await.expect("read"));
    }
    for one in all.iter().step_by(97) {
        asked
            .found
            .push(store.operation(key, one.source, one.op_id).await.expect("read"));
        asked.found.push(
            store
                .operation(key, one.source, OpId(one.op_id.0 + 1))
                .await
                .expect("read"),
        );
        asked
            .highest
            .push(store.highest_op_id(key, one.source).await.expect("read"));
    }
    asked
}

/// What loading the room says, but for how far it is packed. Deltas are told by their first bytes.
async fn load(store: &Store, key: RoomKey) -> RoomState {
    store.load_room(key).await.expect("read").expect("the room")
}

/// Packs all that there is.
async fn pack_all(store: &Store, key: RoomKey) -> Revision {
    let mut packed = Revision(0);
    loop {
        let now = store.pack(key, Term(0), NEVER).await.expect("packed");
        if now == packed {
            return packed;
        }
        packed = now;
    }
}

async fn count(database: &TestDatabase, what: &str) -> i64 {
    let connection = database.connection().await;
    let statement = format!("select count(*) as found from {what}");
    let backend = connection.get_database_backend();
    let row = connection
        .query_one_raw(sea_orm::Statement::from_string(backend, statement))
        .await;
    let found = row
        .expect("counted")
        .expect("a row")
        .try_get("", "found")
        .expect("a number");
    connection.close().await.expect("closed");
    found
}

async fn change(database: &TestDatabase, statement: &str) {
    let connection = database.connection().await;
    let done = connection.execute_unprepared(statement).await.expect("changed");
    assert!(done.rows_affected() > 0, "{statement}");
    connection.close().await.expect("closed");
}

/// A room with this head, written by one session.
async fn typed(store: &Store, head: u64) -> Writer {
    let mut writer = Writer::new(store, stored_room(store, "main.txt").await.key, 1);
    let mut last = None;
    while writer.head < head {
        last = Some(writer.send());
    }
    last.expect("some").await.expect("the log takes operations");
    writer
}

both_databases! {
    async fn a_log_packed_step_by_step_answers_as_before(database) {
        for seed in number("TANDEM_SEED").map_or(0..2, |seed| seed..seed + 1) {
            eprintln!("seed {seed}");
            let store = database.open().await;
            let mut random = SmallRng::seed_from_u64(seed);
            let (key, all) = random_room(&store, &mut random, 1_500).await;
            let head = Revision(1_501);
            store.put_snapshot(key, Snapshot {
                file: FileKey(2), revision: head, epoch: Epoch(1), state: vec![1], text_hash: [2; 32],
            }).await.expect("kept");
            let (before, room) = (ask(&store, key, &all, head).await, load(&store, key).await);
            let mut packed = Revision(0);
            let mut steps = 0;
            while packed < head {
                let up_to = Revision(packed.0 + random.random_range(1..600)).min(head);
                packed = store.pack(key, Term(0), up_to).await.expect("packed");
                assert!(packed <= up_to);
                let loaded = load(&store, key).await;
                assert_eq!((loaded.packed, loaded.head), (packed, head));
                for (now, then) in loaded.files.iter().zip(&room.files) {
                    assert_eq!((&now.file, now.revision), (&then.file, then.revision));
                    assert_eq!(now.last_delta, then.last_delta);
                }
                steps += 1;
                if steps % 4 == 1 || packed == head {
                    assert_eq!(ask(&store, key, &all, head).await, before, "packed up to {packed}");
                }
            }
            assert_eq!(count(&database, &format!("operations where room = {key}")).await, 0);
            let by_id = RoomRef::Id(room.room.id);
            assert_eq!(store.find_room(&by_id).await.unwrap().expect("the room").head, head);
            // It goes on after what is packed, and after a restart.
            store.close(std::time::Duration::from_secs(10)).await;
            drop(store);
            let store = database.open().await;
            assert_eq!(ask(&store, key, &all, head).await, before);
            let mut writer = Writer::new(&store, key, head.0);
            writer.send().await.expect("the next");
            writer.send().await.expect("the next, the quick way");
            assert_eq!(load(&store, key).await.head, Revision(head.0 + 2));
            store.close(std::time::Duration::from_secs(10)).await;
        }
    }

    async fn what_is_packed_is_found_when_it_is_sent_again_and_never_written_twice(database) {
        let store = database.open().await;
        let mut writer = typed(&store, 20).await;
        assert_eq!(pack_all(&store, writer.room).await, Revision(20));
        // The same append, of which nobody has heard what became of it.
        for revision in [3, 20] {
            let again = append(writer.room, writer.incarnation, vec![operation(revision, writer.source, revision)]);
            store.append(again, store.reserve(1, 1).unwrap()).await.expect("it is there already");
        }
        writer.send().await.expect("the next");
        let changes = store.changes(writer.room, FILE, Revision(0), NEVER).await.unwrap();
        assert!(changes.iter().map(|change| change.revision.0).eq(1..=21));
    }

    async fn a_copy_that_missed_what_others_packed_is_not_the_truth(database) {
        let store = database.open().await;
        let mut old = typed(&store, 5).await;
        old.send().await.expect("the writer knows this copy's head");
        let beside = database.connection().await;
        for revision in 7..=9 {
            foreign_operation(&beside, old.room, revision).await;
        }
        beside.close().await.expect("closed");
        assert_eq!(pack_all(&store, old.room).await, Revision(9));
        // No row is in its way any more.
        assert!(matches!(old.send().await, Err(AppendError::NotTheTruth(_))));
        let changes = store.changes(old.room, FILE, Revision(0), NEVER).await.unwrap();
        assert!(changes.iter().map(|change| change.revision.0).eq(1..=9));
        let mut new = Writer::new(&store, old.room, old.head().await);
        new.send().await.expect("a copy that has read the log goes on");
    }

    async fn only_the_term_that_holds_packs(database) {
        let store = database.open().await;
        let writer = typed(&store, 5).await;
        change(&database, "update rooms set term = 1").await;
        assert_eq!(store.pack(writer.room, Term(0), NEVER).await.unwrap(), Revision(0));
        assert_eq!(count(&database, "operations").await, 5);
        assert_eq!(count(&database, "segments").await, 0);
        assert_eq!(store.pack(writer.room, Term(1), NEVER).await.unwrap(), Revision(5));
    }

    async fn a_log_with_a_gap_is_left_as_it_is(database) {
        let store = database.open().await;
        let writer = typed(&store, 9).await;
        change(&database, "delete from operations where revision = 4").await;
        let refused = store.pack(writer.room, Term(0), NEVER).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Internal);
        assert_eq!(count(&database, "operations").await, 8);
        assert_eq!(store.load_room(writer.room).await.unwrap().expect("the room").packed, Revision(0));
    }

    async fn a_room_that_is_written_little_by_little_has_few_segments(database) {
        let store = database.open().await;
        let mut writer = typed(&store, 2).await;
        for _ in 0..60 {
            for _ in 0..50 {
                drop(writer.send());
            }
            writer.send().await.expect("the log takes operations");
            assert_eq!(pack_all(&store, writer.room).await, Revision(writer.head));
        }
        assert!(writer.head as usize > limits::SEGMENT_OPERATIONS);
        assert_eq!(count(&database, "segments").await, 2);
        // A large operation is no part of a small segment.
        let mut large = operation(writer.head + 1, writer.source, writer.head + 1);
        large.update = vec![7; limits::SEGMENT_BYTES].into();
        writer.head += 1;
        writer.send_operation(large).await.expect("the log takes it");
        writer.send().await.expect("the log takes it");
        pack_all(&store, writer.room).await;
        assert_eq!(count(&database, "segments").await, 4);
        let changes = store.changes(writer.room, FILE, Revision(0), NEVER).await.unwrap();
        assert!(changes.iter().map(|change| change.revision.0).eq(1..=writer.head));
    }

    async fn a_damaged_segment_is_told_and_never_a_shorter_log(database) {
        let store = database.open().await;
        let mut writer = typed(&store, 30).await;
        pack_all(&store, writer.room).await;
        writer.send().await.expect("the next");
        let garbage = if database.is_postgres() { "'\\x0102'::bytea" } else { "x'0102'" };
        change(&database, &format!("update segments set data = data || {garbage}")).await;
        let key = writer.room;
        let read = store.changes(key, FILE, Revision(3), Revision(10)).await;
        assert!(matches!(read, Err(ReadError::Damaged(Revision(30)))), "{read:?}");
        let after = store.changes(key, FILE, Revision(30), NEVER).await.unwrap();
        assert_eq!(after.len(), 1);
        let recent = store.recent_changes(key, FILE, Revision(31), 10).await.unwrap();
        assert_eq!((recent.changes.len(), recent.complete_after), (1, Some(Revision(30))));
        let lost = store.operation(key, writer.source, OpId(7)).await.unwrap_err();
        assert_eq!(lost.reason(), Reason::Internal);
        // The room goes on; what is damaged is left to whoever can mend it.
        writer.send().await.expect("the next");
        assert_eq!(pack_all(&store, key).await, Revision(32));
        assert_eq!(count(&database, "segments").await, 2);
        assert_eq!(store.changes(key, FILE, Revision(30), NEVER).await.unwrap().len(), 2);
    }

    async fn a_schema_with_packed_operations_does_not_go_down_and_one_without_comes_up_with_its_log(database) {
        let store = database.open().await;
        let writer = typed(&store, 40).await;
        store.close(std::time::Duration::from_secs(10)).await;
        let connection = database.connection().await;
        Migrator::down(&connection, Some(1)).await.expect("nothing is packed");
        let gone = connection.execute_unprepared("select packed from rooms").await;
        assert!(gone.is_err(), "the column is still there");
        let (key, source) = (writer.room, writer.source);
        drop((store, writer));
        let store = database.open().await;
        assert_eq!(load(&store, key).await.head, Revision(40));
        assert_eq!(pack_all(&store, key).await, Revision(40));
        store.close(std::time::Duration::from_secs(10)).await;
        drop(store);
        let refused = Migrator::down(&connection, None).await.expect_err("they would be lost");
        assert!(refused.to_string().contains("packed in segments"), "{refused}");
        connection.close().await.expect("closed");
        let store = database.open().await;
        assert_eq!(store.changes(key, FILE, Revision(0), NEVER).await.unwrap().len(), 40);
        assert_eq!(store.highest_op_id(key, source).await.unwrap(), OpId(40));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packing_whose_commit_is_lost_is_done_once() {
    let database = TestDatabase::postgres().await;
    let proxy = Proxy::before(&database.url()).await;
    let mut settings = database.settings();
    settings.url = Some(database.url_through(proxy.port()));
    let store = Store::open(settings).await.expect("the store opens through the proxy");
    let writer = typed(&store, 1_300).await;
    for (at, cut) in [Cut::BeforeServer, Cut::AfterServer, Cut::Garble]
        .into_iter()
        .enumerate()
    {
        proxy.cut_next_commit(cut);
        let packed = soon("the packing", store.pack(writer.room, Term(0), NEVER)).await;
        let up_to = (512 * (at as u64 + 1)).min(1_300);
        assert_eq!((packed.unwrap(), proxy.cuts()), (Revision(up_to), at + 1));
        assert_eq!(count(&database, "operations").await, 1_300 - up_to as i64);
    }
    let changes = store.changes(writer.room, FILE, Revision(0), NEVER).await.unwrap();
    assert!(changes.iter().map(|change| change.revision.0).eq(1..=1_300));
}
