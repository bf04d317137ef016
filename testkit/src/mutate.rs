//! Small damage: to bytes of any kind, and to messages of the contract at the places where they are read.

use rand::Rng;
use rand::rngs::SmallRng;

/// How deep a message is looked into.
const DEPTH: usize = 6;
/// No input grows past this by being damaged: what is long is slow, and finds nothing that is not found short.
const LONGEST: usize = 16 << 10;

/// Numbers at which something ends.
pub const NUMBERS: [u64; 20] = [
    0,
    1,
    2,
    3,
    127,
    128,
    255,
    256,
    10_001,
    u16::MAX as u64,
    1 << 16,
    (1 << 31) - 1,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    1 << 53,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 1,
    u64::MAX,
];

/// Texts at which something ends: of one code point that is two elsewhere, of no width, forbidden, or nearly something.
pub const TEXTS: [&str; 30] = [
    "",
    "\0",
    "\r\n",
    "\n",
    "\u{feff}",
    "\u{fffd}",
    "\u{200d}",
    "\u{202e}",
    "é",
    "e\u{301}",
    "\u{301}",
    "你",
    "😀",
    "👩‍👩‍👧",
    "🇪🇺",
    "İ",
    "ß",
    "ς",
    "\u{345}",
    "..",
    "a/",
    "//",
    "A/b",
    "a/B/c",
    "\\",
    " .",
    "t",
    "00000000-0000-0000-0000-000000000000",
    "6f2c0b52-3c3e-4d8e-9a43-0a9f6e1f7b11",
    "{6f2c0b523c3e4d8e9a430a9f6e1f7b11}",
];

/// One of these.
pub fn one_of<T: Copy>(random: &mut SmallRng, all: &[T]) -> T {
    all[random.random_range(0..all.len())]
}

/// Damages bytes at one to four places; some of what comes in stands in `other`.
pub fn bytes(random: &mut SmallRng, input: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..random.random_range(1..=4) {
        damage(random, input, other);
    }
    input.truncate(LONGEST);
}

fn damage(random: &mut SmallRng, input: &mut Vec<u8>, other: &[u8]) {
    let at = random.random_range(0..=input.len());
    let end = (at + random.random_range(1..=8)).min(input.len());
    match random.random_range(0..11) {
        0 => input.truncate(at),
        1 => drop(input.drain(at..end)),
        2 => {
            let again = input[at..end].to_vec();
            insert(input, end, &again);
        }
        3 => {
            let from = random.random_range(0..=other.len());
            let to = (from + random.random_range(1..=40)).min(other.len());
            insert(input, at, &other[from..to]);
        }
        4 => insert(input, at, one_of(random, &TEXTS).as_bytes()),
        5 => {
            let mut number = Vec::new();
            varint(&mut number, one_of(random, &NUMBERS));
            insert(input, at, &number);
        }
        6 => {
            let noise: Vec<u8> = (0..random.random_range(1..=8)).map(|_| random.random()).collect();
            insert(input, at, &noise);
        }
        7 => input[at..end].reverse(),
        8 => input[at..end].fill(one_of(random, &[0, 1, 0x7f, 0x80, 0xff])),
        _ => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.random_range(0..8);
            }
        }
    }
}

fn insert(input: &mut Vec<u8>, at: usize, what: &[u8]) {
    input.splice(at..at, what.iter().copied());
}

/// Damages an encoded message of a protocol buffer: its fields mostly, at any depth, and now and then its bytes.
pub fn message(random: &mut SmallRng, encoded: &[u8]) -> Vec<u8> {
    let mut damaged = encoded.to_vec();
    for _ in 0..random.random_range(1..=3) {
        damaged = fields(random, &damaged, DEPTH);
    }
    if random.random_range(0..12) == 0 {
        bytes(random, &mut damaged, encoded);
    }
    damaged
}

/// A field as it stands on the wire.
#[derive(Clone, Debug)]
struct Field {
    number: u64,
    value: Value,
}

#[derive(Clone, Debug)]
enum Value {
    Number(u64),
    Eight([u8; 8]),
    Bytes(Vec<u8>),
    Four([u8; 4]),
}

fn fields(random: &mut SmallRng, encoded: &[u8], depth: usize) -> Vec<u8> {
    let mut all = read(encoded).unwrap_or_default();
    let at = random.random_range(0..=all.len());
    match random.random_range(0..16) {
        0 if at < all.len() => drop(all.remove(at)),
        1 if at < all.len() => all.insert(at, all[at].clone()),
        2 if at < all.len() => {
            let other = random.random_range(0..all.len());
            all.swap(at, other);
        }
        3 if at < all.len() => all[at].number = random.random_range(0..16),
        4 => {
            let number = random.random_range(1..16);
            let value = Value::Number(one_of(random, &NUMBERS));
            all.insert(at, Field { number, value });
        }
        5 => {
            let number = random.random_range(1..16);
            let value = Value::Bytes(one_of(random, &TEXTS).into());
            all.insert(at, Field { number, value });
        }
        6 if at < all.len() => all[at].value = other_kind(random),
        _ => {
            if let Some(field) = all.get_mut(at) {
                change(random, &mut field.value, depth);
            }
        }
    }
    write(&all)
}

fn other_kind(random: &mut SmallRng) -> Value {
    match random.random_range(0..4) {
        0 => Value::Number(one_of(random, &NUMBERS)),
        1 => Value::Eight(random.random()),
        2 => Value::Four(random.random()),
        _ => Value::Bytes(one_of(random, &TEXTS).into()),
    }
}

fn change(random: &mut SmallRng, value: &mut Value, depth: usize) {
    match value {
        Value::Number(number) => {
            *number = match random.random_range(0..3) {
                0 => number.wrapping_add(1),
                1 => number.wrapping_sub(1),
                _ => one_of(random, &NUMBERS),
            }
        }
        Value::Eight(bytes) => *bytes = random.random(),
        Value::Four(bytes) => *bytes = random.random(),
        Value::Bytes(inner) => match random.random_range(0..8) {
            0 => *inner = one_of(random, &TEXTS).into(),
            1 => inner.extend_from_slice(one_of(random, &TEXTS).as_bytes()),
            2 => {
                let at = random.random_range(0..=inner.len());
                inner.truncate(at);
            }
            3 => *inner = inner.repeat(random.random_range(0..40)),
            _ if depth > 0 && !inner.is_empty() && read(inner).is_some() => *inner = fields(random, inner, depth - 1),
            _ => match std::str::from_utf8(inner) {
                // Text mostly stays text: what is not is refused before anybody looks at it.
                Ok(text) if random.random_range(0..8) > 0 => *inner = characters(random, text).into_bytes(),
                _ => bytes(random, inner, &[]),
            },
        },
    }
    if let Value::Bytes(inner) = value {
        inner.truncate(LONGEST);
    }
}

/// A text with one place changed, at whole characters.
fn characters(random: &mut SmallRng, text: &str) -> String {
    let mut all: Vec<char> = text.chars().collect();
    let at = random.random_range(0..=all.len());
    let end = (at + random.random_range(0..4)).min(all.len());
    let piece = match random.random_range(0..3) {
        0 => one_of(random, &TEXTS).to_owned(),
        1 => random.random::<char>().to_string(),
        _ => String::new(),
    };
    all.splice(at..end, piece.chars());
    all.into_iter().collect()
}

/// The fields of a message; `None` if the bytes are none.
fn read(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let key = read_varint(&mut bytes)?;
        let value = match key & 7 {
            0 => Value::Number(read_varint(&mut bytes)?),
            1 => Value::Eight(take(&mut bytes, 8)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(read_varint(&mut bytes)?).ok()?;
                Value::Bytes(take(&mut bytes, length)?.to_vec())
            }
            5 => Value::Four(take(&mut bytes, 4)?.try_into().ok()?),
            _ => return None,
        };
        all.push(Field {
            number: key >> 3,
            value,
        });
    }
    Some(all)
}

fn write(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { number, value } in fields {
        let kind = match value {
            Value::Number(_) => 0,
            Value::Eight(_) => 1,
            Value::Bytes(_) => 2,
            Value::Four(_) => 5,
        };
        varint(&mut out, number << 3 | kind);
        match value {
            Value::Number(number) => varint(&mut out, *number),
            Value::Eight(bytes) => out.extend_from_slice(bytes),
            Value::Four(bytes) => out.extend_from_slice(bytes),
            Value::Bytes(bytes) => {
                varint(&mut out, bytes.len() as u64);
                out.extend_from_slice(bytes);
            }
        }
    }
    out
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

/// Reads a number of variable length.
pub fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..70).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes a number of variable length.
pub fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use tandem::rpc::proto::v1;

    use super::*;

    #[test]
    fn a_message_is_written_as_it_was_read() {
        let file = v1::File {
            file_id: "é".to_owned(),
            revision: u64::MAX,
            deleted: true,
            ..Default::default()
        };
        let encoded = prost::Message::encode_to_vec(&file);
        assert_eq!(write(&read(&encoded).expect("a message")), encoded);
        assert!(read(&encoded[..encoded.len() - 1]).is_none());
    }

    #[test]
    fn damage_changes_nearly_everything_and_never_fails() {
        let mut random = SmallRng::seed_from_u64(3);
        let mut message_bytes = prost::Message::encode_to_vec(&v1::GetRoomRequest {
            room: "room".to_owned(),
        });
        let mut changed = 0;
        for _ in 0..5_000 {
            let damaged = message(&mut random, &message_bytes);
            changed += usize::from(damaged != message_bytes);
            message_bytes = damaged;
        }
        assert!(changed > 3_000, "{changed}");
    }
}
