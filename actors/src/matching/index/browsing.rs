//! A look at the trips that leave a place, or any place, in order of time: for a page of a list, in steps, so
//! that a writer to the index waits for a step at most.

use super::TripIndex;
use super::trips::{Passing, departure_min};
use crate::market::load::Load;
use crate::matching::TripEntry;
use crate::matching::postings::Mark;
use crate::place::{Gazetteer, PlaceId, PlaceIndex};
use crate::time::{Span, Time};

/// How many trips one step looks at.
const STEP: usize = 256;

/// The trips that leave some place from a time on, as far as they have been looked at.
#[derive(Debug)]
pub struct Browsing {
    /// Whether the gazetteer has the places; if not, nothing is found.
    known: bool,
    from: Option<Ends>,
    to: Option<Ends>,
    load: Load,
    since: Time,
    next: Next,
    looked_at: usize,
    found: Vec<Passing>,
    /// All that leave before this have been looked at.
    seen_until: Time,
}

/// The places that answer to a name: one, or a city with its districts and airports.
#[derive(Debug)]
struct Ends {
    place: PlaceIndex,
    /// Its districts and airports, in the order of their numbers.
    districts: Vec<PlaceIndex>,
}

impl Ends {
    /// `None` for a place that the gazetteer does not have.
    fn of(place: PlaceId, gazetteer: &Gazetteer) -> Option<Self> {
        let city = gazetteer.city_of(gazetteer.index_of(place)?);
        Some(Self { place: city, districts: gazetteer.spot(city).districts().to_vec() })
    }

    /// The place alone.
    fn only(place: PlaceId, gazetteer: &Gazetteer) -> Option<Self> {
        Some(Self { place: gazetteer.index_of(place)?, districts: Vec::new() })
    }

    fn has(&self, place: PlaceIndex) -> bool {
        self.place == place || self.districts.binary_search(&place).is_ok()
    }
}

/// Where the next step starts. A key, not a number: what comes and goes meanwhile shifts nothing.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// After this minute and slot.
    Departure(Option<(u32, u32)>),
    /// After this posting of the first place's cell.
    Posting(Mark),
}

impl Browsing {
    /// Of the trips that stop at the first place, or set off anywhere, and stop at the second one later, if
    /// there is one; with this room on some leg. Nothing is looked at yet.
    #[must_use]
    pub fn new(
        from: Option<PlaceId>,
        to: Option<PlaceId>,
        load: Load,
        since: Time,
        gazetteer: &Gazetteer,
    ) -> Self {
        let city = |place| gazetteer.index_of(place).map(|index| gazetteer.city_of(index));
        let in_one_city = from.zip(to).is_some_and(|(from, to)| city(from) == city(to));
        let known = from.iter().chain(&to).all(|place| gazetteer.index_of(*place).is_some());
        let ends =
            |place| if in_one_city { Ends::only(place, gazetteer) } else { Ends::of(place, gazetteer) };
        let (from, to) = (from.and_then(ends), to.and_then(ends));
        let next = match &from {
            Some(from) => Next::Posting(Mark::before(gazetteer.cell_of(from.place), since)),
            None => Next::Departure(None),
        };
        Self { known, from, to, load, since, next, looked_at: 0, found: Vec::new(), seen_until: since }
    }

    /// Looks at some more trips. `false` when there are no more.
    pub fn step(&mut self, index: &TripIndex) -> bool {
        if !self.known {
            return false;
        }
        let before = self.looked_at;
        match self.next {
            Next::Departure(mut last) => {
                for key in index.departing(departure_min(self.since), last).take(STEP) {
                    last = Some(key);
                    self.look(index.at(key.1));
                }
                if let Some((minute, _)) = last {
                    self.note_seen(Time::from_ms(i64::from(minute) * Span::minutes(1).ms()));
                }
                self.next = Next::Departure(last);
            }
            Next::Posting(mut mark) => {
                for slot in index.posted_after(&mut mark, STEP) {
                    self.look(index.at(slot));
                }
                self.note_seen(mark.starts());
                self.next = Next::Posting(mark);
            }
        }
        self.looked_at - before == STEP
    }

    fn note_seen(&mut self, until: Time) {
        self.seen_until = self.seen_until.max(until);
    }

    fn look(&mut self, trip: &TripEntry) {
        self.looked_at += 1;
        let mut halts = trip.halts.iter();
        let Some(leaves) = halts.find(|halt| self.from.as_ref().is_none_or(|from| from.has(halt.index)))
        else {
            return;
        };
        let leaves = leaves.depart();
        let passes = self.to.as_ref().is_none_or(|to| halts.any(|halt| to.has(halt.index)));
        let has_room = || trip.halts[..trip.legs()].iter().any(|halt| self.load.fits(halt.left));
        if passes && leaves >= self.since && has_room() {
            let (courier, price) = (trip.courier, trip.price());
            self.found.push(Passing { trip: trip.id, courier, price, leaves });
        }
    }

    /// Whether so many trips have been looked at, or so many found, that it is time to go on another time.
    #[must_use]
    pub fn is_enough(&self, looked_at: usize, found: usize) -> bool {
        let much = self.looked_at >= looked_at || self.found.len() >= found;
        // Without a step forward, another time would end where this one does.
        much && self.seen_until > self.since
    }

    /// Up to when every departure has been looked at: another look goes on from here.
    #[must_use]
    pub const fn seen_until(&self) -> Time {
        self.seen_until
    }

    /// What suits, soonest first, then by id: all there is if everything was looked at, otherwise what leaves
    /// before [`seen_until`](Self::seen_until).
    #[must_use]
    pub fn into_found(mut self, is_all: bool) -> Vec<Passing> {
        let seen_until = self.seen_until;
        self.found.retain(|one| is_all || one.leaves < seen_until);
        self.found.sort_unstable_by_key(|passing| (passing.leaves, passing.trip));
        self.found.dedup_by_key(|passing| passing.trip);
        self.found
    }
}
