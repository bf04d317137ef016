//! An input as a list: each part behind its length. Any bytes are such a list, so that damage never makes an input
//! unreadable.

use rand::Rng;
use rand::rngs::SmallRng;
use tandem_testkit::mutate;

/// The parts of an input.
pub(crate) fn read(mut input: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while !input.is_empty() {
        let length = mutate::read_varint(&mut input).unwrap_or_default();
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(input.len());
        let (part, rest) = input.split_at(length);
        parts.push(part);
        input = rest;
    }
    parts
}

/// An input of these parts.
pub(crate) fn write<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    let mut input = Vec::new();
    for part in parts {
        mutate::varint(&mut input, part.as_ref().len() as u64);
        input.extend_from_slice(part.as_ref());
    }
    input
}

/// Damages the list, or one part of it with `damage`; `other` lends parts.
pub(crate) fn mutate(
    random: &mut SmallRng,
    input: &[u8],
    other: &[u8],
    damage: impl FnOnce(&mut SmallRng, &[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = read(input).into_iter().map(<[u8]>::to_vec).collect();
    let at = random.random_range(0..=parts.len());
    match random.random_range(0..8) {
        0 if at < parts.len() => drop(parts.remove(at)),
        1 if at < parts.len() => parts.insert(at, parts[at].clone()),
        2 if at < parts.len() => {
            let to = random.random_range(0..parts.len());
            parts.swap(at, to);
        }
        3 => {
            let others = read(other);
            if let Some(part) = others.get(random.random_range(0..=others.len())) {
                parts.insert(at, part.to_vec());
            }
        }
        _ => {
            if let Some(part) = parts.get_mut(at) {
                *part = damage(random, part);
            }
        }
    }
    write(&parts)
}
