//! Days of the desk: dates in the time of a region.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use peerpack_actors::ids::RegionId;
use peerpack_actors::time::Time;

use crate::error::ApiError;
use crate::http::input;
use crate::town::{self, TownMap};

/// The time zone of a region; without one that of the region that was drawn first, whose id is the lowest: a
/// region that is drawn later moves nobody's days.
pub(super) fn zone_of(map: &TownMap, region: Option<RegionId>) -> TimeZone {
    let region = match region {
        Some(id) => map.region(id),
        None => map.regions().min_by_key(|region| region.id),
    };
    region.map_or(TimeZone::UTC, |region| town::zone(region.centre))
}

/// A date of a field.
pub(super) fn date(field: &'static str, text: &str) -> Result<Date, ApiError> {
    let date: Date = text.trim().parse().map_err(|_| ApiError::unprocessable(field, "must be YYYY-MM-DD"))?;
    input::date_within(field, date)
}

/// A date of a field that may also say an instant: the date of that, then.
pub(super) fn date_or_instant(field: &'static str, text: &str, zone: &TimeZone) -> Result<Date, ApiError> {
    match text.trim().parse::<jiff::Timestamp>() {
        Ok(at) => input::date_within(field, at.to_zoned(zone.clone()).date()),
        Err(_) => date(field, text),
    }
}

/// The date of a moment.
pub(super) fn date_of(at: Time, zone: &TimeZone) -> Date {
    let at = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    at.to_zoned(zone.clone()).date()
}

/// When a day begins.
pub(super) fn begin(date: Date, zone: &TimeZone) -> Time {
    let begin = date.to_zoned(zone.clone()).map(|at| at.timestamp().as_millisecond());
    // No date that is let in is one that no clock shows.
    Time::from_ms(begin.unwrap_or(i64::MAX))
}

/// When the day after a date begins.
pub(super) fn end(date: Date, zone: &TimeZone) -> Time {
    date.tomorrow().map_or(Time::from_ms(i64::MAX), |next| begin(next, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_as_many_hours_as_its_clocks_show() {
        let zone = |name| TimeZone::get(name).unwrap();
        let day = date("date", " 2026-03-29 ").unwrap();
        let hours = |zone: &TimeZone| end(day, zone).since(begin(day, zone)).ms() / 3_600_000;
        assert_eq!((hours(&zone("Europe/Moscow")), hours(&zone("Europe/Berlin"))), (24, 23));
        let moscow = zone("Europe/Moscow");
        assert_eq!(begin(day, &moscow).to_string(), "2026-03-28T21:00:00.000Z");
        assert_eq!(date_of(begin(day, &moscow), &moscow), day);
        for wrong in [
            "2026-02-30",
            "tomorrow",
            "",
            "29.03.2026",
            "0001-01-01",
            "1999-12-31",
            "2101-01-01",
            "9999-12-31",
            "-009999-01-02",
        ] {
            assert!(date("date", wrong).is_err(), "{wrong}");
            assert!(date_or_instant("date", wrong, &moscow).is_err(), "{wrong}");
        }
        for wrong in ["9999-12-30T21:00:00Z", "0001-01-01T00:00:00Z", "2100-12-31T21:00:00Z"] {
            assert!(date_or_instant("date", wrong, &moscow).is_err(), "{wrong}");
        }
        assert!(end(date("date", "2100-12-31").unwrap(), &moscow) < Time::from_ms(i64::MAX));
        for same in ["2026-03-29", "2026-03-28T21:00:00.000Z", "2026-03-29T23:59:59.999+03:00"] {
            assert_eq!(date_or_instant("date", same, &moscow).unwrap(), day, "{same}");
        }
    }
}
