//! The comparison as pictures: SVG that is read on light and on dark.

use std::fmt::Write;

use super::report::{Comparison, Latencies, Outage, STEP_MS, Shape, range};

const STYLE: &str = "<style>text{font:13px system-ui,sans-serif;fill:#59636e}.h{font-weight:600;fill:#1f2328}\
.a{fill:#3b82c4}.b{fill:#9cc3e6}.band{fill:#d1242f;opacity:.13}.axis{stroke:#8b949e;stroke-width:1;fill:none}\
.o{stroke:#3b82c4;stroke-width:2.5;fill:none}.t{stroke:#d97706;stroke-width:2.5;fill:none}\
@media(prefers-color-scheme:dark){text{fill:#9198a1}.h{fill:#f0f6fc}}</style>";
const WIDTH: f64 = 760.0;
const MARGIN: f64 = 12.0;
/// Where bars begin, and how wide the longest is.
const LEFT: f64 = 170.0;
const LONGEST: f64 = 470.0;
const LINE: f64 = 24.0;

fn svg(height: f64, label: &str, inner: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-{MARGIN} 0 {} {height}\" role=\"img\" \
         aria-label=\"{label}\">{STYLE}{inner}</svg>\n",
        WIDTH + 2.0 * MARGIN
    )
}

/// Latency and throughput of each shape, a bar each: to the lowest of all rounds, and on to the highest in a lighter colour.
pub(crate) fn bars(comparison: &Comparison) -> String {
    let ticket = |of: fn(Latencies) -> f64| move |shape: &Shape| shape.at_200_per_s.map(of);
    let mut inner = String::new();
    let mut y = 20.0;
    group(&mut inner, &mut y, "POST to 202 at 200 orders/s, median, ms", comparison, ticket(|it| it.accepted_p50_ms));
    group(&mut inner, &mut y, "POST to the ticket on a display, median, ms", comparison, ticket(|it| it.ticket_p50_ms));
    group(&mut inner, &mut y, "Orders a second at full load", comparison, |shape| Some(shape.orders_per_s));
    group(&mut inner, &mut y, "Resident memory of all its processes, MB", comparison, |shape| {
        Some(shape.memory_mb.iter().map(|(_, mb)| mb).sum())
    });
    svg(y, "Latency, throughput and memory of the same restaurant in four shapes", &inner)
}

fn group(
    inner: &mut String,
    y: &mut f64,
    title: &str,
    comparison: &Comparison,
    figure: impl Fn(&Shape) -> Option<f64>,
) {
    let names = comparison.rounds.first().into_iter().flatten().map(|shape| shape.name.as_str());
    let rows: Vec<(&str, f64, f64)> = names
        .enumerate()
        .filter_map(|(nth, name)| {
            let figures = || comparison.rounds.iter().filter_map(|round| figure(round.get(nth)?));
            Some((name, figures().reduce(f64::min)?, figures().reduce(f64::max)?))
        })
        .collect();
    let most = rows.iter().map(|(.., high)| *high).fold(1.0, f64::max);
    let _ = write!(inner, "<text class=\"h\" x=\"0\" y=\"{y}\">{title}</text>");
    for (name, low, high) in rows {
        *y += LINE;
        let (from, to) = (low / most * LONGEST, high / most * LONGEST);
        let (bar, text) = (*y - 13.0, LEFT + to + 8.0);
        let shown = range(&[low, high], usize::from(high < 100.0));
        let _ = write!(
            inner,
            "<text x=\"0\" y=\"{y}\">{name}</text><rect class=\"b\" x=\"{LEFT}\" y=\"{bar}\" width=\"{to:.1}\" \
             height=\"16\"/><rect class=\"a\" x=\"{LEFT}\" y=\"{bar}\" width=\"{from:.1}\" height=\"16\"/>\
             <text x=\"{text:.1}\" y=\"{y}\">{shown}</text>"
        );
    }
    *y += LINE * 1.6;
}

const PANEL: (f64, f64) = (370.0, 190.0);
const PLOT: (f64, f64) = (330.0, 120.0);
/// In seconds: as long as orders come, and what it takes to catch up.
const SHOWN_S: f64 = 12.0;

/// Of each outage of the first round: orders taken and tickets opened by then, and when it was that nobody was there.
pub(crate) fn courses(comparison: &Comparison) -> String {
    let mut inner = String::new();
    let shapes = comparison.rounds.first().into_iter().flatten();
    let outages: Vec<(&str, &Outage)> =
        shapes.flat_map(|shape| shape.outages.iter().map(|outage| (shape.name.as_str(), outage))).collect();
    for (nth, (shape, outage)) in outages.iter().enumerate() {
        let (x, y) = ((nth % 2) as f64 * (PANEL.0 + 20.0), (nth / 2) as f64 * PANEL.1);
        let _ = write!(inner, "<g transform=\"translate({x} {y})\">{}</g>", course(shape, outage));
    }
    let rows = outages.len().div_ceil(2) as f64;
    let legend = format!(
        "<g transform=\"translate(0 {})\"><path class=\"o\" d=\"M0 8h26\"/><text x=\"32\" y=\"12\">orders taken</text>\
         <path class=\"t\" d=\"M140 8h26\"/><text x=\"172\" y=\"12\">tickets in the kitchen</text>\
         <rect class=\"band\" x=\"330\" width=\"26\" height=\"16\"/><text x=\"362\" y=\"12\">from the kill until it is ready \
         again</text></g>",
        rows * PANEL.1
    );
    svg(
        rows * PANEL.1 + 24.0,
        "Orders taken and tickets opened while a part of the restaurant is killed",
        &(inner + &legend),
    )
}

fn course(shape: &str, outage: &Outage) -> String {
    let (taken, tickets) = (summed(&outage.taken_by_step), summed(&outage.tickets_by_step));
    let most = taken.last().copied().unwrap_or(1).max(tickets.last().copied().unwrap_or(1)) as f64;
    let x = |at_s: f64| at_s.min(SHOWN_S) / SHOWN_S * PLOT.0;
    let line = |counts: &[u64]| {
        let points = counts.iter().enumerate().map(|(step, count)| {
            let at_s = (step + 1) as f64 * STEP_MS as f64 / 1000.0;
            format!("{:.1} {:.1}", x(at_s), PLOT.1 - *count as f64 / most * PLOT.1)
        });
        format!("M0 {} L{} H{}", PLOT.1, points.collect::<Vec<_>>().join(" "), PLOT.0)
    };
    let (from, to) = (x(outage.killed_s), x(outage.ready_s));
    let axis: String = (0..=6)
        .map(|nth| {
            let at_s = f64::from(nth) * 2.0;
            format!("<text x=\"{:.0}\" y=\"{}\">{at_s:.0} s</text>", x(at_s) - 6.0, PLOT.1 + 18.0)
        })
        .collect();
    format!(
        "<text class=\"h\" x=\"0\" y=\"16\">{} killed ({shape})</text><g transform=\"translate(0 28)\">\
         <rect class=\"band\" x=\"{from:.1}\" width=\"{:.1}\" height=\"{}\"/><path class=\"axis\" d=\"M0 0V{}H{}\"/>\
         <path class=\"o\" d=\"{}\"/><path class=\"t\" d=\"{}\"/>{axis}</g>",
        outage.killed,
        to - from,
        PLOT.1,
        PLOT.1,
        PLOT.0,
        line(&taken),
        line(&tickets),
    )
}

/// How many there were by each step.
fn summed(steps: &[u64]) -> Vec<u64> {
    let mut sum = 0;
    steps
        .iter()
        .map(|step| {
            sum += step;
            sum
        })
        .collect()
}
