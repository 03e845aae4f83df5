//! Business days and their hours. What is told of a day is told of each hour of it, counted from when the day begins.

use std::time::Duration;

use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

use super::{
    time::{DayStarts, Time},
    types::FieldError,
};

/// A business day, by the date on which it begins at its location: `2026-11-23`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Day(Date);

impl Day {
    /// The one that an instant belongs to; in UTC where the zone's name is not known.
    pub fn of(at: Time, timezone: &str, starts: DayStarts) -> Self {
        Self(at.business_date(timezone, starts).0)
    }

    /// From its beginning to that of the next; in UTC where the zone's name is not known.
    pub fn span(self, timezone: &str, starts: DayStarts) -> Span {
        let begins = |date| starts.begin(date, timezone);
        Span { from: begins(self.0), to: begins(self.0.saturating_add(1.day())) }
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string()
    }
}

impl TryFrom<String> for Day {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // Other spellings of a date, and times with it, are not for us.
        let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
        date.map(Self)
            .ok_or_else(|| format!("{:?} is no date like 2026-11-23", text.chars().take(80).collect::<String>()))
    }
}

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .description(Some("The date on which the business day begins"))
            .into()
    }
}

impl ToSchema for Day {}

/// From one instant to another, which is no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Span {
    pub from: Time,
    /// Not after `from` by more than 48 hours.
    pub to: Time,
}

const HOUR: Duration = Duration::from_secs(3_600);
/// Longer than any business day is.
const SPAN_MAX: Duration = Duration::from_secs(48 * 3_600);

impl Span {
    /// What is wrong with one that somebody asks for.
    pub fn wrong(self) -> Vec<FieldError> {
        let is_wrong = self.to < self.from || self.to.since(self.from) > SPAN_MAX;
        is_wrong.then(|| FieldError::new("to", "is not from `from` to 48 hours later")).into_iter().collect()
    }

    pub fn holds(self, at: Time) -> bool {
        self.from <= at && at < self.to
    }

    /// When its hours begin. The last one ends with it.
    pub fn hours(self) -> impl Iterator<Item = Time> {
        std::iter::successors(Some(self.from), |hour| Some(*hour + HOUR)).take_while(move |hour| *hour < self.to)
    }

    /// In which of its hours that was.
    pub fn hour_of(self, at: Time) -> Option<usize> {
        let hours = at.since(self.from).as_secs() / HOUR.as_secs();
        self.holds(at).then(|| usize::try_from(hours).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> Day {
        date.to_owned().try_into().expect("a date")
    }

    #[track_caller]
    fn check(date: &str, zone: &str, from: &str, to: &str, hours: usize) {
        let span = day(date).span(zone, DayStarts::default());
        assert_eq!(span, Span { from: from.parse().expect("a time"), to: to.parse().expect("a time") });
        assert_eq!(span.hours().count(), hours);
        for at in [span.from, span.to - Duration::from_micros(1)] {
            assert_eq!(Day::of(at, zone, DayStarts::default()), day(date));
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins() {
        check("2026-11-23", "Europe/London", "2026-11-23T05:00:00Z", "2026-11-24T05:00:00Z", 24);
        check("2026-11-23", "Asia/Kolkata", "2026-11-22T23:30:00Z", "2026-11-23T23:30:00Z", 24);
        // The clocks go forward, and back.
        check("2026-03-28", "Europe/London", "2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z", 23);
        check("2026-10-24", "Europe/London", "2026-10-24T04:00:00Z", "2026-10-25T05:00:00Z", 25);
    }

    #[test]
    fn an_hour_is_of_the_day_in_which_it_begins() {
        let span = day("2026-11-23").span("Europe/London", DayStarts::default());
        let hour = |at: &str| span.hour_of(at.parse().expect("a time"));
        assert_eq!(hour("2026-11-23T04:59:59.999999Z"), None);
        assert_eq!(hour("2026-11-23T05:00:00Z"), Some(0));
        assert_eq!(hour("2026-11-24T04:59:59.999999Z"), Some(23));
        assert_eq!(hour("2026-11-24T05:00:00Z"), None);
    }

    #[test]
    fn a_date_has_one_spelling() {
        for wrong in ["", "2026-11-3", "20261123", "2026-02-30", "2026-11-23T05:00", "today"] {
            assert!(Day::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_asks_for_a_year() {
        let at = |text: &str| text.parse::<Time>().expect("a time");
        let span = |to: &str| Span { from: at("2026-11-23T05:00:00Z"), to: at(to) };
        assert!(span("2026-11-25T05:00:00Z").wrong().is_empty());
        assert!(!span("2026-11-25T05:00:01Z").wrong().is_empty());
        assert!(!span("2026-11-23T04:00:00Z").wrong().is_empty());
    }
}
