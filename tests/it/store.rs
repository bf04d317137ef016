//! The store: what goes in comes out, on both databases.

mod packing;
pub(crate) mod sample;

use bytes::Bytes;
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use tandem::error::Reason;
use tandem::id::{
    ClientId, Epoch, FileKey, OpId, RequestId, Revision, RoomKey, RoomRef, SessionId, Source, UserId, UserKey,
};
use tandem::limits::SNAPSHOTS_KEPT;
use tandem::store::model::{
    Answered, Append, BindOutcome, Binding, File, Kind, NewUser, Operation, RoomEdit, Snapshot,
};
use tandem::store::{OpenError, Store, WriteError};
use tandem_testkit::both_databases;
use tandem_testkit::database::TestDatabase;

use self::sample::{FILE, Writer, append, file, operation, room, session, stored_room};

/// Texts that have broken databases before.
const ODD_TEXTS: &[&str] = &[
    "",
    "plain",
    "with \u{0} inside",
    "\u{0}",
    "quote ' and \" and \\ and ; --",
    "\u{feff}bom \u{fffe} \u{ffff} \u{10ffff}",
    "e\u{301} é 👩‍👩‍👧‍👦 \u{202e}right to left",
    "line\nline\r\n\u{2028}\u{85}\u{7f}",
    "$1 ?1 %s {} \\x00",
];

fn answer(text: &str) -> Answered {
    Answered {
        request: RequestId::new(),
        digest: [3; 32],
        answer: text.as_bytes().to_vec(),
    }
}

fn snapshot(revision: u64) -> Snapshot {
    Snapshot {
        file: FILE,
        revision: Revision(revision),
        epoch: Epoch(1),
        state: vec![0, 255, revision as u8],
        text_hash: [revision as u8; 32],
    }
}

async fn write_up_to(store: &Store, key: RoomKey, head: u64) -> Writer {
    let mut writer = Writer::new(store, key, 1);
    let mut last = None;
    while writer.head < head {
        last = Some(writer.send());
    }
    if let Some(last) = last {
        last.await.expect("the log takes operations");
    }
    writer
}

both_databases! {
    async fn the_schema_goes_up_and_down_and_up_again(database) {
        let connection = database.connection().await;
        Migrator::up(&connection, None).await.expect("up");
        connection.execute_unprepared("select * from operations").await.expect("the log is there");
        Migrator::down(&connection, None).await.expect("down");
        for table in ["users", "rooms", "files", "operations", "snapshots", "sessions", "client_ids", "requests", "segments"] {
            let gone = connection.execute_unprepared(&format!("select * from {table}")).await;
            assert!(gone.is_err(), "{table} is still there");
        }
        Migrator::up(&connection, None).await.expect("up again");
        connection.close().await.expect("closed");
        stored_room(&database.open().await, "main.txt").await;
    }

    async fn what_is_stored_is_there_after_a_restart(database) {
        let store = database.open().await;
        let stored = stored_room(&store, "main.txt").await;
        let writer = write_up_to(&store, stored.key, 20).await;
        store.close(std::time::Duration::from_secs(10)).await;
        assert!(store.reserve(1, 1).is_ok());
        assert!(matches!(writer.store.append(append(stored.key, 1, vec![]), store.reserve(0, 0).unwrap()).await,
            Err(tandem::store::AppendError::Closed)));
        drop((store, writer));

        let store = database.open().await;
        let state = store.load_room(stored.key).await.unwrap().expect("the room is there");
        assert_eq!((state.room, state.head), (stored.clone(), Revision(20)));
        assert_eq!(state.files.len(), 1);
        assert_eq!(state.files[0].revision, Revision(20));
        assert_eq!(state.files[0].last_delta, b"delta 20");
        let changes = store.changes(stored.key, FILE, Revision(3), Revision(19)).await.unwrap();
        let revisions: Vec<u64> = changes.iter().map(|change| change.revision.0).collect();
        assert_eq!(revisions, (4..=19).collect::<Vec<_>>());
        assert_eq!(changes[0].update, b"update 4");
    }

    async fn a_room_knows_where_its_files_stand_however_long_ago_they_were_written(database) {
        const OTHER: FileKey = FileKey(2);
        let store = database.open().await;
        let of = |file: FileKey, kind: Kind, revision: u64| {
            let mut row = Operation { file, kind, ..operation(revision, Source::Server, revision) };
            if kind == Kind::Rename {
                row.delta.clear();
            }
            row
        };
        let first = Append {
            files: vec![file("main.txt"), File { key: OTHER, ..file("other.txt") }],
            ..append(RoomKey(0), 0, vec![of(FILE, Kind::Create, 1), of(OTHER, Kind::Create, 2)])
        };
        let key = store.create_room(room(None, 1), first).await.unwrap().key;
        let mut writer = Writer::new(&store, key, 2);
        let mut write = async |file: FileKey, kind: Kind| {
            writer.head += 1;
            writer.send_operation(of(file, kind, writer.head)).await.unwrap();
        };
        let stand = async || {
            let files = store.load_room(key).await.unwrap().expect("the room is there").files;
            files.into_iter().map(|at| (at.revision.0, String::from_utf8(at.last_delta).unwrap())).collect::<Vec<_>>()
        };
        write(OTHER, Kind::Edit).await;
        write(OTHER, Kind::Rename).await;
        assert_eq!(stand().await, [(1, "delta 1".to_owned()), (4, "delta 3".to_owned())]);
        for _ in 5..=200 {
            write(FILE, Kind::Edit).await;
        }
        write(FILE, Kind::Rename).await;
        assert_eq!(stand().await, [(201, "delta 200".to_owned()), (4, "delta 3".to_owned())]);
        // The last rows tell of both.
        write(OTHER, Kind::Edit).await;
        assert_eq!(stand().await, [(201, "delta 200".to_owned()), (202, "delta 202".to_owned())]);
    }

    async fn no_character_fails_a_statement(database) {
        let store = database.open().await;
        for odd in ODD_TEXTS {
            let mut wanted = room(None, 1);
            wanted.title = (*odd).to_owned();
            let mut create = operation(1, Source::Server, 1);
            (create.kind, create.path) = (Kind::Create, (*odd).to_owned());
            let first = Append { files: vec![file(odd)], ..append(RoomKey(0), 0, vec![create]) };
            let stored = store.create_room(wanted, first).await.unwrap();
            let state = store.load_room(stored.key).await.unwrap().expect("the room is there");
            assert_eq!(state.room.title, *odd);
            assert_eq!(state.files[0].file.path, *odd);
            let user = NewUser { id: UserId::new(), name: (*odd).to_owned() };
            let joined = store.new_session(user, session(stored.key, odd)).await.unwrap();
            let found = store.session_by_token(&joined.token_hash).await.unwrap();
            assert_eq!(found, Some(joined.clone()));
            assert_eq!(joined.name, *odd);
            let slug = RoomRef::Slug((*odd).to_owned());
            assert_eq!(store.find_room(&slug).await.unwrap(), None, "{odd:?} is nobody's slug");
        }
    }

    async fn a_deleted_room_gives_its_slug_away_and_keeps_its_log(database) {
        let store = database.open().await;
        let empty = || append(RoomKey(0), 0, vec![operation(1, Source::Server, 1)]);
        let first = store.create_room(room(Some("den"), 1), empty()).await.unwrap();
        assert_eq!(store.create_room(room(Some("den"), 2), empty()).await, Err(WriteError::SlugTaken));
        let joined = store.new_session(NewUser { id: UserId::new(), name: "a".into() }, session(first.key, "a")).await;
        let token = joined.unwrap().token_hash;

        store.delete_room(first.key, None).await.unwrap();
        assert_eq!(store.delete_room(first.key, None).await, Err(WriteError::NoRoom));
        assert_eq!(store.find_room(&RoomRef::Id(first.id)).await.unwrap(), None);
        assert!(store.load_room(first.key).await.unwrap().is_none());
        assert_eq!(store.session_by_token(&token).await.unwrap(), None);
        let late = Writer::new(&store, first.key, 1).send().await;
        assert!(late.unwrap_err().to_string().contains("deleted"));
        let refused = store.new_session(NewUser { id: UserId::new(), name: "b".into() }, session(first.key, "b")).await;
        assert_eq!(refused.unwrap_err().reason(), Reason::RoomNotFound);
        assert_eq!(store.operation(first.key, Source::Server, OpId(1)).await.unwrap(), Some(Revision(1)));

        let second = store.create_room(room(Some("den"), 3), empty()).await.unwrap();
        let found = store.find_room(&RoomRef::Slug("den".into())).await.unwrap().expect("the new room");
        assert_eq!((found.room.key, found.head), (second.key, Revision(1)));
    }

    async fn a_room_is_created_once_however_often_it_is_sent(database) {
        let store = database.open().await;
        let (wanted, kept) = (room(Some("once"), 1), answer("created"));
        let first = Append {
            answered: Some(kept.clone()),
            ..append(RoomKey(0), 0, vec![operation(1, Source::Request(kept.request), 1)])
        };
        let stored = store.create_room(wanted.clone(), first.clone()).await.unwrap();
        assert_eq!(store.create_room(wanted, first.clone()).await, Ok(stored.clone()));
        // The same request for another room gets the first answer, and no room.
        assert_eq!(store.create_room(room(None, 2), first).await, Err(WriteError::Answered(kept.clone())));
        assert_eq!(store.answered(RoomKey(0), kept.request).await.unwrap(), Some(kept));
        assert_eq!(store.list_rooms(None, 10).await.unwrap().len(), 1);
    }

    async fn a_room_can_be_renamed_but_not_over_another(database) {
        let store = database.open().await;
        let empty = || append(RoomKey(0), 0, vec![operation(1, Source::Server, 1)]);
        let first = store.create_room(room(Some("one"), 1), empty()).await.unwrap();
        store.create_room(room(Some("two"), 1), empty()).await.unwrap();
        let slug = |slug: Option<&str>| RoomEdit { slug: Some(slug.map(str::to_owned)), title: None };
        assert_eq!(store.update_room(first.key, slug(Some("two")), None).await, Err(WriteError::SlugTaken));
        let title = RoomEdit { slug: None, title: Some("new".into()) };
        let kept = answer("updated");
        let updated = store.update_room(first.key, title.clone(), Some(kept.clone())).await.unwrap();
        assert_eq!((updated.slug.as_deref(), updated.title.as_str()), (Some("one"), "new"));
        let again = store.update_room(first.key, title, Some(kept.clone())).await;
        assert_eq!(again, Err(WriteError::Answered(kept)));
        assert_eq!(store.update_room(first.key, slug(None), None).await.unwrap().slug, None);
        assert_eq!(store.update_room(RoomKey(99), slug(None), None).await, Err(WriteError::NoRoom));
    }

    async fn rooms_are_listed_newest_first_page_by_page(database) {
        let store = database.open().await;
        for created in [1, 2, 2, 3] {
            let first = append(RoomKey(0), 0, vec![operation(1, Source::Server, 1)]);
            store.create_room(room(None, created), first).await.unwrap();
        }
        let mut seen = Vec::new();
        let mut before = None;
        while let Some(last) = store.list_rooms(before, 1).await.unwrap().pop() {
            before = Some((last.room.created, last.room.key));
            seen.push((last.room.created, last.room.key.0));
        }
        assert_eq!(seen, [(3, 4), (2, 3), (2, 2), (1, 1)]);
    }

    async fn a_source_finds_its_operations_again(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        let writer = write_up_to(&store, key, 5).await;
        assert_eq!(store.operation(key, writer.source, OpId(4)).await.unwrap(), Some(Revision(4)));
        assert_eq!(store.operation(key, writer.source, OpId(u64::MAX)).await.unwrap(), None);
        assert_eq!(store.highest_op_id(key, writer.source).await.unwrap(), OpId(5));
        assert_eq!(store.highest_op_id(key, Source::Session(SessionId::new())).await.unwrap(), OpId(0));
        let recent = store.recent_changes(key, FILE, Revision(4), 2).await.unwrap();
        let recent: Vec<_> = recent.changes.iter().map(|change| (change.revision.0, change.delta.clone())).collect();
        assert_eq!(recent, [(3, b"delta 3".to_vec()), (4, b"delta 4".to_vec())]);
    }

    async fn long_histories_come_whole_and_in_order(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        let mut last = None;
        let source = Source::Session(SessionId::new());
        for first in (2..2_502).step_by(250) {
            let part = (first..first + 250).map(|revision| operation(revision, source, revision)).collect();
            last = Some(store.append(append(key, 1, part), store.reserve(250, 2_500).unwrap()));
        }
        last.unwrap().await.unwrap();
        let changes = store.changes(key, FILE, Revision(0), Revision(u64::MAX)).await.unwrap();
        assert!(changes.iter().map(|change| change.revision.0).eq(1..=2_501));
    }

    async fn the_projection_and_the_answer_come_with_the_operation(database) {
        let store = database.open().await;
        let key = stored_room(&store, "old.txt").await.key;
        let kept = answer("renamed");
        let mut renamed = store.load_room(key).await.unwrap().unwrap().files.remove(0).file;
        renamed.path = "new.txt".into();
        let mut rename = operation(2, Source::Request(kept.request), 1);
        (rename.kind, rename.path, rename.delta) = (Kind::Rename, "new.txt".into(), Bytes::new());
        let change = Append { files: vec![renamed.clone()], answered: Some(kept.clone()), ..append(key, 1, vec![rename]) };
        store.append(change, store.reserve(1, 10).unwrap()).await.unwrap();
        let loaded = store.load_room(key).await.unwrap().unwrap().files.remove(0);
        assert_eq!(loaded.file, renamed);
        assert_eq!((loaded.revision, loaded.last_delta), (Revision(2), b"delta 1".to_vec()));
        assert_eq!(store.answered(key, kept.request).await.unwrap(), Some(kept));
    }

    async fn a_client_id_belongs_to_the_user_who_came_first(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        let binding = |client, user| Binding {
            file: FILE,
            epoch: Epoch(1),
            client: ClientId(client),
            user: UserKey(user),
            session: SessionId::new(),
        };
        assert_eq!(store.bind(key, binding(u32::MAX, 1)).await.unwrap(), BindOutcome::Bound);
        assert_eq!(store.bind(key, binding(u32::MAX, 1)).await.unwrap(), BindOutcome::Bound);
        assert_eq!(store.bind(key, binding(u32::MAX, 2)).await.unwrap(), BindOutcome::TakenBy(UserKey(1)));
        assert_eq!(store.bind(key, binding(2, 2)).await.unwrap(), BindOutcome::Bound);
        let bound = store.bindings(key, FILE).await.unwrap();
        assert_eq!(bound.iter().map(|b| (b.client.0, b.user.0)).collect::<Vec<_>>(), [(2, 2), (u32::MAX, 1)]);
    }

    async fn an_ended_session_has_no_token(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        let wanted = session(key, "ada");
        let user = NewUser { id: UserId::new(), name: "ada".into() };
        let joined = store.new_session(user.clone(), wanted.clone()).await.unwrap();
        assert!(joined.user.0 > 0);
        assert_eq!(store.new_session(user, wanted).await.unwrap(), joined, "sent twice, stored once");
        store.end_session(joined.id).await.unwrap();
        assert_eq!(store.session_by_token(&joined.token_hash).await.unwrap(), None);
    }

    async fn a_snapshot_above_the_head_is_refused_and_never_shown(database) {
        let store = database.open().await;
        let key = stored_room(&store, "main.txt").await.key;
        write_up_to(&store, key, 9).await;
        assert_eq!(store.put_snapshot(key, snapshot(10)).await.unwrap_err().reason(), Reason::Internal);
        for revision in 1..=9 {
            store.put_snapshot(key, snapshot(revision)).await.unwrap();
        }
        for kept in (0..SNAPSHOTS_KEPT).map(|before| 9 - before) {
            assert_eq!(store.snapshot(key, FILE, Revision(kept)).await.unwrap(), Some(snapshot(kept)));
        }
        let older = store.snapshot(key, FILE, Revision(9 - SNAPSHOTS_KEPT)).await.unwrap();
        assert_eq!(older, None, "only so many are kept");
        assert_eq!(store.snapshot(key, FILE, Revision(u64::MAX)).await.unwrap(), Some(snapshot(9)));
        // The log loses its end, as after a restore from a copy: the snapshots of what is lost are not shown.
        let connection = database.connection().await;
        let lost = format!("delete from operations where room = {key} and revision > 8");
        connection.execute_unprepared(&lost).await.unwrap();
        assert_eq!(store.snapshot(key, FILE, Revision(u64::MAX)).await.unwrap(), Some(snapshot(8)));
    }

    async fn the_database_answers_a_ping(database) {
        database.open().await.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_that_start_at_once_migrate_once() {
    let database = TestDatabase::postgres().await;
    let (one, two, three) = tokio::join!(database.open(), database.open(), database.open());
    for store in [one, two, three] {
        stored_room(&store, "main.txt").await;
    }
}

#[tokio::test]
async fn a_sqlite_file_has_one_store_at_a_time() {
    let database = TestDatabase::sqlite();
    let store = database.open().await;
    for _ in 0..3 {
        assert!(matches!(
            Store::open(database.settings()).await,
            Err(OpenError::InUse(_))
        ));
    }
    store.close(std::time::Duration::from_secs(10)).await;
    drop(store);
    database.open().await.ping().await.unwrap();
}

/// Plays both processes: the second is this very test, started with the folder to try.
#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "how the test tells its other half where to look"
)]
async fn a_second_process_on_the_sqlite_file_is_refused() {
    const FOLDER: &str = "TANDEM_TEST_SECOND_PROCESS";
    if let Ok(folder) = std::env::var(FOLDER) {
        let refused = Store::open(tandem::store::Settings::new(None, folder))
            .await
            .err()
            .expect("it is refused");
        println!("refused: {refused}");
        return;
    }
    let database = TestDatabase::sqlite();
    let _store = database.open().await;
    let second = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::a_second_process_on_the_sqlite_file_is_refused",
            "--nocapture",
        ])
        .env(FOLDER, database.folder())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stdout);
    assert!(
        said.contains("refused: another process uses the database file"),
        "{said}"
    );
}

#[tokio::test]
async fn an_address_that_loses_everything_is_refused() {
    for url in ["sqlite::memory:", "mysql://root@localhost/x", "tandem.db"] {
        let settings = tandem::store::Settings::new(Some(url.to_owned()), std::env::temp_dir());
        assert!(matches!(Store::open(settings).await, Err(OpenError::Url(_))), "{url}");
    }
}
