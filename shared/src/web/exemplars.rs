//! Exemplars: for each bucket of how long requests took, the trace of one that fell into it, so that a slow moment on a chart
//! leads to what was slow. Shown to whoever reads metrics as OpenMetrics; Prometheus' older text format has no room for them.

use std::{
    collections::HashMap,
    fmt::Write,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::contract::{time::Time, trace::Trace};

pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Of the process, as its metrics are. Bounded as they are: by methods, routes and magnitudes.
static LATEST: LazyLock<Mutex<HashMap<String, Magnitudes>>> = LazyLock::new(Mutex::default);

/// The latest request of each order of magnitude, by the binary logarithm of its microseconds.
type Magnitudes = HashMap<u32, Exemplar>;

#[derive(Clone, Copy, Debug)]
struct Exemplar {
    trace: Trace,
    took_s: f64,
    at: Time,
}

fn latest() -> MutexGuard<'static, HashMap<String, Magnitudes>> {
    LATEST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Of a request whose trace is kept, as an example of its series' bucket.
pub(super) fn note(histogram: &str, labels: &[(&str, String)], took: Duration, trace: Trace) {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let magnitude = took.as_micros().max(1).ilog2();
    let exemplar = Exemplar { trace, took_s: took.as_secs_f64(), at: Time::now() };
    let series = format!("{histogram}_bucket{{{},", labels.join(","));
    latest().entry(series).or_default().insert(magnitude, exemplar);
}

/// Metrics in Prometheus' text format, as OpenMetrics has them, with their exemplars.
pub(super) fn openmetrics(text: &str) -> String {
    let (latest, mut shown) = (latest(), String::with_capacity(text.len() + 1024));
    let mut below = f64::NEG_INFINITY;
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some((keyword, rest)) = line.strip_prefix("# ").and_then(|line| line.split_once(' ')) {
            // A counter is named without its suffix, and its samples with it.
            let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let _ = writeln!(shown, "# {keyword} {} {rest}", name.strip_suffix("_total").unwrap_or(name));
            continue;
        }
        shown.push_str(line);
        if let Some((series, bound)) = bucket(line) {
            // Bounds go up, until another series begins.
            let above = if below < bound { below } else { f64::NEG_INFINITY };
            let among = latest.get(series).into_iter().flat_map(HashMap::values);
            let fitting = among.filter(|it| above < it.took_s && it.took_s <= bound).max_by_key(|it| it.at);
            if let Some(Exemplar { trace, took_s, at }) = fitting {
                let at_s = at.as_micros() as f64 / 1e6;
                let _ = write!(shown, " # {{trace_id=\"{}\"}} {took_s} {at_s}", trace.name());
            }
            below = bound;
        }
        shown.push('\n');
    }
    shown.push_str("# EOF\n");
    shown
}

/// Up to its bound, and the bound, of a line that is a histogram's.
fn bucket(line: &str) -> Option<(&str, f64)> {
    let (series, rest) = line.split_once("le=\"")?;
    let (bound, _) = rest.split_once('"')?;
    Some((series, if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_bucket_shows_the_latest_that_fell_into_it() {
        let labels = [("method", "GET".to_owned())];
        for (nth, took_ms) in [(1, 2), (2, 30), (3, 3), (4, 900)] {
            note("a_seconds", &labels, Duration::from_millis(took_ms), Trace::rooted_in(Uuid::from_u128(nth)));
        }
        let text = "# HELP a_total How many\n# TYPE a_total counter\na_total 4\n\n# TYPE a_seconds histogram\n\
                    a_seconds_bucket{method=\"PUT\",le=\"+Inf\"} 0\na_seconds_bucket{method=\"GET\",le=\"0.005\"} 2\n\
                    a_seconds_bucket{method=\"GET\",le=\"0.01\"} 2\na_seconds_bucket{method=\"GET\",le=\"+Inf\"} 4\n\
                    a_seconds_sum{method=\"GET\"} 0.935\na_seconds_count{method=\"GET\"} 4\n";
        let shown = openmetrics(text);
        // All but when they were.
        let lines = shown.lines().map(|line| match line.split_once("} 0.") {
            Some((start, rest)) if line.contains('#') => {
                format!("{start}}} 0.{}\n", rest.split(' ').next().unwrap_or(""))
            }
            _ => format!("{line}\n"),
        });
        expect![[r##"
            # HELP a How many
            # TYPE a counter
            a_total 4
            # TYPE a_seconds histogram
            a_seconds_bucket{method="PUT",le="+Inf"} 0
            a_seconds_bucket{method="GET",le="0.005"} 2 # {trace_id="00000000000000000000000000000003"} 0.003
            a_seconds_bucket{method="GET",le="0.01"} 2
            a_seconds_bucket{method="GET",le="+Inf"} 4 # {trace_id="00000000000000000000000000000004"} 0.9
            a_seconds_sum{method="GET"} 0.935
            a_seconds_count{method="GET"} 4
            # EOF
        "##]]
        .assert_eq(&lines.collect::<String>());
    }
}
