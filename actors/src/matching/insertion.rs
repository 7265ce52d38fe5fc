//! Putting a package into a route in town, where stops come so close together that detours do not add up: two
//! new stops on one leg can cost far more than each alone.
//!
//! One pass finds the best pair of places for pickup and dropoff. Each stop knows by how much its arrival may
//! be delayed before somebody later on is let down (its *slack*, with waits absorbing what they can), and the
//! only thing to know about a pickup further up is by how much the arrival here is delayed at least. So the
//! whole is linear in the number of stops.
//!
//! The courier's detour budget is the deadline of the last stop: the arrival *as published* plus the budget.
//! It does not move when packages are accepted.

use crate::market::load::Load;
use crate::time::{Span, Time};

/// A stop of a route. `P` is how places are named: whatever `travel` understands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RouteStop<P> {
    /// Where the courier stops.
    pub position: P,
    /// The courier waits until then.
    pub not_before: Time,
    /// The courier has to arrive by then.
    pub not_after: Time,
    /// How long the courier stays.
    pub stay: Span,
    /// What is on board on the way to the next stop.
    pub on_board: Load,
}

/// What is left of a courier's route.
#[derive(Clone, PartialEq, Debug)]
pub struct Route<P> {
    /// When the courier is at the first stop, which is where the courier is now.
    pub starts: Time,
    /// The stops in order, at least two.
    pub stops: Vec<RouteStop<P>>,
    /// What fits in at once.
    pub capacity: Load,
}

/// Where a new package gets on and off, and what it takes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Errand<P> {
    /// The pickup; `on_board` does not matter.
    pub pickup: RouteStop<P>,
    /// The dropoff; `on_board` does not matter.
    pub dropoff: RouteStop<P>,
    /// The room it needs in between.
    pub load: Load,
}

/// The best way to put a package in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insertion {
    /// The stop after which the pickup comes.
    pub pickup_after: usize,
    /// The stop after which the dropoff comes; the same when one follows the other.
    pub dropoff_after: usize,
    /// How much later the courier is done.
    pub delay: Span,
}

/// The insertion that delays the end of the route least, then the earliest one; none if there is no room or
/// no time.
#[must_use]
pub fn insert<P: Copy>(
    route: &Route<P>,
    errand: &Errand<P>,
    travel: impl Fn(P, P) -> Span,
) -> Option<Insertion> {
    let schedule = Schedule::of(route, &travel);
    let fits =
        |leg: usize| route.stops[leg].on_board.plus(errand.load).is_some_and(|sum| sum.fits(route.capacity));
    let mut best: Option<Insertion> = None;
    let mut consider = |insertion: Insertion| {
        if best.is_none_or(|best| insertion.delay < best.delay) {
            best = Some(insertion);
        }
    };
    // The pickup before this stop that delays the arrival here least: after which stop, and by how much.
    let mut on_board: Option<(usize, Span)> = None;
    for leg in 0..route.stops.len() - 1 {
        if !fits(leg) {
            on_board = None;
            continue;
        }
        let (here, next) = (&route.stops[leg], &route.stops[leg + 1]);
        let late = |leaves: Time, from: &RouteStop<P>| {
            let delay = (leaves + travel(from.position, next.position)).since(schedule.arrive[leg + 1]);
            Some(delay.max(Span::default())).filter(|delay| *delay <= schedule.slack[leg + 1])
        };
        let passed = on_board.map(|(after, delay)| (after, schedule.passed_on(leg, delay)));
        if let Some((after, delay)) = passed {
            let leaves = leaves(
                &errand.dropoff,
                schedule.leave[leg] + delay + travel(here.position, errand.dropoff.position),
            );
            if let Some(delay) = leaves.and_then(|leaves| late(leaves, &errand.dropoff)) {
                let delay = schedule.at_the_end(leg + 1, delay);
                consider(Insertion { pickup_after: after, dropoff_after: leg, delay });
            }
        }
        on_board = passed;
        let got_on =
            leaves(&errand.pickup, schedule.leave[leg] + travel(here.position, errand.pickup.position));
        let Some(got_on) = got_on else { continue };
        let between = travel(errand.pickup.position, errand.dropoff.position);
        if let Some(delay) =
            leaves(&errand.dropoff, got_on + between).and_then(|leaves| late(leaves, &errand.dropoff))
        {
            let delay = schedule.at_the_end(leg + 1, delay);
            consider(Insertion { pickup_after: leg, dropoff_after: leg, delay });
        }
        if let Some(delay) = late(got_on, &errand.pickup)
            && on_board.is_none_or(|(_, least)| delay < least)
        {
            on_board = Some((leg, delay));
        }
    }
    best
}

/// When the courier leaves a stop after arriving there; nothing if that is too late.
fn leaves<P>(stop: &RouteStop<P>, arrives: Time) -> Option<Time> {
    (arrives <= stop.not_after).then(|| arrives.max(stop.not_before) + stop.stay)
}

/// The times of a route as it stands.
struct Schedule {
    arrive: Vec<Time>,
    leave: Vec<Time>,
    wait: Vec<Span>,
    /// By how much the arrival at a stop may be delayed.
    slack: Vec<Span>,
    /// How much waiting there is from a stop to the arrival at the last one.
    waits_left: Vec<Span>,
}

impl Schedule {
    fn of<P: Copy>(route: &Route<P>, travel: impl Fn(P, P) -> Span) -> Self {
        let count = route.stops.len();
        let (mut arrive, mut leave, mut wait) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = route.starts;
        for (n, stop) in route.stops.iter().enumerate() {
            arrive.push(at);
            wait.push(stop.not_before.since(at).max(Span::default()));
            leave.push(at.max(stop.not_before) + stop.stay);
            if let Some(next) = route.stops.get(n + 1) {
                at = leave[n] + travel(stop.position, next.position);
            }
        }
        let (mut slack, mut waits_left) = (vec![Span::default(); count], vec![Span::default(); count]);
        let mut later: Option<(Span, Span)> = None;
        for n in (0..count).rev() {
            let own = route.stops[n].not_after.since(arrive[n]);
            slack[n] = later.map_or(own, |(slack, _)| own.min(slack + wait[n]));
            waits_left[n] = later.map_or(Span::default(), |(_, waits)| waits + wait[n]);
            later = Some((slack[n], waits_left[n]));
        }
        Self { arrive, leave, wait, slack, waits_left }
    }

    /// What is left of a delay when the courier leaves a stop.
    fn passed_on(&self, stop: usize, delay: Span) -> Span {
        shortened(delay, self.wait[stop])
    }

    /// What is left of a delay at the last stop.
    fn at_the_end(&self, stop: usize, delay: Span) -> Span {
        shortened(delay, self.waits_left[stop])
    }
}

fn shortened(delay: Span, wait: Span) -> Span {
    Span::from_ms((delay.ms() - wait.ms()).max(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::place::Position;

    const START: Time = Time::from_ms(0);

    /// On a plane, one unit is a minute.
    fn travel(from: Position, to: Position) -> Span {
        #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
        let ms = ((from.lat - to.lat).hypot(from.lon - to.lon) * 60_000.0).round() as i64;
        Span::from_ms(ms)
    }

    fn minute(n: i64) -> Time {
        START + Span::minutes(n)
    }

    fn stop(x: f64, y: f64) -> RouteStop<Position> {
        let position = Position { lat: y, lon: x };
        let (not_before, not_after) = (START, minute(100_000));
        RouteStop { position, not_before, not_after, stay: Span::default(), on_board: Load::NONE }
    }

    fn grams(weight_g: u32) -> Load {
        Load { weight_g, volume_ml: 0, slots: 0 }
    }

    fn route(stops: Vec<RouteStop<Position>>) -> Route<Position> {
        Route { starts: START, stops, capacity: grams(10) }
    }

    fn errand(from: (f64, f64), to: (f64, f64)) -> Errand<Position> {
        Errand { pickup: stop(from.0, from.1), dropoff: stop(to.0, to.1), load: grams(1) }
    }

    /// The definition: every pair of places is tried, and the whole route is driven.
    fn by_trying(route: &Route<Position>, errand: &Errand<Position>) -> Option<Span> {
        let end = |stops: &[RouteStop<Position>], loads: &[Load]| {
            let mut at = route.starts;
            for (n, stop) in stops.iter().enumerate() {
                if n > 0 {
                    at = at + travel(stops[n - 1].position, stop.position);
                    if at > stop.not_after {
                        return None;
                    }
                }
                if n + 1 == stops.len() {
                    return Some(at);
                }
                if !loads[n].fits(route.capacity) {
                    return None;
                }
                at = at.max(stop.not_before) + stop.stay;
            }
            None
        };
        let plain: Vec<Load> = route.stops.iter().map(|stop| stop.on_board).collect();
        let as_it_is = end(&route.stops, &plain)?;
        let mut best: Option<Span> = None;
        for i in 0..route.stops.len() - 1 {
            for j in i..route.stops.len() - 1 {
                let (mut stops, mut loads) = (Vec::new(), Vec::new());
                for (n, stop) in route.stops.iter().enumerate() {
                    let with = |carries: bool| {
                        if carries { stop.on_board.plus(errand.load).unwrap() } else { stop.on_board }
                    };
                    stops.push(*stop);
                    loads.push(with(n > i && n <= j));
                    if n == i {
                        stops.push(errand.pickup);
                        loads.push(with(true));
                    }
                    if n == j {
                        stops.push(errand.dropoff);
                        loads.push(stop.on_board);
                    }
                }
                if let Some(end) = end(&stops, &loads) {
                    let delay = end.since(as_it_is).max(Span::default());
                    best = Some(best.map_or(delay, |best| best.min(delay)));
                }
            }
        }
        best
    }

    #[test]
    fn two_stops_on_one_leg_cost_more_than_their_sum() {
        let way = route(vec![stop(0.0, 0.0), stop(10.0, 0.0)]);
        let alone = |y: f64| {
            let there = 2.0 * 5.0_f64.hypot(y) - 10.0;
            Span::from_ms((there * 60_000.0) as i64)
        };
        let both = insert(&way, &errand((5.0, 3.0), (5.0, -3.0)), travel).unwrap();
        assert_eq!((both.pickup_after, both.dropoff_after), (0, 0));
        assert!(both.delay > (alone(3.0) + alone(-3.0)) + Span::minutes(4), "{both:?}");
    }

    #[test]
    fn the_budget_is_the_published_arrival_and_what_was_accepted_has_used_it() {
        let mut way = route(vec![stop(0.0, 0.0), stop(10.0, 0.0)]);
        // Ten minutes of driving were published, and two more allowed.
        way.stops[1].not_after = minute(12);
        let small = errand((5.0, 1.0), (6.0, 1.0));
        let first = insert(&way, &small, travel).expect("it takes half a minute");
        assert!(first.delay < Span::minutes(1));
        let wide = errand((4.0, 2.0), (6.0, 2.0));
        assert!(insert(&way, &wide, travel).is_some());
        // The courier goes to (5, 2.8) by now. Anybody who measured the next detour against that way would
        // find it small.
        way.stops.insert(1, stop(5.0, 2.8));
        assert_eq!(insert(&way, &errand((2.0, 2.8), (8.0, 2.8)), travel), None);
    }

    #[test]
    fn a_full_leg_is_not_crossed() {
        let mut way = route(vec![stop(0.0, 0.0), stop(5.0, 0.0), stop(10.0, 0.0), stop(15.0, 0.0)]);
        way.stops[1].on_board = grams(10);
        way.stops[3].not_after = minute(16);
        assert_eq!(insert(&way, &errand((1.0, 0.0), (14.0, 0.0)), travel), None);
        let within = insert(&way, &errand((1.0, 0.0), (3.0, 0.0)), travel).unwrap();
        assert_eq!((within.pickup_after, within.dropoff_after, within.delay), (0, 0, Span::default()));
        let behind = insert(&way, &errand((11.0, 0.0), (14.0, 0.0)), travel).unwrap();
        assert_eq!((behind.pickup_after, behind.dropoff_after), (2, 2));
    }

    #[test]
    fn a_wait_absorbs_a_delay() {
        let mut way = route(vec![stop(0.0, 0.0), stop(10.0, 0.0), stop(20.0, 0.0)]);
        way.stops[1].not_before = minute(30);
        let found = insert(&way, &errand((5.0, 4.0), (6.0, 4.0)), travel).unwrap();
        assert_eq!(found.delay, Span::default());
    }

    prop_compose! {
        fn any_stop()(x in 0.0..20.0, y in 0.0..20.0, opens in 0..60_i64, open in 5..200_i64, stay in 0..5_i64, on in 0..8_u32)
            -> RouteStop<Position> {
            RouteStop {
                not_before: minute(opens),
                not_after: minute(opens + open),
                stay: Span::minutes(stay),
                on_board: Load { weight_g: on, volume_ml: 8 - on, slots: on / 3 },
                ..stop(x, y)
            }
        }
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_trying_everything_finds(
            mut stops in prop::collection::vec(any_stop(), 2..8),
            (pickup, dropoff) in (any_stop(), any_stop()),
            load in 1..5_u32,
            slack in 0..120_i64,
        ) {
            let mut at = START;
            for n in 0..stops.len() {
                if n > 0 {
                    at = at + travel(stops[n - 1].position, stops[n].position);
                }
                // A route that stands is one that can be driven.
                stops[n].not_after = stops[n].not_after.max(at + Span::minutes(slack));
                at = at.max(stops[n].not_before) + stops[n].stay;
            }
            let capacity = Load { weight_g: 9, volume_ml: 9, slots: 4 };
            let route = Route { starts: START, stops, capacity };
            let errand = Errand { pickup, dropoff, load: Load { weight_g: load, volume_ml: 1, slots: 1 } };
            let found = insert(&route, &errand, travel).map(|found| found.delay);
            prop_assert_eq!(found, by_trying(&route, &errand));
        }
    }
}
