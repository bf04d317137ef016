//! What the one port speaks.

use std::sync::atomic::Ordering;

use http_body_util::BodyExt;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::support::{Http2, TestServer, assert_refused, status_of};

#[tokio::test]
async fn one_port_speaks_grpc_and_grpc_web_and_plain_http() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    let mut health = HealthClient::new(server.channel().await);
    for service in ["", "test.Service"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let answer = health.check(request).await.expect("gRPC over HTTP/2").into_inner();
        assert_eq!(
            answer.status(),
            tonic_health::pb::health_check_response::ServingStatus::Serving
        );
    }

    let web = server.grpc_web(&server.address.to_string(), "").await;
    assert!(web.starts_with("HTTP/1.1 200"), "{web}");
    assert!(web.contains("grpc-status:0"), "the trailers stand in the body: {web}");

    let path = "/grpc.health.v1.Health/Check";
    let web = http2
        .post(path, "application/grpc-web+proto", ("x-grpc-web", "1"))
        .await;
    assert_eq!(web.headers()["content-type"], "application/grpc-web+proto");
    let body = web.into_body().collect().await.expect("a body").to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("grpc-status:0"));

    for (page, part) in [
        ("/", "grpcurl"),
        ("/healthz", "alive"),
        ("/readyz", "ready"),
        ("/metrics", "tandem_panics_total"),
    ] {
        let answer = server.get(page).await;
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(part),
            "{page}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_nobody_serves_is_answered_in_the_caller_s_own_terms() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    for path in ["/no.such.Service/Call", "/grpc.health.v1.Health/Nothing", "/"] {
        let answer = http2.post(path, "application/grpc", ("te", "trailers")).await;
        if path == "/" {
            assert_eq!(answer.status(), http::StatusCode::METHOD_NOT_ALLOWED);
        } else {
            assert_refused(&status_of(&answer), Code::Unimplemented, "METHOD_UNKNOWN");
        }
    }
    let web = http2
        .post("/no.such.Service/Call", "application/grpc-web", ("x-grpc-web", "1"))
        .await;
    assert_eq!(web.headers()["content-type"], "application/grpc-web+proto");
    assert_refused(&status_of(&web), Code::Unimplemented, "METHOD_UNKNOWN");
    assert!(server.get("/nothing").await.starts_with("HTTP/1.1 404"));
}

#[tokio::test]
async fn readiness_follows_the_database_and_aliveness_does_not() {
    let server = TestServer::start().await;
    server.backend.0.store(false, Ordering::SeqCst);
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(server.get("/healthz").await.starts_with("HTTP/1.1 200"));
    server.backend.0.store(true, Ordering::SeqCst);
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_oversize_message_is_refused_with_its_reason() {
    let server = TestServer::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let request = HealthCheckRequest {
        service: "x".repeat(5 << 20),
    };
    let status = health.check(request).await.expect_err("it is over every limit");
    assert_refused(&status, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
}

#[tokio::test]
async fn a_defect_is_counted_and_harms_only_its_own_call() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    let answer = http2
        .post("/test.Service/Panics", "application/grpc", ("te", "trailers"))
        .await;
    assert_refused(&status_of(&answer), Code::Internal, "INTERNAL");
    let metrics = server.get("/metrics").await;
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("tandem_panics_total "));
    assert!(
        counted.and_then(|count| count.parse::<u64>().ok()) >= Some(1),
        "{metrics}"
    );
    let path = "/grpc.health.v1.Health/Check";
    let answer = http2.post(path, "application/grpc", ("te", "trailers")).await;
    assert!(
        answer.headers().get("grpc-status").is_none(),
        "the connection goes on: {answer:?}"
    );
}
