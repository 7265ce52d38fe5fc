//! Who is on duty, where, and who of them can take an order.
//!
//! An index, as those of the matching are: it answers *candidates* and decides nothing. A copy that has
//! grown old costs a refusal, because a claim checks the duty's version.

use hashbrown::HashMap;

use super::duty::{Duty, DutyState};
use super::fitness::{self, Unfit};
use super::order::{Order, OrderEvent};
use super::record::Record;
use super::region::Region;
use super::search::Limits;
use super::settings::Settings;
use super::track::{Fix, Sighting, Telling, Track};
use crate::ids::UserId;
use crate::matching::CourierGrid;
use crate::place::Position;
use crate::time::Time;

/// The first ring that is looked through, in kilometres; each further one is twice as wide.
const FIRST_RING_KM: f64 = 1.0;

/// A courier on duty, as a node knows them.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// What the courier is doing.
    pub duty: Duty,
    /// What is known of the courier's habits.
    pub record: Record,
    /// Where the courier is.
    pub track: Track,
}

/// A courier who can take an order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Candidate {
    /// The courier on duty.
    pub courier: UserId,
    /// How long the way to the pickup is, in kilometres of road.
    pub way_km: f64,
    /// How soon the courier can be there, seconds.
    pub eta_s: f64,
}

/// What couriers are compared with: everybody on duty, at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Crowd {
    /// How many orders the median courier has had lately; of an even number of couriers, the lower middle.
    pub median_orders: u32,
}

/// A courier and whether they can take an order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Verdict {
    /// The courier on duty.
    pub courier: UserId,
    /// How far in kilometres of road, if it is known where the courier is.
    pub way_km: Option<f64>,
    /// Why not, if not.
    pub unfit: Option<Unfit>,
}

/// Everybody on duty.
#[derive(Debug, Default)]
pub struct Board {
    couriers: HashMap<UserId, Standing>,
    grid: CourierGrid,
}

impl Board {
    /// Nobody is on duty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many are on duty.
    #[must_use]
    pub fn len(&self) -> usize {
        self.couriers.len()
    }

    /// Whether nobody is on duty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.couriers.is_empty()
    }

    /// A courier on duty.
    #[must_use]
    pub fn get(&self, courier: UserId) -> Option<&Standing> {
        self.couriers.get(&courier)
    }

    /// Takes in a duty, unless a later version is known. Who goes off duty is forgotten, with where they
    /// were.
    pub fn follow(&mut self, duty: Duty) {
        let courier = duty.courier;
        if self.couriers.get(&courier).is_some_and(|known| known.duty.version > duty.version) {
            return;
        }
        if duty.state == DutyState::Offline {
            self.couriers.remove(&courier);
            self.grid.remove(courier);
            return;
        }
        match self.couriers.get_mut(&courier) {
            Some(known) => known.duty = duty,
            None => {
                let standing = Standing { duty, record: Record::default(), track: Track::default() };
                self.couriers.insert(courier, standing);
            }
        }
    }

    /// What is known of a courier's habits, to add to it.
    pub fn record(&mut self, courier: UserId) -> Option<&mut Record> {
        self.couriers.get_mut(&courier).map(|standing| &mut standing.record)
    }

    /// Takes in what a courier has done, unless a later record is known.
    pub fn remember(&mut self, courier: UserId, record: Record) {
        if let Some(known) = self.record(courier)
            && known.version <= record.version
        {
            *known = record;
        }
    }

    /// Notes what couriers have done by a decision on an order, as it was before, that has changed their
    /// duties to these. A record that is behind stays so: it has to be read.
    pub fn learn(&mut self, before: &Order, events: &[OrderEvent], duties: &[Duty]) {
        for duty in duties {
            if let Some(record) = self.record(duty.courier)
                && record.version + 1 == duty.version
            {
                record.learn(duty.courier, before, events);
                record.version = duty.version;
            }
        }
    }

    /// Couriers who have done something that their records do not know, in order of id.
    #[must_use]
    pub fn behind(&self) -> Vec<UserId> {
        let is_behind = |standing: &&Standing| standing.record.version < standing.duty.version;
        let mut behind: Vec<UserId> =
            self.couriers.values().filter(is_behind).map(|standing| standing.duty.courier).collect();
        behind.sort_unstable();
        behind
    }

    /// A courier has said where they are. `None` for somebody who is not on duty.
    pub fn locate(
        &mut self,
        courier: UserId,
        position: Position,
        at: Time,
        settings: &Settings,
    ) -> Option<Sighting> {
        let standing = self.couriers.get_mut(&courier)?;
        let sighting = standing.track.take(Fix { position, at }, settings);
        if sighting == Sighting::Believed {
            self.grid.upsert(courier, position, at);
        }
        Some(sighting)
    }

    /// Who is to be told where a courier is now, and notes that they are.
    pub fn tell(&mut self, courier: UserId, settings: &Settings) -> Telling {
        self.couriers
            .get_mut(&courier)
            .map_or_else(Telling::default, |standing| standing.track.tell(settings))
    }

    /// Forgets positions that are too old to be kept; answers with those of whom it was known where they are.
    pub fn forget_old(&mut self, settings: &Settings, now: Time) -> Vec<UserId> {
        let before = now - settings.position_fresh();
        let mut lost: Vec<UserId> = self
            .couriers
            .values_mut()
            .filter_map(|standing| standing.track.forget(before).then_some(standing.duty.courier))
            .collect();
        lost.sort_unstable();
        for courier in &lost {
            self.grid.remove(*courier);
        }
        lost
    }

    /// Where a courier is, if that was said recently enough to be told.
    #[must_use]
    pub fn fix(&self, courier: UserId, settings: &Settings, now: Time) -> Option<Fix> {
        let fix = self.get(courier)?.track.last()?;
        (now.since(fix.at) <= settings.position_fresh()).then_some(fix)
    }

    /// Everybody on duty, in no order.
    pub fn everybody(&self) -> impl Iterator<Item = &Standing> {
        self.couriers.values()
    }

    /// Couriers who are free and have said for so long nothing of where they are that they go off duty, in
    /// order of id.
    #[must_use]
    pub fn silent(&self, settings: &Settings, now: Time) -> Vec<UserId> {
        let longest = settings.silent_after();
        let is_silent = |standing: &&Standing| {
            let heard = standing.track.heard().unwrap_or(standing.duty.since);
            standing.duty.state.order().is_none() && now.since(heard.max(standing.duty.since)) > longest
        };
        let mut silent: Vec<UserId> =
            self.couriers.values().filter(is_silent).map(|standing| standing.duty.courier).collect();
        silent.sort_unstable();
        silent
    }

    /// What couriers are compared with. It takes a look at everybody: once for many orders.
    #[must_use]
    pub fn crowd(&self, settings: &Settings, now: Time) -> Crowd {
        let since = now - settings.recent();
        let mut orders: Vec<u32> =
            self.couriers.values().map(|standing| standing.record.orders_after(since)).collect();
        if orders.is_empty() {
            return Crowd::default();
        }
        let middle = (orders.len() - 1) / 2;
        let (_, median, _) = orders.select_nth_unstable(middle);
        Crowd { median_orders: *median }
    }

    /// The couriers who can take an order and are within the limits, the nearest first, then by id; at most
    /// `most`. It looks through rings that grow until there are enough, so a crowded town costs no more than
    /// an empty one.
    #[must_use]
    pub fn candidates(
        &self,
        order: &Order,
        limits: Limits,
        most: usize,
        settings: &Settings,
        now: Time,
    ) -> Vec<Candidate> {
        let (pickup, reach_km) = (order.draft.pickup.position, limits.reach_km(settings));
        let since = now - settings.position_fresh();
        let is_fit = |courier: UserId| {
            self.get(courier).is_some_and(|standing| fitness::check(standing, order, settings, now).is_ok())
        };
        let mut ring_km = FIRST_RING_KM.min(reach_km);
        loop {
            let near = self.grid.nearest_of(pickup, ring_km, since, most, is_fit);
            if near.len() >= most || ring_km >= reach_km {
                return near.into_iter().map(|one| candidate(one.courier, one.km, settings)).collect();
            }
            ring_km = (ring_km * 2.0).min(reach_km);
        }
    }

    /// A courier, if they can take an order and are within the limits.
    #[must_use]
    pub fn candidate(
        &self,
        courier: UserId,
        order: &Order,
        limits: Limits,
        settings: &Settings,
        now: Time,
    ) -> Option<Candidate> {
        let standing = self.get(courier)?;
        fitness::check(standing, order, settings, now).ok()?;
        let km = order.draft.pickup.position.distance_km(standing.track.last()?.position);
        (km <= limits.reach_km(settings)).then(|| candidate(courier, km, settings))
    }

    /// Everybody on duty with why they are not asked, by id. `None` of those who are weighed.
    #[must_use]
    pub fn explain(&self, order: &Order, limits: Limits, settings: &Settings, now: Time) -> Vec<Verdict> {
        let weighed = self.candidates(order, limits, settings.nearest, settings, now);
        let reach_km = limits.reach_km(settings);
        let verdict = |standing: &Standing| {
            let courier = standing.duty.courier;
            let km = standing.track.last().map(|fix| order.draft.pickup.position.distance_km(fix.position));
            let unfit = match fitness::check(standing, order, settings, now) {
                Err(unfit) => Some(unfit),
                Ok(()) if km.is_none_or(|km| km > reach_km) => Some(Unfit::TooFar),
                Ok(()) if weighed.iter().all(|one| one.courier != courier) => Some(Unfit::BeyondNearest),
                Ok(()) => None,
            };
            Verdict { courier, way_km: km.map(|km| km * settings.road_factor), unfit }
        };
        let mut verdicts: Vec<Verdict> = self.couriers.values().map(verdict).collect();
        verdicts.sort_unstable_by_key(|verdict| verdict.courier);
        verdicts
    }

    /// Whether a courier stands in a region; one whose position is unknown does not.
    #[must_use]
    pub fn is_within(&self, courier: UserId, region: &Region) -> bool {
        let fix = self.get(courier).and_then(|standing| standing.track.last());
        fix.is_some_and(|fix| region.contains(fix.position))
    }
}

/// A courier so far away, as roads and traffic are in general.
fn candidate(courier: UserId, km: f64, settings: &Settings) -> Candidate {
    let way_km = km * settings.road_factor;
    Candidate { courier, way_km, eta_s: way_km / settings.speed_kmh * 3_600.0 }
}
