//! A call that is sent again under its request_id while the first try is still on its way: one answer for both.

use std::fmt::Debug;
use std::future::Future;

use futures_util::future::join_all;
use tandem::rpc::proto::v1;
use tandem_testkit::both_databases;
use tandem_testkit::server::TestServer;
use tonic::{Response, Status};
use uuid::Uuid;

/// How many tries there are at once.
const TRIES: usize = 12;

/// Makes the same call several times at once; all get the same answer.
async fn at_once<A, F>(call: impl Fn() -> F) -> A
where
    A: Debug + PartialEq,
    F: Future<Output = Result<Response<A>, Status>>,
{
    let answers = join_all((0..TRIES).map(|_| call())).await;
    let mut answers = answers
        .into_iter()
        .map(|answer| answer.expect("an answer").into_inner());
    let first = answers.next().expect("several calls");
    assert!(answers.all(|answer| answer == first), "another answer than {first:?}");
    first
}

both_databases! {
    async fn retries_that_meet_their_first_try_get_its_answer(database) {
        let server = TestServer::start(database).await;
        let client = server.client();
        let (rooms, files) = (client.rooms(), client.files());
        let id = || Uuid::new_v4().to_string();

        let create = v1::CreateRoomRequest { title: "one".into(), request_id: id(), ..Default::default() };
        let created = at_once(async || rooms.clone().create_room(create.clone()).await).await;
        let room = created.room.expect("a room").room_id;
        let all = rooms.clone().list_rooms(v1::ListRoomsRequest::default()).await.expect("a page");
        assert_eq!(all.into_inner().rooms.len(), 1, "one room was made");

        let slug = Some("renamed".to_owned());
        let update = v1::UpdateRoomRequest { room: room.clone(), slug, request_id: id(), ..Default::default() };
        let updated = at_once(async || rooms.clone().update_room(update.clone()).await).await;
        assert_eq!(updated.room.expect("the room").slug, "renamed");

        let new = v1::CreateFileRequest {
            room: room.clone(),
            path: "a.txt".into(),
            request_id: id(),
            ..Default::default()
        };
        at_once(async || files.clone().create_file(new.clone()).await).await;

        let delete = v1::DeleteRoomRequest { room, request_id: id() };
        at_once(async || rooms.clone().delete_room(delete.clone()).await).await;
    }
}
