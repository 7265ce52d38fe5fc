//! The town of pyhailing (PyPI, Apache-2.0): Manhattan, by 110.9 million trips of one year.
//!
//! Three of its tables are read: the outlines of its zones (`taxizones.geojson`, in kilometres), how many
//! trips there were by day of the week, quarter of an hour and pair of zones (`trips.csv`), and how quick
//! they were (`speeds.csv`, kilometres a second). A zone becomes a disc of its area around its middle, the
//! speeds of a quarter of an hour one speed, each pair of zones weighing as many trips as it has.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, ensure};
use peerpack_actors::place::Position;
use serde::Deserialize;

use super::town::{DEGREE_KM, Flow, QUARTERS, Speed, Town, Zone};

/// Where the middle of all zones is taken to be.
const MIDDLE: Position = Position { lat: 40.78, lon: -73.97 };

/// The days of the week that knobs are tuned on, Monday being 0.
pub const TRAINING_DAYS: [u8; 2] = [0, 1];

/// Those that are judged by.
pub const TEST_DAYS: [u8; 3] = [2, 3, 4];

#[derive(Deserialize)]
struct Outlines {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Properties {
    zone_id: serde_json::Value,
}

#[derive(Deserialize)]
struct Geometry {
    coordinates: Vec<Vec<(f64, f64)>>,
}

#[derive(Deserialize)]
struct Trips {
    dow: u8,
    t_15min: usize,
    puzone: u32,
    dozone: u32,
    n_trips: f64,
}

#[derive(Deserialize)]
struct Traffic {
    puzone: u32,
    dozone: u32,
    min: usize,
    speed_mean: f64,
    speed_stddev: f64,
}

impl Town {
    /// Reads the tables, as far as they are about these days of the week. `folder` is the package's.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(folder: &Path, days: &[u8]) -> anyhow::Result<Self> {
        let data = folder.join("data");
        let (zones, numbers) = zones(&data.join("taxizones.geojson"))?;
        let number = |id: u32| numbers.get(&id).copied().with_context(|| format!("there is no zone {id}"));
        let mut rides: HashMap<(usize, usize, usize), f64> = HashMap::new();
        for row in csv::Reader::from_path(data.join("trips.csv"))?.deserialize() {
            let Trips { dow, t_15min, puzone, dozone, n_trips } = row?;
            if days.contains(&dow) {
                *rides.entry((t_15min, number(puzone)?, number(dozone)?)).or_default() += n_trips;
            }
        }
        let mut flows: Vec<Vec<Flow>> = vec![Vec::new(); QUARTERS];
        for ((quarter, from, to), rides) in &rides {
            let flows = flows.get_mut(*quarter).context("a quarter of an hour beyond the day")?;
            flows.push(Flow { from: *from, to: *to, rides: *rides });
        }
        flows.iter_mut().for_each(|flows| flows.sort_by_key(|flow| (flow.from, flow.to)));
        // Sums of the means and of the variances, and of the weights.
        let mut sums = vec![(0.0, 0.0, 0.0); QUARTERS];
        for row in csv::Reader::from_path(data.join("speeds.csv"))?.deserialize() {
            let Traffic { puzone, dozone, min, speed_mean, speed_stddev } = row?;
            let key = (min / 15, number(puzone)?, number(dozone)?);
            let weight = rides.get(&key).copied().unwrap_or(0.0);
            let sum = sums.get_mut(key.0).context("a speed beyond the day")?;
            let (kmh, spread_kmh) = (speed_mean * 3_600.0, speed_stddev * 3_600.0);
            *sum = (sum.0 + weight * kmh, sum.1 + weight * spread_kmh * spread_kmh, sum.2 + weight);
        }
        let speed = |(means, variances, weight): &(f64, f64, f64)| Speed {
            mean_kmh: means / weight,
            spread_kmh: (variances / weight).sqrt(),
        };
        let name =
            "Manhattan, by the trips, zones and speeds of pyhailing 0.0.9 (PyPI, Apache-2.0)".to_owned();
        Self::new(name, zones, flows, sums.iter().map(speed).collect())
    }
}

/// The zones in ascending order of their ids, and which of them is which.
fn zones(file: &Path) -> anyhow::Result<(Vec<Zone>, HashMap<u32, usize>)> {
    let open = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let outlines: Outlines = serde_json::from_reader(std::io::BufReader::new(open))?;
    let mut middles = Vec::new();
    for feature in &outlines.features {
        let id = match &feature.properties.zone_id {
            serde_json::Value::String(id) => id.parse::<u32>()?,
            id => id.to_string().parse::<u32>()?,
        };
        let outline = feature.geometry.coordinates.first().context("a zone without an outline")?;
        let (area, east, north) = middle(outline);
        ensure!(area > 0.0, "zone {id} has no inside");
        middles.push((id, area, east, north));
    }
    middles.sort_by_key(|(id, ..)| *id);
    let count = middles.len().max(1) as f64;
    let mean = |of: fn(&(u32, f64, f64, f64)) -> f64| middles.iter().map(of).sum::<f64>() / count;
    let (all_east, all_north) = (mean(|zone| zone.2), mean(|zone| zone.3));
    let zone = |(_, area, east, north): &(u32, f64, f64, f64)| {
        let lat = MIDDLE.lat + (north - all_north) / DEGREE_KM;
        let lon = MIDDLE.lon + (east - all_east) / (DEGREE_KM * MIDDLE.lat.to_radians().cos());
        Zone { centre: Position { lat, lon }, radius_km: (area / PI).sqrt() }
    };
    let zones = middles.iter().map(zone).collect();
    let numbers = middles.iter().zip(0..).map(|((id, ..), number)| (*id, number)).collect();
    Ok((zones, numbers))
}

/// The area of an outline and its middle, by the sums of its triangles with the first corner.
fn middle(outline: &[(f64, f64)]) -> (f64, f64, f64) {
    let Some((x0, y0)) = outline.first().copied() else { return (0.0, 0.0, 0.0) };
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for pair in outline.windows(2) {
        let ((ax, ay), (bx, by)) = ((pair[0].0 - x0, pair[0].1 - y0), (pair[1].0 - x0, pair[1].1 - y0));
        let part = (ax * by - bx * ay) / 2.0;
        (area, x, y) = (area + part, x + part * (ax + bx) / 3.0, y + part * (ay + by) / 3.0);
    }
    if area == 0.0 { (0.0, x0, y0) } else { (area.abs(), x0 + x / area, y0 + y / area) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_become_a_town_of_the_days_that_are_asked_for() {
        let folder = std::env::temp_dir().join(format!("peerpack-town-{}", std::process::id()));
        let data = folder.join("data");
        std::fs::create_dir_all(&data).unwrap();
        // Two squares of 2 km, 5 km apart.
        let square = |id: u32, x: f64| {
            let corners = [(x, 0.0), (x + 2.0, 0.0), (x + 2.0, 2.0), (x, 2.0), (x, 0.0)];
            serde_json::json!({ "properties": { "zone_id": id.to_string() }, "geometry": { "coordinates": [corners] } })
        };
        let outlines = serde_json::json!({ "features": [square(9, 5.0), square(4, 0.0)] });
        std::fs::write(data.join("taxizones.geojson"), outlines.to_string()).unwrap();
        let (mut trips, mut speeds) = ("dow,t_15min,puzone,dozone,n_trips\n".to_owned(), String::new());
        speeds.push_str("puzone,dozone,min,speed_mean,speed_stddev\n");
        for quarter in 0..QUARTERS {
            trips.push_str(&format!("0,{quarter},4,9,30\n3,{quarter},4,9,5\n4,{quarter},9,9,15\n"));
            let min = quarter * 15;
            speeds.push_str(&format!("4,9,{min},0.01,0.001\n9,9,{min},0.002,0.001\n9,4,{min},9,9\n"));
        }
        std::fs::write(data.join("trips.csv"), trips).unwrap();
        std::fs::write(data.join("speeds.csv"), speeds).unwrap();
        let town = Town::read(&folder, &TEST_DAYS).unwrap();
        let monday = Town::read(&folder, &TRAINING_DAYS).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();

        let flows = [Flow { from: 0, to: 1, rides: 5.0 }, Flow { from: 1, to: 1, rides: 15.0 }];
        assert_eq!((town.flows(3_600), monday.rides(0)), (flows.as_slice(), 30.0));
        let apart = town.zones[0].centre.distance_km(town.zones[1].centre);
        assert!((apart - 5.0).abs() < 0.02, "{apart}");
        assert!((town.zones[0].radius_km - (4.0 / PI).sqrt()).abs() < 1e-9);
        // A quarter of the rides at 36 km/h, the others at 7.2.
        let speed = town.speed(0);
        assert!((speed.mean_kmh - 14.4).abs() < 1e-9 && (speed.spread_kmh - 3.6).abs() < 1e-9, "{speed:?}");
    }
}
