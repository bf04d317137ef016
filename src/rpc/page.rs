//! Page tokens: opaque to callers, refused if they are not ours or belong to another list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Reason, Result};

/// The tokens' form; a token of another form is refused, and the caller starts again.
const VERSION: u8 = 1;
/// Enough to tell a token of ours from chance. It is no secret: a token gives no rights.
const CHECKSUM_BYTES: usize = 8;

/// Makes a token of what the next page starts after. `list` is everything that says which list it is a page of.
pub fn seal(list: &[&[u8]], after: &[u8]) -> String {
    let mut token = vec![VERSION];
    token.extend_from_slice(&checksum(list, after));
    token.extend_from_slice(after);
    URL_SAFE_NO_PAD.encode(token)
}

/// What the next page starts after; `None` for the first page.
///
/// # Errors
///
/// PAGE_TOKEN_INVALID if the token is not one of this list.
pub fn open(list: &[&[u8]], token: &str) -> Result<Option<Vec<u8>>> {
    if token.is_empty() {
        return Ok(None);
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let rest = bytes.strip_prefix(&[VERSION]).ok_or_else(refused)?;
    let (sum, after) = rest.split_first_chunk::<CHECKSUM_BYTES>().ok_or_else(refused)?;
    if *sum != checksum(list, after) {
        return Err(refused());
    }
    Ok(Some(after.to_vec()))
}

/// The refusal of a token.
pub fn refused() -> Error {
    Error::new(
        Reason::PageTokenInvalid,
        "the page token is not one of this list: send what the page before gave, with the same request, or begin anew",
    )
    .field("page_token")
}

fn checksum(list: &[&[u8]], after: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for part in list {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.update(after);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}
