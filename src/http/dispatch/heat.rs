//! Where orders come from.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::place::Position;
use peerpack_actors::time::Span;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, Problem};

/// For how long orders count in the picture of where they come from, and how many at most: the latest.
const HEAT_FOR: Span = Span::days(7);
const MAX_HEAT: u32 = 10_000;

/// Squares of the picture, to a degree: about a kilometre north and south.
const SQUARES: f64 = 100.0;

/// A square of the map, by its middle.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeatPoint {
    lat: f64,
    lon: f64,
    /// 1 where most orders come from, and less elsewhere.
    intensity: f64,
}

/// Where orders come from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Heatmap {
    /// Of the last week, a square of a hundredth of a degree each.
    points: Vec<HeatPoint>,
}

/// Where the orders of the last week came from.
#[utoipa::path(get, path = "/api/dispatch/heatmap", operation_id = "dispatch_heatmap", tag = "dispatch",
    security(("bearer" = [])),
    responses((status = 200, body = Heatmap), (status = 401, body = Problem), (status = 403, body = Problem)))]
pub async fn heatmap(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let pickups = app.database.pickups_since(app.clock.now() - HEAT_FOR, MAX_HEAT).await?;
    Ok(HttpResponse::Ok().json(Heatmap { points: heat(&pickups) }))
}

fn heat(pickups: &[Position]) -> Vec<HeatPoint> {
    let mut squares: BTreeMap<(i32, i32), u32> = BTreeMap::new();
    for at in pickups {
        #[expect(clippy::cast_possible_truncation, reason = "degrees are below 360")]
        let square = |degrees: f64| (degrees * SQUARES).floor() as i32;
        *squares.entry((square(at.lat), square(at.lon))).or_default() += 1;
    }
    let most = squares.values().copied().max().unwrap_or(1);
    let middle = |square: i32| (f64::from(square) + 0.5) / SQUARES;
    let point = |((lat, lon), count)| HeatPoint {
        lat: middle(lat),
        lon: middle(lon),
        intensity: f64::from(count) / f64::from(most),
    };
    squares.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_square_is_one_and_all_others_are_parts_of_it() {
        let at = |lat, lon| Position { lat, lon };
        let points = heat(&[at(55.751, 37.611), at(55.759, 37.619), at(55.751, -0.001)]);
        let shown: Vec<(f64, f64, f64)> =
            points.iter().map(|point| (point.lat, point.lon, point.intensity)).collect();
        assert_eq!(shown, [(55.755, -0.005, 0.5), (55.755, 37.615, 1.0)]);
        assert!(heat(&[]).is_empty());
    }
}
