//! Whether a trip can carry a package, how, and if not, why. Exact: the indexes only choose what is asked
//! here.

use crate::leg::LegSpan;
use crate::market::load::Load;
use crate::market::request::{HandOver, Plan};
use crate::matching::zone::way_min;
use crate::matching::{Anchor, PackageEntry, Reason, TripEntry, Zone};
use crate::time::Time;

/// A minute of detour takes of the budget that all packages of a trip share, and its cost in money is half as
/// much again as that of a minute on a way which people settle among themselves.
const DETOUR_WEIGHS: u32 = 3;
const WAY_WEIGHS: u32 = 2;

/// What is asked of a trip, for a package or in a search.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Need<'a> {
    /// Places to get on.
    pub pickups: &'a Zone,
    /// Places to get off.
    pub dropoffs: &'a Zone,
    /// Room needed on every leg in between.
    pub load: Load,
    /// The earliest moment of the pickup.
    pub ready_at: Time,
    /// The latest moment of the delivery.
    pub deliver_by: Time,
}

impl<'a> Need<'a> {
    /// To pass one zone and later another, with any room and at any time.
    #[must_use]
    pub const fn to_pass(pickups: &'a Zone, dropoffs: &'a Zone) -> Self {
        let (ready_at, deliver_by) = (Time::from_ms(i64::MIN), Time::from_ms(i64::MAX));
        Self { pickups, dropoffs, load: Load::NONE, ready_at, deliver_by }
    }
}

/// The best plan for a package on a trip that may be proposed to its courier.
///
/// # Errors
/// Why it may not be proposed, or the reason of [`fit`].
pub fn feasible(trip: &TripEntry, package: &PackageEntry, now: Time) -> Result<Plan, Reason> {
    objection(trip, package, now).map_or_else(|| fit(trip, &package.need(), now), Err)
}

/// Why a trip may not be proposed the package, whether or not it could carry it.
pub(super) fn objection(trip: &TripEntry, package: &PackageEntry, now: Time) -> Option<Reason> {
    if trip.courier == package.sender {
        return Some(Reason::OwnPackage);
    }
    if package.barred.binary_search(&trip.id).is_ok()
        || package.barred_couriers.binary_search(&trip.courier).is_ok()
    {
        return Some(Reason::DeclinedBefore);
    }
    if package.is_requested(trip.id) {
        return Some(Reason::Requested);
    }
    package.is_paused(trip.id, now).then_some(Reason::Lapsed)
}

/// The plan with the least burden: the detour, and with less weight the ways between the package's places and
/// the hand-overs. Then the least of the courier's budget, then the earliest dropoff, then the fewest legs.
/// For requests between people this is all that counts: they may come back to what they turned down.
///
/// # Errors
/// The reason of the pair of anchors that came nearest: off the route, then order, time, capacity, detour.
pub fn fit(trip: &TripEntry, need: &Need<'_>, now: Time) -> Result<Plan, Reason> {
    if !trip.live {
        return Err(Reason::NotLive);
    }
    let boards = trip.anchors_at(need.pickups);
    if boards.is_empty() {
        return Err(Reason::OffRoute);
    }
    best_ride(trip, need, &boards, now)
}

/// The plan of [`fit`], unless it begins later than that; nothing, too, where there is none.
pub(super) fn fit_by(trip: &TripEntry, need: &Need<'_>, now: Time, latest: Time) -> Option<Plan> {
    if !trip.live {
        return None;
    }
    let mut boards = trip.anchors_at(need.pickups);
    boards.retain(|on| on.depart > now && on.depart >= need.ready_at);
    // Half of the work is the other end; for most trips it need not be done.
    let in_time = boards.iter().any(|on| on.depart <= latest);
    if in_time { best_ride(trip, need, &boards, now).ok() } else { None }
}

/// The best plan that begins at one of these anchors.
fn best_ride(trip: &TripEntry, need: &Need<'_>, boards: &[Anchor], now: Time) -> Result<Plan, Reason> {
    let alights = trip.anchors_at(need.dropoffs);
    let mut best = None;
    let mut nearest = Reason::OffRoute;
    for on in boards {
        for off in &alights {
            let (from, to) = (on.order(), off.order());
            match if from < to { ride(trip, need, on, off, now) } else { Err(Reason::Order) } {
                Ok(ride) => {
                    let burden = DETOUR_WEIGHS * ride.detour_min
                        + WAY_WEIGHS * (way_min(on.way_m) + way_min(off.way_m));
                    let key = (burden, ride.detour_min, ride.dropoff.at, std::cmp::Reverse(from), to);
                    if best.is_none_or(|(least, _)| key < least) {
                        best = Some((key, ride));
                    }
                }
                Err(reason) if is_nearer(reason, nearest) => nearest = reason,
                Err(_) => {}
            }
        }
    }
    best.map(|(_, plan)| plan).ok_or(nearest)
}

/// The plan between two anchors, the first one earlier on the way.
fn ride(trip: &TripEntry, need: &Need<'_>, on: &Anchor, off: &Anchor, now: Time) -> Result<Plan, Reason> {
    if on.depart <= now || on.depart < need.ready_at || off.arrive > need.deliver_by {
        return Err(Reason::Time);
    }
    let legs = LegSpan { from: on.board, to: off.alight };
    let mut room_left_g = u32::MAX;
    for leg in legs.from..legs.to {
        let left = trip.left(leg);
        if !need.load.fits(left) {
            return Err(Reason::Capacity { leg });
        }
        room_left_g = room_left_g.min(left.weight_g);
    }
    let detour_min = on.detour_min + off.detour_min;
    if detour_min > trip.detour_left_min {
        return Err(Reason::Detour { needs_min: detour_min, budget_min: trip.detour_left_min });
    }
    Ok(Plan {
        legs,
        pickup: HandOver { place: on.place, at: on.depart },
        dropoff: HandOver { place: off.place, at: off.arrive },
        detour_min,
        detour_m: [on.way_m, off.detour_m, off.way_m].into_iter().fold(on.detour_m, u32::saturating_add),
        room_left_g,
    })
}

/// Whether the first reason came nearer to a match than the second one.
const fn is_nearer(reason: Reason, than: Reason) -> bool {
    match (reason, than) {
        (Reason::Detour { needs_min, .. }, Reason::Detour { needs_min: other, .. }) => needs_min < other,
        _ => reason.stage() > than.stage(),
    }
}
