//! The same search by Redis: origins within 15 km of the pickup by GEOSEARCH, all else by the client, who has
//! every trip at hand.

use peerpack_actors::ids::TripId;
use peerpack_actors::matching::{PackageEntry, TripIndex, feasible};
use peerpack_actors::place::Gazetteer;
use peerpack_actors::time::Time;

use crate::figures::{Latencies, Run};
use crate::report::Report;
use crate::search::{LIMIT, Truth};
use crate::world::NOW;

const KEY: &str = "bench:origins";
const RADIUS_KM: f64 = 15.0;

pub(crate) fn measure(
    url: &str,
    index: &TripIndex,
    queries: &[PackageEntry],
    truth: &Truth,
    runs: usize,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut conn = redis::Client::open(url)?.get_connection()?;
    redis::cmd("DEL").arg(KEY).exec(&mut conn)?;
    let origins = index.iter().filter_map(|trip| {
        let origin = trip.stops().next().flatten()?;
        Some((trip.id, Gazetteer::bundled().spot(origin).position))
    });
    let origins: Vec<_> = origins.collect();
    for some in origins.chunks(10_000) {
        let mut add = redis::cmd("GEOADD");
        add.arg(KEY);
        for (trip, at) in some {
            add.arg(at.lon).arg(at.lat).arg(&trip.uuid().as_bytes()[..]);
        }
        add.exec(&mut conn)?;
    }
    let log = &queries[..truth.len()];
    let mut search = |query: &PackageEntry| {
        let at = query.pickups[0].position;
        let near: Vec<Vec<u8>> = redis::cmd("GEOSEARCH")
            .arg(KEY)
            .arg("FROMLONLAT")
            .arg(at.lon)
            .arg(at.lat)
            .arg("BYRADIUS")
            .arg(RADIUS_KM)
            .arg("km")
            .query(&mut conn)
            .expect("redis answers");
        let suits = |bytes: Vec<u8>| -> Option<(Time, TripId)> {
            let trip = TripId::from(uuid::Uuid::from_slice(&bytes).ok()?);
            let plan = feasible(index.get(trip)?, query, NOW).ok()?;
            Some((plan.pickup.at, trip))
        };
        let mut found: Vec<_> = near.into_iter().filter_map(suits).collect();
        found.sort_unstable();
        found.truncate(LIMIT);
        found.into_iter().map(|(_, trip)| trip).collect::<Vec<_>>()
    };
    let found: Vec<Vec<TripId>> = log.iter().map(&mut search).collect();
    let measured: Vec<Run> = (0..runs).map(|_| Run::over(log, |query| drop(search(query)))).collect();
    report.line(
        "Redis GEOSEARCH on origins, the rest by the client",
        &format!("{}; {}", Latencies::of(&measured), truth.judge(&found)),
    );
    redis::cmd("DEL").arg(KEY).exec(&mut conn)?;
    Ok(())
}
