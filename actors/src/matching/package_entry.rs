//! A package as the matching sees it: the zones of its two ends, and whom not to ask again.

use smallvec::SmallVec;

use crate::ids::{PackageId, TripId, UserId};
use crate::market::load::Load;
use crate::market::package::{End, Mode, Package};
use crate::market::request::{Origin, Party, Request, RequestState};
use crate::matching::zone::end_zone;
use crate::matching::{Need, Settings, Zone};
use crate::money::Amount;
use crate::place::Gazetteer;
use crate::time::{Span, Time};

/// Most couriers have answered an offer by then.
const TIME_TO_ANSWER: Span = Span::hours(1);

/// A package in the index.
#[derive(Clone, PartialEq, Debug)]
pub struct PackageEntry {
    /// The package.
    pub id: PackageId,
    /// Who sends it.
    pub sender: UserId,
    /// When it was published.
    pub published_at: Time,
    /// Where it can get on, its own place first. No place is in both lists.
    pub pickups: Zone,
    /// Where it can get off, its own place first.
    pub dropoffs: Zone,
    /// Its way on the road, in metres.
    pub way_m: u32,
    /// The room that it takes.
    pub load: Load,
    /// The earliest moment of the pickup.
    pub ready_at: Time,
    /// The latest moment of the delivery.
    pub deliver_by: Time,
    /// What the courier earns, the platform's fee included.
    pub reward: Amount,
    /// Requests that wait for an answer: their trips and couriers, by trip.
    pub pending: SmallVec<[(TripId, UserId); 4]>,
    /// Those of them whom the engine has asked.
    pub offered: SmallVec<[UserId; 4]>,
    /// Trips that had their chance, in order of id.
    pub barred: Vec<TripId>,
    /// Trips that let an offer run out, and when they may be asked again; by trip.
    pub paused: SmallVec<[(TripId, Time); 2]>,
    /// Who has agreed and waits for the choice: their trips and couriers, by trip.
    pub standing: SmallVec<[(TripId, UserId); 4]>,
    /// Couriers who said no, in order of id: none of their trips is asked again.
    pub barred_couriers: Vec<UserId>,
    /// Whether the engine offers it; otherwise its sender chooses among those who respond, and no room is
    /// kept from it.
    pub is_offered: bool,
    /// When the sender wants to know the courier; before that, acceptances stand side by side. `None`: the
    /// first acceptance is a deal at once.
    pub confirm_by: Option<Time>,
    /// The version of the package this entry was made of.
    pub version: i64,
}

impl PackageEntry {
    /// The entry of a package.
    #[must_use]
    pub fn of(package: &Package, gazetteer: &'static Gazetteer, settings: &Settings) -> Self {
        let draft = &package.draft;
        let (pickup, dropoff) = (draft.pickup.position, draft.dropoff.position);
        let way_km = settings.road_factor * pickup.distance_km(dropoff);
        let mut entry = Self {
            id: package.id,
            sender: package.sender,
            published_at: package.created_at,
            pickups: end_zone(&draft.pickup, &draft.dropoff, gazetteer, settings),
            dropoffs: end_zone(&draft.dropoff, &draft.pickup, gazetteer, settings),
            #[expect(clippy::cast_possible_truncation, reason = "less than the way around the Earth")]
            #[expect(clippy::cast_sign_loss, reason = "never negative")]
            way_m: (way_km * 1_000.0).round() as u32,
            load: draft.load,
            ready_at: draft.ready_at,
            deliver_by: draft.deliver_by,
            reward: draft.reward,
            pending: SmallVec::new(),
            offered: SmallVec::new(),
            barred: Vec::new(),
            paused: SmallVec::new(),
            standing: SmallVec::new(),
            barred_couriers: Vec::new(),
            is_offered: draft.mode == Mode::Instant,
            confirm_by: draft.confirm_by,
            version: package.version,
        };
        entry.note_requests(&package.requests, settings);
        entry
    }

    /// The entry of something that wants to go a way between two moments, and that nobody is offered.
    pub(super) fn of_way(
        id: PackageId,
        sender: UserId,
        (from, to): (&End, &End),
        (ready_at, deliver_by): (Time, Time),
        (load, reward): (Load, Amount),
        gazetteer: &'static Gazetteer,
        settings: &Settings,
    ) -> Self {
        Self {
            id,
            sender,
            published_at: ready_at,
            pickups: end_zone(from, to, gazetteer, settings),
            dropoffs: end_zone(to, from, gazetteer, settings),
            way_m: 0,
            load,
            ready_at,
            deliver_by,
            reward,
            pending: SmallVec::new(),
            offered: SmallVec::new(),
            barred: Vec::new(),
            paused: SmallVec::new(),
            standing: SmallVec::new(),
            barred_couriers: Vec::new(),
            is_offered: false,
            confirm_by: None,
            version: 1,
        }
    }

    /// What the package needs of a trip.
    #[must_use]
    pub fn need(&self) -> Need<'_> {
        Need {
            pickups: &self.pickups,
            dropoffs: &self.dropoffs,
            load: self.load,
            ready_at: self.ready_at,
            deliver_by: self.deliver_by,
        }
    }

    /// Whether the way is so short that offers are a matter of seconds.
    #[must_use]
    pub fn is_in_town(&self, settings: &Settings) -> bool {
        f64::from(self.way_m) <= settings.in_town_km * 1_000.0
    }

    /// Whether a courier has an open request of this package, on any trip.
    #[must_use]
    pub fn is_pending_with(&self, courier: UserId) -> bool {
        self.pending.iter().chain(&self.standing).any(|(_, asked)| *asked == courier)
    }

    /// Whether acceptances stand side by side for now: the sender wants to know later.
    #[must_use]
    pub fn is_deferred(&self, now: Time) -> bool {
        self.confirm_by.is_some_and(|at| at > now)
    }

    /// Whether there is so much time to choose that acceptances cost nobody anything for now: answers to
    /// offers come in before the choice is made.
    #[must_use]
    pub fn has_time_to_choose(&self, now: Time) -> bool {
        self.is_deferred(now + TIME_TO_ANSWER)
    }

    /// Whether a trip let an offer run out and is left alone for now.
    #[must_use]
    pub fn is_paused(&self, trip: TripId, now: Time) -> bool {
        self.paused.iter().any(|(paused, until)| *paused == trip && now < *until)
    }

    /// Whether a request for this package and trip is open: waiting for an answer, or agreed and not chosen
    /// yet.
    #[must_use]
    pub fn is_requested(&self, trip: TripId) -> bool {
        self.pending.iter().chain(&self.standing).any(|(asked, _)| *asked == trip)
    }

    /// As if nobody had been asked.
    pub fn forget_requests(&mut self) {
        self.pending.clear();
        self.offered.clear();
        self.standing.clear();
        self.paused.clear();
        self.barred.clear();
        self.barred_couriers.clear();
    }

    fn note_requests(&mut self, requests: &[Request], settings: &Settings) {
        for request in requests {
            let trip = request.trip;
            match request.state {
                RequestState::Pending => {
                    self.pending.push((trip, request.courier));
                    if request.origin == Origin::Engine {
                        self.offered.push(request.courier);
                    }
                }
                RequestState::Agreed { .. } => self.standing.push((trip, request.courier)),
                // Who lost the race, or was called off by the sender, is welcome when the package is open
                // again.
                RequestState::Taken { .. } | RequestState::Cancelled { by: Party::Sender, .. } => {}
                // Who was silent may have been away, and is asked again, after a pause and so many times.
                RequestState::Expired { at } => {
                    let lapsed = |one: &&Request| {
                        one.trip == trip && matches!(one.state, RequestState::Expired { .. })
                    };
                    if requests.iter().filter(lapsed).count() >= settings.reoffers.max(1) {
                        self.barred.push(trip);
                    } else {
                        self.paused.push((trip, at + settings.reoffer_pause()));
                    }
                }
                RequestState::Accepted { .. }
                | RequestState::PickedUp { .. }
                | RequestState::Delivered { .. }
                | RequestState::Confirmed { .. }
                | RequestState::Disputed { .. }
                | RequestState::Declined { .. }
                | RequestState::Withdrawn { .. }
                | RequestState::Cancelled { by: Party::Courier, .. } => self.barred.push(trip),
            }
            if refused_by_courier(request) {
                self.barred_couriers.push(request.courier);
            }
        }
        self.pending.sort_unstable();
        self.standing.sort_unstable();
        self.barred.sort_unstable();
        self.barred.dedup();
        self.barred_couriers.sort_unstable();
        self.barred_couriers.dedup();
    }
}

fn refused_by_courier(request: &Request) -> bool {
    match request.state {
        // The courier answers what the sender and the engine propose; the courier's own is declined by the
        // sender.
        RequestState::Declined { .. } => request.origin != Origin::Courier,
        RequestState::Cancelled { by, .. } => by == Party::Courier,
        _ => false,
    }
}
