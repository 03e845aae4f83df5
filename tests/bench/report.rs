//! What the comparison found, kept as JSON; as a table in Markdown.

use serde::{Deserialize, Serialize};

/// So many milliseconds are one step of an outage's course.
pub(crate) const STEP_MS: u64 = 100;

/// One restaurant in several shapes, each measured so many times.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Comparison {
    pub(crate) machine: Machine,
    /// Shape by shape, in each of the rounds.
    pub(crate) rounds: Vec<Vec<Shape>>,
}

/// Where and how it was measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) processor: String,
    pub(crate) memory_gb: f64,
    /// Processes that ran or wanted to, over the minute before each round.
    pub(crate) load: Vec<f64>,
}

/// A shape of the restaurant, and its figures.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) name: String,
    /// `None` where only the throughput was measured.
    pub(crate) at_200_per_s: Option<Latencies>,
    pub(crate) orders_per_s: f64,
    /// Of each process.
    pub(crate) memory_mb: Vec<(String, f64)>,
    pub(crate) cpu_us_per_order: Vec<(String, f64)>,
    pub(crate) outages: Vec<Outage>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Latencies {
    pub(crate) accepted_p50_ms: f64,
    pub(crate) accepted_p99_ms: f64,
    pub(crate) ticket_p50_ms: f64,
    pub(crate) ticket_p99_ms: f64,
}

/// A process was killed under 100 orders a second, and started again. Times in seconds since the first order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Outage {
    pub(crate) killed: String,
    pub(crate) killed_s: f64,
    pub(crate) started_s: f64,
    pub(crate) ready_s: f64,
    /// Until it was started again: parts of one.
    pub(crate) orders_taken: f64,
    pub(crate) display_answered: f64,
    pub(crate) stock_answered: f64,
    /// When the kitchen had a ticket of each order that was taken before it was ready again.
    pub(crate) caught_up_s: f64,
    /// Orders that were taken and have no ticket.
    pub(crate) lost: usize,
    pub(crate) taken_by_step: Vec<u64>,
    pub(crate) tickets_by_step: Vec<u64>,
}

impl Comparison {
    /// A figure of a shape, as it was in each round.
    fn figures(&self, nth: usize, figure: impl Fn(&Shape) -> Option<f64>) -> Vec<f64> {
        self.rounds.iter().filter_map(|round| figure(round.get(nth)?)).collect()
    }

    fn row(&self, what: &str, decimals: usize, figure: impl Fn(&Shape) -> Option<f64>) -> String {
        let shapes = 0..self.rounds.first().map_or(0, Vec::len);
        let cells = shapes.map(|nth| range(&self.figures(nth, &figure), decimals));
        format!("| {what} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
    }

    /// Where it was measured; then two tables: the figures of each shape, and what a killed part takes with it.
    pub(crate) fn markdown(&self) -> String {
        let Some(first) = self.rounds.first() else { return String::new() };
        let names: Vec<&str> = first.iter().map(|shape| shape.name.as_str()).collect();
        let latency = |of: fn(Latencies) -> f64| move |shape: &Shape| shape.at_200_per_s.map(of);
        let Machine { cores, processor, memory_gb, load } = &self.machine;
        let load: Vec<String> = load.iter().map(|load| format!("{load:.1}")).collect();
        let rounds = match self.rounds.len() {
            1 => "1 round".to_owned(),
            many => format!("{many} rounds"),
        };
        let mut text = format!(
            "{cores} cores ({processor}), {memory_gb} GB; services, servers and the load on this one machine; {rounds}, \
             before which {} processes were busy.\n\n",
            load.join(" and ")
        );
        text += &format!("| | {} |\n|---|{}\n", names.join(" | "), "--:|".repeat(names.len()));
        text += &self.row("POST to 202, p50, ms", 1, latency(|it| it.accepted_p50_ms));
        text += &self.row("POST to 202, p99, ms", 1, latency(|it| it.accepted_p99_ms));
        text += &self.row("POST to ticket on a display, p50, ms", 1, latency(|it| it.ticket_p50_ms));
        text += &self.row("POST to ticket on a display, p99, ms", 1, latency(|it| it.ticket_p99_ms));
        text += &self.row("orders/s, POST to committed ticket", 0, |it| Some(it.orders_per_s));
        text += &self.row("processor time an order, µs", 0, |it| Some(sum(&it.cpu_us_per_order)));
        text += &self.row("resident at most, all processes, MB", 0, |it| Some(sum(&it.memory_mb)));
        text += "\n| killed | of | orders taken meanwhile | kitchen's page | stock page | ready again after, s | caught up, s later | lost |\n";
        text += "|---|---|--:|--:|--:|--:|--:|--:|\n";
        for (nth, shape) in first.iter().enumerate() {
            for (which, outage) in shape.outages.iter().enumerate() {
                text += &self.outage(nth, which, &shape.name, &outage.killed);
            }
        }
        text
    }

    fn outage(&self, nth: usize, which: usize, shape: &str, killed: &str) -> String {
        let of = |figure: fn(&Outage) -> f64| self.figures(nth, |shape| shape.outages.get(which).map(figure));
        let percent = |figure: fn(&Outage) -> f64| {
            let parts: Vec<f64> = of(figure).into_iter().map(|part| part * 100.0).collect();
            format!("{} %", range(&parts, 0))
        };
        format!(
            "| {killed} | {shape} | {} | {} | {} | {} | {} | {} |\n",
            percent(|it| it.orders_taken),
            percent(|it| it.display_answered),
            percent(|it| it.stock_answered),
            range(&of(|it| it.ready_s - it.started_s), 2),
            range(&of(|it| it.caught_up_s - it.ready_s), 2),
            range(&of(|it| it.lost as f64), 0),
        )
    }
}

fn sum(figures: &[(String, f64)]) -> f64 {
    figures.iter().map(|(_, figure)| figure).sum()
}

/// `3.1` or `2.9 to 3.4`.
pub(crate) fn range(figures: &[f64], decimals: usize) -> String {
    let bounds = figures.iter().copied().reduce(f64::min).zip(figures.iter().copied().reduce(f64::max));
    let Some((low, high)) = bounds else { return "".into() };
    let (low, high) = (format!("{low:.decimals$}"), format!("{high:.decimals$}"));
    if low == high { low } else { format!("{low} to {high}") }
}
