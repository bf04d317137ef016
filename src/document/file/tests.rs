use super::*;

fn written(text: &str) -> Document {
    let mut document = Document::new(ClientId(1));
    document
        .edit(Unit::CodePoint, &[UnitChange::new(0, 0, text)])
        .expect("the text");
    document
}

fn reason(failure: Failure) -> Reason {
    match failure {
        Failure::Refused(error) => error.reason(),
        Failure::Broken(why) => panic!("broken: {why}"),
    }
}

/// A version 1 update with one block of text, its origins given by client and clock.
fn typed(client: u32, clock: u32, text: &str, origin: Option<(u32, u32)>, right: Option<(u32, u32)>) -> Vec<u8> {
    let id = |(client, clock)| CharId {
        client: ClientId(client),
        clock,
    };
    let block = update::Block {
        id: id((client, clock)),
        len: Unit::Utf16.len_of(text),
        origin: origin.map(id),
        right: right.map(id),
        text: Some(text),
    };
    gate::write(&[block], &[])
}

fn send(document: &mut Document, update: &[u8]) -> Result<Applied, Failure> {
    document.update(update, &|client| client.0 > 1, 1_000)
}

#[test]
fn an_edit_changes_the_text_in_every_unit() {
    for (unit, offset) in [(Unit::CodePoint, 2), (Unit::Utf16, 3), (Unit::Utf8, 5)] {
        let mut document = written("a😀b");
        let applied = document.edit(
            unit,
            &[UnitChange::new(offset, 1, "你"), UnitChange::new(offset + 1, 0, "!")],
        );
        let applied = applied.expect("the edit");
        assert_eq!(document.text(), "a😀你!");
        assert_eq!(applied.delta.after(), document.len());
        assert_eq!(applied.delta.changes.len(), 1);
        assert!(document.check());
    }
}

#[test]
fn an_offset_inside_a_character_is_refused_and_nothing_happens() {
    let mut document = written("a😀b");
    for (unit, offset) in [(Unit::Utf16, 2), (Unit::Utf8, 3)] {
        let changes = [UnitChange::new(0, 0, "x"), UnitChange::new(offset, 0, "y")];
        let Err(Failure::Refused(error)) = document.edit(unit, &changes) else {
            panic!("it cuts a character")
        };
        assert_eq!(error.reason(), Reason::OffsetInsideCharacter);
        assert_eq!(error.details().field.as_deref(), Some("changes[1].offset"));
    }
    let past = document
        .edit(Unit::CodePoint, &[UnitChange::new(4, 0, "x")])
        .expect_err("past the end");
    assert_eq!(reason(past), Reason::OffsetPastEnd);
    assert_eq!(document.text(), "a😀b");
    assert!(document.check());
}

#[test]
fn an_edit_without_effect_has_no_update() {
    let mut document = written("abc");
    let applied = document
        .edit(Unit::CodePoint, &[UnitChange::new(1, 0, "")])
        .expect("nothing");
    assert!(applied.delta.is_empty() && applied.update.is_empty());
    assert_eq!(applied.delta.before, document.len());
}

#[test]
fn a_document_loads_from_its_log_and_from_its_snapshot() {
    let mut document = Document::new(ClientId(1));
    let mut log = Vec::new();
    for at in 0..50 {
        let text = ["a", "你", "😀", "\n"][at as usize % 4];
        log.push(
            document
                .edit(Unit::CodePoint, &[UnitChange::new(at / 2, at % 2, text)])
                .expect("an edit")
                .update,
        );
    }
    let again = Document::load(ClientId(1), None, log.iter().map(Vec::as_slice)).expect("the log loads");
    assert_eq!(again.text(), document.text());
    let (state, hash) = document.snapshot();
    let again = Document::load(ClientId(1), Some(&state), []).expect("the snapshot loads");
    assert_eq!(again.text(), document.text());
    assert_eq!(again.text_hash(), hash);
    assert_eq!(again.state_vector(), document.state_vector());
}

#[test]
fn a_peer_gets_what_it_lacks() {
    let mut document = written("a😀b");
    let seen = document.state_vector();
    document
        .edit(Unit::CodePoint, &[UnitChange::new(3, 0, "!")])
        .expect("an edit");
    let news = document.difference(&seen).expect("the difference");
    let all = document.difference(&[]).expect("everything");
    assert!(news.len() < all.len());
    let peer = Document::load(ClientId(9), Some(&all), []).expect("a peer");
    assert_eq!(peer.text(), "a😀b!");
    for hostile in [&[1_u8][..], &[1, 0, 5], &[2, 1, 1, 1, 1], &[0xff; 40], &[0, 0]] {
        let error = document.difference(hostile).expect_err("no state vector");
        assert_eq!(error.reason(), Reason::UpdateMalformed);
    }
    document.difference(&[1, 1, 2]).expect("half a character is known");
    document.difference(&[1, 7, 200, 1]).expect("more than there is");
}

#[test]
fn an_update_passes_once_and_its_repetition_changes_nothing() {
    let mut document = written("ab");
    let update = typed(7, 0, "x😀", Some((1, 0)), Some((1, 1)));
    let applied = send(&mut document, &update).expect("an update");
    assert_eq!(document.text(), "ax😀b");
    assert_eq!(applied.delta.changes_in(Unit::Utf16), [UnitChange::new(1, 0, "x😀")]);
    let again = send(&mut document, &update).expect("the same");
    assert!(again.delta.is_empty() && again.update.is_empty());
    let longer = typed(7, 0, "x😀y", Some((1, 0)), Some((1, 1)));
    send(&mut document, &longer).expect("the same and more");
    assert_eq!(document.text(), "ax😀yb");
    assert_eq!(document.clock(ClientId(7)), 4);
    assert!(document.check());
}

#[test]
fn what_no_honest_client_sends_is_refused_by_its_name() {
    let cases = [
        (typed(1, 4, "x", Some((1, 3)), None), Reason::ClientIdForeign),
        (typed(7, 1, "x", Some((1, 1)), None), Reason::UpdateGap),
        (typed(7, 0, "x", Some((1, 9)), None), Reason::UpdateGap),
        (typed(7, 0, "x", Some((7, 0)), None), Reason::UpdateGap),
        (typed(7, 0, "x\r", Some((1, 1)), None), Reason::CarriageReturn),
        (typed(7, 0, "x\0", Some((1, 1)), None), Reason::Nul),
        (typed(7, 0, "x", Some((1, 1)), Some((1, 2))), Reason::SplitCharacter),
        (typed(7, 0, "x", Some((1, 0)), Some((1, 2))), Reason::SplitCharacter),
        (typed(7, 0, "x", Some((1, 3)), Some((1, 1))), Reason::UpdateCrossed),
        (
            typed(7, 0, &"x".repeat(1_000), Some((1, 3)), None),
            Reason::FileTooLarge,
        ),
        (vec![0, 1, 1, 1, 2, 2], Reason::SplitCharacter),
        (vec![0, 1, 1, 1, 0, 2], Reason::SplitCharacter),
        (vec![0, 1, 1, 1, 0, 9], Reason::UpdateGap),
        (vec![0, 1, 1, 2, 2, 1, 0, 1], Reason::UpdateMalformed),
        (vec![0, 0, 0], Reason::UpdateMalformed),
        (vec![1, 1, 7, 0, 0, 3, 0], Reason::UpdateNotText),
        (vec![1, 1, 7, 0, 10, 3, 0], Reason::UpdateGap),
        (vec![1, 1, 7, 0, 4, 1, 1, b'u', 1, b'x', 0], Reason::UpdateNotText),
        (vec![1, 1, 7, 0, 8, 1, 1, b't', 1, 126, 0], Reason::UpdateNotText),
        (vec![], Reason::UpdateMalformed),
    ];
    let mut document = written("a😀b");
    for (update, expected) in cases {
        let failure = send(&mut document, &update).expect_err("no honest client sends this");
        assert_eq!(reason(failure), expected, "{update:?}");
        assert_eq!(document.text(), "a😀b");
    }
    assert!(document.check());
    send(&mut document, &typed(7, 0, "x", Some((1, 3)), None)).expect("an honest one");
    assert_eq!(document.text(), "a😀bx");
}

#[test]
fn sections_may_depend_on_each_other_but_not_in_a_circle() {
    let id = |client, clock| CharId {
        client: ClientId(client),
        clock,
    };
    let block = |client, clock, origin| update::Block {
        id: id(client, clock),
        len: 1,
        origin,
        right: None,
        text: Some("x"),
    };
    let wrote = |blocks: Vec<update::Block<'_>>| gate::write(&blocks, &[]);
    let mut document = Document::new(ClientId(1));
    let chain = wrote(vec![
        block(2, 0, Some(id(3, 0))),
        block(2, 1, Some(id(3, 1))),
        block(3, 0, None),
        block(3, 1, Some(id(2, 0))),
    ]);
    send(&mut document, &chain).expect("each finds the one before it");
    assert_eq!(document.text(), "xxxx");
    let circle = wrote(vec![block(4, 0, Some(id(5, 0))), block(5, 0, Some(id(4, 0)))]);
    assert_eq!(
        reason(send(&mut document, &circle).expect_err("a circle")),
        Reason::UpdateGap
    );
    assert!(document.check());
}

#[test]
fn a_relative_position_moves_with_its_character() {
    let mut document = written("a😀b");
    let (b, end) = (document.relative_position(3), document.relative_position(4));
    assert_eq!(
        document.relative_position(2),
        document.relative_position(1),
        "never inside a character"
    );
    document
        .edit(Unit::CodePoint, &[UnitChange::new(0, 0, "你好")])
        .expect("an edit");
    assert_eq!(document.offset_of(&b), Some(5));
    assert_eq!(document.offset_of(&end), Some(6));
    for hostile in [
        &[][..],
        &[0],
        &[0, 1, 200, 1, 0],
        &[0, 9, 0, 0],
        &[1, 1, b'u', 0],
        &[2, 1, 1, 0],
        &[0xff; 80],
    ] {
        assert_eq!(document.offset_of(hostile), None, "{hostile:?}");
    }
}

#[test]
fn deleted_text_of_any_length_loads_again() {
    let mut document = written("ab");
    let gone = |clock, origin: Option<(u32, u32)>, len| {
        let origin = origin.map(|(client, clock)| CharId {
            client: ClientId(client),
            clock,
        });
        let id = CharId {
            client: ClientId(7),
            clock,
        };
        let block = update::Block {
            id,
            len,
            origin,
            right: None,
            text: None,
        };
        gate::write(&[block], &[])
    };
    let most = 1 << 24;
    assert_eq!(
        reason(send(&mut document, &gone(0, Some((1, 1)), most + 1)).expect_err("too long")),
        Reason::UpdateMalformed
    );
    send(&mut document, &gone(0, Some((1, 1)), most)).expect("long");
    send(&mut document, &gone(most, Some((7, most - 1)), most)).expect("and longer");
    let again = Document::load(ClientId(1), Some(&document.snapshot().0), []).expect("it loads");
    assert_eq!(again.clock(ClientId(7)), 2 * most);
}

#[test]
fn many_changes_of_a_long_text_are_written_from_the_middle_on() {
    let line = "a line of text, 😀\n";
    let lines = 100_000;
    let length = Unit::CodePoint.len_of(line);
    for insert in ["é", ""] {
        let mut document = written(&line.repeat(lines));
        let change = |at: u32| UnitChange::new(10 * at * length, 1, insert);
        let changes: Vec<UnitChange> = (0..lines as u32 / 10).map(change).collect();
        let applied = document.edit(Unit::CodePoint, &changes).expect("an edit");
        assert_eq!(applied.delta.changes_in(Unit::CodePoint), changes);
        let update = update::read(&applied.update).expect("an update");
        let first = update.sections.iter().flatten().next().and_then(|block| block.origin);
        let middle = Unit::Utf16.len_of(line) * lines as u32 / 2;
        assert!(first.is_none_or(|first| first.clock.abs_diff(middle) < middle / 10));
        assert!(document.check());
        let expected = format!("{insert}{}{}", &line[1..], line.repeat(9)).repeat(lines / 10);
        assert_eq!(document.text(), expected.as_str());
        // A Yjs client and a load from the log come to the same.
        let (state, hash) = document.snapshot();
        let loaded = Document::load(ClientId(2), Some(&state), []).expect("it loads");
        assert_eq!(loaded.text_hash(), hash);
    }
}

#[test]
fn what_an_edit_takes_away_makes_room_for_what_it_brings() {
    let document = written("a😀b");
    let changes = [UnitChange::new(0, 1, "xyz"), UnitChange::new(1, 1, "")];
    assert_eq!(document.growth(Unit::CodePoint, &changes), 0);
    assert_eq!(document.growth(Unit::CodePoint, &changes[..1]), 2);
    assert_eq!(document.growth(Unit::CodePoint, &[UnitChange::new(1, 1, "abcdef")]), 2);
}
