//! Keeps the world moving: packages and trips come and go, and everybody does what they have in mind.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use peerpack_actors::ids::{PackageId, TripId, UserId};
use peerpack_actors::ports::{Store, StreamEntry, Unavailable};
use peerpack_actors::runtime::{Refusal, SessionId};
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::mpsc;

use super::bots::{Ear, Intention, Intentions};
use super::people::World;
use super::routes::Routes;
use super::{journeys, parcels, town};
use crate::app::App;

/// With more trips than this, the oldest one of the demo is called off for each new one.
const MAX_TRIPS: usize = 240;

/// With more waiting packages than this, the oldest one of the demo is called off for each new one.
const MAX_WAITING: usize = 150;

/// How many of its own packages the demo remembers.
const MAX_REMEMBERED: usize = 500;

/// Events that wait to be noticed.
const MAX_HEARD: usize = 4_096;

/// Of each sender, as many packages are looked through when the world wakes up.
const LOOKED_THROUGH: u32 = 50;

/// How long a turn lasts when nothing happens.
const LONGEST_TURN: Span = Span::seconds(5);

/// Lets the people of the world live until the program ends: every other second somebody publishes something,
/// and anybody who gets an offer answers it. Refusals are part of life and only logged.
pub async fn live(app: App, mut world: World) {
    match world.town.take() {
        Some(people) => {
            tokio::join!(town::drive(app.clone(), people), market(app, world));
        }
        None => market(app, world).await,
    }
}

async fn market(app: App, world: World) {
    let Some(routes) = Routes::load() else {
        tracing::error!("a town of the demo is not in the gazetteer; nothing will happen");
        return;
    };
    let (mut town, mut heard) = Town::new(app, world, routes);
    town.wake_up().await;
    loop {
        town.turn(&mut heard).await;
    }
}

struct Town {
    app: App,
    world: World,
    routes: Routes,
    rng: StdRng,
    ears: mpsc::Sender<StreamEntry>,
    intentions: Intentions,
    trips: VecDeque<(TripId, UserId)>,
    packages: VecDeque<(PackageId, UserId)>,
    next_happening: Time,
}

impl Town {
    fn new(app: App, world: World, routes: Routes) -> (Self, mpsc::Receiver<StreamEntry>) {
        let (ears, heard) = mpsc::channel(MAX_HEARD);
        // Not the seed of the population, or the first happenings would repeat it.
        let rng = StdRng::seed_from_u64(world.seed.wrapping_add(1));
        let town = Self {
            next_happening: app.clock.now(),
            intentions: Intentions::default(),
            trips: VecDeque::new(),
            packages: VecDeque::new(),
            app,
            world,
            routes,
            rng,
            ears,
        };
        (town, heard)
    }

    /// Everybody connects and remembers what they had in mind.
    async fn wake_up(&mut self) {
        for (user, number) in self.world.everybody().zip(0..) {
            let ear = Ear { id: SessionId(number), heard: self.ears.clone() };
            if let Err(refusal) = self.app.engine.attach(user, Arc::new(ear)).await {
                tracing::debug!(%user, %refusal, "somebody of the demo could not connect");
            }
        }
        if let Err(error) = self.remember().await {
            tracing::debug!(%error, "the people of the demo remember nothing");
        }
    }

    async fn remember(&mut self) -> Result<(), Unavailable> {
        let database = &self.app.database;
        let mut packages = BTreeMap::new();
        for sender in &self.world.senders {
            let theirs = database.packages_of(*sender, None, LOOKED_THROUGH).await?.packages;
            packages.extend(theirs.into_iter().map(|package| (package.id, package)));
        }
        self.packages.extend(packages.values().map(|package| (package.id, package.sender)));
        let mut trips = BTreeSet::new();
        for courier in &self.world.couriers {
            trips.extend(database.live_trips_of(*courier).await?.into_iter().map(|trip| (trip, *courier)));
        }
        for (trip, _) in &trips {
            let mut riding = database.deals_on(*trip).await?;
            riding.extend(database.pending_on(*trip, None, LOOKED_THROUGH).await?);
            for id in riding {
                if let (false, Some(package)) = (packages.contains_key(&id), database.package(id).await?) {
                    packages.insert(id, package);
                }
            }
        }
        self.trips.extend(trips);
        let ours: BTreeSet<UserId> = self.world.everybody().collect();
        let now = self.app.clock.now();
        for intention in packages.values().flat_map(Intention::about).filter(|one| ours.contains(&one.by)) {
            self.intentions.add(intention, now, &self.world.pace, &mut self.rng);
        }
        Ok(())
    }

    /// Waits for what comes first: an event, something somebody has in mind, the next happening.
    async fn turn(&mut self, heard: &mut mpsc::Receiver<StreamEntry>) {
        let now = self.app.clock.now();
        let next = self.intentions.next().map_or(self.next_happening, |due| due.min(self.next_happening));
        let wait = next.since(now).ms().clamp(0, LONGEST_TURN.ms()).unsigned_abs();
        tokio::select! {
            entry = heard.recv() => {
                if let Some(intention) = entry.as_ref().and_then(Intention::after) {
                    self.intentions.add(intention, self.app.clock.now(), &self.world.pace, &mut self.rng);
                }
            }
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
        }
        let now = self.app.clock.now();
        while let Some(intention) = self.intentions.take(now) {
            self.carry_out(intention).await;
        }
        if self.next_happening <= now {
            self.happen().await;
            let pause = self.rng.random_range(self.world.pace.happening.clone());
            self.next_happening = now + Span::from_ms(pause);
        }
    }

    async fn carry_out(&mut self, intention: Intention) {
        let Some(command) = intention.command(&mut self.rng) else { return };
        let action = command.action();
        match self.app.engine.request(intention.request, command).await {
            Ok(_) => tracing::debug!(request = %intention.request, action, "the demo moves on"),
            Err(refusal) => {
                tracing::debug!(request = %intention.request, action, %refusal, "the demo was refused");
            }
        }
    }

    async fn happen(&mut self) {
        let done = match self.rng.random_range(0..100) {
            0..65 => self.send_something().await,
            65..90 => self.set_out().await,
            90..97 => self.call_a_package_off().await,
            _ => self.call_a_trip_off().await,
        };
        if let Err(refusal) = done {
            tracing::debug!(%refusal, "nothing happened in the demo");
        }
    }

    async fn send_something(&mut self) -> Result<(), Refusal> {
        if self.app.engine.stats().waiting_packages >= MAX_WAITING {
            self.call_a_package_off().await?;
        }
        let draft = parcels::package(&self.routes, self.app.clock.now(), &mut self.rng);
        let sender = self.world.sender(&mut self.rng);
        let package = self.app.engine.publish_package(sender, draft).await?;
        self.packages.push_back((package.id, sender));
        if self.packages.len() > MAX_REMEMBERED {
            self.packages.pop_front();
        }
        Ok(())
    }

    async fn set_out(&mut self) -> Result<(), Refusal> {
        if self.app.engine.stats().trips >= MAX_TRIPS {
            self.call_a_trip_off().await?;
        }
        let now = self.app.clock.now();
        let draft = journeys::trip(&self.routes, now, &mut self.rng);
        let courier = self.world.free_courier(&draft, now, &mut self.rng);
        let trip = self.app.engine.publish_trip(courier, draft).await?;
        self.trips.push_back((trip.id, courier));
        Ok(())
    }

    /// The oldest package that is remembered; whatever can no longer be called off is forgotten.
    async fn call_a_package_off(&mut self) -> Result<(), Refusal> {
        while let Some((package, sender)) = self.packages.pop_front() {
            match self.app.engine.cancel_package(package, sender).await {
                Err(Refusal::Rejected(_) | Refusal::NotFound) => {}
                other => return other.map(drop),
            }
        }
        Ok(())
    }

    /// The oldest trip that is remembered; a trip with parcels on board comes up again later.
    async fn call_a_trip_off(&mut self) -> Result<(), Refusal> {
        for _ in 0..self.trips.len() {
            let Some((trip, courier)) = self.trips.pop_front() else { break };
            match self.app.engine.cancel_trip(trip, courier).await {
                Err(Refusal::Rejected(peerpack_actors::rejection::Rejection::ParcelsOnBoard)) => {
                    self.trips.push_back((trip, courier));
                }
                Err(Refusal::Rejected(_) | Refusal::NotFound) => {}
                other => return other.map(drop),
            }
        }
        Ok(())
    }
}
