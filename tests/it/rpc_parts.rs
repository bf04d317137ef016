//! The small rules of the calls: the order of op_ids, a text in parts, offsets in the caller's unit.

use ropey::Rope;
use tandem::document::Unit;
use tandem::error::Reason;
use tandem::id::{Epoch, FileId, Revision};
use tandem::limits::READ_PART_BYTES;
use tandem::room::message::{FileInfo, TextAt};
use tandem::rpc::convert::offsets::{byte_of, offset_of};
use tandem::rpc::op_order::OpOrder;
use tandem::rpc::read_parts::ReadParts;
use tandem::store::model::LineEnding;

#[test]
fn op_ids_rise_and_only_the_parts_of_one_update_share_one() {
    let mut order = OpOrder::default();
    assert_eq!(order.take(3, false), Ok(false));
    assert_eq!(order.take(7, true), Ok(false));
    assert_eq!(order.take(7, true), Ok(true));
    assert_eq!(order.take(7, false), Ok(true));
    for wrong in [7, 3, 0] {
        let error = order.take(wrong, false).expect_err("out of order");
        assert_eq!(error.reason(), Reason::OpIdOrder);
        let previous = error.details().metadata.iter().find(|(key, _)| *key == "previous");
        assert_eq!(previous.map(|(_, value)| value.as_str()), Some("7"));
    }
    assert_eq!(order.take(8, true), Ok(false));
    assert_eq!(
        order.take(9, false),
        Ok(false),
        "an operation may be given up for the next"
    );
    assert!(OpOrder::default().take(0, false).is_err());
}

fn parts(text: &str) -> Vec<tandem::rpc::proto::v1::ReadFileResponse> {
    let file = FileInfo {
        id: FileId::new(),
        path: "a".into(),
        line_ending: LineEnding::Lf,
        deleted: false,
        revision: Revision(2),
        epoch: Epoch(1),
    };
    let text = Rope::from_str(text);
    let parts = ReadParts::new(TextAt {
        file,
        revision: Revision(5),
        text,
    });
    parts.map(|part| part.expect("a part")).collect()
}

#[test]
fn a_text_in_parts_is_cut_between_characters_and_is_whole_again_together() {
    let text = "x".to_owned() + &"😀é你".repeat(60_000);
    let parts = parts(&text);
    assert!(parts.len() > 2);
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(
            part.file.is_some(),
            index == 0,
            "the file stands in the first message only"
        );
        assert_eq!(part.revision, 5);
        assert!(
            part.text.len() <= READ_PART_BYTES && part.text.len() > READ_PART_BYTES - 4 || index + 1 == parts.len()
        );
    }
    assert!(parts.iter().map(|part| part.text.as_str()).collect::<String>() == text);
}

#[test]
fn an_empty_text_has_one_part_and_a_full_part_is_followed_by_none() {
    assert_eq!(parts("").len(), 1);
    assert_eq!(parts(&"x".repeat(READ_PART_BYTES)).len(), 1);
    assert_eq!(parts(&"x".repeat(READ_PART_BYTES + 1)).len(), 2);
}

#[test]
fn offsets_go_to_bytes_and_back_in_every_unit() {
    for text in ["", "abc", "é😀x", "😀"] {
        for unit in Unit::ALL {
            for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let offset = offset_of(text, byte, unit);
                assert_eq!(
                    byte_of(text, offset, unit, "cursor"),
                    Ok(byte),
                    "{text:?} {unit:?} {byte}"
                );
            }
            let past = byte_of(text, unit.len_of(text) + 1, unit, "cursor").expect_err("past the end");
            assert_eq!(past.reason(), Reason::OffsetPastEnd);
            assert_eq!(past.details().field.as_deref(), Some("cursor"));
        }
    }
    for (offset, unit) in [(3, Unit::Utf8), (1, Unit::Utf8), (2, Unit::Utf16)] {
        let inside = byte_of("é😀x", offset, unit, "cursor").expect_err("inside a character");
        assert_eq!(inside.reason(), Reason::OffsetInsideCharacter);
    }
    let last = byte_of("😀", 1, Unit::Utf16, "cursor").expect_err("inside the last character");
    assert_eq!(last.reason(), Reason::OffsetInsideCharacter);
}
