//! Dates and clock times of people, in the time zone of a place.
//!
//! The Mini App writes and reads `YYYY-MM-DD` and `HH:MM → HH:MM`, both in the origin's local time.

use jiff::civil::{Date, Time as ClockTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use peerpack_actors::place::Place;
use peerpack_actors::time::{Span, Time};

use crate::error::ApiError;

/// What a person wrote for the time of a trip.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clocks {
    pub(super) departs: ClockTime,
    pub(super) arrives: Option<ClockTime>,
}

/// Reads `HH:MM`, `HH:MM → HH:MM` or `HH:MM-HH:MM`.
pub(super) fn clocks(text: &str) -> Option<Clocks> {
    let (departs, arrives) = match text.split_once(['→', '-', '–', '—']) {
        Some((departs, arrives)) => (departs, Some(arrives)),
        None => (text, None),
    };
    let arrives = match arrives {
        Some(text) => Some(clock(text.trim_start_matches('>'))?),
        None => None,
    };
    Some(Clocks { departs: clock(departs)?, arrives })
}

fn clock(text: &str) -> Option<ClockTime> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || minutes.len() != 2 || !digits(minutes) {
        return None;
    }
    ClockTime::new(hours.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()
}

/// Reads `YYYY-MM-DD`.
pub(super) fn date(text: &str) -> Option<Date> {
    let shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if shaped { text.parse().ok() } else { None }
}

/// The instant of a date and a clock time at a place.
pub(super) fn instant(date: Date, clock: ClockTime, place: &Place) -> Result<Time, ApiError> {
    let zoned = date.to_datetime(clock).to_zoned(zone(place)?);
    let zoned = zoned.map_err(|_| ApiError::unprocessable("date", "is out of range"))?;
    Ok(Time::from_ms(zoned.timestamp().as_millisecond()))
}

/// The first instant that shows `clock` at the place, no earlier than `least` after `departs`.
pub(super) fn next(departs: Time, least: Span, clock: ClockTime, place: &Place) -> Result<Time, ApiError> {
    let earliest = departs + least;
    let first = zoned(earliest, place)?.date();
    for days in 0..3 {
        let day =
            first.checked_add(days.days()).map_err(|_| ApiError::unprocessable("date", "is out of range"))?;
        let at = instant(day, clock, place)?;
        if at >= earliest {
            return Ok(at);
        }
    }
    Err(ApiError::unprocessable("time", "the arrival cannot be worked out"))
}

/// The local date of an instant at a place, `YYYY-MM-DD`.
pub(super) fn date_at(time: Time, place: Option<&Place>) -> String {
    shown(time, place).map_or_else(String::new, |zoned| zoned.strftime("%Y-%m-%d").to_string())
}

/// `HH:MM → HH:MM` of two instants at a place.
pub(super) fn clocks_at(departs: Time, arrives: Time, place: Option<&Place>) -> String {
    let clock =
        |time| shown(time, place).map_or_else(String::new, |zoned| zoned.strftime("%H:%M").to_string());
    format!("{} → {}", clock(departs), clock(arrives))
}

fn shown(time: Time, place: Option<&Place>) -> Option<Zoned> {
    match place {
        Some(place) => zoned(time, place).ok(),
        None => Timestamp::from_millisecond(time.ms()).ok().map(|at| at.to_zoned(TimeZone::UTC)),
    }
}

fn zoned(time: Time, place: &Place) -> Result<Zoned, ApiError> {
    let at = Timestamp::from_millisecond(time.ms());
    let at = at.map_err(|_| ApiError::unprocessable("date", "is out of range"))?;
    Ok(at.to_zoned(zone(place)?))
}

fn zone(place: &Place) -> Result<TimeZone, ApiError> {
    TimeZone::get(place.tz).map_err(|error| ApiError::internal(&error))
}

#[cfg(test)]
mod tests {
    use peerpack_actors::place::Gazetteer;

    use super::*;

    #[test]
    fn the_times_that_people_write_are_understood() {
        let both = |a: &str, b: &str| Some(Clocks { departs: clock(a).unwrap(), arrives: clock(b) });
        assert_eq!(clocks("08:00"), Some(Clocks { departs: clock("08:00").unwrap(), arrives: None }));
        assert_eq!(clocks("08:00 → 20:30"), both("08:00", "20:30"));
        assert_eq!(clocks("8:00-20:30"), both("08:00", "20:30"));
        assert_eq!(clocks("08:00->20:30"), both("08:00", "20:30"));
        for wrong in ["", "noon", "25:00", "08:60", "8", "08:00 → ", "08:00 → soon", "+8:00", "08:0a"] {
            assert_eq!(clocks(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_arrival_is_the_next_such_time_after_the_least_way() {
        let moscow = Gazetteer::bundled().find("Москва").unwrap();
        let departs = instant(date("2026-12-01").unwrap(), clock("22:00").unwrap(), moscow).unwrap();
        let arrives = next(departs, Span::hours(5), clock("06:00").unwrap(), moscow).unwrap();
        assert_eq!(date_at(arrives, Some(moscow)), "2026-12-02");
        assert_eq!(clocks_at(departs, arrives, Some(moscow)), "22:00 → 06:00");
        let next_day = next(departs, Span::hours(9), clock("06:00").unwrap(), moscow).unwrap();
        assert_eq!(date_at(next_day, Some(moscow)), "2026-12-03");
    }

    #[test]
    fn dates_have_one_form() {
        assert!(date("2026-02-28").is_some());
        for wrong in ["2026-02-30", "28.02.2026", "2026-2-28", "20260228", "tomorrow"] {
            assert!(date(wrong).is_none(), "{wrong}");
        }
    }
}
