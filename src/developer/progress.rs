//! How far a command has come, and how long it may still take, for whoever looks at a terminal.

use std::{
    io::{IsTerminal, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use terminal_size::{Width, terminal_size_of};

/// Between two looks of a reader.
const OFTEN: Duration = Duration::from_millis(200);
/// What comes before it says little about the rest.
const TELLING: Duration = Duration::from_secs(1);

/// One line of the terminal holds progress, and whoever writes there clears it first.
static IS_DRAWN: AtomicBool = AtomicBool::new(false);

/// A line that says how far it has come, where somebody is looking; gone with it.
#[derive(Debug)]
pub(crate) struct Progress {
    /// What is counted: `events`.
    what: &'static str,
    /// What all of it comes to.
    all: i64,
    is_seen: bool,
    started: Instant,
    /// How many are done, and when that was drawn last.
    done: Mutex<(i64, Instant)>,
}

impl Progress {
    pub(crate) fn new(what: &'static str, all: i64) -> Self {
        let now = Instant::now();
        Self { what, all, is_seen: is_seen(), started: now, done: Mutex::new((0, now)) }
    }

    /// Of what nobody needs to wait for.
    pub(crate) fn unseen() -> Self {
        let mut progress = Self::new("", 0);
        progress.is_seen = false;
        progress
    }

    /// So many more are done.
    pub(crate) fn advance(&self, by: usize) {
        let mut state = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let (done, drawn) = &mut *state;
        *done = done.saturating_add(i64::try_from(by).unwrap_or(i64::MAX));
        if self.is_seen && drawn.elapsed() >= OFTEN {
            *drawn = Instant::now();
            let line = line(self.what, *done, self.all, self.started.elapsed());
            IS_DRAWN.store(true, Ordering::Relaxed);
            write(&cut(&line, columns()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        clear();
    }
}

/// Whether anybody sees how far something has come: what it comes to need not be found out for nobody.
pub(crate) fn is_seen() -> bool {
    std::io::stderr().is_terminal() && anstyle_query::term_supports_ansi_color()
}

/// Leaves the line to others.
pub(super) fn clear() {
    if IS_DRAWN.swap(false, Ordering::Relaxed) {
        write("");
    }
}

fn write(line: &str) {
    // Progress that cannot be shown is no reason to stop.
    let _ = write!(std::io::stderr(), "\r\u{1b}[K{line}");
}

fn columns() -> usize {
    terminal_size_of(std::io::stderr()).map_or(80, |(Width(columns), _)| columns.into())
}

/// What matters most comes first.
fn line(what: &str, done: i64, all: i64, elapsed: Duration) -> String {
    let (all, per_s) = (all.max(done), done as f64 / elapsed.as_secs_f64().max(1e-6));
    let left = match elapsed >= TELLING && per_s > 0.0 {
        true => format!(", {} left", in_words((all - done) as f64 / per_s)),
        false => String::new(),
    };
    format!("{done} of {all} {what}{left}, {per_s:.0}/s")
}

/// As much of it as fits in one line of a terminal: none goes on in the next one, which nobody could clear.
fn cut(line: &str, columns: usize) -> String {
    let room = columns.saturating_sub(1);
    if line.chars().count() <= room {
        return line.to_owned();
    }
    let mut parts: Vec<&str> = line.split(", ").collect();
    while parts.len() > 1 && parts.join(", ").chars().count() > room {
        parts.pop();
    }
    parts.join(", ").chars().take(room).collect()
}

fn in_words(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_comes_once_there_is_something_to_estimate_by() {
        let shown = |done, all, ms| line("events", done, all, Duration::from_millis(ms));
        assert_eq!(shown(0, 1000, 5000), "0 of 1000 events, 0/s");
        assert_eq!(shown(500, 100_000, 300), "500 of 100000 events, 1667/s");
        assert_eq!(shown(2000, 100_000, 1000), "2000 of 100000 events, 49 s left, 2000/s");
        assert_eq!(shown(1, 1000, 10_000), "1 of 1000 events, 2 h 46 min left, 0/s");
        assert_eq!(shown(12, 10, 2000), "12 of 12 events, 0 s left, 6/s");
    }

    #[test]
    fn a_line_is_never_longer_than_the_terminal_is_wide() {
        let line = "2000 of 100000 events, 1 min 49 s left, 2000/s";
        assert_eq!(cut(line, 80), line);
        assert_eq!(cut(line, 40), "2000 of 100000 events, 1 min 49 s left");
        assert_eq!(cut(line, 30), "2000 of 100000 events");
        assert_eq!(cut(line, 10), "2000 of 1");
        assert_eq!(cut(line, 0), "");
    }
}
