//! Few colours, each with one meaning. [`super::say`] leaves them out where nobody would see them.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};

const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Refused, set aside, missing, or different.
pub(super) fn wrong(text: impl Display) -> String {
    format!("{RED}{text}{RED:#}")
}

/// Late, or once more.
pub(super) fn late(text: impl Display) -> String {
    format!("{YELLOW}{text}{YELLOW:#}")
}

/// As it should be.
pub(super) fn right(text: impl Display) -> String {
    format!("{GREEN}{text}{GREEN:#}")
}

/// What the eye may pass over.
pub(super) fn id(text: impl Display) -> String {
    format!("{DIM}{text}{DIM:#}")
}

/// Without what would move the cursor or worse: what strangers sent is shown on the terminals of others. Colours stay.
pub(super) fn harmless(line: &str) -> String {
    let mut pieces = line.split('\u{1b}');
    let mut safe = without_controls(pieces.next().unwrap_or_default());
    for piece in pieces {
        let parameters = piece.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        let is_colour = parameters.is_some_and(|(it, _)| it.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
        safe.push(if is_colour { '\u{1b}' } else { char::REPLACEMENT_CHARACTER });
        safe.push_str(&without_controls(piece));
    }
    safe
}

fn without_controls(text: &str) -> String {
    let safe = |c: char| if c.is_control() && !"\n\t".contains(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_what_moves_the_cursor_goes() {
        let line = format!("{} {}\tof 1\n", wrong("refused"), id("0190"));
        assert_eq!(harmless(&line), line);
        for (sent, shown) in [
            ("\u{1b}[2J\u{1b}[Hgone", "\u{fffd}[2J\u{fffd}[Hgone"),
            ("\u{1b}]0;title\u{7}", "\u{fffd}]0;title\u{fffd}"),
            ("over\rwritten\u{9b}2J", "over\u{fffd}written\u{fffd}2J"),
            ("\u{1b}", "\u{fffd}"),
        ] {
            assert_eq!(harmless(sent), shown);
        }
    }
}
