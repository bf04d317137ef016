//! The page, whose scripts and styles run by a number that is new in each answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use rand::RngCore;

/// Where the bundler leaves room for the number.
const PLACE: &str = "__NONCE__";

/// The page's text between the places for the number.
pub(super) struct Page(Vec<String>);

impl Page {
    pub(super) fn new(html: Bytes) -> Self {
        let html = String::from_utf8_lossy(&html);
        Self(html.split(PLACE).map(str::to_owned).collect())
    }

    /// The page with a new number, and the policy that names it.
    pub(super) fn render(&self) -> (String, HeaderValue) {
        let mut bytes = [0; 16];
        rand::rng().fill_bytes(&mut bytes);
        let nonce = STANDARD.encode(bytes);
        let policy = HeaderValue::from_str(&policy(&nonce));
        // Base64 is always a header's value; a page that may nothing is the safe answer all the same.
        let policy = policy.unwrap_or(HeaderValue::from_static("default-src 'none'"));
        (self.0.join(&nonce), policy)
    }
}

/// Nothing but what this server sends; no script or style that stands in the page's text, unless it has the number, as
/// the editor's styles do.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
