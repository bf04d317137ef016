//! Bytes as dice: each decision takes one, so that an input is a short program and every byte of it matters.

use rand::RngCore;

/// Throws what the bytes say, and zeros after them.
#[derive(Clone, Debug)]
pub(crate) struct Dice<'a>(&'a [u8]);

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes that no decision has taken.
    pub(crate) fn left(&self) -> &'a [u8] {
        self.0
    }

    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
            None => 0,
        }
    }
}

impl RngCore for Dice<'_> {
    fn next_u32(&mut self) -> u32 {
        u32::from(self.byte()) * 0x0101_0101
    }

    fn next_u64(&mut self) -> u64 {
        u64::from(self.byte()) * 0x0101_0101_0101_0101
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.byte();
        }
    }
}
