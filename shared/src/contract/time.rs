//! Instants on the wire and in rows: RFC 3339, UTC, always microseconds, so that text order is time order.
//! Nothing else reads the clock.

use std::{fmt, str::FromStr, sync::OnceLock, time::Duration};

use jiff::{
    Timestamp, ToSpan,
    civil::{self, Date},
    fmt::rfc2822::DateTimePrinter,
    tz::{AmbiguousOffset, TimeZone},
};
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

/// Where the clock of this process stands, if it was stopped.
static STOPPED: OnceLock<Time> = OnceLock::new();

impl Time {
    /// The wall clock, or the moment at which it was stopped. Domain code gets its time with the input instead.
    #[expect(clippy::disallowed_methods, reason = "the one home of the clock")]
    pub fn now() -> Self {
        Self::stopped().unwrap_or_else(|| Self(Timestamp::now().as_microsecond()))
    }

    /// Stops the clock of this process for good: whoever looks at the past asks what was so then. It stands where it was
    /// stopped first, which is returned.
    pub fn stop_at(self) -> Self {
        *STOPPED.get_or_init(|| self)
    }

    /// Where the clock stands, if it does.
    pub fn stopped() -> Option<Self> {
        STOPPED.get().copied()
    }

    /// As the `Date` header has it: `Mon, 23 Nov 2026 18:42:00 GMT`.
    pub fn http_date(self) -> String {
        let printed = DateTimePrinter::new().timestamp_to_rfc9110_string(&self.timestamp());
        printed.unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".into())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The business day that this instant belongs to, as `2026-11-23`; in UTC where the zone's name is not known.
    pub fn business_day(self, timezone: &str, starts: DayStarts) -> String {
        self.business_date(timezone, starts).0.to_string()
    }

    /// When the business day at this instant began; in UTC where the zone's name is not known.
    pub fn business_day_start(self, timezone: &str, starts: DayStarts) -> Self {
        self.business_date(timezone, starts).1
    }

    /// The last day that has begun. Where clocks go back over midnight, the wall may show the day before it.
    pub(super) fn business_date(self, timezone: &str, starts: DayStarts) -> (Date, Self) {
        let zone = zone(timezone);
        let today = self.timestamp().to_zoned(zone.clone()).date();
        let days = [today.saturating_add(1.day()), today, today.saturating_sub(1.day())];
        let begun = days.map(|day| (day, starts.on(day, &zone)));
        begun.into_iter().find(|(_, start)| *start <= self).unwrap_or((today, self))
    }

    /// How long ago `earlier` was; zero where it is later than this.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub(super) fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX })
    }
}

/// The local time at which the business day begins, to the minute: `05:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DayStarts(civil::Time);

/// UTC where the name is not known.
fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

impl DayStarts {
    /// When the business day of that date begins.
    pub(super) fn begin(self, day: Date, timezone: &str) -> Time {
        self.on(day, &zone(timezone))
    }

    /// The first instant of the day at which the wall shows this time or a later one. Where clocks go forward over it,
    /// that is when they do; where they go back over it, the first time counts.
    fn on(self, day: Date, zone: &TimeZone) -> Time {
        let wall = zone.to_ambiguous_timestamp(day.to_datetime(self.0));
        let earlier = wall.earlier().unwrap_or(Timestamp::MIN);
        let start = match wall.offset() {
            AmbiguousOffset::Gap { .. } => zone.following(earlier).next().map_or(earlier, |change| change.timestamp()),
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => earlier,
        };
        Time(start.as_microsecond())
    }
}

impl Default for DayStarts {
    /// A service that runs past midnight is one day.
    fn default() -> Self {
        Self(civil::time(5, 0, 0, 0))
    }
}

impl fmt::Display for DayStarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl From<DayStarts> for String {
    fn from(starts: DayStarts) -> Self {
        starts.to_string()
    }
}

impl TryFrom<String> for DayStarts {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let number = |digits: &str| {
            let two = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
            if two { digits.parse::<i8>().ok() } else { None }
        };
        let parsed = text
            .split_once(':')
            .and_then(|(hour, minute)| civil::Time::new(number(hour)?, number(minute)?, 0, 0).ok().map(Self));
        parsed.ok_or_else(|| format!("{:?} is no time of day like 05:00", text.chars().take(80).collect::<String>()))
    }
}

impl PartialSchema for DayStarts {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$"))
            .default(Some(Self::default().to_string().into()))
            .description(Some("The local time at which the business day begins"))
            .into()
    }
}

impl ToSchema for DayStarts {}

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

/// The name as the time zone database spells it: `Europe/London` for `EUROPE/london`. `None` where it has none such.
pub fn timezone_name(name: &str) -> Option<String> {
    TimeZone::get(name).ok()?.iana_name().map(str::to_owned)
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
    fn a_header_has_whole_seconds() {
        let time: Time = "2026-11-23T18:42:00.7Z".parse().expect("a time");
        assert_eq!(time.http_date(), "Mon, 23 Nov 2026 18:42:00 GMT");
    }

    #[test]
    fn a_time_zone_is_spelled_as_its_database_does() {
        for (sent, name) in [
            ("EUROPE/london", Some("Europe/London")),
            ("utc", Some("UTC")),
            ("etc/utc", Some("Etc/UTC")),
            ("Mars/Phobos", None),
            ("+02:00", None),
            ("", None),
        ] {
            assert_eq!(timezone_name(sent).as_deref(), name, "{sent}");
        }
    }

    fn starts(text: &str) -> DayStarts {
        text.to_owned().try_into().expect("a time of day")
    }

    /// Business days around an instant: the day, and when it began.
    fn day(at: &str, zone: &str, begins: &str) -> (String, String) {
        let at: Time = at.parse().expect("a time");
        let start = at.business_day_start(zone, starts(begins));
        (at.business_day(zone, starts(begins)), start.to_string().replace(":00.000000Z", "Z"))
    }

    #[track_caller]
    fn check(at: &str, zone: &str, begins: &str, expected: (&str, &str)) {
        let (day, start) = day(at, zone, begins);
        assert_eq!((&*day, &*start), expected, "{at} {zone} {begins}");
    }

    #[test]
    fn a_service_that_runs_past_midnight_is_one_day() {
        let monday = ("2026-11-23", "2026-11-23T05:00Z");
        check("2026-11-23T05:00:00Z", "Europe/London", "05:00", monday);
        check("2026-11-24T04:59:59.999999Z", "Europe/London", "05:00", monday);
        check("2026-11-24T05:00:00Z", "Europe/London", "05:00", ("2026-11-24", "2026-11-24T05:00Z"));
        check("2026-11-23T23:30:00Z", "Europe/Madrid", "00:00", ("2026-11-24", "2026-11-23T23:00Z"));
        check("2026-11-23T23:30:00Z", "Nowhere/At-All", "00:00", ("2026-11-23", "2026-11-23T00:00Z"));
    }

    #[test]
    fn a_day_that_starts_in_a_gap_starts_when_the_clocks_go_forward() {
        // London, 29 March 2026: 01:00 becomes 02:00.
        check("2026-03-29T00:59:59Z", "Europe/London", "01:30", ("2026-03-28", "2026-03-28T01:30Z"));
        check("2026-03-29T01:00:00Z", "Europe/London", "01:30", ("2026-03-29", "2026-03-29T01:00Z"));
        // Santiago, 6 September 2026: midnight becomes 01:00.
        check("2026-09-06T04:10:00Z", "America/Santiago", "00:00", ("2026-09-06", "2026-09-06T04:00Z"));
    }

    #[test]
    fn a_day_that_starts_twice_starts_the_first_time() {
        // London, 25 October 2026: 02:00 becomes 01:00.
        check("2026-10-25T00:30:00Z", "Europe/London", "01:30", ("2026-10-25", "2026-10-25T00:30Z"));
        check("2026-10-25T01:10:00Z", "Europe/London", "01:30", ("2026-10-25", "2026-10-25T00:30Z"));
        // St. John's, 7 November 2010: 00:01 becomes 23:01 of the day before.
        check("2010-11-07T02:45:00Z", "America/St_Johns", "00:00", ("2010-11-07", "2010-11-07T02:30Z"));
    }

    #[test]
    fn days_follow_each_other_whatever_the_clocks_do() {
        for zone in ["Europe/London", "America/Santiago", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"] {
            for begins in ["00:00", "00:30", "02:15", "05:00", "23:59"] {
                for change in changes(zone) {
                    let mut last = (String::new(), change);
                    for quarter in 0..4 * 96 {
                        let at = change - TWO_DAYS + Duration::from_secs(quarter * 900);
                        let (day, start) =
                            (at.business_day(zone, starts(begins)), at.business_day_start(zone, starts(begins)));
                        assert!(start <= at, "{zone} {begins} {at}");
                        assert!(last.0 <= day, "{zone} {begins} {at}: {day} after {}", last.0);
                        assert_eq!(last.0 == day, last.1 == start, "{zone} {begins} {at}");
                        assert_eq!(start.business_day(zone, starts(begins)), day, "{zone} {begins} {at}");
                        last = (day, start);
                    }
                }
            }
        }
    }

    const TWO_DAYS: Duration = Duration::from_secs(2 * 86_400);

    /// When the clocks of a zone were changed in 2010 and 2011; Apia lost a whole day then.
    fn changes(zone: &str) -> Vec<Time> {
        let zone = TimeZone::get(zone).expect("a zone");
        let [from, to] = ["2010-01-01T00:00:00Z", "2012-01-01T00:00:00Z"].map(|at| at.parse().expect("a time"));
        let changes = zone.following(from).map(|change| change.timestamp()).take_while(|at: &Timestamp| *at < to);
        changes.map(|at| Time(at.as_microsecond())).collect()
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        for right in ["00:00", "05:00", "23:59"] {
            assert_eq!(starts(right).to_string(), right);
        }
        for wrong in ["", "5:00", "24:00", "05:60", "05:00:00", "05.00", "+5:00", "-1:00", "0５:00", "05:00 "] {
            assert!(DayStarts::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
