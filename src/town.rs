//! The dispatch in town of a node: the engine's kinds, with the regions and tariffs that they go by.
//!
//! Regions are a kind of work to the engine, for its hints alone: they are few, and read again as a whole
//! when one of them changes.

pub mod daily;
pub mod live;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use jiff::civil::{Time as LocalTime, Weekday};
use jiff::tz::TimeZone;
use parking_lot::RwLock;
use peerpack_actors::dispatch::price::{LocalHour, Ride};
use peerpack_actors::dispatch::region::Opening;
use peerpack_actors::dispatch::tariff::Tariffs;
use peerpack_actors::dispatch::track::Fix;
use peerpack_actors::dispatch::{Area, OrderDraft, Quote, Region, Regions, Settings, Tariff, Vehicle};
use peerpack_actors::ids::{RegionId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::place::{Gazetteer, Position};
use peerpack_actors::ports::{Clock, Unavailable};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Context, Dispatch, Kind};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::work::WorkId;
use tokio::sync::Mutex;
use uuid::Uuid;

use self::daily::Daily;
use self::live::Live;
use crate::bus::Presence;
use crate::store::{CityRecord, Database, Driver, Hours, RegionRecord};

/// What a vehicle carries beside people: nobody asks for it here.
const TRUNK: Load = Load { weight_g: 100_000, volume_ml: 500_000, slots: 0 };

/// The kind of regions, in the hints of nodes. Cities have no kind of their own: they are read with them.
const REGION: &str = "region";

/// What has changed so long ago was told by a hint or a comparison.
const LATELY: Span = Span::minutes(1);

/// How many changes of so short a time are looked at, at most.
const LATE_CHANGES: u32 = 1_000;

/// The dispatch of a node.
pub struct Town {
    database: Database,
    dispatch: Arc<Dispatch>,
    live: Arc<Live>,
    map: RwLock<Arc<TownMap>>,
    /// Who holds it reads the map: of two at once the one who has read less would put it back.
    reading: Mutex<()>,
    /// How many callers have asked what has changed on the map.
    asked: AtomicU64,
    /// How many of them, from the first one on, the last look has answered, and how. Who holds it looks.
    answered: Mutex<(u64, Result<(), Unavailable>)>,
    daily: Daily,
}

/// Regions and tariffs as they are now.
#[derive(Debug, Default)]
pub struct TownMap {
    cities: Vec<CityRecord>,
    regions: Vec<RegionRecord>,
    tariffs: Tariffs,
    versions: HashMap<Uuid, i64>,
}

/// Why no price can be told.
#[derive(Debug)]
pub enum NoQuote {
    /// What is wanted has none.
    Rejected(Rejection),
    /// The store does not answer.
    Unavailable(Unavailable),
}

impl std::fmt::Debug for Town {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Town").field("regions", &self.map().regions.len()).finish_non_exhaustive()
    }
}

impl TownMap {
    /// The cities that there are.
    pub fn cities(&self) -> impl Iterator<Item = &CityRecord> {
        self.cities.iter().filter(|city| city.deleted_at.is_none())
    }

    /// The regions that there are.
    pub fn regions(&self) -> impl Iterator<Item = &RegionRecord> {
        self.regions.iter().filter(|region| region.deleted_at.is_none())
    }

    /// A city, one that is gone included.
    #[must_use]
    pub fn city(&self, id: Uuid) -> Option<&CityRecord> {
        self.cities.iter().find(|city| city.id == id)
    }

    /// A region, one that is gone included.
    #[must_use]
    pub fn region(&self, id: RegionId) -> Option<&RegionRecord> {
        self.regions.iter().find(|region| region.id == id)
    }

    /// The tariff of a region at a time.
    #[must_use]
    pub fn tariff(&self, region: Option<RegionId>, at: Time) -> Tariff {
        self.tariffs.at(region, at).cloned().unwrap_or_default()
    }
}

impl Town {
    /// The dispatch over a store, which tells the other nodes where couriers are. It knows nobody yet.
    #[must_use]
    pub fn new(
        database: Database,
        settings: Settings,
        presence: Arc<dyn Presence>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let fresh = settings.position_fresh();
        let dispatch = Dispatch::new(Arc::new(database.clone()), settings, Regions::default());
        let live = Live::new(presence, clock, fresh);
        dispatch.watched_by(Arc::clone(&live) as _);
        Self {
            database,
            dispatch,
            live,
            map: RwLock::default(),
            reading: Mutex::default(),
            asked: AtomicU64::default(),
            answered: Mutex::new((0, Ok(()))),
            daily: Daily::default(),
        }
    }

    /// The part that holds live orders and duties, and takes commands.
    #[must_use]
    pub const fn dispatch(&self) -> &Arc<Dispatch> {
        &self.dispatch
    }

    /// What has changed and is to be told.
    #[must_use]
    pub const fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Where a courier on duty is, if that was said recently enough to be told.
    #[must_use]
    pub fn fix(&self, courier: UserId, now: Time) -> Option<Fix> {
        self.dispatch.with_board(|board| board.fix(courier, self.dispatch.settings(), now))
    }

    /// Regions and tariffs as they are now.
    #[must_use]
    pub fn map(&self) -> Arc<TownMap> {
        Arc::clone(&self.map.read())
    }

    /// What a region or a city is called in hints.
    #[must_use]
    pub const fn work(id: RegionId) -> WorkId {
        WorkId::new(REGION, id.uuid())
    }

    /// Reads regions and tariffs again.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn read_again(&self) -> Result<(), Unavailable> {
        let _turn = self.reading.lock().await;
        // Versions first: what changes meanwhile is read once more, and not taken for known.
        let versions = self.database.city_versions().await?;
        let (cities, regions) = (self.database.cities().await?, self.database.regions().await?);
        let tariffs = Tariffs::new(self.database.tariffs().await?);
        let of_regions = regions.iter().map(|region| (region.id.uuid(), region.version));
        let versions = versions.into_iter().chain(of_regions).collect();
        let map = TownMap { cities, regions, tariffs, versions };
        self.dispatch.set_regions(Regions::new(map.regions().filter_map(drawn).collect()));
        *self.map.write() = Arc::new(map);
        Ok(())
    }

    /// Reads regions and tariffs again if one of them has changed a moment ago: another node may have changed
    /// it, and its hint is still on the way. One look answers all who have come before it began, so a crowd
    /// costs no more than two.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn catch_up(&self, now: Time) -> Result<(), Unavailable> {
        let own = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        let mut answered = self.answered.lock().await;
        if answered.0 < own {
            let by_now = self.asked.load(Ordering::Acquire);
            // Whether it succeeds or not: while the store does not answer, nobody waits for it once more for
            // each who came before.
            *answered = (by_now, self.look_for_changes(now).await);
        }
        answered.1.clone()
    }

    async fn look_for_changes(&self, now: Time) -> Result<(), Unavailable> {
        let changed = self.database.changed_regions(now - LATELY, LATE_CHANGES).await?;
        let map = self.map();
        let is_news = |(id, version): &(Uuid, i64)| map.versions.get(id).is_none_or(|known| known < version);
        if changed.iter().any(is_news) { self.read_again().await } else { Ok(()) }
    }

    /// The way between two positions, as roads and traffic are in general.
    #[must_use]
    pub fn way(&self, from: Position, to: Position) -> Ride {
        let settings = self.dispatch.settings();
        let km = from.distance_km(to) * settings.road_factor;
        let whole = |number: f64| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the globe")]
            let whole = number.round() as u32;
            whole
        };
        Ride { way_m: whole(km * 1_000.0), ride_s: whole(km / settings.speed_kmh * 3_600.0) }
    }

    /// What is wanted is expected to cost so much.
    ///
    /// # Errors
    /// It is farther than any ride, or the store does not answer.
    pub async fn quote(&self, draft: &OrderDraft, now: Time) -> Result<Quote, NoQuote> {
        let tariff = self.map().tariff(draft.region, now);
        let at = draft.pickup_at.unwrap_or(now);
        let local = LocalHour::of(at, &zone(draft.pickup.position));
        let surge = match draft.region {
            Some(region) => self.database.surge(region, now).await.map_err(NoQuote::Unavailable)?.percent(),
            None => 100,
        };
        Quote::new(tariff, draft.extras.clone(), draft.ride, local, surge).map_err(NoQuote::Rejected)
    }
}

/// The time zone of a position: that of the nearest place.
#[must_use]
pub fn zone(at: Position) -> TimeZone {
    TimeZone::get(Gazetteer::bundled().nearest(at).tz).unwrap_or(TimeZone::UTC)
}

/// What somebody drives.
#[must_use]
pub fn vehicle(driver: &Driver) -> Vehicle {
    Vehicle {
        car_model: driver.car_model.clone(),
        plate_number: driver.plate_number.clone(),
        capacity: Load { slots: driver.seats, ..TRUNK },
    }
}

/// The area within corners, latitude first; `None` without corners.
///
/// # Errors
/// They enclose nothing, or are too many.
pub fn area(polygon: &[[f64; 2]]) -> Result<Option<Area>, Rejection> {
    if polygon.is_empty() {
        return Ok(None);
    }
    let corners: Vec<Position> = polygon.iter().map(|[lat, lon]| Position { lat: *lat, lon: *lon }).collect();
    Area::new(&corners, &[]).map(Some)
}

/// When a region takes orders; `None` for what is no time of a week.
#[must_use]
pub fn opening(hours: &Hours) -> Option<Opening> {
    let time = |text: &str| LocalTime::strptime("%H:%M", text).ok();
    let day = Weekday::from_monday_one_offset(hours.day).ok()?;
    Some(Opening { day, from: time(&hours.from)?, to: time(&hours.to)? })
}

fn drawn(region: &RegionRecord) -> Option<Region> {
    Some(Region {
        id: region.id,
        title: region.title.clone(),
        centre: region.centre,
        area: area(&region.polygon).ok()?,
        service_radius_m: region.service_radius_m,
        priority: region.priority,
        hours: region.hours.iter().filter_map(opening).collect(),
        zone: zone(region.centre),
    })
}

#[async_trait]
impl Kind for Town {
    fn name(&self) -> &'static str {
        REGION
    }

    async fn restore(&self, _: &Arc<Context>) -> Result<(), Unavailable> {
        self.read_again().await
    }

    async fn refresh(&self, _: &Arc<Context>, id: Uuid) {
        if let Err(error) = self.read_again().await {
            tracing::warn!(%error, %id, "cannot read the regions again");
        }
    }

    async fn changed(
        &self,
        _: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        self.database.changed_regions(since, limit).await
    }

    fn known(&self, _: &Context, id: Uuid) -> Option<i64> {
        self.map().versions.get(&id).copied()
    }

    async fn see_to_due(&self, _: &Arc<Context>) -> Result<(), Unavailable> {
        Ok(())
    }

    fn gauges(&self, _: &Context) -> Vec<(&'static str, usize)> {
        vec![("peerpack_regions", self.map().regions.len())]
    }
}
