//! The page for people, as a browser gets it.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::support::{Http2, TestServer};

const GZIP: (&str, &str) = ("accept-encoding", "gzip, deflate, br");

fn header<'a>(answer: &'a http::Response<Incoming>, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("a header is text"))
}

async fn body(answer: http::Response<Incoming>) -> Bytes {
    answer.into_body().collect().await.expect("a body").to_bytes()
}

async fn get(browser: &mut Http2, path: &str, headers: &[(&str, &str)]) -> http::Response<Incoming> {
    browser.page(Method::GET, path, headers).await
}

/// The names of all committed files but the page, as a browser asks for them.
fn committed() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist/assets");
    let entries = std::fs::read_dir(folder).expect("the bundle is in the repository");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .map(|name| format!("/assets/{name}"))
        .collect()
}

/// What stands between two marks in a text, each time.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    text.split(begin)
        .skip(1)
        .map(|rest| rest.split(end).next().unwrap_or_default())
        .collect()
}

/// The largest script: a real one, and worth compressing.
fn largest() -> String {
    let size = |path: &String| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("web/dist{path}"));
        file.metadata().expect("the file is there").len()
    };
    committed().into_iter().max_by_key(size).expect("some files")
}

#[tokio::test]
async fn the_page_is_at_the_start_and_in_every_room() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    for path in ["/", "/r/kata", "/r/0191f1c0-0000-7000-8000-000000000000", "/r/a%20b"] {
        let answer = get(&mut browser, path, &[GZIP]).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "referrer-policy"), "same-origin");
        let html = body(answer).await;
        assert!(html.starts_with(b"<!doctype html>"), "{path}");
    }
}

#[tokio::test]
async fn scripts_run_by_a_number_that_is_new_in_each_answer() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    let mut numbers = BTreeSet::new();
    for _ in 0..5 {
        let answer = get(&mut browser, "/", &[]).await;
        let policy = header(&answer, "content-security-policy").to_owned();
        let allowed = between(&policy, "'nonce-", "'");
        let html = String::from_utf8(body(answer).await.to_vec()).expect("the page is text");
        let used = between(&html, "nonce=\"", "\"");
        assert!(used.len() >= 3, "{html}");
        assert!(
            allowed.iter().chain(&used).all(|number| *number == allowed[0]),
            "{policy} {html}"
        );
        assert!(allowed[0].len() >= 22, "128 bits at least: {policy}");
        let scripts = html.matches("<script").count();
        assert_eq!(
            scripts,
            between(&html, "<script", ">")
                .iter()
                .filter(|s| s.contains("nonce="))
                .count()
        );
        for never in ["unsafe", "*", "http:", "https:"] {
            assert!(!policy.contains(never), "{policy}");
        }
        for always in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "connect-src 'self'",
        ] {
            assert!(policy.contains(always), "{policy}");
        }
        numbers.insert(allowed[0].to_owned());
    }
    assert_eq!(numbers.len(), 5, "{numbers:?}");
}

#[tokio::test]
async fn every_file_of_the_bundle_is_served_with_its_type_and_kept_for_ever() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    let html = body(get(&mut browser, "/", &[]).await).await;
    let html = String::from_utf8_lossy(&html).into_owned();
    let committed = committed();
    let named = between(&html, "=\"/assets/", "\"");
    assert!(named.len() >= 3, "a script, a style and an icon: {html}");
    for name in named {
        assert!(committed.contains(&format!("/assets/{name}")), "{name}");
    }
    let mut tags = BTreeSet::new();
    for path in &committed {
        let answer = get(&mut browser, path, &[]).await;
        assert_eq!(answer.status(), 200, "{path}");
        let wanted = match path.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            other => panic!("what type has {other:?}?"),
        };
        assert_eq!(header(&answer, "content-type"), wanted, "{path}");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert!(header(&answer, "content-security-policy").starts_with("default-src 'none'"));
        tags.insert(header(&answer, "etag").to_owned());
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("web/dist{path}"));
        assert_eq!(body(answer).await, std::fs::read(file).expect("the file"), "{path}");
    }
    assert_eq!(tags.len(), committed.len(), "each file has its own tag");
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_so_and_nothing_more() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    let path = largest();
    for encoding in ["gzip", "identity"] {
        let accepted = ("accept-encoding", encoding);
        let answer = get(&mut browser, &path, &[accepted]).await;
        let tag = header(&answer, "etag").to_owned();
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for known in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"other\", {tag}"),
            "*".to_owned(),
        ] {
            let again = get(&mut browser, &path, &[accepted, ("if-none-match", &known)]).await;
            assert_eq!(again.status(), 304, "{known}");
            assert_eq!(header(&again, "etag"), tag);
            assert_eq!(header(&again, "cache-control"), "public, max-age=31536000, immutable");
            assert!(body(again).await.is_empty());
        }
        let changed = get(&mut browser, &path, &[accepted, ("if-none-match", "\"other\"")]).await;
        assert_eq!(changed.status(), 200);
    }
}

#[tokio::test]
async fn what_is_worth_it_is_compressed_for_whoever_takes_that() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    let path = largest();
    let plain = get(&mut browser, &path, &[]).await;
    assert_eq!(header(&plain, "content-encoding"), "");
    assert_eq!(header(&plain, "vary"), "accept-encoding");
    let plain_tag = header(&plain, "etag").to_owned();
    let plain = body(plain).await;

    let packed = get(&mut browser, &path, &[GZIP]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_eq!(header(&packed, "vary"), "accept-encoding");
    assert_ne!(header(&packed, "etag"), plain_tag, "two forms, two tags");
    let packed = body(packed).await;
    assert!(packed.len() * 2 < plain.len(), "{} of {}", packed.len(), plain.len());
    let mut text = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut text).expect("it is gzip");
    assert!(text == plain, "the same file");

    let refused = get(&mut browser, &path, &[("accept-encoding", "gzip;q=0, br")]).await;
    assert_eq!(header(&refused, "content-encoding"), "");
}

#[tokio::test]
async fn a_head_tells_the_same_without_the_body() {
    let server = TestServer::start().await;
    let mut browser = Http2::connect(server.address).await;
    for path in ["/".to_owned(), "/r/kata".to_owned(), largest()] {
        let full = get(&mut browser, &path, &[GZIP]).await;
        let head = browser.page(Method::HEAD, &path, &[GZIP]).await;
        assert_eq!(head.status(), 200);
        for name in [
            "content-type",
            "etag",
            "cache-control",
            "content-encoding",
            "content-length",
        ] {
            assert_eq!(header(&head, name), header(&full, name), "{path}: {name}");
        }
        assert!(body(head).await.is_empty());
    }
}

#[tokio::test]
async fn nothing_but_the_bundle_is_served() {
    let server = TestServer::start().await;
    for path in [
        "/assets/",
        "/assets/nothing.js",
        "/assets/../index.html",
        "/assets/../../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%2f..%2f..%2fCargo.toml",
        "/assets/..\\..\\..\\Cargo.toml",
        "/assets//etc/passwd",
        "/index.html",
        "/web/dist/index.html",
        "/r/",
        "/r/kata/more",
    ] {
        let answer = server.get(path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(
            !answer.contains("immutable") && !answer.contains("[package]"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn the_page_too_is_refused_under_a_foreign_name() {
    let server = TestServer::start().await;
    for path in ["/r/kata".to_owned(), largest()] {
        let answer = server
            .raw(format!(
                "GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert!(
            answer.starts_with("HTTP/1.1 403") && answer.contains("HOST_REFUSED"),
            "{path}"
        );
    }
}
