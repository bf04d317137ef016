//! One file that the page is made of, in the forms in which it is sent.

use std::io::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;

/// One form of a file: its bytes, and the tag that stands for them.
pub(super) struct Form {
    bytes: Bytes,
    tag: HeaderValue,
}

impl Form {
    fn new(bytes: Bytes) -> Self {
        let tag = format!("\"{:.32}\"", blake3::hash(&bytes).to_hex());
        // Digits and letters are always a header's value.
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        Self { bytes, tag }
    }

    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    pub(super) fn tag(&self) -> &HeaderValue {
        &self.tag
    }
}

/// A file and its type.
pub(super) struct Asset {
    media_type: &'static str,
    plain: Form,
    /// Made when it is first asked for; `None` if it saves nothing.
    packed: OnceLock<Option<Form>>,
}

impl Asset {
    pub(super) fn new(path: &str, bytes: Bytes) -> Self {
        Self {
            media_type: media_type(path),
            plain: Form::new(bytes),
            packed: OnceLock::new(),
        }
    }

    pub(super) fn media_type(&self) -> &'static str {
        self.media_type
    }

    pub(super) fn plain(&self) -> &Form {
        &self.plain
    }

    /// Whether the compressed form is there, or known not to be worth it.
    pub(super) fn is_packed(&self) -> bool {
        self.packed.get().is_some()
    }

    /// The form compressed by gzip, unless that saves nothing. The first call takes some milliseconds.
    pub(super) fn packed(&self) -> Option<&Form> {
        let pack = || gzip(&self.plain.bytes).map(Form::new);
        self.packed.get_or_init(pack).as_ref()
    }
}

fn gzip(bytes: &Bytes) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < bytes.len()).then(|| packed.into())
}

/// By the end of the name. Browsers are told not to guess, so that what is not in the list would not run.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
