//! The engine's policy, driven as the server drives it: waves of offers, answers, standing acceptances,
//! choices.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::trip::Trip;
use peerpack_actors::matching::policy::demand::{Asked, Demand, History};
use peerpack_actors::matching::policy::evidence::least_wait;
use peerpack_actors::matching::policy::keeping::next_step;
use peerpack_actors::matching::policy::outlook::{Outlook, View};
use peerpack_actors::matching::policy::settlement::{PastPackage, PastTrip, Settlement};
use peerpack_actors::matching::policy::standing::{Agreed, Standing, Standings};
use peerpack_actors::matching::{
    Candidate, PackageEntry, Ranked, Settings, TripEntry, gain_rub, policy, rank,
};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::time::{Span, Time};
use rand::RngExt;
use rand::rngs::Xoshiro256PlusPlus;

use crate::generator::World;
use crate::market::Market;
use crate::seed::{Seed, Training};
use crate::simulation::{Policy, ROUND};

/// How often the engine learns anew what room was worth.
const SETTLE: Span = Span::hours(24);

/// How couriers answer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Manners {
    /// The chance that an offer is accepted, 0 to 1.
    pub acceptance: f64,
    /// An answer takes up to this long.
    pub slowest: Span,
}

impl Manners {
    /// Everybody accepts, at once.
    pub const WILLING: Self = Self { acceptance: 1.0, slowest: Span::seconds(0) };

    /// Whether the courier of a trip would carry a package: the same for everybody who asks, whenever they
    /// do.
    #[must_use]
    pub fn accepts(&self, package: PackageId, trip: TripId) -> bool {
        let mixed = (package.uuid().as_u128() ^ trip.uuid().as_u128().rotate_left(64)) as u64;
        let share = (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64;
        share < self.acceptance
    }
}

/// The engine's policy at work in a market.
pub struct Engine {
    manners: Manners,
    random: Xoshiro256PlusPlus,
    history: History,
    /// Packages that are evidence of demand, or may become some: when they have waited long enough.
    waiting: BTreeSet<(Time, PackageId)>,
    packages: Vec<PastPackage>,
    trips: Vec<PastTrip>,
    settlement: Settlement,
    settled_at: Option<Time>,
    demands: HashMap<TripId, Demand>,
    standings: Standings,
    answers: BinaryHeap<Reverse<(Time, u64)>>,
    asked: HashMap<u64, (PackageId, Candidate)>,
    live: HashMap<UserId, usize>,
    look_again: BTreeSet<(Time, PackageId)>,
    offers: u64,
}

/// What the engine believes in a market.
struct Beliefs<'a> {
    acceptance: f64,
    demands: &'a HashMap<TripId, Demand>,
    market: &'a Market,
}

impl Outlook for Beliefs<'_> {
    fn acceptance(&self, _: UserId) -> f64 {
        self.acceptance
    }

    fn room_price_rub(&self, candidate: &Candidate, package: &PackageEntry) -> f64 {
        // As on a node: the price counts when one of those who stand side by side is chosen.
        if package.has_time_to_choose(self.market.now) {
            return 0.0;
        }
        let trip = self.market.trips.get(candidate.trip);
        let demand = trip.zip(self.demands.get(&candidate.trip));
        demand.map_or(0.0, |(trip, demand)| {
            let asked = Asked { sender: package.sender, plan: &candidate.plan, load: package.load };
            demand.price_rub(trip, asked, self.market.now)
        })
    }
}

impl View for Beliefs<'_> {
    fn now(&self) -> Time {
        self.market.now
    }

    fn settings(&self) -> &Settings {
        &self.market.settings
    }
}

impl Engine {
    /// An engine that has seen the market of `past` go by, whose senders left it as much time.
    #[must_use]
    pub fn new(
        past: &World<Training>,
        confirm_within: Option<Span>,
        manners: Manners,
        settings: &Settings,
    ) -> Self {
        let shift = Span::days(past.scenario.days);
        let mut engine = Self {
            manners,
            random: past.seed.random(2),
            history: History::default(),
            waiting: BTreeSet::new(),
            packages: Vec::new(),
            trips: Vec::new(),
            settlement: Settlement::default(),
            settled_at: None,
            demands: HashMap::new(),
            standings: Standings::default(),
            answers: BinaryHeap::new(),
            asked: HashMap::new(),
            live: HashMap::new(),
            look_again: BTreeSet::new(),
            offers: 0,
        };
        for package in &past.packages {
            let published_at = package.created_at - shift;
            let mut entry = PackageEntry::of(&package_before(package, shift), Gazetteer::bundled(), settings);
            entry.confirm_by = confirm_within.map(|within| (published_at + within).min(entry.deliver_by));
            engine.note(entry, published_at, settings);
        }
        for trip in &past.trips {
            let entry = TripEntry::of(&trip_before(trip, shift), Gazetteer::bundled(), settings);
            engine.trips.push(PastTrip { entry, published_at: trip.created_at - shift });
        }
        engine
    }

    fn note(&mut self, entry: PackageEntry, published_at: Time, settings: &Settings) {
        if self.history.knows(entry.id) {
            return;
        }
        self.history.note(&entry, published_at, settings);
        self.packages.push(PastPackage { entry, published_at });
    }

    /// Learns anew from the last days what room was worth, once in a while.
    fn settle(&mut self, market: &Market) {
        if self.settled_at.is_some_and(|at| market.now.since(at) < SETTLE) {
            return;
        }
        self.settled_at = Some(market.now);
        let span = Span::days(i64::from(market.settings.history_days));
        let since = market.now - span;
        self.packages.retain(|package| package.published_at >= since);
        self.trips.retain(|trip| trip.published_at >= since);
        let gazetteer = Gazetteer::bundled();
        let over = self.packages.iter().filter(|package| market.waiting.get(package.entry.id).is_none());
        let over: Vec<_> = over.cloned().collect();
        self.settlement = Settlement::of(self.trips.clone(), &over, span, &market.settings, gazetteer);
        self.history.adopt(&self.settlement);
        for trip in market.trips.iter() {
            self.demands.insert(trip.id, self.history.demand(trip, &market.settings));
        }
    }

    fn consider(&mut self, market: &mut Market, package: PackageId) {
        let Some(entry) = market.waiting.get(package).cloned() else { return };
        let most = market.settings.max_live_offers;
        let is_free = |courier| self.live.get(&courier).is_none_or(|live| *live < most);
        let can_be_asked = |courier| !entry.is_pending_with(courier) && is_free(courier);
        let candidates =
            market.trips.candidates_among(&entry, market.now, market.settings.candidates, can_be_asked);
        let step = {
            let beliefs = Beliefs { acceptance: self.manners.acceptance, demands: &self.demands, market };
            let ranked = rank(&candidates, &entry, &beliefs, market.now, &market.settings);
            let busy = |one: &Ranked| !is_free(one.candidate.courier);
            next_step(&ranked, &entry, &beliefs, market.now, &market.settings, busy)
        };
        if let Some(kept_until) = step.kept_until {
            let again = Span::minutes(i64::from(market.settings.look_again_min));
            self.look_again.insert(((market.now + again).min(kept_until), package));
        }
        let asked = !step.wave.is_empty();
        for one in step.wave {
            self.offer(market, package, one.candidate);
        }
        let collects = market.waiting.get(package).is_some_and(|entry| entry.is_deferred(market.now));
        if asked && collects && self.manners.slowest == Span::default() {
            // All of them have answered.
            self.consider(market, package);
        }
    }

    fn offer(&mut self, market: &mut Market, package: PackageId, candidate: Candidate) {
        self.offers += 1;
        *self.live.entry(candidate.courier).or_default() += 1;
        market.change(package, |entry| {
            entry.pending.push((candidate.trip, candidate.courier));
            entry.offered.push(candidate.courier);
        });
        self.asked.insert(self.offers, (package, candidate));
        let slowest_ms = self.manners.slowest.ms();
        if slowest_ms == 0 {
            self.answer(market, self.offers);
        } else {
            let delay = Span::from_ms(self.random.random_range(0..slowest_ms));
            self.answers.push(Reverse((market.now + delay, self.offers)));
        }
    }

    fn answer(&mut self, market: &mut Market, offer: u64) {
        let Some((package, candidate)) = self.asked.remove(&offer) else { return };
        *self.live.entry(candidate.courier).or_insert(1) -= 1;
        let accepts = self.manners.accepts(package, candidate.trip);
        if market.waiting.get(package).is_none() {
            return;
        }
        market.change(package, |entry| {
            entry.pending.retain(|(trip, _)| *trip != candidate.trip);
            entry.offered.retain(|courier| *courier != candidate.courier);
            if !accepts {
                entry.barred_couriers.push(candidate.courier);
                entry.barred_couriers.sort_unstable();
            }
        });
        if !accepts || candidate.plan.pickup.at <= market.now {
            return self.consider(market, package);
        }
        let entry = market.entry(package);
        if entry.is_deferred(market.now) {
            self.stand(market, package, candidate);
            if self.manners.slowest > Span::default() {
                self.consider(market, package);
            }
            return;
        }
        if market.claim(package, &candidate) {
            self.carried(market, package);
        } else {
            self.consider(market, package);
        }
    }

    /// A package has its courier.
    fn carried(&mut self, market: &Market, package: PackageId) {
        self.standings.set(package, None);
        let entry = market.entry(package).clone();
        let published_at = entry.published_at;
        self.note(entry, published_at, &market.settings);
    }

    /// Takes in who has waited long enough to be evidence.
    fn take_in_who_waits(&mut self, market: &Market) {
        while let Some((at, package)) = self.waiting.first().copied().filter(|(at, _)| *at <= market.now) {
            self.waiting.remove(&(at, package));
            let entry = market.entry(package).clone();
            let published_at = entry.published_at;
            self.note(entry, published_at, &market.settings);
        }
    }

    fn stand(&mut self, market: &mut Market, package: PackageId, candidate: Candidate) {
        market.change(package, |entry| entry.standing.push((candidate.trip, candidate.courier)));
        let entry = market.entry(package);
        let mut agreed = self.standings.get(package).cloned().unwrap_or_else(|| Agreed {
            sender: entry.sender,
            published_at: entry.published_at,
            load: entry.load,
            confirm_by: entry.confirm_by.expect("the package is deferred"),
            prospects: self.settlement.prospects(entry, &market.settings),
            standing: Default::default(),
        });
        agreed.standing.push(Standing {
            request: RequestId::new(market.now, self.random.random()),
            trip: candidate.trip,
            plan: candidate.plan,
            gain_rub: gain_rub(&candidate.plan, entry, &market.settings),
        });
        self.standings.set(package, Some(agreed));
        if candidate.plan.pickup.at - notice(market) <= market.now {
            self.choose(market, &[package]);
        }
    }

    /// Makes deals of the acceptances that have to become some now.
    fn choose(&mut self, market: &mut Market, due: &[PackageId]) {
        let price_rub = |trip: &TripEntry, asked: Asked<'_>| {
            self.demands.get(&trip.id).map_or(0.0, |demand| demand.price_rub(trip, asked, market.now))
        };
        let chosen = self.standings.choose(due, &market.trips, price_rub, market.now, &market.settings);
        for (package, standing) in chosen {
            let trip = market.trips.get(standing.trip).expect("what is chosen is live");
            let candidate =
                Candidate { trip: trip.id, courier: trip.courier, price: trip.price(), plan: standing.plan };
            if market.claim(package, &candidate) {
                self.carried(market, package);
            }
        }
    }
}

/// A trip of the past, so long before.
fn trip_before(trip: &Trip, by: Span) -> Trip {
    let mut trip = trip.clone();
    for stop in &mut trip.draft.stops {
        (stop.arrive, stop.depart) = (stop.arrive - by, stop.depart - by);
    }
    trip
}

fn package_before(package: &Package, by: Span) -> Package {
    let mut package = package.clone();
    let draft = &mut package.draft;
    (draft.ready_at, draft.deliver_by) = (draft.ready_at - by, draft.deliver_by - by);
    package
}

fn notice(market: &Market) -> Span {
    Span::minutes(i64::from(market.settings.notice_min))
}

impl Policy for Engine {
    fn package_published(&mut self, market: &mut Market, package: PackageId) {
        self.settle(market);
        let published_at = market.entry(package).published_at;
        self.waiting.insert((published_at + least_wait(&market.settings), package));
        self.consider(market, package);
    }

    fn trip_published(&mut self, market: &mut Market, trip: TripId) {
        self.settle(market);
        let Some(entry) = market.trips.get(trip).cloned() else { return };
        self.trips.push(PastTrip { entry: entry.clone(), published_at: market.now });
        self.demands.insert(trip, self.history.demand(&entry, &market.settings));
        let best = {
            let view = Beliefs { acceptance: self.manners.acceptance, demands: &self.demands, market };
            policy::queue(&entry, &market.waiting, &view)
        };
        for (package, _) in best.into_iter().take(policy::MAX_WOKEN) {
            self.consider(market, package);
        }
    }

    fn package_withdrawn(&mut self, package: PackageId) {
        self.waiting.retain(|(_, waiting)| *waiting != package);
        self.history.retract(package);
        self.packages.retain(|past| past.entry.id != package);
    }

    fn round(&mut self, market: &mut Market) {
        let now = market.now;
        self.take_in_who_waits(market);
        self.settle(market);
        while let Some(Reverse((_, offer))) =
            self.answers.peek().copied().filter(|Reverse((at, _))| *at <= now)
        {
            self.answers.pop();
            self.answer(market, offer);
        }
        while let Some((at, package)) = self.look_again.first().copied().filter(|(at, _)| *at <= now) {
            self.look_again.remove(&(at, package));
            self.consider(market, package);
        }
        let gone: Vec<_> = self
            .standings
            .iter()
            .map(|(package, _)| package)
            .filter(|id| market.waiting.get(*id).is_none())
            .collect();
        for package in gone {
            self.standings.set(package, None);
        }
        let next = now + ROUND;
        let is_due = |agreed: &Agreed| {
            agreed.confirm_by <= next
                || agreed
                    .standing
                    .iter()
                    .any(|one| one.plan.pickup.at > now && one.plan.pickup.at - notice(market) <= next)
        };
        let due: Vec<_> =
            self.standings.iter().filter(|(_, agreed)| is_due(agreed)).map(|(package, _)| package).collect();
        self.choose(market, &due);
    }
}
