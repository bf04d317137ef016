//! Who is let in, and for how long.

use std::time::{Duration, Instant};

use tandem::config::Config;
use tandem::limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::support::{Http2, PATIENCE, TestServer, assert_refused, endpoint, status_of};

const CHECK: &str = "/grpc.health.v1.Health/Check";

#[tokio::test]
async fn a_foreign_host_name_is_refused_in_every_protocol() {
    let server = TestServer::start().await;
    let foreign = endpoint(server.address).origin(http::Uri::from_static("http://evil.example"));
    let mut health = HealthClient::new(foreign.connect().await.expect("the server accepts"));
    let status = health
        .check(HealthCheckRequest::default())
        .await
        .expect_err("the name is foreign");
    assert_refused(&status, Code::PermissionDenied, "HOST_REFUSED");

    let web = server.grpc_web("evil.example", "").await;
    assert!(
        web.starts_with("HTTP/1.1 200") && web.contains("grpc-status: 7"),
        "{web}"
    );

    for host in [
        "Host: evil.example",
        "Host: localhost\r\nHost: evil.example",
        "Host: localhost.evil.example:50051",
    ] {
        let page = server
            .raw(format!("GET / HTTP/1.1\r\n{host}\r\nConnection: close\r\n\r\n"))
            .await;
        assert!(
            page.starts_with("HTTP/1.1 403") && page.contains("HOST_REFUSED"),
            "{host}: {page}"
        );
    }
    let page = server.raw("GET / HTTP/1.0\r\n\r\n").await;
    assert!(page.contains("403"), "no name at all: {page}");
}

#[tokio::test]
async fn the_server_answers_to_loopback_names_and_to_configured_ones() {
    let server = TestServer::with(Config {
        hosts: vec!["pair.example".to_owned()],
        ..Config::default()
    })
    .await;
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1:50051",
        "[::1]:50051",
        "127.1.2.3",
        "pair.example",
        "Pair.Example:8",
    ] {
        let page = server
            .raw(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
            .await;
        assert!(page.starts_with("HTTP/1.1 200"), "{host}: {page}");
    }
}

#[tokio::test]
async fn a_foreign_page_is_refused_and_a_configured_one_may_call() {
    let ours = "https://pair.example";
    let server = TestServer::with(Config {
        origins: vec![ours.to_owned()],
        ..Config::default()
    })
    .await;
    let mut http2 = Http2::connect(server.address).await;
    for origin in [
        "https://evil.example",
        "null",
        "http://pair.example",
        "https://pair.example:444",
        "http://localhost:1",
    ] {
        let answer = http2
            .post(CHECK, "application/grpc-web+proto", ("origin", origin))
            .await;
        assert_refused(&status_of(&answer), Code::PermissionDenied, "ORIGIN_REFUSED");
        assert!(!answer.headers().contains_key("access-control-allow-origin"));
    }
    let same = format!("http://{}", server.address);
    let answer = http2.post(CHECK, "application/grpc-web+proto", ("origin", &same)).await;
    assert!(
        answer.headers().get("grpc-status").is_none(),
        "our own page may call: {answer:?}"
    );

    let answer = http2.post(CHECK, "application/grpc-web+proto", ("origin", ours)).await;
    assert_eq!(answer.headers()["access-control-allow-origin"], ours);
    let exposed = answer.headers()["access-control-expose-headers"]
        .to_str()
        .expect("text");
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.contains(name), "{exposed}");
    }
}

#[tokio::test]
async fn a_browser_s_preflight_is_answered_by_name_and_remembered() {
    let ours = "https://pair.example";
    let server = TestServer::with(Config {
        origins: vec![ours.to_owned()],
        ..Config::default()
    })
    .await;
    let preflight = |origin: &str| {
        server.raw(format!(
            "OPTIONS {CHECK} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-grpc-web\r\n\r\n"
        ))
    };
    let answer = preflight(ours).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    for part in [
        "access-control-allow-origin: https://pair.example",
        "authorization",
        "grpc-timeout",
        "access-control-max-age: 7200",
    ] {
        assert!(answer.contains(part), "{part}: {answer}");
    }
    assert!(preflight("https://evil.example").await.starts_with("HTTP/1.1 403"));
}

#[tokio::test]
async fn a_call_ends_at_the_deadline_that_it_names() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    let start = Instant::now();
    let answer = http2
        .post("/test.Service/Never", "application/grpc", ("grpc-timeout", "150m"))
        .await;
    assert_refused(&status_of(&answer), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    let took = start.elapsed();
    assert!(
        took >= Duration::from_millis(150) && took < limits::CALL_DEADLINE,
        "{took:?}"
    );
}

#[tokio::test]
async fn a_connection_that_does_not_begin_is_cut() {
    let server = TestServer::start().await;
    let half = [
        ("nothing", ""),
        ("half a preface", "PRI * HT"),
        ("half a head", "GET / HTTP/1.1\r\nHost: local"),
    ];
    let cut = half.map(|(what, bytes)| {
        let address = server.address;
        async move {
            let mut stream = TcpStream::connect(address).await.expect("the server accepts");
            stream.write_all(bytes.as_bytes()).await.expect("the server reads");
            let mut answer = Vec::new();
            let end = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            assert!(end.is_ok(), "{what}: the connection is still open");
        }
    });
    futures_util::future::join_all(cut).await;
}
