use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::*;

fn id(client: u32, clock: u32) -> CharId {
    CharId {
        client: ClientId(client),
        clock,
    }
}

fn block(client: u32, clock: u32, text: &'static str, origin: Option<CharId>, right: Option<CharId>) -> Block<'static> {
    Block {
        id: id(client, clock),
        len: text.len() as u32,
        origin,
        right,
        text: Some(text),
    }
}

fn gone(client: u32, start: u32, end: u32) -> Deletion {
    Deletion {
        client: ClientId(client),
        start,
        end,
    }
}

impl Index {
    fn all(&self) -> Vec<Run> {
        let mut runs = Vec::new();
        let mut node = self.runs.first();
        while node != NONE {
            runs.push(*self.runs.run(node));
            node = self.runs.next(node);
        }
        runs
    }

    fn characters(&self) -> Vec<(u32, u32)> {
        let names = |run: Run| (0..run.len).map(move |at| (run.id.client.0, run.id.clock + at));
        self.all().into_iter().flat_map(names).collect()
    }

    fn one(&mut self, block: &Block<'_>) -> Result<(), Crossed> {
        self.integrate(std::slice::from_ref(block))
    }
}

fn written(text: &'static str) -> Index {
    let mut index = Index::default();
    index.one(&block(1, 0, text, None, None)).expect("the base");
    index
}

#[test]
fn concurrent_insertions_stand_in_the_order_of_their_clients_whoever_comes_first() {
    let rivals = [3, 1, 2].map(|client| block(client, 0, "xy", Some(id(9, 0)), Some(id(9, 1))));
    for turn in 0..3 {
        let mut index = Index::default();
        index.one(&block(9, 0, "ab", None, None)).expect("the base");
        for at in 0..3 {
            index.one(&rivals[(at + turn) % 3]).expect("a rival");
        }
        let order = [(9, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1), (9, 1)];
        assert_eq!(index.characters(), order);
    }
}

#[test]
fn typing_on_makes_a_run_longer_and_deleting_joins_what_it_leaves() {
    let mut index = Index::default();
    for clock in 0..100 {
        let origin = (clock > 0).then(|| id(1, clock - 1));
        index.one(&block(1, clock, "a", origin, None)).expect("a key");
    }
    assert_eq!(index.len(), 1);
    for clock in [50, 52, 51, 10, 53] {
        assert_eq!(index.delete(&[gone(1, clock, clock + 1)]), [gone(1, clock, clock + 1)]);
    }
    assert_eq!(index.len(), 5, "{:?}", index.all());
    assert_eq!(index.visible(), 95);
    assert_eq!(
        index.delete(&[gone(1, 0, 100)]).len(),
        3,
        "what was deleted before is no news"
    );
    assert_eq!((index.len(), index.visible()), (1, 0));
}

#[test]
fn crossed_origins_are_refused() {
    let mut index = written("abcdef");
    let mut between = |client, left, right| index.one(&block(client, 0, "x", Some(left), Some(right)));
    assert_eq!(between(2, id(1, 4), id(1, 2)), Err(Crossed));
    assert_eq!(between(2, id(1, 2), id(1, 2)), Err(Crossed));
    assert_eq!(between(2, id(1, 2), id(1, 3)), Ok(()));
    assert_eq!(between(3, id(2, 0), id(1, 1)), Err(Crossed));
}

#[test]
fn origins_with_something_between_that_their_author_knew_are_refused() {
    let mut index = written("abcdef");
    let skips = block(2, 0, "x", Some(id(1, 2)), Some(id(1, 4)));
    assert_eq!(
        index.one(&skips),
        Err(Crossed),
        "who knows the fifth character knows the fourth"
    );
    assert_eq!(index.len(), 1, "a refusal leaves no cuts behind");
    index
        .one(&block(2, 0, "x", Some(id(1, 2)), Some(id(1, 3))))
        .expect("neighbours");
    let own = block(2, 1, "y", Some(id(1, 2)), Some(id(1, 3)));
    assert_eq!(
        index.one(&own),
        Err(Crossed),
        "everybody knows what they wrote themselves"
    );
    let rival = block(3, 0, "z", Some(id(1, 2)), Some(id(1, 3)));
    assert_eq!(index.one(&rival), Ok(()), "another may not have seen it");
    let chain = block(4, 0, "w", None, Some(id(2, 0)));
    assert_eq!(
        index.one(&chain),
        Err(Crossed),
        "a character's own origin is left of it"
    );
}

#[test]
fn an_update_that_is_refused_in_its_middle_leaves_the_index_as_it_was() {
    let mut index = written("abcdef");
    index.one(&block(2, 0, "xy", Some(id(1, 5)), None)).expect("at the end");
    let before = index.all();
    let update = [
        block(2, 2, "z", Some(id(2, 1)), None),
        block(3, 0, "in", Some(id(1, 2)), Some(id(1, 3))),
        block(2, 3, "cut", Some(id(3, 0)), Some(id(3, 1))),
        block(3, 2, "x", Some(id(1, 4)), Some(id(1, 1))),
    ];
    assert_eq!(index.integrate(&update), Err(Crossed));
    assert_eq!(index.all(), before);
    assert_eq!(index.visible(), 8);
    assert_eq!(index.find(id(3, 0)), None);
    index.integrate(&update[..3]).expect("without the last");
    assert_eq!(index.visible(), 14);
}

#[test]
fn a_place_is_found_by_its_offset_and_by_its_name() {
    let mut index = written("abcdef");
    index.delete(&[gone(1, 2, 4)]);
    assert_eq!(index.character_at(1), Some(id(1, 1)));
    assert_eq!(index.character_at(2), Some(id(1, 4)));
    assert_eq!(index.character_at(4), None);
    let offsets = [(1, false, 1), (1, true, 2), (3, false, 2), (3, true, 2), (5, true, 4)];
    for (clock, right_side, offset) in offsets {
        assert_eq!(
            index.offset_of(id(1, clock), right_side),
            Some(offset),
            "{clock} {right_side}"
        );
    }
    assert_eq!(index.offset_of(id(1, 6), false), None);
    assert!(index.is_deleted(&gone(1, 2, 4)) && !index.is_deleted(&gone(1, 2, 5)) && !index.is_deleted(&gone(7, 0, 1)));
}

#[test]
fn an_edit_is_written_as_the_blocks_that_an_editor_would_send() {
    let mut index = written("abcdef");
    let place = |offset, delete, insert| Place { offset, delete, insert };
    let written = index.write(id(5, 0), &[place(1, 2, "X"), place(3, 1, ""), place(6, 0, "!")]);
    assert_eq!(
        written.blocks,
        [
            block(5, 0, "X", Some(id(1, 0)), Some(id(1, 1))),
            block(5, 1, "!", Some(id(1, 5)), None),
        ]
    );
    assert_eq!(written.deletions, [gone(1, 1, 4)]);
    assert_eq!(index.characters().len(), 8);
    assert_eq!(index.visible(), 5);
}

#[test]
fn what_an_update_did_is_told_from_left_to_right() {
    let mut index = written("abcdef");
    let update = [
        block(2, 0, "12", Some(id(1, 0)), Some(id(1, 1))),
        block(3, 0, "x", Some(id(2, 0)), Some(id(2, 1))),
        block(2, 2, "end", Some(id(1, 5)), None),
    ];
    index.integrate(&update).expect("an update");
    let deleted = index.delete(&[gone(1, 1, 3), gone(2, 4, 5), gone(1, 5, 6)]);
    let steps = index.steps(&update, &deleted);
    assert_eq!(
        steps,
        [
            Step::Retain(1),
            Step::Insert("1"),
            Step::Insert("x"),
            Step::Insert("2"),
            Step::Delete(2),
            Step::Retain(2),
            Step::Delete(1),
            Step::Insert("en"),
        ]
    );
}

#[test]
fn no_refused_update_leaves_a_trace() {
    let mut random = SmallRng::seed_from_u64(5);
    let (mut index, mut clocks) = (Index::default(), [0_u32; 4]);
    let (mut accepted, mut refused) = (0, 0);
    for turn in 0..8_000 {
        if turn % 20 == 0 {
            (index, clocks) = (Index::default(), [0; 4]);
        }
        let before = index.all();
        let mut next = clocks;
        let blocks: Vec<Block<'static>> = (0..random.random_range(1..5))
            .map(|_| {
                let mut somewhere = || {
                    let client = random.random_range(0..4_usize);
                    (next[client] > 0).then(|| id(client as u32, random.random_range(0..next[client])))
                };
                let (origin, right) = (somewhere(), somewhere());
                let client = random.random_range(0..4_usize);
                let text = ["a", "bc", "def"][random.random_range(0..3)];
                next[client] += text.len() as u32;
                block(client as u32, next[client] - text.len() as u32, text, origin, right)
            })
            .collect();
        if index.integrate(&blocks).is_ok() {
            clocks = next;
            accepted += 1;
        } else {
            assert_eq!(index.all(), before);
            refused += 1;
        }
        assert_eq!(index.visible(), clocks.iter().sum::<u32>());
    }
    assert!(
        accepted > 1_000 && refused > 1_000,
        "{accepted} accepted, {refused} refused"
    );
}
