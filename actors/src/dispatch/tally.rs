//! Numbers for the desk: what became of orders, counted by the hour as it happens.
//!
//! Each change of an order says what it adds ([`counted`]); the store adds it up in the unit of the change.
//! What is read is put together here: by region, by days and weeks of a time zone, by the hours of the day,
//! with zeros where nothing was.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit, Zoned, ZonedRound};

use super::change::OrderChange;
use super::offer::OfferState;
use super::order::{By, Order, OrderEvent, OrderState};
use super::phase::OrderPhase;
use crate::ids::{RegionId, UserId};
use crate::time::Time;

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// The longest list of [`series`].
pub const MAX_STEPS: usize = 10_000;

/// Hands the counts to a macro, after its own arguments. They are listed here alone: the store makes its
/// statements of this list.
#[macro_export]
macro_rules! every_count {
    ($macro:ident $(, $argument:tt)*) => {
        $macro! { $($argument,)* [
            /// Orders that were placed.
            placed,
            /// Those of them that were quoted dearer because couriers were few.
            surged,
            /// What quotes were multiplied by for that, in percent, added up.
            surge_percent,
            /// Of how many orders that is known.
            quoted,
            /// Offers that were made.
            offers,
            /// Offers that were accepted.
            accepted,
            /// Offers that were declined.
            declined,
            /// Offers that ran out.
            expired,
            /// Times that an order got a courier.
            assigned,
            /// Orders that got their first one.
            found,
            /// How long those were looked for, since they were placed, in milliseconds.
            search_ms,
            /// Rides that began.
            rides,
            /// How long their couriers had waited at the pickup, in milliseconds.
            waited_ms,
            /// Orders that were done.
            completed,
            /// The ways of those, as they were expected, in metres.
            way_m,
            /// How long those rides were expected to take, in seconds.
            ride_s,
            /// How long orders took from being placed to being done, in milliseconds.
            whole_ms,
            /// What those were quoted at, in minor units.
            quoted_minor,
            /// Of how many orders both are known.
            timed,
            /// What those cost, in minor units.
            price_minor,
            /// Orders that were called off.
            cancelled,
            /// Those of them that passengers called off.
            by_passenger,
            /// Those that couriers called off.
            by_courier,
            /// What calling off cost, in minor units.
            fees_minor,
            /// Passengers who did not come.
            no_shows,
            /// Rides on which something happened.
            incidents,
            /// Orders that were refused.
            rejected,
            /// Orders that were left to a dispatcher, because nobody was found.
            to_desk,
            /// Orders that were called off and taken up again.
            restored,
        ] }
    };
}

macro_rules! tally {
    ([$($(#[$doc:meta])* $name:ident),+ $(,)?]) => {
        /// Counts, and sums of amounts.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct Tally {
            $($(#[$doc])* pub $name: i64),+
        }

        impl Tally {
            /// All counts by name.
            #[must_use]
            pub fn fields(&self) -> Vec<(&'static str, i64)> {
                vec![$((stringify!($name), self.$name)),+]
            }

            /// A tally of what is found by name.
            ///
            /// # Errors
            /// Whatever keeps a count from being found.
            pub fn find<E>(mut count: impl FnMut(&'static str) -> Result<i64, E>) -> Result<Self, E> {
                Ok(Self { $($name: count(stringify!($name))?),+ })
            }
        }

        impl AddAssign for Tally {
            fn add_assign(&mut self, other: Self) {
                $(self.$name += other.$name;)+
            }
        }
    };
}

every_count!(tally);

/// What a change adds, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Counted {
    /// The begin of the hour.
    pub hour: Time,
    /// The region of the pickup, if it has one.
    pub region: Option<RegionId>,
    /// What it adds to the region's counts.
    pub tally: Tally,
    /// What it adds to the counts of couriers.
    pub couriers: BTreeMap<UserId, Tally>,
}

/// The begin of the hour of a moment: hours are those of UTC.
#[must_use]
pub fn hour_of(at: Time) -> Time {
    Time::from_ms(at.ms() - at.ms().rem_euclid(HOUR_MS))
}

/// What a change of an order adds.
#[must_use]
pub fn counted(change: &OrderChange) -> Counted {
    let order = change.after();
    let mut counted = Counted {
        hour: hour_of(order.changed_at),
        region: order.draft.region,
        tally: Tally::default(),
        couriers: BTreeMap::new(),
    };
    match change {
        OrderChange::New(order) => {
            counted.hour = hour_of(order.created_at);
            let surge_percent = order.quote.breakdown.surge_percent;
            counted.tally.placed = 1;
            counted.tally.surged = i64::from(surge_percent > 100);
            (counted.tally.quoted, counted.tally.surge_percent) = (1, surge_percent.into());
        }
        OrderChange::Update { events, .. } => {
            let in_passing = is_called_off_in_passing(events);
            for event in events {
                let (mut tally, courier) = of_event(order, event);
                if in_passing {
                    (tally.cancelled, tally.by_passenger, tally.by_courier) = (0, 0, 0);
                    (tally.fees_minor, tally.restored) = (0, 0);
                }
                counted.tally += tally;
                if let Some(courier) = courier {
                    *counted.couriers.entry(courier).or_default() += tally;
                }
            }
        }
    }
    counted
}

/// Whether an order is called off and taken up again by the same change: from a courier who has set out to
/// another one the table has no other way, and nobody has called it off.
fn is_called_off_in_passing(events: &[OrderEvent]) -> bool {
    let is_end = |event: &OrderEvent| matches!(event, OrderEvent::Moved { to: OrderState::Cancelled, .. });
    let is_begin =
        |event: &OrderEvent| matches!(event, OrderEvent::Moved { from: OrderPhase::Cancelled, .. });
    events.iter().any(is_end) && events.iter().any(is_begin)
}

/// What an event adds, and whose it is beside the region's.
fn of_event(order: &Order, event: &OrderEvent) -> (Tally, Option<UserId>) {
    match event {
        OrderEvent::OfferOpened(offer) => (Tally { offers: 1, ..Tally::default() }, Some(offer.courier)),
        OrderEvent::OfferEnded { id, to } => {
            let tally = match to {
                OfferState::Accepted { .. } => Tally { accepted: 1, ..Tally::default() },
                OfferState::Declined { .. } => Tally { declined: 1, ..Tally::default() },
                OfferState::Expired { .. } => Tally { expired: 1, ..Tally::default() },
                OfferState::Pending | OfferState::Withdrawn { .. } => Tally::default(),
            };
            (tally, order.offer(*id).map(|offer| offer.courier))
        }
        OrderEvent::Moved { from, to, at, by, .. } => of_step(order, *from, *to, *at, *by),
        OrderEvent::Widened { .. }
        | OrderEvent::Quoted { .. }
        | OrderEvent::Amended { .. }
        | OrderEvent::Reserved { .. }
        | OrderEvent::Settled(_)
        | OrderEvent::Charged(_) => (Tally::default(), None),
    }
}

fn of_step(order: &Order, from: OrderPhase, to: OrderState, at: Time, by: By) -> (Tally, Option<UserId>) {
    let (milestones, ride) = (&order.milestones, order.draft.ride);
    let mut tally = Tally { restored: i64::from(from == OrderPhase::Cancelled), ..Tally::default() };
    match to {
        OrderState::Assigned { .. } => {
            tally.assigned = 1;
            if milestones.assigned_at == Some(at) {
                (tally.found, tally.search_ms) = (1, at.since(order.created_at).ms());
            }
        }
        OrderState::RideOngoing { .. } => (tally.rides, tally.waited_ms) = (1, milestones.waited.ms()),
        OrderState::Completed { .. } => {
            let price = milestones.settled.as_ref().map_or(0, |settled| settled.total_minor);
            (tally.completed, tally.price_minor) = (1, price);
            (tally.way_m, tally.ride_s) = (ride.way_m.into(), ride.ride_s.into());
            (tally.timed, tally.whole_ms) = (1, at.since(order.created_at).ms());
            tally.quoted_minor = order.quote.breakdown.total_minor;
        }
        OrderState::Cancelled => {
            (tally.cancelled, tally.fees_minor) = (1, milestones.cancel_fee.map_or(0, |fee| fee.minor));
            tally.by_passenger = i64::from(matches!(by, By::Passenger(_)));
            tally.by_courier = i64::from(matches!(by, By::Courier(_)));
        }
        OrderState::NoShow { .. } => tally.no_shows = 1,
        OrderState::Incident { .. } => tally.incidents = 1,
        OrderState::Rejected => tally.rejected = 1,
        OrderState::ActiveQueue => tally.to_desk = i64::from(by == By::Engine),
        OrderState::Draft
        | OrderState::Submitted
        | OrderState::AwaitingDispatcherDecision
        | OrderState::Created
        | OrderState::Matching { .. }
        | OrderState::Offered { .. }
        | OrderState::DriverEnRoute { .. }
        | OrderState::ArrivedWaiting { .. } => {}
    }
    let courier = match by {
        By::Courier(courier) => Some(courier),
        By::Passenger(_) | By::Staff(_) | By::Engine => to.courier(),
    };
    (tally, courier)
}

/// The counts of one region in one hour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionHour {
    /// The region; `None` for orders outside of every region.
    pub region: Option<RegionId>,
    /// The begin of the hour.
    pub hour: Time,
    /// The counts.
    pub tally: Tally,
}

/// Steps of a series.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// By the hour.
    Hour,
    /// By the day of the time zone.
    Day,
    /// By the week, from Monday.
    Week,
    /// By the month.
    Month,
}

impl Step {
    /// The begin of the step that a moment is in.
    fn begin(self, at: &Zoned) -> Option<Zoned> {
        let day = at.start_of_day().ok()?;
        match self {
            Self::Hour => at.round(ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Floor)).ok(),
            Self::Day => Some(day),
            Self::Week => {
                let since_monday = i64::from(day.weekday().since(Weekday::Monday));
                day.checked_sub(jiff::Span::new().days(since_monday)).ok()?.start_of_day().ok()
            }
            Self::Month => day.first_of_month().ok()?.start_of_day().ok(),
        }
    }

    fn next(self, begin: &Zoned) -> Option<Zoned> {
        let step = jiff::Span::new();
        let step = match self {
            Self::Hour => step.hours(1),
            Self::Day => step.days(1),
            Self::Week => step.weeks(1),
            Self::Month => step.months(1),
        };
        let next = begin.checked_add(step).ok()?;
        if self == Self::Hour { Some(next) } else { next.start_of_day().ok() }
    }
}

/// Counts over time: one item for each step from that of `from` to before `to`, zeros included, by its begin.
/// Hours that were counted belong to the step in which they begin. At most [`MAX_STEPS`] items; nothing of an
/// empty time.
#[must_use]
pub fn series(hours: &[RegionHour], from: Time, to: Time, step: Step, zone: &TimeZone) -> Vec<(Time, Tally)> {
    let mut items: Vec<(Time, Tally)> = Vec::new();
    let mut begin = local(from, zone).and_then(|from| step.begin(&from));
    while let Some(at) = begin.take_if(|at| moment(at) < to && items.len() < MAX_STEPS) {
        items.push((moment(&at), Tally::default()));
        begin = step.next(&at);
    }
    for hour in hours.iter().filter(|hour| hour.hour < to) {
        let place = items.partition_point(|(begin, _)| *begin <= hour.hour);
        if let Some((_, tally)) = place.checked_sub(1).and_then(|place| items.get_mut(place)) {
            *tally += hour.tally;
        }
    }
    items
}

/// Counts by region: those that are named, zeros included, and after them what belongs to none of these.
#[must_use]
pub fn by_region(hours: &[RegionHour], regions: &[RegionId]) -> Vec<(Option<RegionId>, Tally)> {
    let mut items: Vec<(Option<RegionId>, Tally)> =
        regions.iter().map(|region| (Some(*region), Tally::default())).collect();
    items.push((None, Tally::default()));
    for hour in hours {
        let place = regions.iter().position(|region| Some(*region) == hour.region).unwrap_or(regions.len());
        items[place].1 += hour.tally;
    }
    items
}

/// Counts by the hour of the day in a time zone, from 0 to 23: when a town is busy.
#[must_use]
pub fn by_hour_of_day(hours: &[RegionHour], zone: &TimeZone) -> [Tally; 24] {
    let mut items = [Tally::default(); 24];
    for hour in hours {
        let there = local(hour.hour, zone).and_then(|there| usize::try_from(there.hour()).ok());
        if let Some(tally) = there.and_then(|there| items.get_mut(there)) {
            *tally += hour.tally;
        }
    }
    items
}

/// All counts together.
#[must_use]
pub fn total(hours: &[RegionHour]) -> Tally {
    let mut total = Tally::default();
    hours.iter().for_each(|hour| total += hour.tally);
    total
}

fn local(at: Time, zone: &TimeZone) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at.ms()).ok()?.to_zoned(zone.clone()))
}

fn moment(at: &Zoned) -> Time {
    Time::from_ms(at.timestamp().as_millisecond())
}
