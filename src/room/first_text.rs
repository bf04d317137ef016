//! A new file's document with its first text.

use rand::Rng;

use crate::document::{self, Document, Failure, Unit};
use crate::error::{Error, Reason, Result};
use crate::id::ClientId;
use crate::limits;
use crate::room::message::NewFile;
use crate::store::model::LineEnding;

/// A new file's document with its first text.
pub(super) struct FirstText {
    pub(super) document: Document,
    pub(super) server_client: ClientId,
    pub(super) line_ending: LineEnding,
    pub(super) delta: document::Delta,
    pub(super) update: Vec<u8>,
}

/// Makes a new file's document.
pub(super) fn first_text(new: &NewFile, field: &str) -> Result<FirstText> {
    let (text, line_ending) = normalised(&new.text, field)?;
    let server_client = ClientId(rand::rng().random_range(1..=u32::MAX));
    let mut document = Document::new(server_client);
    if text.is_empty() {
        let delta = document::Delta::default();
        return Ok(FirstText {
            document,
            server_client,
            line_ending,
            delta,
            update: Vec::new(),
        });
    }
    let change = document::UnitChange {
        offset: 0,
        delete: 0,
        insert: text,
    };
    match document.edit(Unit::Utf8, &[change]) {
        Ok(applied) => {
            let (delta, update) = (applied.delta, applied.update);
            Ok(FirstText {
                document,
                server_client,
                line_ending,
                delta,
                update,
            })
        }
        Err(Failure::Refused(error)) => Err(error),
        Err(Failure::Broken(why)) => {
            tracing::error!(why, "a first text could not be written");
            Err(Error::new(
                Reason::Internal,
                "the text could not be written: tell the operator",
            ))
        }
    }
}

/// A text with LF only, the line ending that it had, and no NUL.
pub(super) fn normalised(text: &str, field: &str) -> Result<(String, LineEnding)> {
    if text.contains('\0') {
        return Err(Error::new(Reason::Nul, "the text contains U+0000: send text, not binary data").field(field));
    }
    if text.len() > 2 * limits::FILE_BYTES as usize {
        return Err(Error::new(
            Reason::FileTooLarge,
            format!(
                "a file has at most {} bytes: split it, or keep large data elsewhere",
                limits::FILE_BYTES
            ),
        )
        .field(field)
        .with("limit", limits::FILE_BYTES));
    }
    let (text, had_crlf) = document::normalise(text);
    Ok((text, if had_crlf { LineEnding::CrLf } else { LineEnding::Lf }))
}
