//! What the audit says: each discrepancy with its order and what mends it, and the verdict.

use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use shared::contract::time::Time;
use uuid::Uuid;

use crate::developer::{paint, say, zones::Zones};

/// Something on which the services do not agree. The same one is equal, whenever it is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Discrepancy {
    pub what: What,
    pub order: Option<Uuid>,
    pub number: Option<i64>,
    pub location: Option<String>,
    /// When the event was said that is missing.
    pub said_at: Option<Time>,
    pub detail: String,
    /// The command that mends it, or looks into it.
    pub then: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// An event that a listener has not taken in.
    Missing,
    /// An event was set aside, and an order waits for it.
    DeadLetter,
    /// States that do not fit together, though all was taken in.
    Unfit,
    /// A number that was given twice in a day.
    Number,
    /// Quantities that do not add up.
    Ledger,
    /// Positions that a feed or a journal lacks.
    Gap,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::DeadLetter => "dead letter",
            Self::Unfit => "unfit",
            Self::Number => "number",
            Self::Ledger => "ledger",
            Self::Gap => "gap",
        }
    }
}

impl Discrepancy {
    /// `missing      #12 soho 0190…  kitchen-svc has not …  -> comanda …`
    pub(super) fn line(&self, zones: &Zones) -> String {
        let number = self.number.map(|number| format!("#{number}"));
        let order = self.order.map(paint::id);
        let who: Vec<String> = [number, self.location.clone(), order].into_iter().flatten().collect();
        let clock = zones.clock(self.location.as_deref());
        let said = self.said_at.map_or(String::new(), |at| format!(", said at {}", clock.exact(at)));
        let word = paint::wrong(format!("{:<12}", self.what.word()));
        format!("{word} {}  {}{said}  -> {}", who.join(" "), self.detail, self.then)
    }
}

/// `comanda dead redrive 0190…`, at the services that are looked at.
pub(super) fn command(words: &str, at: &str) -> String {
    format!("comanda {words}{at}")
}

/// How things stand, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Count {
    pub events: u64,
    pub orders: u64,
    pub dead_letters: usize,
    pub resent: usize,
    pub redriven: usize,
    pub discrepancies: usize,
}

pub(super) fn tell(found: &[Discrepancy], zones: &Zones, json: bool) -> Result<()> {
    found.iter().try_for_each(|one| match json {
        true => say(&serde_json::to_string(one)?),
        false => say(&one.line(zones)),
    })
}

pub(super) fn conclude(count: Count, json: bool) -> Result<()> {
    match json {
        true => say(&json!({ "audit": count }).to_string()),
        false => say(&verdict(count, "")),
    }
}

/// How things stand, in words; `more` comes before what is made of it.
pub(super) fn verdict(count: Count, more: &str) -> String {
    let Count { events, orders, dead_letters, resent, redriven, discrepancies } = count;
    let mended = [(resent, "resent"), (redriven, "redriven")].into_iter().filter(|(count, _)| *count > 0);
    let mended: String = mended.map(|(count, how)| format!(", {}", paint::late(format!("{count} {how}")))).collect();
    let letters = match dead_letters {
        0 => String::new(),
        1 => format!(", {}", paint::wrong("1 dead letter")),
        many => format!(", {}", paint::wrong(format!("{many} dead letters"))),
    };
    let verdict = match discrepancies {
        0 => paint::right("everybody agrees"),
        1 => paint::wrong("1 discrepancy"),
        many => paint::wrong(format!("{many} discrepancies")),
    };
    format!("{events} events, {orders} orders placed{letters}{mended}{more}: {verdict}")
}
