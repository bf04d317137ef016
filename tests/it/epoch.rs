//! Where Yjs bytes and position deltas differ, the deltas win, and the file starts anew under a new epoch.

use bytes::Bytes;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tandem::document::{Unit, UnitChange};
use tandem::id::ClientId;
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::client::{Client, Door, TextSession, YjsSession, reason, reason_of};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tandem_testkit::yjs_client::YjsClient;

both_databases! {
    async fn a_log_whose_two_forms_differ_is_served_as_the_deltas_say_under_a_new_epoch(database) {
        let server = TestServer::start(database).await;
        let client = server.client();
        let room = client.create_room(&[("main.txt", "")]).await.expect("a room").room.expect("a room").room_id;
        let mut ana = join(&client, &room).await;
        let file = ana.open("main.txt").await.expect("open");
        let op = ana.edit(&file, vec![UnitChange::new(0, 0, "hello")]).await.expect("sent");
        assert_eq!(ana.receipt(op).await.state(), v1::ReceiptState::Committed);

        let database = server.stop().await;
        say_hallo_instead(&database).await;
        let server = TestServer::start(database).await;
        let client = server.client();

        // What Ana was told stands.
        let (text, revision) = client.read_file(&room, "main.txt").await.expect("read");
        assert_eq!(text, "hello");
        assert_eq!(revision, 3, "starting anew is an operation of the log");
        let mut ben = join(&client, &room).await;
        assert_eq!(ben.open("main.txt").await.expect("open"), file);
        let op = ben.edit(&file, vec![UnitChange::new(5, 0, "!")]).await.expect("sent");
        assert_eq!(ben.receipt(op).await.state(), v1::ReceiptState::Committed);

        // A page that still has the old Y.Doc is told to begin again; a new one gets the text.
        let mut cleo = YjsSession::join(&client, Door::Collaborate, &room, "Cleo").await.expect("joined");
        let old = cleo.send(open(&file, 77, 1)).await;
        old.expect("sent");
        cleo.until("a refusal", |seen| !seen.refused.is_empty()).await;
        let refusal = cleo.seen.refused[0].error.clone().expect("an error");
        assert_eq!(reason_of(&refusal), "EPOCH_MISMATCH");
        cleo.open("main.txt", 78, Bytes::new()).await.expect("open");
        let mut doc = YjsClient::new(ClientId(78));
        for update in cleo.take_updates(&file) {
            doc.receive(&update);
        }
        assert_eq!(doc.text(), "hello!");

        // And after another restart nothing has to start anew again.
        let server = server.restart().await;
        let read = server.client().read_file(&room, "main.txt").await.expect("read");
        assert_eq!(read, ("hello!".to_owned(), 4));
    }
}

async fn join(client: &Client, room: &str) -> TextSession {
    let joined = TextSession::join(client, Door::Collaborate, room, "Ana", Unit::CodePoint).await;
    joined.unwrap_or_else(|status| panic!("{}", reason(&status)))
}

fn open(file: &str, client_id: u32, epoch: u32) -> v1::client_message::Kind {
    v1::client_message::Kind::Open(v1::Open {
        file: Some(v1::open::File::FileId(file.to_owned())),
        client_id,
        epoch,
        ..Default::default()
    })
}

/// Changes a letter in the Yjs bytes of the only edit, as a broken disk or a defect would.
async fn say_hallo_instead(database: &TestDatabase) {
    let connection = database.connection().await;
    connection
        .execute_unprepared("DELETE FROM snapshots")
        .await
        .expect("no snapshots");
    let backend = if database.is_postgres() {
        DbBackend::Postgres
    } else {
        DbBackend::Sqlite
    };
    let select = Statement::from_string(backend, "SELECT yjs_update FROM operations WHERE revision = 2");
    let row = connection
        .query_one_raw(select)
        .await
        .expect("asked")
        .expect("the edit's row");
    let mut update: Vec<u8> = row.try_get("", "yjs_update").expect("its bytes");
    let at = update
        .windows(5)
        .position(|bytes| bytes == b"hello")
        .expect("the text in the bytes");
    update[at + 1] = b'a';
    let hex: String = update.iter().map(|byte| format!("{byte:02x}")).collect();
    let literal = if database.is_postgres() {
        format!("'\\x{hex}'::bytea")
    } else {
        format!("x'{hex}'")
    };
    let change = format!("UPDATE operations SET yjs_update = {literal} WHERE revision = 2");
    connection.execute_unprepared(&change).await.expect("changed");
}
