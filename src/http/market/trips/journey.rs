//! When a journey starts and ends, of what a ticket prints: clocks at both ends, and perhaps a date or two.

use jiff::civil::Date;
use peerpack_actors::market::trip::{Stop, Transport};
use peerpack_actors::place::{Place, Position};
use peerpack_actors::time::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::pace::{Pace, pace};
use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::http::input::local_time::{self, Arrival, Clocks};
use crate::texts::language::Language;

/// A place on the way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waypoint {
    pub(super) place: &'static Place,
    /// The exact point of the stop.
    pub(super) position: Position,
    /// When the courier gets there, where that was said.
    pub(super) at: Option<Time>,
}

/// What a courier wrote about the time of a journey.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) date: &'a str,
    pub(super) time: &'a str,
    pub(super) arrival_date: Option<&'a str>,
}

impl Written<'_> {
    /// Notes what cannot be read of it, whatever the way is.
    pub(super) fn look(&self, wrong: &mut Wrong) {
        let dates = [Some(("date", self.date)), self.arrival_date.map(|date| ("arrival_date", date))];
        for refusal in dates.into_iter().flatten().filter_map(|(field, date)| read_date(field, date).err()) {
            wrong.add(refusal);
        }
        if let Err(refusal) = read_clocks(self.time) {
            wrong.add(refusal);
        }
    }
}

/// What was understood of it.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Journey {
    pub(super) transport: Transport,
    /// Those given, those understood, and in between in proportion to the distance.
    pub(super) stops: Vec<Stop>,
    pub(super) notes: Vec<Note>,
}

/// Something that was not said and had to be decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Note {
    field: &'static str,
    russian: &'static str,
    english: &'static str,
}

/// Something that was not said and had to be decided: which field it is about, and how it was understood.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoteView {
    /// The field that was not said.
    field: String,
    /// How it was understood, in Russian if `Accept-Language` prefers it to English, otherwise in English.
    message: String,
}

impl Note {
    pub(in crate::http) fn view(self, language: Language) -> NoteView {
        let message = language.choose(self.russian.to_owned(), self.english.to_owned());
        NoteView { field: self.field.to_owned(), message }
    }
}

pub(super) const DEPARTS_TWICE: Note = Note {
    field: "time",
    russian: "В этот день часы переводят назад, и время отправления наступает дважды; взято первое",
    english: "The clocks go back on that day, and the time of departure comes twice; the first is meant",
};

const ARRIVES_TWICE: Note = Note {
    field: "time",
    russian: "В этот день часы переводят назад, и время прибытия наступает дважды; взято первое",
    english: "The clocks go back on that day, and the time of arrival comes twice; the first is meant",
};

/// Understands when a journey takes place. Who does not say how they travel goes by car, or flies if no car
/// could be there on the day that is given.
///
/// # Errors
/// When the date or the time cannot be read, does not exist at its place, or contradicts itself.
pub(super) fn journey(
    written: Written<'_>,
    places: &[Waypoint],
    transport: Option<Transport>,
) -> Result<Journey, ApiError> {
    let (from, to) = (places[0].place, places[places.len() - 1].place);
    let day = read_date("date", written.date)?;
    let Clocks { departs: clock, arrives: arrival } = read_clocks(written.time)?;
    let departs = local_time::instant("time", day, clock, from)?;
    let mut notes = Vec::new();
    if local_time::comes_again(departs, from)? {
        notes.push(DEPARTS_TWICE);
    }
    let given = written.arrival_date.map(|text| read_date("arrival_date", text)).transpose()?;
    // What was said of a stop is nearer to the end than the departure is.
    let last_timed = places.iter().rposition(|place| place.at.is_some()).unwrap_or(0);
    let since = places[last_timed].at.unwrap_or(departs);
    let leg = Leg { since, km: length_km(&places[last_timed..]) };
    let (mut transport, is_said) = (transport.unwrap_or(Transport::Car), transport.is_some());
    let arrives = match (arrival, arrival_day(day, arrival, given)?) {
        (None, None) => since + pace(transport).usual(leg.km),
        (None, Some(_)) => {
            return Err(ApiError::unprocessable("time", "must say the arrival, too, where its day is given"));
        }
        (Some(arrival), Some(day)) => {
            let at = local_time::instant("time", day, arrival.clock, to)?;
            if !is_said && !leg.is_possible(at, transport) {
                transport = Transport::Plane;
            }
            if !leg.is_possible(at, transport) {
                let field = if given.is_some() { "arrival_date" } else { "time" };
                let reason = "the arrival is too soon: nobody is that fast with this transport";
                return Err(ApiError::unprocessable(field, reason));
            }
            at
        }
        (Some(arrival), None) => {
            let day = leg.most_plausible(arrival, to, pace(transport))?;
            local_time::instant("time", day, arrival.clock, to)?
        }
    };
    if arrival.is_some() && local_time::comes_again(arrives, to)? {
        notes.push(ARRIVES_TWICE);
    }
    Ok(Journey { transport, stops: stops(places, departs, arrives), notes })
}

fn read_clocks(text: &str) -> Result<Clocks, ApiError> {
    local_time::clocks(text).ok_or_else(|| ApiError::unprocessable("time", "must be HH:MM or HH:MM → HH:MM"))
}

fn read_date(field: &'static str, text: &str) -> Result<Date, ApiError> {
    local_time::date(text).ok_or_else(|| ApiError::unprocessable(field, "must be YYYY-MM-DD or DD.MM.YYYY"))
}

/// The local date of the arrival, where it was said: as a date, as a number of days, or both.
fn arrival_day(
    departs: Date,
    arrival: Option<Arrival>,
    given: Option<Date>,
) -> Result<Option<Date>, ApiError> {
    let counted = arrival.and_then(|arrival| arrival.days_later);
    let counted = counted.map(|days| local_time::later("time", departs, days)).transpose()?;
    match (given, counted) {
        (Some(given), Some(counted)) if given != counted => {
            Err(ApiError::unprocessable("arrival_date", "is another day than the time says"))
        }
        (given, counted) => Ok(given.or(counted)),
    }
}

/// The way from the last place of which the time is known.
struct Leg {
    since: Time,
    km: f64,
}

impl Leg {
    /// The day on which the arrival is nearest to what is usual, of those on which it is possible.
    fn most_plausible(&self, arrival: Arrival, to: &Place, pace: Pace) -> Result<Date, ApiError> {
        let (least, usual) = (pace.least(self.km), pace.usual(self.km));
        // Nobody is usually faster than they can be, so one of the days around the usual arrival is possible.
        let days = local_time::around(self.since + usual, arrival.clock, to)?;
        let possible = days.into_iter().filter(|(_, at)| at.since(self.since) >= least);
        let nearest = possible.min_by_key(|(_, at)| (at.since(self.since).ms() - usual.ms()).abs());
        let nearest = nearest.map(|(day, _)| day);
        nearest.ok_or_else(|| ApiError::unprocessable("time", "the arrival cannot be worked out"))
    }

    /// Whether somebody who travels like this can be there by then.
    fn is_possible(&self, arrives: Time, transport: Transport) -> bool {
        arrives.since(self.since) >= pace(transport).least(self.km)
    }
}

/// The length of a way as the crow flies, from place to place.
fn length_km(places: &[Waypoint]) -> f64 {
    places.windows(2).map(|pair| pair[0].position.distance_km(pair[1].position)).sum()
}

/// Times along the way.
fn stops(places: &[Waypoint], departs: Time, arrives: Time) -> Vec<Stop> {
    let last = places.len() - 1;
    let known = |index: usize| match index {
        0 => Some(departs),
        _ if index == last => Some(arrives),
        _ => places[index].at,
    };
    let time = |index: usize| {
        known(index).unwrap_or_else(|| {
            let before = (0..index).rev().find_map(|at| Some((at, known(at)?))).unwrap_or((0, departs));
            let after = (index..=last).find_map(|at| Some((at, known(at)?))).unwrap_or((last, arrives));
            let total = length_km(&places[before.0..=after.0]).max(f64::MIN_POSITIVE);
            before.1.between(after.1, length_km(&places[before.0..=index]) / total)
        })
    };
    let stop = |(index, place): (usize, &Waypoint)| {
        let at = time(index);
        Stop { place: place.place.id, position: place.position, arrive: at, depart: at }
    };
    places.iter().enumerate().map(stop).collect()
}
