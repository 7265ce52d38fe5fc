//! Regions and cities in the shape of the console.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::input::Point;
use crate::store::{CityRecord, RegionRecord};
use crate::town::TownMap;

/// A city.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CityView {
    id: String,
    title: String,
    center_lat: f64,
    center_lon: f64,
    center: Point,
}

/// When a region takes orders on a day of the week.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RegionHours {
    /// 1 is Monday, 7 is Sunday.
    pub(in crate::http::dispatch) day: i8,
    /// `HH:MM` in the region's time.
    pub(in crate::http::dispatch) from: String,
    /// `HH:MM`; before `from` it is on the next day.
    pub(in crate::http::dispatch) to: String,
}

/// A region.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RegionView {
    id: String,
    title: String,
    city: CityView,
    center_lat: f64,
    center_lon: f64,
    center: Point,
    /// The corners of its border, latitude first; empty if it was not drawn.
    #[schema(value_type = Vec<Vec<f64>>)]
    polygon_coordinates: Vec<[f64; 2]>,
    /// How far around its centre it serves.
    service_radius_meters: u32,
    /// Of several that contain a pickup, that of the highest priority has it.
    priority: i32,
    /// When it takes orders; empty for always.
    opening_hours: Vec<RegionHours>,
}

/// A region as the API shows it.
pub(in crate::http::dispatch) fn region_view(map: &TownMap, region: &RegionRecord) -> RegionView {
    let nowhere =
        CityRecord { id: Uuid::nil(), title: String::new(), centre: region.centre, deleted_at: None };
    RegionView {
        id: region.id.to_string(),
        title: region.title.clone(),
        city: city_view(map.city(region.city).unwrap_or(&nowhere)),
        center_lat: region.centre.lat,
        center_lon: region.centre.lon,
        center: region.centre.into(),
        polygon_coordinates: region.polygon.clone(),
        service_radius_meters: region.service_radius_m,
        priority: region.priority,
        opening_hours: region
            .hours
            .iter()
            .map(|hours| RegionHours { day: hours.day, from: hours.from.clone(), to: hours.to.clone() })
            .collect(),
    }
}

/// A city as the API shows it.
pub(in crate::http::dispatch) fn city_view(city: &CityRecord) -> CityView {
    CityView {
        id: city.id.to_string(),
        title: city.title.clone(),
        center_lat: city.centre.lat,
        center_lon: city.centre.lon,
        center: city.centre.into(),
    }
}
