//! A text in parts, as ReadFile sends it.

use ropey::Rope;
use tonic::Status;

use super::convert::answers;
use super::proto::v1::{File, ReadFileResponse};
use crate::limits::READ_PART_BYTES;
use crate::room::message::TextAt;

/// The parts of a text, made one at a time, when the stream asks for the next.
#[derive(Debug)]
pub struct ReadParts {
    /// For the first message.
    file: Option<File>,
    revision: u64,
    text: Rope,
    /// How many bytes have been sent.
    sent: usize,
}

impl ReadParts {
    /// The parts of a text; an empty text has one.
    pub fn new(text: TextAt) -> Self {
        Self {
            file: Some(answers::file(&text.file)),
            revision: text.revision.0,
            text: text.text,
            sent: 0,
        }
    }
}

impl Iterator for ReadParts {
    type Item = Result<ReadFileResponse, Status>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.text.len_bytes() - self.sent;
        if left == 0 && self.file.is_none() {
            return None;
        }
        // A part that would end inside a character ends before it; READ_PART_BYTES has room for many characters.
        let end = self.sent + left.min(READ_PART_BYTES);
        let end = self.text.char_to_byte(self.text.byte_to_char(end));
        let part = self.text.byte_slice(self.sent..end).to_string();
        self.sent = end;
        Some(Ok(ReadFileResponse {
            file: self.file.take(),
            revision: self.revision,
            text: part,
        }))
    }
}
