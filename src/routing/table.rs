//! One request for a table of ways, and how its answer is read.

use std::fmt::Write as _;

use peerpack_actors::matching::Way;
use peerpack_actors::matching::measure::Journey;
use peerpack_actors::place::{Gazetteer, PlaceIndex};
use serde::Deserialize;

/// Places in one table: OSRM's own limit, unless it is told another.
const MAX_PLACES: usize = 100;

/// From each source to each destination.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Table {
    sources: Vec<PlaceIndex>,
    destinations: Vec<PlaceIndex>,
}

#[derive(Deserialize)]
struct Answer {
    code: String,
    durations: Vec<Vec<Option<f64>>>,
    distances: Vec<Vec<Option<f64>>>,
}

impl Table {
    /// Tables that answer for all these journeys.
    pub(super) fn of(journeys: &[Journey]) -> Vec<Self> {
        let mut tables: Vec<Self> = Vec::new();
        for (from, to) in journeys {
            let fits = |table: &Self| {
                let more = usize::from(!table.sources.contains(from))
                    + usize::from(!table.destinations.contains(to));
                table.sources.len() + table.destinations.len() + more <= MAX_PLACES
            };
            if !tables.last().is_some_and(fits) {
                tables.push(Self::default());
            }
            let Some(table) = tables.last_mut() else { continue };
            for (list, place) in [(&mut table.sources, from), (&mut table.destinations, to)] {
                if !list.contains(place) {
                    list.push(*place);
                }
            }
        }
        tables
    }

    /// The path and the query.
    pub(super) fn path(&self) -> String {
        let gazetteer = Gazetteer::bundled();
        let position =
            |place: &PlaceIndex| gazetteer.get(gazetteer.spot(*place).place).map(|place| place.position);
        let mut path = "table/v1/driving/".to_owned();
        for (n, at) in self.sources.iter().chain(&self.destinations).filter_map(position).enumerate() {
            let separator = if n == 0 { "" } else { ";" };
            let _ = write!(path, "{separator}{:.5},{:.5}", at.lon, at.lat);
        }
        let numbers = |from: usize, count: usize| {
            (from..from + count).map(|n| n.to_string()).collect::<Vec<_>>().join(";")
        };
        let (sources, destinations) = (self.sources.len(), self.destinations.len());
        let _ = write!(
            path,
            "?annotations=duration,distance&sources={}&destinations={}",
            numbers(0, sources),
            numbers(sources, destinations)
        );
        path
    }

    /// The ways in an answer.
    pub(super) fn read(&self, body: &[u8]) -> Result<Vec<(Journey, Option<Way>)>, String> {
        let answer: Answer = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        if answer.code != "Ok" {
            return Err("its code is not Ok".to_owned());
        }
        let is_whole = |rows: &[Vec<Option<f64>>]| {
            rows.len() == self.sources.len() && rows.iter().all(|row| row.len() == self.destinations.len())
        };
        if !is_whole(&answer.durations) || !is_whole(&answer.distances) {
            return Err("its table is of another size".to_owned());
        }
        let mut ways = Vec::with_capacity(self.sources.len() * self.destinations.len());
        for (n, from) in self.sources.iter().enumerate() {
            for (m, to) in self.destinations.iter().enumerate() {
                let way = match (answer.durations[n][m], answer.distances[n][m]) {
                    (Some(seconds), Some(metres)) => {
                        Some(Way { seconds: whole(seconds)?, metres: whole(metres)? })
                    }
                    _ => None,
                };
                ways.push(((*from, *to), way));
            }
        }
        Ok(ways)
    }
}

fn whole(number: f64) -> Result<u32, String> {
    if !(0.0..=1e9).contains(&number) {
        return Err(format!("{number} is no way"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked right above")]
    Ok(number.round() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_names_each_place_once_for_each_side() {
        let [table] = &Table::of(&[(0, 1), (2, 1), (0, 2)])[..] else { panic!("one table") };
        assert_eq!((&table.sources[..], &table.destinations[..]), (&[0, 2][..], &[1, 2][..]));
        let path = table.path();
        assert!(path.starts_with("table/v1/driving/"), "{path}");
        assert!(path.ends_with("?annotations=duration,distance&sources=0;1&destinations=2;3"), "{path}");
    }

    #[test]
    fn many_journeys_make_several_tables_that_cover_all() {
        let journeys: Vec<_> = (0..300).map(|n| (n, n + 1)).collect();
        let tables = Table::of(&journeys);
        assert_eq!(tables.len(), 6);
        for (from, to) in journeys {
            assert!(tables.iter().any(|one| one.sources.contains(&from) && one.destinations.contains(&to)));
        }
        assert!(tables.iter().all(|one| one.sources.len() + one.destinations.len() <= MAX_PLACES));
    }

    #[test]
    fn only_a_whole_table_of_sensible_numbers_is_an_answer() {
        let table = Table { sources: vec![0], destinations: vec![1, 2] };
        let read = |durations: &str, distances: &str| {
            let body = format!(r#"{{"code":"Ok","durations":{durations},"distances":{distances}}}"#);
            table.read(body.as_bytes())
        };
        let ways = read("[[60.4,null]]", "[[1000.5,7]]").unwrap();
        assert_eq!(ways, [((0, 1), Some(Way { seconds: 60, metres: 1_001 })), ((0, 2), None)]);
        for wrong in ["[[1]]", "[]", "[[1,2],[3,4]]", "[[-1,2]]", "[[1e12,2]]", "[[\"1\",2]]"] {
            assert!(read(wrong, "[[1,2]]").is_err(), "{wrong}");
        }
        assert!(table.read(br#"{"code":"TooBig","durations":[[1,2]],"distances":[[1,2]]}"#).is_err());
    }
}
