//! The services over real gRPC: both doors, broken protocols, and errors that the transport makes.

use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, client_message};
use tandem_testkit::client::{Client, Door, Session, TextSession, reason, reason_of};
use tandem_testkit::database::TestDatabase;
use tandem_testkit::server::TestServer;
use tonic::Code;

async fn server() -> (TestServer, Client) {
    let server = TestServer::start(TestDatabase::sqlite()).await;
    let client = server.client();
    (server, client)
}

async fn room(client: &Client, text: &str) -> String {
    let created = client.create_room(&[("main.txt", text)]).await.expect("a room");
    created.room.expect("a room").room_id
}

async fn join(client: &Client, door: Door, room: &str) -> TextSession {
    let joined = TextSession::join(client, door, room, "Ada", Unit::CodePoint).await;
    joined.expect("a session")
}

#[tokio::test]
async fn two_people_on_two_doors_see_each_others_edits() {
    let (_server, client) = server().await;
    let room = room(&client, "hello\n").await;
    let mut ada = join(&client, Door::Collaborate, &room).await;
    let mut bo = join(&client, Door::Subscribe, &room).await;
    let file = ada.open("main.txt").await.expect("open");
    assert_eq!(bo.open("main.txt").await.expect("open"), file);

    let first = ada.edit(&file, vec![UnitChange::new(5, 0, " Bo")]).await.expect("sent");
    let receipt = ada.receipt(first).await;
    assert_eq!(receipt.state(), v1::ReceiptState::Committed);
    let revision = receipt.revision;
    bo.until("Ada's edit", |seen| {
        seen.open.values().any(|view| view.revision >= revision)
    })
    .await;
    assert_eq!(bo.text(&file), "hello Bo\n");

    let second = bo
        .edit(&file, vec![UnitChange::new(0, 1, "H")])
        .await
        .expect("published");
    let revision = bo.receipt(second).await.revision;
    ada.until("Bo's edit", |seen| {
        seen.open.values().any(|view| view.revision >= revision)
    })
    .await;
    assert_eq!(ada.text(&file), "Hello Bo\n");
    let read = client.read_file(&room, "main.txt").await.expect("read");
    assert_eq!(read, ("Hello Bo\n".to_owned(), revision));
}

#[tokio::test]
async fn a_session_goes_on_after_a_cut_on_either_door() {
    let (_server, client) = server().await;
    for door in Door::ALL {
        let room = room(&client, "").await;
        let mut ada = join(&client, door, &room).await;
        let file = ada.open("main.txt").await.expect("open");
        let op = ada.edit(&file, vec![UnitChange::new(0, 0, "one")]).await.expect("sent");
        ada.cut();
        ada.resume().await.expect("resumed");
        assert!(ada.seen.joined.resumed);
        let receipt = ada.receipt(op).await;
        assert_eq!(receipt.state(), v1::ReceiptState::Committed, "{door:?}");
        let revision = receipt.revision;
        ada.until("its own edit", |seen| {
            seen.open.values().any(|view| view.revision >= revision)
        })
        .await;
        assert_eq!(ada.text(&file), "one", "{door:?}");
    }
}

#[tokio::test]
async fn a_text_of_many_parts_arrives_whole() {
    let (_server, client) = server().await;
    let text = "pair programming 😀\n".repeat(40_000);
    let room = room(&client, &text).await;
    for door in Door::ALL {
        let mut ada = join(&client, door, &room).await;
        let file = ada.open("main.txt").await.expect("open");
        assert!(ada.text(&file) == text, "{door:?}");
    }
    assert!(client.read_file(&room, "main.txt").await.expect("read").0 == text);
}

#[tokio::test]
async fn an_edit_that_makes_no_sense_is_refused_alone_and_the_stream_goes_on() {
    let (_server, client) = server().await;
    let room = room(&client, "").await;
    let mut ada = join(&client, Door::Collaborate, &room).await;
    let file = ada.open("main.txt").await.expect("open");
    let nameless = v1::Edit {
        op_id: ada.next_op_id(),
        base_revision: Some(1),
        ..Default::default()
    };
    ada.send(client_message::Kind::Edit(nameless)).await.expect("sent");
    let receipt = ada.receipt(1).await;
    assert_eq!(receipt.state(), v1::ReceiptState::Refused);
    assert_eq!(reason_of(&receipt.error.expect("an error")), "FIELD_MISSING");
    ada.send(client_message::Kind::Close(v1::Close::default()))
        .await
        .expect("sent");
    ada.until("the refusal", |seen| !seen.refused.is_empty()).await;
    let op = ada.edit(&file, vec![UnitChange::new(0, 0, "x")]).await.expect("sent");
    assert_eq!(ada.receipt(op).await.state(), v1::ReceiptState::Committed);
}

#[tokio::test]
async fn a_broken_protocol_ends_the_stream_and_says_why() {
    let (_server, client) = server().await;
    let room = room(&client, "").await;
    let edit = |op_id| {
        client_message::Kind::Edit(v1::Edit {
            op_id,
            file: Some(v1::edit::File::Path("main.txt".into())),
            base_revision: Some(1),
            ..Default::default()
        })
    };
    let join_again = client_message::Kind::Join(v1::Join::default());
    let broken = [
        (vec![Some(join_again)], "ALREADY_JOINED", Code::FailedPrecondition),
        (vec![None], "MESSAGE_EMPTY", Code::InvalidArgument),
        (vec![Some(edit(0))], "OP_ID_ORDER", Code::InvalidArgument),
        (vec![Some(edit(2)), Some(edit(2))], "OP_ID_ORDER", Code::InvalidArgument),
    ];
    for (messages, expected, code) in broken {
        let mut ada = join(&client, Door::Collaborate, &room).await;
        for kind in messages {
            let message = kind.map(|kind| v1::ClientMessage { kind: Some(kind) });
            let sent = ada.wire().send_raw(v1::CollaborateRequest { message }).await;
            sent.expect("sent");
        }
        let status = ada.end().await.expect_err(expected);
        assert_eq!((reason(&status).as_str(), status.code()), (expected, code));
    }
}

#[tokio::test]
async fn a_stream_begins_with_join() {
    let (_server, client) = server().await;
    let leave = v1::CollaborateRequest {
        message: Some(v1::ClientMessage {
            kind: Some(client_message::Kind::Leave(v1::Leave {})),
        }),
    };
    for messages in [vec![leave], vec![]] {
        let responses = client.collaboration().collaborate(tokio_stream::iter(messages)).await;
        let status = responses.expect("headers").into_inner().message().await;
        assert_eq!(reason(&status.expect_err("no join")), "NOT_JOINED");
    }
    let unknown = v1::Join {
        room: "no-such-room".into(),
        ..Default::default()
    };
    for door in Door::ALL {
        let refused = Session::join(&client, door, unknown.clone()).await;
        let status = refused.err().expect("no such room");
        assert_eq!(
            (reason(&status).as_str(), status.code()),
            ("ROOM_NOT_FOUND", Code::NotFound)
        );
    }
}

#[tokio::test]
async fn a_client_that_has_said_all_still_sees_what_comes() {
    let (_server, client) = server().await;
    let room = room(&client, "").await;
    let mut ada = join(&client, Door::Collaborate, &room).await;
    let mut bo = join(&client, Door::Collaborate, &room).await;
    let file = ada.open("main.txt").await.expect("open");
    bo.open("main.txt").await.expect("open");
    ada.wire().close_upward();
    let op = bo
        .edit(&file, vec![UnitChange::new(0, 0, "still here")])
        .await
        .expect("sent");
    let revision = bo.receipt(op).await.revision;
    ada.until("Bo's edit", |seen| {
        seen.open.values().any(|view| view.revision >= revision)
    })
    .await;
    assert_eq!(ada.text(&file), "still here");
}

#[tokio::test]
async fn what_the_transport_refuses_has_a_reason_too() {
    let (_server, client) = server().await;
    let huge = "x".repeat(17 << 20);
    let status = client.create_room(&[("a", &huge)]).await.expect_err("too large");
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("MESSAGE_TOO_LARGE", Code::ResourceExhausted)
    );

    let room = room(&client, "").await;
    let mut ada = join(&client, Door::Collaborate, &room).await;
    let edit = v1::Edit {
        op_id: 1,
        file: Some(v1::edit::File::Path("main.txt".into())),
        base_revision: Some(1),
        changes: vec![v1::Change {
            insert: "x".repeat(5 << 20),
            ..Default::default()
        }],
        origin: 0,
    };
    ada.send(client_message::Kind::Edit(edit)).await.expect("sent");
    let status = ada.end().await.expect_err("too large");
    assert_eq!(
        (reason(&status).as_str(), status.code()),
        ("MESSAGE_TOO_LARGE", Code::ResourceExhausted)
    );
}

#[tokio::test]
async fn publish_takes_in_all_messages_or_none() {
    let (_server, client) = server().await;
    let room = room(&client, "").await;
    let ada = join(&client, Door::Subscribe, &room).await;
    let publish = |token: &str, kinds: Vec<Option<client_message::Kind>>| {
        let request = v1::PublishRequest {
            resume_token: token.to_owned(),
            messages: kinds.into_iter().map(|kind| v1::ClientMessage { kind }).collect(),
        };
        let mut calls = client.collaboration();
        async move { calls.publish(request).await }
    };
    let presence = || Some(client_message::Kind::Presence(v1::Presence::default()));
    let token = ada.seen.joined.resume_token.clone();
    publish(&token, vec![presence()]).await.expect("taken in");
    let join = Some(client_message::Kind::Join(v1::Join::default()));
    for (token, kinds, expected) in [
        ("", vec![], "FIELD_MISSING"),
        ("nobody", vec![presence()], "SESSION_UNKNOWN"),
        (token.as_str(), vec![presence(), None], "MESSAGE_EMPTY"),
        (token.as_str(), vec![join], "ALREADY_JOINED"),
        (token.as_str(), vec![presence(); 257], "FIELD_INVALID"),
    ] {
        let status = publish(token, kinds).await.expect_err(expected);
        assert_eq!(reason(&status), expected);
    }
}

#[tokio::test]
async fn lists_come_in_pages() {
    let (_server, client) = server().await;
    let files: Vec<String> = (0..7).map(|n| format!("src/{n}.rs")).collect();
    let new: Vec<(&str, &str)> = files.iter().map(|path| (path.as_str(), "")).collect();
    let created = client.create_room(&new).await.expect("a room");
    let room = created.room.expect("a room").room_id;
    let mut request = v1::ListFilesRequest {
        room,
        page_size: 3,
        ..Default::default()
    };
    let mut listed = Vec::new();
    for pages in 1.. {
        let page = client
            .files()
            .list_files(request.clone())
            .await
            .expect("a page")
            .into_inner();
        listed.extend(page.files.into_iter().map(|file| file.path));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            assert_eq!(pages, 3);
            break;
        }
    }
    assert_eq!(listed, files);

    client.create_room(&[]).await.expect("a second room");
    let mut request = v1::ListRoomsRequest {
        page_size: 1,
        ..Default::default()
    };
    let first = client
        .rooms()
        .list_rooms(request.clone())
        .await
        .expect("a page")
        .into_inner();
    request.page_token = first.next_page_token;
    let second = client
        .rooms()
        .list_rooms(request.clone())
        .await
        .expect("a page")
        .into_inner();
    assert_eq!((first.rooms.len(), second.rooms.len()), (1, 1));
    assert_ne!(first.rooms, second.rooms);
    request.page_token = "foreign".into();
    let status = client.rooms().list_rooms(request).await.expect_err("a foreign token");
    assert_eq!(reason(&status), "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn completions_come_with_and_without_a_room() {
    let (_server, client) = server().await;
    let code = "fn favourite() {}\nfn main() { 😀 fav";
    let target = v1::autocomplete_request::Target::CodeTarget(v1::CodeTarget {
        code: code.into(),
        cursor: Unit::Utf16.len_of(code),
        language: "rust".into(),
        ..Default::default()
    });
    let mut request = v1::AutocompleteRequest {
        target: Some(target),
        position_unit: v1::PositionUnit::Utf16 as i32,
        ..Default::default()
    };
    let answer = client
        .autocomplete()
        .autocomplete(request.clone())
        .await
        .expect("an answer");
    let item = answer.into_inner().items.into_iter().next().expect("an item");
    let end = Unit::Utf16.len_of(code);
    assert_eq!(
        (item.label.as_str(), item.replace),
        ("favourite", Some(v1::TextRange { start: end - 3, end }))
    );

    let room = room(&client, code).await;
    let room_target = v1::RoomTarget {
        room,
        file: Some(v1::room_target::File::Path("main.txt".into())),
        cursor: end,
        revision: None,
    };
    request.target = Some(v1::autocomplete_request::Target::RoomTarget(room_target));
    let stream = v1::StreamAutocompleteRequest {
        request: Some(request.clone()),
        ..Default::default()
    };
    let mut parts = client
        .autocomplete()
        .stream_autocomplete(stream)
        .await
        .expect("parts")
        .into_inner();
    use v1::stream_autocomplete_response::Part;
    let Some(Part::Answer(answer)) = parts.message().await.expect("a part").and_then(|part| part.part) else {
        panic!("the answer comes first")
    };
    assert!(answer.revision > 0 && answer.items.iter().any(|item| item.label == "favourite"));
    let Some(Part::Done(done)) = parts.message().await.expect("a part").and_then(|part| part.part) else {
        panic!("done comes last")
    };
    assert_eq!(done.outcome(), v1::CompletionOutcome::NoModel);
    assert!(parts.message().await.expect("the end").is_none());

    let Some(v1::autocomplete_request::Target::RoomTarget(target)) = &mut request.target else {
        panic!("it was set above")
    };
    target.cursor = end + 1;
    let status = client
        .autocomplete()
        .autocomplete(request)
        .await
        .expect_err("past the end");
    assert_eq!(reason(&status), "OFFSET_PAST_END");
    let feedback = v1::SendFeedbackRequest {
        events: vec![v1::CompletionFeedback {
            completion_id: answer.completion_id,
            event: v1::FeedbackEvent::Shown as i32,
            ..Default::default()
        }],
    };
    client.autocomplete().send_feedback(feedback).await.expect("noted");
}

#[tokio::test]
async fn a_restart_says_goodbye_and_the_session_goes_on() {
    let (server, client) = server().await;
    let room = room(&client, "kept").await;
    let mut ada = join(&client, Door::Collaborate, &room).await;
    ada.open("main.txt").await.expect("open");
    let server = server.restart().await;
    let status = ada.end().await.expect_err("the server went");
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(reason(&status), "SHUTTING_DOWN");
    let goodbye = ada.seen.goodbye.clone().expect("a goodbye");
    assert!(goodbye.retry_delay.is_some());
    assert_eq!(reason_of(&goodbye.error.expect("an error")), "SHUTTING_DOWN");
    let resumed = v1::Join {
        resume_token: ada.seen.joined.resume_token.clone(),
        ..Default::default()
    };
    let session = Session::join(&server.client(), Door::Collaborate, resumed).await;
    let session = session.expect("the session outlives the server");
    assert_eq!(session.seen.joined.participant_id, ada.seen.joined.participant_id);
    assert!(session.seen.joined.resumed);
}
