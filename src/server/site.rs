//! The page for people, at `/` and `/r/{room}`, and the files that it is made of.
//!
//! They are `web/dist`, which the build puts into the program. A debug build takes them from there at its start, so that
//! the page can be worked on without compiling the server.

mod asset;
mod embedded;
mod negotiate;
mod page;

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::pages;
use asset::{Asset, Form};
use page::Page;

/// What every process serves; read at its first use.
static SITE: LazyLock<Site> = LazyLock::new(Site::load);

/// The page itself, beside its assets.
const PAGE: &str = "index.html";

/// A name in `assets/` has its content's hash in it, so that it never means anything else.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The page names the assets, so it is asked for each time.
const ANEW: HeaderValue = HeaderValue::from_static("no-cache");

/// What scripts may do that run as workers: theirs is the policy of their own answer, not the page's.
const WORKER_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; script-src 'self'; connect-src 'self'");

/// The page and its files.
struct Site {
    page: Page,
    assets: HashMap<String, Asset>,
}

impl Site {
    fn load() -> Self {
        let files = embedded::files();
        let page = files.iter().find(|(path, _)| path == PAGE);
        let page = Page::new(page.map_or_else(Bytes::new, |(_, bytes)| bytes.clone()));
        let assets = files.into_iter().filter(|(path, _)| path != PAGE);
        Self {
            page,
            assets: assets
                .map(|(path, bytes)| (path.clone(), Asset::new(&path, bytes)))
                .collect(),
        }
    }
}

/// The page, made for this one answer: its scripts carry a number that nobody can know before.
pub(super) async fn page() -> Response {
    let (html, policy) = SITE.page.render();
    let mut response = html.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, ANEW);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    guarded(headers);
    response
}

/// A file that the page is made of.
pub(super) async fn asset(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let Some(asset) = SITE.assets.get(path) else {
        return pages::nothing_here(request).await;
    };
    let packed = match negotiate::takes_gzip(request.headers()) {
        true => packed(asset).await,
        false => None,
    };
    let form = packed.unwrap_or_else(|| asset.plain());
    let mut response = match negotiate::has(request.headers(), form.tag()) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => form.bytes().into_response(),
    };
    describe(response.headers_mut(), asset, form, packed.is_some());
    response
}

/// The compressed form, made at the first request off the threads that serve connections.
async fn packed(asset: &'static Asset) -> Option<&'static Form> {
    if asset.is_packed() {
        return asset.packed();
    }
    let packing = tokio::task::spawn_blocking(|| asset.packed());
    packing.await.ok().flatten()
}

/// The headers of a file, which are the same when nothing but them is sent.
fn describe(headers: &mut HeaderMap, asset: &Asset, form: &Form, packed: bool) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type()));
    headers.insert(CACHE_CONTROL, FOR_EVER);
    headers.insert(ETAG, form.tag().clone());
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(CONTENT_SECURITY_POLICY, WORKER_POLICY);
    if packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    guarded(headers);
}

/// Browsers are not to guess types, nor to tell other sites in which room somebody is.
fn guarded(headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_the_page_names_is_there() {
        let (html, _) = SITE.page.render();
        let named: Vec<&str> = html
            .split('"')
            .filter_map(|part| part.strip_prefix('/'))
            .filter(|path| path.starts_with("assets/"))
            .collect();
        assert!(named.len() >= 3, "script, style and icon: {html}");
        for path in named {
            assert!(SITE.assets.contains_key(path), "{path}");
        }
    }
}
