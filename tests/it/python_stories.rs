//! The reference clients of the documentation play their stories against a server.

use tandem_testkit::server::TestServer;

use crate::python::run;

/// Plays a story while the server runs on this runtime.
async fn play(script: &'static str) {
    let server = TestServer::start().await;
    let target = server.address().to_string();
    let story = tokio::task::spawn_blocking(move || run(script, &[&target]));
    story.await.expect("the story goes well");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_client_takes_part_without_a_transform() {
    play("plain_story.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_optimistic_client_shows_its_edits_at_once_and_agrees_in_the_end() {
    play("optimistic_story.py").await;
}
