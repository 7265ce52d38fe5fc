//! Dates and clock times of people, in the time zone of the place where something happens.
//!
//! Tickets print a departure in the origin's local time and an arrival in the destination's; so does the Mini
//! App: `YYYY-MM-DD` and `HH:MM → HH:MM`. Instants and zones stand beside what is printed. `docs/times.md`
//! says it to clients.

mod reading;

use jiff::civil::{Date, Time as ClockTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan, Zoned};
use peerpack_actors::place::{Gazetteer, Place, PlaceId};
use peerpack_actors::time::{Span, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
pub(in crate::http) use reading::{Arrival, Clocks, clocks, date};

/// What is said of a clock time that a change of the clocks leaves out.
const SKIPPED: &str = "this time does not exist on that day: the clocks go forward over it";

/// When somebody leaves one place and gets to another, as tickets print it, with instants and zones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Times {
    /// Departure, `YYYY-MM-DD`, local date of the origin.
    pub date: String,
    /// `HH:MM → HH:MM`: departure in the origin's local time, arrival in the destination's.
    pub time: String,
    /// Arrival, `YYYY-MM-DD`, local date of the destination.
    pub arrival_date: String,
    /// Departure, an instant.
    #[schema(format = DateTime)]
    pub departs_at: String,
    /// Arrival, an instant.
    #[schema(format = DateTime)]
    pub arrives_at: String,
    /// IANA time zone of the origin.
    pub from_tz: String,
    /// IANA time zone of the destination.
    pub to_tz: String,
}

impl Times {
    /// Of a way from one place to another.
    pub(in crate::http) fn of((departs, from): (Time, PlaceId), (arrives, to): (Time, PlaceId)) -> Self {
        let place = |id| Gazetteer::bundled().get(id);
        let (from, to) = (place(from), place(to));
        Self {
            date: date_at(departs, from),
            time: format!("{} → {}", clock_at(departs, from), clock_at(arrives, to)),
            arrival_date: date_at(arrives, to),
            departs_at: departs.to_string(),
            arrives_at: arrives.to_string(),
            from_tz: tz(from).to_owned(),
            to_tz: tz(to).to_owned(),
        }
    }
}

/// The instant of a date and a clock time at a place: the first one, if the clocks go back and the time comes
/// twice.
///
/// # Errors
/// When the clocks go forward over it; `field` says where it was written.
pub(in crate::http) fn instant(
    field: &'static str,
    date: Date,
    clock: ClockTime,
    place: &Place,
) -> Result<Time, ApiError> {
    let ambiguous = zone(place)?.into_ambiguous_zoned(date.to_datetime(clock));
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return Err(ApiError::unprocessable(field, SKIPPED));
    }
    time(field, ambiguous.compatible())
}

/// Whether the clocks at the place show the same time once more after this instant, because they go back.
pub(in crate::http) fn comes_again(at: Time, place: &Place) -> Result<bool, ApiError> {
    let shown = zoned("time", at, place)?;
    let ambiguous = zone(place)?.into_ambiguous_zoned(shown.datetime());
    let is_fold = matches!(ambiguous.offset(), AmbiguousOffset::Fold { .. });
    Ok(is_fold && time("time", ambiguous.earlier())? == at)
}

/// The instant at which the clocks at a place show this, near an instant: of the day before, the day itself
/// and the day after, as they are counted there. A time that is left out counts as the one that is shown
/// instead.
pub(in crate::http) fn around(
    at: Time,
    clock: ClockTime,
    place: &Place,
) -> Result<[(Date, Time); 3], ApiError> {
    let day = zoned("date", at, place)?.date();
    let on = |days: i64| -> Result<(Date, Time), ApiError> {
        let day = later("date", day, days)?;
        let shown = zone(place)?.into_ambiguous_zoned(day.to_datetime(clock)).compatible();
        Ok((day, time("date", shown)?))
    };
    Ok([on(-1)?, on(0)?, on(1)?])
}

/// The day so many days after another one.
pub(in crate::http) fn later(field: &'static str, day: Date, days: i64) -> Result<Date, ApiError> {
    day.checked_add(days.days()).map_err(|_| ApiError::unprocessable(field, "is out of range"))
}

/// When a day starts at a place: at midnight, or later where the clocks go forward over it; without a place
/// UTC's.
pub(in crate::http) fn day_start(
    field: &'static str,
    day: Date,
    place: Option<&Place>,
) -> Result<Time, ApiError> {
    let zone = place.map_or(Ok(TimeZone::UTC), zone)?;
    time(field, day.to_zoned(zone))
}

/// Which end of a day counts when no clock time is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::http) enum OfDay {
    /// Its first moment.
    Start,
    /// Its last minute.
    End,
}

/// Reads a moment at a place: an instant of RFC 3339, `YYYY-MM-DD HH:MM` there, or a day there.
///
/// # Errors
/// When it is none of these, or a time that does not exist there.
pub(in crate::http) fn moment(
    field: &'static str,
    text: &str,
    place: &Place,
    of_day: OfDay,
) -> Result<Time, ApiError> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Time>() {
        return Ok(instant);
    }
    let other = || {
        ApiError::unprocessable(field, "must be an instant, or YYYY-MM-DD HH:MM or YYYY-MM-DD in local time")
    };
    match text.split_once(['T', 't', ' ']) {
        Some((day, clock)) => {
            let day = date(day).ok_or_else(other)?;
            let clock = clocks(clock).filter(|clocks| clocks.arrives.is_none()).ok_or_else(other)?;
            instant(field, day, clock.departs, place)
        }
        None => {
            let day = date(text).ok_or_else(other)?;
            match of_day {
                OfDay::Start => day_start(field, day, Some(place)),
                OfDay::End => Ok(day_start(field, later(field, day, 1)?, Some(place))? - Span::minutes(1)),
            }
        }
    }
}

/// The local date of an instant at a place, `YYYY-MM-DD`; of nowhere in particular it is UTC's.
pub(in crate::http) fn date_at(time: Time, place: Option<&Place>) -> String {
    shown(time, place).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%d").to_string())
}

/// What the clocks at a place show at an instant, `HH:MM`.
pub(in crate::http) fn clock_at(time: Time, place: Option<&Place>) -> String {
    shown(time, place).map_or_else(String::new, |zoned| zoned.strftime("%H:%M").to_string())
}

/// The IANA time zone of a place.
pub(in crate::http) fn tz(place: Option<&Place>) -> &'static str {
    place.map_or("UTC", |place| place.tz)
}

/// The same, of a place of the gazetteer.
pub(in crate::http) fn tz_of(place: PlaceId) -> &'static str {
    tz(Gazetteer::bundled().get(place))
}

fn shown(time: Time, place: Option<&Place>) -> Option<Zoned> {
    match place {
        Some(place) => zoned("date", time, place).ok(),
        None => Timestamp::from_millisecond(time.ms()).ok().map(|at| at.to_zoned(TimeZone::UTC)),
    }
}

fn zoned(field: &'static str, time: Time, place: &Place) -> Result<Zoned, ApiError> {
    let at = Timestamp::from_millisecond(time.ms());
    let at = at.map_err(|_| ApiError::unprocessable(field, "is out of range"))?;
    Ok(at.to_zoned(zone(place)?))
}

fn time(field: &'static str, zoned: Result<Zoned, jiff::Error>) -> Result<Time, ApiError> {
    let zoned = zoned.map_err(|_| ApiError::unprocessable(field, "is out of range"))?;
    Ok(Time::from_ms(zoned.timestamp().as_millisecond()))
}

fn zone(place: &Place) -> Result<TimeZone, ApiError> {
    TimeZone::get(place.tz).map_err(|error| ApiError::internal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> &'static Place {
        Gazetteer::bundled().find(name).unwrap()
    }

    fn at(name: &str, day: &str, clock: &str) -> Result<String, String> {
        let clock = clocks(clock).unwrap().departs;
        let instant = instant("time", date(day).unwrap(), clock, place(name));
        instant.map(|at| at.to_string()).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_time_that_the_clocks_leave_out_is_refused() {
        assert_eq!(at("Berlin", "2027-03-28", "01:59"), Ok("2027-03-28T00:59:00.000Z".into()));
        assert_eq!(at("Berlin", "2027-03-28", "02:30"), Err(format!("time: {SKIPPED}")));
        assert_eq!(at("Berlin", "2027-03-28", "03:00"), Ok("2027-03-28T01:00:00.000Z".into()));
    }

    #[test]
    fn of_a_time_that_comes_twice_the_first_is_meant() {
        assert_eq!(at("Berlin", "2026-10-25", "02:30"), Ok("2026-10-25T00:30:00.000Z".into()));
        let berlin = place("Berlin");
        let again = |text: &str| comes_again(text.parse().unwrap(), berlin).unwrap();
        assert!(again("2026-10-25T00:30:00Z"));
        assert!(!again("2026-10-25T01:30:00Z") && !again("2026-10-25T02:30:00Z"));
    }

    #[test]
    fn a_moment_is_an_instant_or_local() {
        let read = |text: &str, of_day| {
            let read = moment("deliver_by", text, place("Владивосток"), of_day);
            read.map(|at| at.to_string()).map_err(|error| error.status().as_u16())
        };
        for (text, of_day, expected) in [
            ("2026-12-03T10:00:00+03:00", OfDay::End, Ok("2026-12-03T07:00:00.000Z")),
            ("2026-12-03T18:00", OfDay::End, Ok("2026-12-03T08:00:00.000Z")),
            ("03.12.2026 18:00", OfDay::Start, Ok("2026-12-03T08:00:00.000Z")),
            ("2026-12-03", OfDay::Start, Ok("2026-12-02T14:00:00.000Z")),
            ("2026-12-03", OfDay::End, Ok("2026-12-03T13:59:00.000Z")),
            ("soon", OfDay::End, Err(422)),
            ("2026-12-03 18:00 → 19:00", OfDay::End, Err(422)),
            ("2026-02-30", OfDay::End, Err(422)),
        ] {
            assert_eq!(read(text, of_day), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn a_day_starts_when_its_midnight_is_left_out() {
        let santiago = place("Santiago");
        let start = day_start("date_from", date("2026-09-06").unwrap(), Some(santiago)).unwrap();
        assert_eq!(
            (date_at(start, Some(santiago)), clock_at(start, Some(santiago))),
            ("2026-09-06".to_owned(), "01:00".to_owned())
        );
    }
}
