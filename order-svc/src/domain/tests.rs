//! Decisions as stories: a line a command, answered by what was said and replied.

mod keys;
mod menu;
mod news;
mod placing;
mod properties;
mod wait;
mod world;

use expect_test::Expect;

use world::World;

/// Tells the story to a restaurant in Soho with an open menu; the same with each line's outcome must come back.
fn check(story: &str, expect: Expect) {
    let mut world = World::open();
    let lines = story.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<String> = lines.map(|line| format!("{line} | {}", world.tell(line)).trim_end().to_owned()).collect();
    expect.assert_eq(&told.join("\n"));
}
