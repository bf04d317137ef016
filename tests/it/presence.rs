//! Where people are: each sees the others' cursors in their own form, moving with the text, and never what is over.

use tandem::document::{Unit, UnitChange};
use tandem::rpc::proto::v1::{self, client_message::Kind};
use tandem_testkit::both_databases;
use tandem_testkit::client::{Door, Seen, TextSession, YjsSession};
use tandem_testkit::server::TestServer;
use tandem_testkit::yjs_client::YjsClient;

fn at(file: &str, revision: u64, anchor: u32, head: u32) -> Kind {
    Kind::Presence(v1::Presence {
        file: Some(v1::presence::File::FileId(file.to_owned())),
        selection: Some(v1::presence::Selection::Offsets(v1::OffsetSelection {
            revision,
            anchor,
            head,
        })),
    })
}

/// Anchor and head of somebody's cursor, as a session was told.
fn cursor(seen: &Seen, who: &str) -> Option<(u32, u32)> {
    let offsets = seen.presences.get(who)?.offsets?;
    Some((offsets.anchor, offsets.head))
}

both_databases! {
    async fn ana_s_cursor_moves_with_ben_s_edits_and_everybody_sees_it_in_their_own_form(database) {
        let server = TestServer::start(database).await;
        let room = server.client().create_room(&[("a.txt", "😀 one two")]).await.expect("a room");
        let room = room.room.expect("a room").room_id;
        let mut ana = TextSession::join(&server.client(), Door::Collaborate, &room, "Ana", Unit::CodePoint).await.expect("Ana");
        let mut ben = TextSession::join(&server.client(), Door::Subscribe, &room, "Ben", Unit::Utf8).await.expect("Ben");
        let file = ana.open("a.txt").await.expect("open");
        ben.open("a.txt").await.expect("open");
        let mut page = YjsSession::join(&server.client(), Door::Collaborate, &room, "Page").await.expect("a page");
        page.open("a.txt", 77, bytes::Bytes::new()).await.expect("open");
        let mut doc = YjsClient::new(tandem::id::ClientId(77));
        page.take_updates(&file).iter().for_each(|update| doc.receive(update));
        let who = ana.seen.joined.participant_id.clone();

        // Ana selects "one".
        let revision = ana.revision(&file);
        ana.send(at(&file, revision, 2, 5)).await.expect("sent");
        ben.until("Ana's cursor in bytes", |seen| cursor(seen, &who) == Some((5, 8))).await;
        page.until("Ana's cursor in UTF-16", |seen| cursor(seen, &who) == Some((3, 6))).await;
        let relative = page.seen.presences[&who].relative.clone().expect("relative positions, for a page");
        assert!(!relative.anchor.is_empty() && !relative.head.is_empty());
        assert!(!ben.seen.presences[&who].typing);

        // Ben writes before it; whoever comes now sees it where it is by then.
        let ben_is = ben.seen.joined.participant_id.clone();
        ben.edit(&file, vec![UnitChange::new(0, 0, "// ")]).await.expect("an edit");
        ana.until("Ben's typing", |seen| seen.presences.get(&ben_is).is_some_and(|ben| ben.typing)).await;
        let mut cem = TextSession::join(&server.client(), Door::Collaborate, &room, "Cem", Unit::Utf16).await.expect("Cem");
        cem.until("where everybody is", |seen| cursor(seen, &who) == Some((6, 9))).await;
        assert_eq!(cem.seen.presences[&who].file_id, file);

        // A page's cursor by relative position, for those who count.
        let selection = v1::RelativeSelection { anchor: relative.anchor.clone(), head: relative.anchor };
        page.send(Kind::Presence(v1::Presence {
            file: Some(v1::presence::File::FileId(file.clone())),
            selection: Some(v1::presence::Selection::Relative(selection)),
        })).await.expect("sent");
        let page_is = page.seen.joined.participant_id.clone();
        ana.until("the page's cursor", |seen| cursor(seen, &page_is) == Some((5, 5))).await;

        // Who has left is nowhere.
        ana.send(Kind::Leave(v1::Leave {})).await.expect("sent");
        ben.until("Ana to be gone", |seen| !seen.participants.contains_key(&who)).await;
        assert!(!ben.seen.presences.contains_key(&who));
        let late = TextSession::join(&server.client(), Door::Collaborate, &room, "Late", Unit::CodePoint).await.expect("late");
        assert!(!late.seen.participants.contains_key(&who));
    }

    async fn a_cursor_that_can_t_be_is_refused_and_the_stream_goes_on(database) {
        let server = TestServer::start(database).await;
        let room = server.client().create_room(&[("a.txt", "a😀")]).await.expect("a room");
        let room = room.room.expect("a room").room_id;
        let mut ana = TextSession::join(&server.client(), Door::Collaborate, &room, "Ana", Unit::Utf16).await.expect("Ana");
        let mut ben = TextSession::join(&server.client(), Door::Collaborate, &room, "Ben", Unit::Utf16).await.expect("Ben");
        let file = ana.open("a.txt").await.expect("open");
        let cases = [(at(&file, 0, 2, 2), "OFFSET_INSIDE_CHARACTER"), (at(&file, 0, 0, 9), "OFFSET_PAST_END"),
            (at(&file, 99, 0, 0), "BASE_IN_FUTURE")];
        for (at, (cursor, reason)) in cases.into_iter().enumerate() {
            ana.send(cursor).await.expect("sent");
            ana.until("a refusal", |seen| seen.refused.len() > at).await;
            let status = ana.seen.refused[at].error.clone().expect("why");
            assert!(status.details.iter().any(|any| String::from_utf8_lossy(&any.value).contains(reason)), "{status:?}");
        }
        ben.send(at(&file, 0, 0, 0)).await.expect("sent");
        ben.until("a refusal", |seen| seen.refused.len() == 1).await;
        ana.send(at(&file, 0, 3, 1)).await.expect("sent");
        let who = ana.seen.joined.participant_id.clone();
        ben.until("Ana's cursor", |seen| cursor(seen, &who) == Some((3, 1))).await;
    }
}
