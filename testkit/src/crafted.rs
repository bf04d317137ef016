//! Yjs updates written by hand: well formed, with ids and neighbours that no Y.Doc would give them.

/// A version 1 update with one block of text, whose neighbours are given by client and clock. Without any it stands in the
/// root text.
pub fn typed(client: u32, clock: u32, text: &str, origin: Option<(u32, u32)>, right: Option<(u32, u32)>) -> Vec<u8> {
    let mut out = Vec::new();
    // One section with one block.
    for value in [1, 1, client, clock] {
        number(&mut out, value);
    }
    out.push(4 | if origin.is_some() { 0x80 } else { 0 } | if right.is_some() { 0x40 } else { 0 });
    for (client, clock) in [origin, right].into_iter().flatten() {
        number(&mut out, client);
        number(&mut out, clock);
    }
    if origin.is_none() && right.is_none() {
        out.extend_from_slice(&[1, 1, b't']);
    }
    number(&mut out, u32::try_from(text.len()).expect("a short text"));
    out.extend_from_slice(text.as_bytes());
    // It deletes nothing.
    out.push(0);
    out
}

/// A number of variable length, as Yjs writes it.
fn number(out: &mut Vec<u8>, mut number: u32) {
    while number > 0x7f {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}
