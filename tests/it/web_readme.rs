//! The examples of `web/client/README.md`, bundled and used as they are written.

use crate::page_stories::story_of;

#[test]
fn the_readmes_codemirror_runs_as_written() {
    story_of("readme", &["codemirror"]);
}

#[test]
fn the_readmes_monaco_runs_as_written() {
    story_of("readme", &["monaco"]);
}
