//! Decisions as text in, text out: what was said, what was refused, what is left.

mod orders;
mod outages;
mod properties;
mod shelf;
pub(crate) mod world;

use expect_test::Expect;

use world::World;

/// Runs the script, a command a line, and compares everything that was said and what is left.
fn check(script: &str, expected: Expect) {
    check_after("", script, expected);
}

/// As [`check`]; what is said before the script is left out.
fn check_after(before: &str, script: &str, expected: Expect) {
    let mut world = World::default();
    lines(before).for_each(|line| drop(world.tell(line)));
    let mut told: Vec<String> = lines(script).flat_map(|line| world.tell(line)).collect();
    told.push(world.left());
    expected.assert_eq(&told.join("\n"));
}

fn lines(script: &str) -> impl Iterator<Item = &str> {
    script.lines().map(str::trim).filter(|line| !line.is_empty())
}
