//! What the clock on a place's wall shows, for people. What travels and what is stored is UTC.

use jiff::{Zoned, tz::TimeZone};

use super::time::Time;

/// The clock of a place, or of nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock(TimeZone);

impl Clock {
    /// Where no place is known. It shows `Z` in place of an offset.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// By the name of a time zone; `None` where there is no such zone.
    pub fn of(timezone: &str) -> Option<Self> {
        TimeZone::get(timezone).ok().map(Self)
    }

    /// Of the zone: `Europe/London`.
    pub fn zone(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// To the second: `2026-11-25 19:30:00+00:00`. It can be read as a [`Time`] again, and no two hours look the same.
    pub fn moment(&self, time: Time) -> String {
        self.show(time, "%Y-%m-%d %H:%M:%S")
    }

    /// To the microsecond: `2026-11-25 19:30:00.123456+00:00`.
    pub fn exact(&self, time: Time) -> String {
        self.show(time, "%Y-%m-%d %H:%M:%S%.6f")
    }

    /// Of a day that is known, to the millisecond: `19:30:00.123`.
    pub fn time_of_day(&self, time: Time) -> String {
        self.zoned(time).strftime("%H:%M:%S%.3f").to_string()
    }

    fn show(&self, time: Time, format: &str) -> String {
        let offset = if *self == Self::UTC { "Z" } else { "%:z" };
        self.zoned(time).strftime(&format!("{format}{offset}")).to_string()
    }

    fn zoned(&self, time: Time) -> Zoned {
        time.timestamp().to_zoned(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        text.parse().expect("a time")
    }

    #[test]
    fn a_place_has_its_own_time_and_says_how_far_it_is_from_utc() {
        let summer = time("2026-07-01T18:42:03.123456Z");
        for (zone, shown) in [
            ("Europe/London", "2026-07-01 19:42:03.123456+01:00"),
            ("Asia/Kathmandu", "2026-07-02 00:27:03.123456+05:45"),
            ("America/Los_Angeles", "2026-07-01 11:42:03.123456-07:00"),
        ] {
            let clock = Clock::of(zone).expect("a zone");
            assert_eq!((&*clock.exact(summer), clock.zone()), (shown, zone));
            assert_eq!(time(&clock.exact(summer)), summer, "it can be typed as it is shown");
        }
        assert_eq!(Clock::UTC.moment(summer), "2026-07-01 18:42:03Z");
        assert_eq!(Clock::of("Mars/Phobos"), None);
    }

    #[test]
    fn the_hour_that_comes_twice_is_told_apart() {
        let london = Clock::of("Europe/London").expect("a zone");
        let shown = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(|at| london.moment(time(at)));
        assert_eq!(shown, ["2026-10-25 01:30:00+01:00", "2026-10-25 01:30:00+00:00"]);
    }

    #[test]
    fn the_time_of_day_is_that_of_the_place() {
        let madrid = Clock::of("Europe/Madrid").expect("a zone");
        assert_eq!(madrid.time_of_day(time("2026-11-25T23:30:00.9999Z")), "00:30:00.999");
    }
}
