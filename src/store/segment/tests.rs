use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::*;

/// Rows with values that no server of ours would write beside those that it would.
fn rows(random: &mut SmallRng) -> Vec<operations::Model> {
    let sources: Vec<Uuid> = (0..3).map(|_| Uuid::from_u128(random.random())).collect();
    let first = random.random_range(1..1 << 50);
    let number = |random: &mut SmallRng| match random.random_range(0..4) {
        0 => random.random(),
        1 => *[0, -1, i64::MIN, i64::MAX]
            .get(random.random_range(0..4))
            .expect("one of four"),
        _ => random.random_range(0..200),
    };
    let bytes = |random: &mut SmallRng| {
        let length = *[0, 1, 9, 30, 3_000]
            .get(random.random_range(0..5))
            .expect("one of five");
        (0..length).map(|_| random.random()).collect::<Vec<u8>>()
    };
    (0..random.random_range(1..40))
        .map(|index| operations::Model {
            room: 7,
            revision: first + index,
            source: sources[random.random_range(0..3)],
            op_id: number(random),
            file: number(random),
            epoch: number(random),
            author: number(random),
            kind: random.random(),
            origin: random.random(),
            yjs_update: bytes(random),
            delta: bytes(random),
            path: bytes(random),
            term: number(random),
            time: number(random),
        })
        .collect()
}

#[test]
fn what_is_packed_is_unpacked_in_full() {
    for seed in 0..300 {
        let rows = rows(&mut SmallRng::seed_from_u64(seed));
        let segment = pack(&rows).expect("they follow each other");
        assert_eq!(unpack(&segment), Ok(rows), "seed {seed}");
    }
}

#[test]
fn what_does_not_follow_is_not_packed() {
    let mut rows = rows(&mut SmallRng::seed_from_u64(1));
    assert!(rows.len() > 2);
    rows.remove(1);
    assert_eq!(pack(&rows), None);
    assert_eq!(pack(&[]), None);
}

#[test]
fn every_changed_bit_and_every_cut_is_found() {
    let rows = rows(&mut SmallRng::seed_from_u64(5));
    let segment = pack(&rows).expect("they follow each other");
    let damaged = |change: &dyn Fn(&mut segments::Model)| {
        let mut other = segment.clone();
        change(&mut other);
        unpack(&other).is_err()
    };
    for at in 0..segment.data.len().min(400) {
        assert!(damaged(&|row| row.data[at] ^= 1 << (at % 8)), "byte {at}");
        assert!(damaged(&|row| row.data.truncate(at)), "cut at {at}");
    }
    assert!(damaged(&|row| row.room += 1));
    assert!(damaged(&|row| row.first_revision += 1));
    assert!(damaged(&|row| row.last_revision -= 1));
    assert!(damaged(&|row| row.sources[3] ^= 1));
    assert!(damaged(&|row| row.files[3] ^= 1));
    assert!(damaged(&|row| row.data.clear()));
}

#[test]
fn bytes_that_are_no_operations_are_refused_without_a_panic() {
    let mut random = SmallRng::seed_from_u64(3);
    for _ in 0..20_000 {
        let bytes: Vec<u8> = (0..random.random_range(0..60))
            .map(|_| random.random::<u8>() >> random.random_range(0..8))
            .collect();
        let place = encoding::Place {
            room: 1,
            first: 1,
            sources: vec![Uuid::nil()],
            files: vec![1],
        };
        let _ = encoding::decode(&bytes, place);
    }
}
