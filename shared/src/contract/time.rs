//! Instants on the wire and in rows: RFC 3339, UTC, always microseconds, so that text order is time order.
//! The only place that reads the clock.

use std::{fmt, str::FromStr, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};
use uuid::Uuid;

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Time(i64);

impl Time {
    /// The wall clock. Domain code gets its time with the input instead.
    #[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
    pub fn now() -> Self {
        Self(Timestamp::now().as_microsecond())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The local calendar day at this instant, as `2026-11-23`; UTC where the zone's name is not known.
    pub fn day_in(self, timezone: &str) -> String {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        self.timestamp().to_zoned(zone).date().to_string()
    }

    /// When the local calendar day at this instant began; in UTC where the zone's name is not known.
    pub fn day_start_in(self, timezone: &str) -> Self {
        let zone = TimeZone::get(timezone).unwrap_or(TimeZone::UTC);
        let start = self.timestamp().to_zoned(zone).start_of_day();
        start.map_or(self, |start| Self(start.timestamp().as_microsecond()))
    }

    /// How long ago `earlier` was; zero where it is later than this.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

/// The cursor of a list that is ordered by time: `<time>_<id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeAndId(pub Time, pub Uuid);

impl fmt::Display for TimeAndId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.0, self.1)
    }
}

impl FromStr for TimeAndId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('_').and_then(|(at, id)| Some(Self(at.parse().ok()?, id.parse().ok()?)));
        parsed.ok_or_else(|| format!("{text:?} is no time and id"))
    }
}

/// Whether the time zone database has this name.
pub fn is_timezone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

impl std::ops::Add<Duration> for Time {
    type Output = Self;
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.timestamp())
    }
}

impl FromStr for Time {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.parse::<Timestamp>()?.as_microsecond()))
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|_| format!("{text:?} is not a time like 2026-11-23T18:42:00Z"))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339, UTC, microseconds"))
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_a_fixed_width_and_comes_back() {
        for text in ["2026-11-23T18:42:00Z", "2026-11-23T19:42:00.5+01:00"] {
            let time: Time = text.parse().expect("a time");
            assert_eq!(time.to_string().len(), "2026-11-23T18:42:00.000000Z".len());
            assert_eq!(time.to_string().parse::<Time>().expect("the same"), time);
        }
    }

    #[test]
    fn the_day_is_the_local_one() {
        let time: Time = "2026-11-23T23:30:00Z".parse().expect("a time");
        assert_eq!(time.day_in("Europe/London"), "2026-11-23");
        assert_eq!(time.day_in("Europe/Madrid"), "2026-11-24");
        assert_eq!(time.day_in("Nowhere/At-All"), "2026-11-23");
        assert_eq!(time.day_start_in("Europe/London").to_string(), "2026-11-23T00:00:00.000000Z");
        assert_eq!(time.day_start_in("Europe/Madrid").to_string(), "2026-11-23T23:00:00.000000Z");
    }
}
