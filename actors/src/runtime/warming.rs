//! Works the distances of the largest towns out soon after the start, so that most packages find theirs.
//!
//! A row of the atlas takes a third of a millisecond and 32 KB; for any other place its first package works
//! it out, before anything is locked.

use std::sync::Weak;
use std::time::Duration;

use super::context::Context;
use crate::place::{Gazetteer, Place};

/// How many places are prepared: with the compasses of their cells some 18 MB.
const PLACES: usize = 512;

/// Where most packages are.
const COUNTRY: &str = "RU";

/// The rest after each place: all of them take ten seconds, and a few hundredths of a core.
const PAUSE: Duration = Duration::from_millis(20);

/// Starts a thread that ends when it is done, or the engine is gone.
pub(super) fn start(context: Weak<Context>) {
    let work = move || {
        let gazetteer = Gazetteer::bundled();
        for place in largest(gazetteer) {
            if context.strong_count() == 0 {
                return;
            }
            if let Some(index) = gazetteer.index_of(place.id) {
                let _ = gazetteer.spot(index);
            }
            std::thread::sleep(PAUSE);
        }
    };
    if let Err(error) = std::thread::Builder::new().name("warming".to_owned()).spawn(work) {
        tracing::warn!(%error, "no thread to prepare distances; packages work them out themselves");
    }
}

/// The places to prepare, the most populous first.
fn largest(gazetteer: &Gazetteer) -> impl Iterator<Item = &Place> {
    gazetteer.iter().filter(|place| place.country == COUNTRY).take(PLACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_towns_are_prepared_and_no_more_than_there_is_memory_for() {
        let names: Vec<&str> = largest(Gazetteer::bundled()).map(|place| place.name_en).collect();
        assert_eq!((names[0], names.len()), ("Moscow", PLACES));
        assert!(["Kazan", "Omsk", "Perm"].iter().all(|name| names.contains(name)));
    }
}
