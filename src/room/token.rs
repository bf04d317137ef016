//! Resume tokens: the secret that a session is.

use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::error::{Error, Reason, Result};

/// 256 random bits: what nobody guesses.
pub(super) fn new_token() -> Result<String> {
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no random bytes");
        Error::new(Reason::Internal, "no token could be made: tell the operator")
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The database keeps this in place of the token.
pub(super) fn hash_token(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
