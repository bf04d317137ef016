//! Another writer: an operation that no room of this server knows of, put into the log past it.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use tandem::document::{Document, Unit, UnitChange};
use tandem::id::ClientId;
use tandem::store::model::Kind;
use tandem_testkit::database::TestDatabase;

/// The key of a room with one file.
pub(super) async fn room_key(database: &TestDatabase, connection: &DatabaseConnection, room: &str) -> i64 {
    let id = if database.is_postgres() {
        format!("'{room}'")
    } else {
        format!("x'{}'", room.replace('-', ""))
    };
    number(
        database,
        connection,
        &format!("select key as found from rooms where id = {id}"),
    )
    .await
}

/// Writes a line at the front of a room's only file, as another server would that has the room open too.
pub(super) async fn foreign_line(database: &TestDatabase, room: &str, line: &str) -> u64 {
    let connection = database.connection().await;
    let room = room_key(database, &connection, room).await;
    let select = format!("select yjs_update from operations where room = {room} order by revision");
    let rows = connection
        .query_all_raw(statement(database, &select))
        .await
        .expect("the log");
    let updates: Vec<Vec<u8>> = rows
        .iter()
        .map(|row| row.try_get("", "yjs_update").expect("bytes"))
        .filter(|update: &Vec<u8>| !update.is_empty())
        .collect();
    let mut document =
        Document::load(ClientId(99), None, updates.iter().map(Vec::as_slice)).expect("the log makes a text");
    let applied = document
        .edit(Unit::CodePoint, &[UnitChange::new(0, 0, line)])
        .expect("an edit");
    let revision = rows.len() + 1;
    let insert = format!(
        "insert into operations (room, revision, source, op_id, file, epoch, author, kind, origin, yjs_update, delta, \
         path, term, time) select room, {revision}, source, {}, file, epoch, author, {}, origin, {}, {}, path, term, \
         time from operations where room = {room} and revision = 1",
        1_000_000 + revision,
        Kind::Edit as i16,
        literal(database, &applied.update),
        literal(database, &applied.delta.encode()),
    );
    let done = connection.execute_unprepared(&insert).await.expect("the log takes it");
    assert_eq!(done.rows_affected(), 1);
    revision as u64
}

/// The only number that a query finds, in a column `found`.
pub(super) async fn number(database: &TestDatabase, connection: &DatabaseConnection, query: &str) -> i64 {
    let row = connection
        .query_one_raw(statement(database, query))
        .await
        .expect("asked");
    row.expect("a row").try_get("", "found").expect("a number")
}

pub(super) fn statement(database: &TestDatabase, sql: &str) -> Statement {
    let backend = if database.is_postgres() {
        DbBackend::Postgres
    } else {
        DbBackend::Sqlite
    };
    Statement::from_string(backend, sql)
}

/// Bytes as both databases write them.
pub(super) fn literal(database: &TestDatabase, bytes: &[u8]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if database.is_postgres() {
        format!("'\\x{hex}'::bytea")
    } else {
        format!("x'{hex}'")
    }
}
