//! What an order costs: a quote before the ride, the final price after it, and what calling off costs. Each
//! keeps how it came about.
//!
//! ```text
//! quote = [max(base + way + time, least) + booking + companion + options]
//!         x night x weekend x category x surge
//! final = the same with what was driven, + waiting beyond the free minutes, at most 130 % of the quote
//! ```
//!
//! Whole minor units all the way: each part is rounded half up to one, so that the parts of a breakdown add
//! up, and the product of all percentages is taken once. Totals are rounded half up to the step of the
//! tariff.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::order::By;
use super::phase::OrderPhase;
use super::tariff::Tariff;
use crate::rejection::Rejection;
use crate::time::{Span, Time};

/// The longest ride that is priced, in metres.
pub const MAX_WAY_M: u32 = 2_000_000;

/// The longest ride that is priced, in seconds.
pub const MAX_RIDE_S: u32 = 172_800;

/// What is ordered, as far as it costs something.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Extras {
    /// Somebody comes along.
    pub companion: bool,
    /// A child's seat is needed.
    pub child_seat: bool,
    /// There is large luggage.
    pub large_luggage: bool,
    /// The passenger's category; empty for none.
    pub category: String,
}

/// How far a ride goes, and how long it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Ride {
    /// The way, metres.
    pub way_m: u32,
    /// The time, seconds.
    pub ride_s: u32,
}

/// A ride as it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Driven {
    /// How far, and how long.
    pub ride: Ride,
    /// How long the courier waited at the pickup, seconds; `None` counts from the arrival to the ride.
    pub waited_s: Option<u32>,
    /// Whether the passenger has changed the route: then the price has no upper bound.
    pub route_changed: bool,
}

/// When a pickup is, where it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct LocalHour {
    /// The hour, 0 to 23.
    pub hour: i8,
    /// Whether it is Saturday or Sunday.
    pub weekend: bool,
}

impl LocalHour {
    /// The hour of a moment in a time zone: that of the pickup, never that of the server.
    #[must_use]
    pub fn of(at: Time, zone: &TimeZone) -> Self {
        let there = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        let there = zone.to_datetime(there);
        let weekend = matches!(there.weekday(), Weekday::Saturday | Weekday::Sunday);
        Self { hour: there.hour(), weekend }
    }
}

/// How a price came about, in minor units and percent.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Breakdown {
    /// The version of the tariff.
    pub tariff: u32,
    /// For being driven at all.
    pub base_minor: i64,
    /// What the way costs.
    pub way_minor: i64,
    /// What the time costs.
    pub time_minor: i64,
    /// What the three are raised by, to the least that they cost.
    pub raised_minor: i64,
    /// What the booking costs.
    pub booking_minor: i64,
    /// What the companion costs.
    pub companion_minor: i64,
    /// For the options, such as a child's seat.
    pub options_minor: i64,
    /// All of these.
    pub subtotal_minor: i64,
    /// 100 by day.
    pub night_percent: u32,
    /// 100 on working days.
    pub weekend_percent: u32,
    /// 100 for most.
    pub category_percent: u32,
    /// 100 where there are couriers enough.
    pub surge_percent: u32,
    /// For waiting beyond the free minutes.
    pub waiting_minor: i64,
    /// What it would have cost without the upper bound, if that has lowered it.
    pub uncapped_minor: Option<i64>,
    /// What is paid, in minor units.
    pub total_minor: i64,
}

/// A price before the ride, with everything that the final one depends on: a later tariff changes nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quote {
    /// The tariff by which the ride is settled, too.
    pub tariff: Tariff,
    /// What is ordered.
    pub extras: Extras,
    /// When the pickup is, there.
    pub local: LocalHour,
    /// How the price came about.
    pub breakdown: Breakdown,
}

impl Quote {
    /// The price of a ride that is expected to be so. `surge_percent` is [`Surge::percent`] of the region of
    /// the pickup.
    ///
    /// [`Surge::percent`]: super::surge::Surge::percent
    ///
    /// # Errors
    /// The ride is longer than any.
    pub fn new(
        tariff: Tariff,
        extras: Extras,
        ride: Ride,
        local: LocalHour,
        surge_percent: u32,
    ) -> Result<Self, Rejection> {
        let breakdown = priced(&tariff, &extras, ride, local, surge_percent)?;
        Ok(Self { tariff, extras, local, breakdown })
    }

    /// The final price.
    ///
    /// # Errors
    /// The ride is longer than any.
    pub fn settle(&self, ride: Ride, waited: Span, route_changed: bool) -> Result<Breakdown, Rejection> {
        let surge = self.breakdown.surge_percent;
        let mut last = priced(&self.tariff, &self.extras, ride, self.local, surge)?;
        last.waiting_minor = waiting(&self.tariff, waited);
        let step = self.tariff.step_minor;
        // The product is taken again without its rounding, so that the waiting is added to the exact price.
        let exact = multiplied(&last);
        let total = exact.plus(last.waiting_minor).rounded(step);
        let most = i128::from(self.breakdown.total_minor) * i128::from(self.tariff.most_percent);
        let most = Exact { over: most, under: 100 }.rounded(step);
        last.total_minor = total;
        if !route_changed && total > most {
            (last.total_minor, last.uncapped_minor) = (most, Some(total));
        }
        Ok(last)
    }
}

fn priced(
    tariff: &Tariff,
    extras: &Extras,
    ride: Ride,
    local: LocalHour,
    surge_percent: u32,
) -> Result<Breakdown, Rejection> {
    if ride.way_m > MAX_WAY_M {
        return Err(Rejection::Invalid { field: "distance_km", reason: "is longer than any ride" });
    }
    if ride.ride_s > MAX_RIDE_S {
        return Err(Rejection::Invalid { field: "duration", reason: "is longer than any ride" });
    }
    let when = |holds: bool, minor: i64| if holds { minor } else { 0 };
    let percent = |holds: bool, percent: u32| if holds { percent } else { 100 };
    let base_minor = tariff.base_minor;
    let way_minor = part(tariff.km_minor, ride.way_m, 1_000);
    let time_minor = part(tariff.minute_minor, ride.ride_s, 60);
    let raised_minor = (tariff.least_minor - base_minor - way_minor - time_minor).max(0);
    let companion_minor = when(extras.companion, tariff.companion_minor);
    let options_minor =
        when(extras.child_seat, tariff.child_seat_minor) + when(extras.large_luggage, tariff.luggage_minor);
    let ride_minor = base_minor + way_minor + time_minor + raised_minor;
    let mut breakdown = Breakdown {
        tariff: tariff.version,
        base_minor,
        way_minor,
        time_minor,
        raised_minor,
        booking_minor: tariff.booking_minor,
        companion_minor,
        options_minor,
        subtotal_minor: ride_minor + tariff.booking_minor + companion_minor + options_minor,
        night_percent: percent(tariff.is_night(local.hour), tariff.night_percent),
        weekend_percent: percent(local.weekend, tariff.weekend_percent),
        category_percent: tariff.category(&extras.category),
        surge_percent,
        ..Breakdown::default()
    };
    breakdown.total_minor = multiplied(&breakdown).rounded(tariff.step_minor);
    Ok(breakdown)
}

/// An amount of minor units that is not rounded yet.
#[derive(Clone, Copy)]
struct Exact {
    over: i128,
    under: i128,
}

impl Exact {
    fn plus(self, minor: i64) -> Self {
        Self { over: self.over + i128::from(minor) * self.under, ..self }
    }

    /// The nearest multiple of a step; of two, the higher one.
    fn rounded(self, step: i64) -> i64 {
        let step = i128::from(step.max(1));
        let unit = self.under * step;
        let steps = (2 * self.over + unit).div_euclid(2 * unit);
        i64::try_from(steps * step).unwrap_or(i64::MAX)
    }
}

fn multiplied(breakdown: &Breakdown) -> Exact {
    let percents = [
        breakdown.night_percent,
        breakdown.weekend_percent,
        breakdown.category_percent,
        breakdown.surge_percent,
    ];
    let start = Exact { over: i128::from(breakdown.subtotal_minor), under: 1 };
    percents.into_iter().fold(start, |exact, percent| Exact {
        over: exact.over * i128::from(percent),
        under: exact.under * 100,
    })
}

/// `rate` for each `per` of an amount, to the minor unit.
fn part(rate_minor: i64, amount: u32, per: i128) -> i64 {
    Exact { over: i128::from(rate_minor) * i128::from(amount), under: per }.rounded(1)
}

/// What waiting costs, beyond the free minutes.
#[must_use]
pub fn waiting(tariff: &Tariff, waited: Span) -> i64 {
    let beyond = waited.ms() - Span::minutes(i64::from(tariff.free_waiting_min)).ms();
    let over = i128::from(tariff.waiting_minor) * i128::from(beyond.max(0));
    Exact { over, under: 60_000 }.rounded(1)
}

/// What calling off costs, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CancelFee {
    /// What the passenger pays, minor units.
    pub minor: i64,
    /// Which rule it is by.
    pub reason: FeeReason,
}

/// The rules of calling off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeReason {
    /// The courier or staff has called it off.
    NotByPassenger,
    /// No courier had it.
    BeforeAssignment,
    /// A courier has had it for a moment only.
    JustAssigned,
    /// A courier has had it for longer.
    Assigned,
    /// The courier was on the way, or waited.
    UnderWay,
}

/// Who calls off an order in this phase pays so much. `assigned_at` is when its courier got it, `waited` for
/// how long the courier has been at the pickup.
#[must_use]
pub fn cancel_fee(
    tariff: &Tariff,
    phase: OrderPhase,
    assigned_at: Option<Time>,
    waited: Span,
    by: By,
    now: Time,
) -> CancelFee {
    use OrderPhase as P;
    let fee = |minor, reason| CancelFee { minor, reason };
    if !matches!(by, By::Passenger(_)) {
        return fee(0, FeeReason::NotByPassenger);
    }
    match phase {
        P::Assigned => {
            let free = Span::seconds(i64::from(tariff.free_cancel_s));
            if assigned_at.is_some_and(|at| now.since(at) > free) {
                fee(tariff.cancel_minor, FeeReason::Assigned)
            } else {
                fee(0, FeeReason::JustAssigned)
            }
        }
        P::DriverEnRoute | P::ArrivedWaiting | P::RideOngoing | P::NoShow | P::Incident => {
            fee(tariff.late_cancel_minor + waiting(tariff, waited), FeeReason::UnderWay)
        }
        P::Draft
        | P::Submitted
        | P::AwaitingDispatcherDecision
        | P::Rejected
        | P::Created
        | P::Matching
        | P::ActiveQueue
        | P::Offered
        | P::Completed
        | P::Cancelled => fee(0, FeeReason::BeforeAssignment),
    }
}
