//! The way out: told to everybody, waited for, and never longer than the grace time.

use std::time::{Duration, Instant};

use tandem::limits;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::support::{Http2, PATIENCE, TestServer, assert_refused};

#[tokio::test]
async fn a_watcher_is_told_and_does_not_hold_the_server() {
    let server = TestServer::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let mut watch = health
        .watch(HealthCheckRequest::default())
        .await
        .expect("Watch opens")
        .into_inner();
    let first = watch.message().await.expect("a state").expect("the first state");
    assert_eq!(first.status(), ServingStatus::Serving);

    let leaving = tokio::spawn(server.running.shutdown(2 * PATIENCE));
    let second = timeout(PATIENCE, watch.message())
        .await
        .expect("in time")
        .expect("a state")
        .expect("the second state");
    assert_eq!(second.status(), ServingStatus::NotServing);
    let end = timeout(PATIENCE, watch.message())
        .await
        .expect("the stream ends in time");
    assert_refused(
        &end.expect_err("it ends with a reason"),
        Code::Unavailable,
        "SHUTTING_DOWN",
    );
    let ended = timeout(PATIENCE, leaving).await.expect("in time").expect("no panic");
    assert!(ended, "nothing had to be cut");
}

#[tokio::test]
async fn a_call_that_does_not_end_is_cut_within_the_grace_time() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    let header = ("te", "trailers");
    let call = tokio::spawn(async move { http2.post("/test.Service/Never", "application/grpc", header).await });
    timeout(PATIENCE, server.called.notified())
        .await
        .expect("the call begins");
    let (grace, start) = (Duration::from_millis(600), Instant::now());
    assert!(!server.running.shutdown(grace).await, "the call had to be cut");
    let took = start.elapsed();
    assert!(took >= grace - limits::LAST_MOMENT && took < grace, "{took:?}");
    assert!(call.await.is_err(), "it was cut, not answered");
}

#[tokio::test]
async fn silent_and_idle_connections_are_not_waited_for() {
    let server = TestServer::start().await;
    let _silent = TcpStream::connect(server.address).await.expect("the server accepts");
    let mut idle = HealthClient::new(server.channel().await);
    idle.check(HealthCheckRequest::default()).await.expect("an answer");
    let ended = timeout(PATIENCE, server.running.shutdown(2 * PATIENCE))
        .await
        .expect("well before the grace time");
    assert!(ended, "nothing had to be cut");
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nothing is accepted any more"
    );
}

#[tokio::test]
async fn a_call_on_its_way_is_finished() {
    let server = TestServer::start().await;
    let mut http2 = Http2::connect(server.address).await;
    let call = tokio::spawn(async move {
        http2
            .post("/test.Service/Never", "application/grpc", ("grpc-timeout", "700m"))
            .await
    });
    timeout(PATIENCE, server.called.notified())
        .await
        .expect("the call begins");
    let _ = timeout(PATIENCE, server.running.shutdown(PATIENCE))
        .await
        .expect("in time");
    let answer = timeout(PATIENCE, call)
        .await
        .expect("in time")
        .expect("the call is answered, not cut");
    assert!(answer.headers().contains_key("grpc-status"));
}
