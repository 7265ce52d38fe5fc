//! Regions: whose couriers an order is for.

use geo::{BoundingRect, Intersects, Line, LineString, Point, Polygon, Rect};
use jiff::civil::{Time as LocalTime, Weekday};
use jiff::tz::TimeZone;

use crate::ids::RegionId;
use crate::place::Position;
use crate::rejection::Rejection;
use crate::time::Time;

/// The most corners of an area, those of its holes included.
pub const MAX_CORNERS: usize = 10_000;

/// An area on the map: what is within its border, its border included, less its holes.
#[derive(Clone, PartialEq, Debug)]
pub struct Area {
    polygon: Polygon,
    bounds: Rect,
    /// Longitudes are counted from here, so that the antimeridian cuts nothing in two.
    middle_lon: f64,
}

impl Area {
    /// The area within a border, less its holes. It may be closed by its first corner, or not. Sides are
    /// straight on a map of degrees, as GeoJSON has them.
    ///
    /// # Errors
    /// A border with fewer than three corners, one without an inside, or too many corners.
    pub fn new(border: &[Position], holes: &[Vec<Position>]) -> Result<Self, Rejection> {
        let invalid = |reason| Err(Rejection::Invalid { field: "polygon_coordinates", reason });
        if border.len() + holes.iter().map(Vec::len).sum::<usize>() > MAX_CORNERS {
            return invalid("has too many corners");
        }
        let Some(first) = border.first() else { return invalid("needs three corners at least") };
        let middle_lon = first.lon;
        let ring = |corners: &[Position]| -> LineString {
            corners.iter().map(|corner| (turned(corner.lon, middle_lon), corner.lat)).collect()
        };
        let polygon = Polygon::new(ring(border), holes.iter().map(|hole| ring(hole)).collect());
        // A closed ring of three corners has four points.
        if polygon.exterior().0.len() < 4 || polygon.interiors().iter().any(|hole| hole.0.len() < 4) {
            return invalid("needs three corners at least");
        }
        match polygon.bounding_rect() {
            Some(bounds) if bounds.width() > 0.0 && bounds.height() > 0.0 => {
                Ok(Self { polygon, bounds, middle_lon })
            }
            _ => invalid("has no inside"),
        }
    }

    /// Whether the border, or that of a hole, crosses or touches itself: what is inside of it then, people
    /// and programs answer differently.
    #[must_use]
    pub fn crosses_itself(&self) -> bool {
        std::iter::once(self.polygon.exterior()).chain(self.polygon.interiors()).any(is_tangled)
    }

    /// Whether a position is within the border, or on it.
    #[must_use]
    pub fn contains(&self, at: Position) -> bool {
        let point = Point::new(turned(at.lon, self.middle_lon), at.lat);
        self.bounds.intersects(&point) && self.polygon.intersects(&point)
    }
}

/// Whether two sides of a ring meet that are not next to each other. From west to east, so that each is
/// compared only with those that are not over yet.
fn is_tangled(ring: &LineString) -> bool {
    // A corner that is named twice in a row makes no side.
    let sides: Vec<Line> = ring.lines().filter(|side| side.start != side.end).collect();
    let west = |side: usize| sides[side].start.x.min(sides[side].end.x);
    let east = |side: usize| sides[side].start.x.max(sides[side].end.x);
    let mut from_west: Vec<usize> = (0..sides.len()).collect();
    from_west.sort_by(|one, other| west(*one).total_cmp(&west(*other)));
    let mut open: Vec<usize> = Vec::new();
    for side in from_west {
        open.retain(|other| east(*other) >= west(side));
        let meets = |other: &usize| {
            let apart = side.abs_diff(*other);
            let is_next = apart == 1 || apart + 1 == sides.len();
            !is_next && sides[side].intersects(&sides[*other])
        };
        if open.iter().any(meets) {
            return true;
        }
        open.push(side);
    }
    false
}

/// A longitude, counted the short way from another one.
fn turned(lon: f64, from: f64) -> f64 {
    (lon - from + 180.0).rem_euclid(360.0) - 180.0
}

/// When a region takes orders on a day of the week. What ends before it begins goes on past midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Opening {
    /// On which day it begins.
    pub day: Weekday,
    /// When it begins.
    pub from: LocalTime,
    /// When it ends.
    pub to: LocalTime,
}

/// A part of a town that couriers on duty belong to.
#[derive(Clone, PartialEq, Debug)]
pub struct Region {
    /// Its id.
    pub id: RegionId,
    /// Its name.
    pub title: String,
    /// The point that it is served around.
    pub centre: Position,
    /// Its area, if it was drawn.
    pub area: Option<Area>,
    /// How far around its centre it serves, in metres, where there is no area that contains the pickup.
    pub service_radius_m: u32,
    /// Of several that contain a pickup, that of the highest priority has it.
    pub priority: i32,
    /// When it takes orders; empty for always.
    pub hours: Vec<Opening>,
    /// Its time zone.
    pub zone: TimeZone,
}

impl Region {
    /// Whether a position is in it: in its area, or around its centre if it was not drawn.
    #[must_use]
    pub fn contains(&self, at: Position) -> bool {
        self.area.as_ref().map_or_else(|| self.serves(at), |area| area.contains(at))
    }

    fn serves(&self, at: Position) -> bool {
        self.centre.distance_km(at) * 1_000.0 <= f64::from(self.service_radius_m)
    }

    /// Whether it takes orders at a moment.
    #[must_use]
    pub fn is_open(&self, at: Time) -> bool {
        if self.hours.is_empty() {
            return true;
        }
        let there = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
        let there = self.zone.to_datetime(there);
        let (day, time) = (there.weekday(), there.time());
        self.hours.iter().any(|hours| {
            if hours.from <= hours.to {
                hours.day == day && (hours.from..hours.to).contains(&time)
            } else {
                (hours.day == day && time >= hours.from) || (hours.day.next() == day && time < hours.to)
            }
        })
    }
}

/// When the day has begun in a time zone, or in UTC.
#[must_use]
pub fn day_began(at: Time, zone: Option<&TimeZone>) -> Time {
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    let now = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or_default();
    let midnight = now.to_zoned(zone).start_of_day();
    midnight.map_or(at, |midnight| Time::from_ms(midnight.timestamp().as_millisecond()))
}

/// All regions, in the order in which they claim a point.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    all: Vec<Region>,
}

impl Regions {
    /// Puts regions in order: the highest priority first.
    #[must_use]
    pub fn new(mut all: Vec<Region>) -> Self {
        all.sort_by(|a, b| b.priority.cmp(&a.priority).then(a.id.cmp(&b.id)));
        Self { all }
    }

    /// The region with an id, if there is one.
    #[must_use]
    pub fn get(&self, id: RegionId) -> Option<&Region> {
        self.all.iter().find(|region| region.id == id)
    }

    /// The region of a pickup: the one in whose area it lies, else one that serves it by its radius, else the
    /// passenger's own. Of several that of the highest priority counts; then, of areas, the lowest id, so
    /// that every node says the same, and of radiuses the nearest centre.
    #[must_use]
    pub fn of(&self, pickup: Position, own: Option<RegionId>) -> Option<RegionId> {
        let is_in = |region: &&Region| region.area.as_ref().is_some_and(|area| area.contains(pickup));
        if let Some(region) = self.all.iter().find(is_in) {
            return Some(region.id);
        }
        let serving = self.all.iter().filter(|region| region.serves(pickup));
        let km = |region: &Region| region.centre.distance_km(pickup);
        let nearest = serving.min_by(|a, b| b.priority.cmp(&a.priority).then(km(a).total_cmp(&km(b))));
        nearest.map(|region| region.id).or(own)
    }
}
