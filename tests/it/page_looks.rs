//! What the page looks like, for people to look at; and that it can be used by keyboard and read by everybody.

use crate::page_stories::story_of;

/// Leaves its pictures in `target/tmp/page`.
#[test]
fn axe_finds_no_fault_with_the_page_in_light_and_dark_on_a_desk_and_a_phone() {
    story_of("looks", &[concat!(env!("CARGO_TARGET_TMPDIR"), "/page")]);
}

#[test]
fn somebody_without_a_mouse_reaches_everything_and_sees_where_they_are() {
    story_of("keyboard", &[]);
}
