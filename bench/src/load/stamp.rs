//! Times that stand in a text: when an edit was sent.

/// How long a stamp is, in bytes.
pub(crate) const STAMP: usize = 8;
/// The first of the 64 characters that stamps are made of.
const FIRST: u8 = b'0';

/// When an edit was sent, in microseconds, as text that can stand in a file.
pub(crate) type Stamp = [u8; STAMP];

/// A time as a stamp.
pub(crate) fn stamp(micros: u64) -> Stamp {
    std::array::from_fn(|at| FIRST + (micros >> (6 * at) & 63) as u8)
}

/// The time of a stamp.
pub(crate) fn time(stamp: &[u8]) -> u64 {
    let digits = stamp.iter().rev();
    digits.fold(0, |time, digit| time << 6 | u64::from(digit.wrapping_sub(FIRST) & 63))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_keeps_its_time_and_is_plain_text() {
        for micros in [0, 1, 63, 64, 123_456_789_012] {
            let stamp = stamp(micros);
            assert_eq!(time(&stamp), micros);
            assert!(stamp.iter().all(|byte| byte.is_ascii_graphic()));
        }
    }
}
