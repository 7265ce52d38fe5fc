//! What this node has learned: how couriers answer, what room was wanted lately, and who has agreed to what.
//!
//! All of it can be had from the store again, and none of it decides a claim: it only says whom to ask first
//! and which acceptance to take.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use smallvec::SmallVec;

use crate::ids::{PackageId, TripId, UserId};
use crate::market::package::{Outcome, Package, PackageEvent, PackageState};
use crate::market::request::{Origin, Request, RequestState};
use crate::matching::policy::couriers::Couriers;
use crate::matching::policy::demand::{Asked, Demand, History};
use crate::matching::policy::evidence::is_evidence;
use crate::matching::policy::outlook::{Outlook, View, bounded};
use crate::matching::policy::settlement::Settlement;
use crate::matching::policy::standing::{Agreed, Standing, Standings};
use crate::matching::{Candidate, PackageEntry, Settings, TripEntry, TripIndex, gain_rub};
use crate::time::{Span, Time};

/// How long the learned demand for a trip's room is used before it is worked out anew.
const FRESH: Span = Span::hours(1);

/// Of how many trips the demand is kept; more than that are worked out anew.
const MAX_DEMANDS: usize = 50_000;

/// What this node has learned.
#[derive(Default)]
pub(super) struct MarketModel {
    couriers: RwLock<Couriers>,
    history: RwLock<History>,
    settlement: RwLock<Arc<Settlement>>,
    demands: Mutex<HashMap<TripId, (Time, Arc<Demand>)>>,
    /// Who has agreed to carry what.
    pub(super) standings: RwLock<Standings>,
}

impl MarketModel {
    /// Replaces what this node has learned about couriers by what the store says.
    pub(super) fn replace_couriers(&self, couriers: Couriers) {
        *self.couriers.write() = couriers;
    }

    /// Replaces the known evidence of demand by what the store has, oldest first.
    pub(super) fn replace_evidence(
        &self,
        packages: &[Package],
        entry: impl Fn(&Package) -> PackageEntry,
        settings: &Settings,
    ) {
        let known: HashSet<PackageId> = packages.iter().map(|package| package.id).collect();
        self.history.write().retain(|id| known.contains(&id));
        for package in packages {
            if !self.history.read().knows(package.id) {
                let entry = entry(package);
                self.history.write().note(&entry, package.created_at, settings);
            }
        }
    }

    /// Takes in what the last days have settled on.
    pub(super) fn adopt(&self, settlement: Settlement) {
        self.history.write().adopt(&settlement);
        *self.settlement.write() = Arc::new(settlement);
        self.demands.lock().clear();
    }

    /// Learns from what has happened to the requests of a package.
    pub(super) fn learn(&self, package: &Package, outcome: &Outcome) {
        for event in &outcome.events {
            let PackageEvent::RequestMoved { id, from: RequestState::Pending, to } = event else { continue };
            let accepted = match to {
                RequestState::Agreed { .. } | RequestState::Accepted { .. } => true,
                RequestState::Declined { .. } | RequestState::Expired { .. } => false,
                _ => continue,
            };
            if let Some(request) = package.request(*id).filter(|request| request.origin == Origin::Engine) {
                self.couriers.write().note(request.courier, accepted);
            }
        }
    }

    /// Takes in a package that is new or has changed: whether it is evidence of demand, and who has agreed to
    /// it.
    pub(super) fn follow(&self, package: &Package, entry: &PackageEntry, now: Time, settings: &Settings) {
        self.weigh(package, entry, now, settings);
        let agreed = self.agreed(package, entry, settings);
        if agreed.is_some() || self.standings.read().get(package.id).is_some() {
            self.standings.write().set(package.id, agreed);
        }
    }

    /// A package is evidence as soon as it has a deal, and no longer once it is called off. A package that
    /// only waits is not counted here: only the store knows whether its sender could pay, and every node
    /// learns that from the store.
    fn weigh(&self, package: &Package, entry: &PackageEntry, now: Time, settings: &Settings) {
        let days = Span::days(i64::from(settings.history_days));
        let is_known = self.history.read().knows(package.id);
        if package.state.deal().is_some() && !is_known && now.since(package.created_at) < days {
            self.history.write().note(entry, package.created_at, settings);
        }
        let is_over = matches!(package.state, PackageState::Cancelled { .. });
        if is_over && is_known && !is_evidence(package, now, settings) {
            self.history.write().retract(package.id);
            self.demands.lock().retain(|_, (_, demand)| !demand.rests_on(package.sender));
        }
    }

    /// What the room of a trip costs those who are still to come, in roubles.
    pub(super) fn price_rub(
        &self,
        trip: &TripEntry,
        asked: Asked<'_>,
        now: Time,
        settings: &Settings,
    ) -> f64 {
        self.demand(trip, now, settings).price_rub(trip, asked, now)
    }

    fn demand(&self, trip: &TripEntry, now: Time, settings: &Settings) -> Arc<Demand> {
        if let Some((at, demand)) = self.demands.lock().get(&trip.id)
            && now.since(*at) < FRESH
        {
            return Arc::clone(demand);
        }
        let demand = Arc::new(self.history.read().demand(trip, settings));
        let mut demands = self.demands.lock();
        if demands.len() >= MAX_DEMANDS {
            demands.clear();
        }
        demands.insert(trip.id, (now, Arc::clone(&demand)));
        demand
    }

    fn weight(&self, courier: UserId, package: &PackageEntry, settings: &Settings) -> f64 {
        let fairness = self.couriers.read().fairness(courier, settings);
        if settings.region_weights.is_empty() {
            return bounded(fairness);
        }
        let pickup = package.pickups.first().map(|spot| spot.place.to_string());
        let region = pickup.and_then(|place| settings.region_weights.get(&place)).copied();
        bounded(fairness * region.unwrap_or(1.0))
    }

    /// What stands for an open package.
    fn agreed(&self, package: &Package, entry: &PackageEntry, settings: &Settings) -> Option<Agreed> {
        let confirm_by = package.draft.confirm_by?;
        let standing = |request: &Request| {
            matches!(request.state, RequestState::Agreed { .. }).then(|| Standing {
                request: request.id,
                trip: request.trip,
                plan: request.plan,
                gain_rub: gain_rub(&request.plan, entry, settings)
                    * self.weight(request.courier, entry, settings),
            })
        };
        let standing: SmallVec<[Standing; 4]> = package.requests.iter().filter_map(standing).collect();
        if standing.is_empty() {
            return None;
        }
        // What may still come does not change with who has agreed.
        let known = self.standings.read().get(package.id).map(|agreed| Arc::clone(&agreed.prospects));
        let prospects = known.unwrap_or_else(|| {
            let settlement = Arc::clone(&self.settlement.read());
            settlement.prospects(entry, settings)
        });
        Some(Agreed {
            sender: package.sender,
            published_at: package.created_at,
            load: package.draft.load,
            confirm_by,
            prospects,
            standing,
        })
    }
}

/// What this node believes at a moment.
pub(super) struct Seen<'a> {
    pub(super) model: &'a MarketModel,
    pub(super) trips: &'a TripIndex,
    pub(super) now: Time,
    pub(super) settings: &'a Settings,
}

impl View for Seen<'_> {
    fn now(&self) -> Time {
        self.now
    }

    fn settings(&self) -> &Settings {
        self.settings
    }
}

impl Outlook for Seen<'_> {
    fn acceptance(&self, courier: UserId) -> f64 {
        self.model.couriers.read().acceptance(courier, self.settings)
    }

    fn room_price_rub(&self, candidate: &Candidate, package: &PackageEntry) -> f64 {
        // Acceptances that stand side by side cost nobody anything: the price counts when one is chosen.
        if package.has_time_to_choose(self.now) {
            return 0.0;
        }
        let trip = self.trips.get(candidate.trip);
        trip.map_or(0.0, |trip| {
            let asked = Asked { sender: package.sender, plan: &candidate.plan, load: package.load };
            self.model.price_rub(trip, asked, self.now, self.settings)
        })
    }

    fn weight(&self, courier: UserId, package: &PackageEntry) -> f64 {
        self.model.weight(courier, package, self.settings)
    }
}
