//! What a package really costs its courier: the few best candidates are measured again before anybody is
//! asked.
//!
//! The index counts with great circles and adds detours up. Between cities that model stays, and only the
//! ways become those that a routing service knows. In town it does not hold, because two stops on one leg can
//! cost far more than each alone: there the trip's whole route is driven again, with everything that rides
//! already, and the package is put in where it delays the courier least. The budget counts from the trip as
//! it was published, either way.
//!
//! This knows no service. It says which ways it needs, and answers with those it is given; a trip of which
//! some are missing is measured by great circles.

use hashbrown::HashMap;

use crate::leg::{LegIndex, LegSpan};
use crate::market::load::Load;
use crate::market::request::Plan;
use crate::market::trip::Transport;
use crate::matching::insertion::{Errand, Insertion, Route, RouteStop, insert};
use crate::matching::{Reason, TripEntry};
use crate::place::{Gazetteer, PlaceId, PlaceIndex};
use crate::time::{Span, Time};

/// The way from one place to another by car.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Way {
    /// How long it takes, in seconds.
    pub seconds: u32,
    /// How long it is, in metres.
    pub metres: u32,
}

impl Way {
    const fn then(self, next: Self) -> Self {
        Self {
            seconds: self.seconds.saturating_add(next.seconds),
            metres: self.metres.saturating_add(next.metres),
        }
    }

    /// What it is longer than another way; nothing where it is shorter.
    const fn beyond(self, other: Self) -> Self {
        Self {
            seconds: self.seconds.saturating_sub(other.seconds),
            metres: self.metres.saturating_sub(other.metres),
        }
    }

    const fn span(self) -> Span {
        Span::seconds(self.seconds as i64)
    }
}

/// A way that is asked for: from one place to another.
pub type Journey = (PlaceIndex, PlaceIndex);

/// The ways that are known.
#[derive(Clone, Debug, Default)]
pub struct Ways(HashMap<Journey, Way>);

impl FromIterator<(Journey, Way)> for Ways {
    fn from_iter<I: IntoIterator<Item = (Journey, Way)>>(ways: I) -> Self {
        Self(ways.into_iter().collect())
    }
}

/// Below this a difference of lengths is due to rounding, in metres.
const MIN_BETWEEN_M: u32 = 1_000;

impl Ways {
    fn get(&self, (from, to): Journey) -> Option<Way> {
        if from == to { Some(Way::default()) } else { self.0.get(&(from, to)).copied() }
    }
}

/// Where something that rides already gets on and off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Aboard {
    /// The legs it uses.
    pub legs: LegSpan,
    /// Where it gets on.
    pub pickup: PlaceId,
    /// Where it gets off.
    pub dropoff: PlaceId,
}

impl Aboard {
    /// Where a package gets on and off that rides so.
    #[must_use]
    pub const fn of(plan: &Plan) -> Self {
        Self { legs: plan.legs, pickup: plan.pickup.place, dropoff: plan.dropoff.place }
    }
}

/// One candidate to be measured.
#[derive(Clone, Debug)]
pub struct Question {
    /// The trip whose detour is measured.
    pub trip: TripEntry,
    /// How the package would ride, as the index says.
    pub plan: Plan,
    /// What rides already, in the order in which it was taken on. Counts in town only.
    pub aboard: Vec<Aboard>,
    /// Whether the package's way is one in town.
    pub in_town: bool,
    /// Knows the places.
    pub gazetteer: &'static Gazetteer,
}

impl Question {
    /// Whether there is anything to measure: a courier who does not leave the way is not delayed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.trip.transport.can_detour() && self.plan.detour_min > 0
    }

    /// Whether a routing service for cars has an answer.
    #[must_use]
    pub fn is_by_road(&self) -> bool {
        self.is_open() && self.trip.transport == Transport::Car
    }

    /// The ways that have to be known.
    #[must_use]
    pub fn journeys(&self) -> Vec<Journey> {
        if !self.in_town {
            let ends = self.off_the_way().flat_map(|(at, (from, to))| [(from, at), (at, to), (from, to)]);
            return ends.collect();
        }
        let stops = self.trip.stops().flatten();
        let own = std::iter::once(Aboard::of(&self.plan));
        let others = self.aboard.iter().copied().chain(own).flat_map(|one| [one.pickup, one.dropoff]);
        let mut places: Vec<PlaceIndex> =
            stops.chain(others.filter_map(|place| self.index_of(place))).collect();
        places.sort_unstable();
        places.dedup();
        let pairs = places.iter().flat_map(|from| places.iter().map(|to| (*from, *to)));
        pairs.filter(|(from, to)| from != to).collect()
    }

    /// The plan with the detour as measured.
    ///
    /// # Errors
    /// `Detour` when the budget does not allow it.
    pub fn answer(&self, ways: &Ways) -> Result<Plan, Reason> {
        let is_known = self.is_by_road() && self.journeys().iter().all(|way| ways.get(*way).is_some());
        let known = |way: Journey| ways.get(way).unwrap_or_default();
        match (self.in_town, is_known) {
            (true, true) => self.through_the_town(known),
            (true, false) => self.through_the_town(|way| self.estimated(way)),
            (false, true) => self.between_cities(known),
            (false, false) => Ok(self.plan),
        }
    }

    /// The ends that are no stops of the trip, each with the ends of the leg that it is near.
    fn off_the_way(&self) -> impl Iterator<Item = (PlaceIndex, Journey)> {
        let Plan { legs, pickup, dropoff, .. } = self.plan;
        let ends = [(pickup.place, legs.from), (dropoff.place, legs.to.saturating_sub(1))];
        ends.into_iter().filter_map(|(place, leg)| {
            let at = self.index_of(place).filter(|at| !self.is_stop(*at))?;
            let stop = |n: LegIndex| self.trip.halts.get(usize::from(n)).map(|halt| halt.index);
            Some((at, (stop(leg)?, stop(leg + 1)?)))
        })
    }

    fn index_of(&self, place: PlaceId) -> Option<PlaceIndex> {
        self.gazetteer.index_of(place)
    }

    fn is_stop(&self, place: PlaceIndex) -> bool {
        self.trip.halts.iter().any(|halt| halt.index == place)
    }

    fn between_cities(&self, way: impl Fn(Journey) -> Way) -> Result<Plan, Reason> {
        let (mut detour_min, mut detour_m, mut guessed_m) = (0, 0_u32, 0_u32);
        let extra = |way: &dyn Fn(Journey) -> Way, (at, (from, to)): (PlaceIndex, Journey)| {
            way((from, at)).then(way((at, to))).beyond(way((from, to)))
        };
        for end in self.off_the_way() {
            let known = extra(&way, end);
            detour_min += known.seconds.div_ceil(60) + u32::from(self.trip.hand_over_min);
            detour_m = detour_m.saturating_add(known.metres);
            guessed_m = guessed_m.saturating_add(extra(&|way| self.estimated(way), end).metres);
        }
        // What the plan has besides is the way between the package's places and the hand-overs: nobody
        // measured that.
        let between_m = self.plan.detour_m.saturating_sub(guessed_m);
        if between_m >= MIN_BETWEEN_M {
            detour_m = detour_m.saturating_add(between_m);
        }
        self.within_budget(detour_min, detour_m, self.trip.detour_left_min)
    }

    fn through_the_town(&self, way: impl Fn(Journey) -> Way) -> Result<Plan, Reason> {
        if self.trip.stops().any(|stop| stop.is_none()) {
            return Ok(self.plan);
        }
        let travel = |from, to| way((from, to)).span();
        let mut tour = Tour::of(&self.trip);
        let hand_over = Span::minutes(i64::from(self.trip.hand_over_min));
        let errand = |one: Aboard| {
            let end = |place| {
                let at = self.index_of(place)?;
                Some(stop(at, if self.is_stop(at) { Span::default() } else { hand_over }))
            };
            Some(Errand { pickup: end(one.pickup)?, dropoff: end(one.dropoff)?, load: ONE })
        };
        let plain = tour.time(travel);
        for one in &self.aboard {
            // One that does not fit by today's ways was promised all the same, and the sums of the store
            // count it.
            if let Some(errand) = errand(*one)
                && let Some(found) = tour.best(&errand, one.legs, travel)
            {
                tour.take_on(&errand, found);
            }
        }
        let own = Aboard::of(&self.plan);
        let Some(errand) = errand(own) else { return Ok(self.plan) };
        let Some(found) = tour.best(&errand, own.legs, travel) else { return Ok(self.plan) };
        let minutes = |span: Span| u32::try_from((span.ms().max(0) + 59_999) / 60_000).unwrap_or(u32::MAX);
        let used_min = minutes(Span::from_ms(tour.time(travel).ms() - plain.ms()));
        let budget_min = u32::from(self.trip.max_detour_min).saturating_sub(used_min);
        let before = tour.metres(&way);
        tour.take_on(&errand, found);
        let detour_m = tour.metres(&way).saturating_sub(before);
        self.within_budget(minutes(found.delay), detour_m, budget_min.min(self.trip.detour_left_min))
    }

    fn within_budget(&self, needs_min: u32, detour_m: u32, budget_min: u32) -> Result<Plan, Reason> {
        if needs_min > budget_min {
            return Err(Reason::Detour { needs_min, budget_min });
        }
        Ok(Plan { detour_min: needs_min, detour_m, ..self.plan })
    }

    fn estimated(&self, (from, to): Journey) -> Way {
        let km = f64::from(self.trip.road_factor) * self.gazetteer.km_between(from, to);
        // Rounded down, or the parts of a way would come to more than the way.
        let seconds = (km / self.trip.transport.speed_kmh() * 3_600.0).floor();
        #[expect(clippy::cast_possible_truncation, reason = "a way on the Earth, at five km/h or more")]
        #[expect(clippy::cast_sign_loss, reason = "never negative")]
        let (seconds, metres) = (seconds as u32, (km * 1_000.0).floor() as u32);
        Way { seconds, metres }
    }
}

/// In a tour, room only says which legs may be used: what is really left of it is in the plan.
const ONE: Load = Load { weight_g: 1, volume_ml: 0, slots: 0 };

/// Later than any tour ends.
const NEVER: Time = Time::from_ms(i64::MAX / 4);

/// A trip's route, driven without waits from time 0, with what rides already.
struct Tour {
    route: Route<PlaceIndex>,
    /// The leg of the trip that each stop is on.
    legs: Vec<LegIndex>,
}

impl Tour {
    fn of(trip: &TripEntry) -> Self {
        let stops: Vec<_> = trip.stops().flatten().map(|at| stop(at, Span::default())).collect();
        let route = Route { starts: Time::from_ms(0), stops, capacity: ONE };
        let legs = (0..).take(route.stops.len()).collect();
        Self { route, legs }
    }

    fn time(&self, travel: impl Fn(PlaceIndex, PlaceIndex) -> Span) -> Span {
        let driving = self.route.stops.windows(2).map(|ends| travel(ends[0].position, ends[1].position));
        let stays = self.route.stops.iter().map(|stop| stop.stay);
        Span::from_ms(driving.chain(stays).map(Span::ms).sum())
    }

    fn metres(&self, way: impl Fn(Journey) -> Way) -> u32 {
        let ways = self.route.stops.windows(2).map(|ends| way((ends[0].position, ends[1].position)));
        ways.fold(Way::default(), Way::then).metres
    }

    /// The best way to put an errand in on these legs.
    fn best(
        &mut self,
        errand: &Errand<PlaceIndex>,
        legs: LegSpan,
        travel: impl Fn(PlaceIndex, PlaceIndex) -> Span,
    ) -> Option<Insertion> {
        for (stop, leg) in self.route.stops.iter_mut().zip(&self.legs) {
            stop.on_board = if (legs.from..legs.to).contains(leg) { Load::NONE } else { ONE };
        }
        insert(&self.route, errand, travel)
    }

    fn take_on(&mut self, errand: &Errand<PlaceIndex>, found: Insertion) {
        // The later one first: it does not move the earlier one.
        for (after, stop) in [(found.dropoff_after, errand.dropoff), (found.pickup_after, errand.pickup)] {
            self.route.stops.insert(after + 1, stop);
            self.legs.insert(after + 1, self.legs[after]);
        }
    }
}

fn stop(position: PlaceIndex, stay: Span) -> RouteStop<PlaceIndex> {
    RouteStop { position, not_before: Time::from_ms(0), not_after: NEVER, stay, on_board: Load::NONE }
}
