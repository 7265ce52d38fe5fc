//! Where a trip is when: its way as stays in cells.

use crate::matching::TripEntry;
use crate::matching::postings::Stay;
use crate::matching::trip_entry::{Halt, NOWHERE};
use crate::place::{CellIndex, Gazetteer, Parts, Patches, Sectors};
use crate::time::{Span, Time};

/// Stays in one cell with less than this between them count as one.
const GAP: Span = Span::minutes(20);

/// More than the table of distances and the rounding of times can be off.
const MARGIN: Span = Span::seconds(2);

/// A stay of which only place and time are known.
type Plain = (CellIndex, Time, Time, Parts);

/// A trip's way through the cells. It takes far longer to work out than to take in, so anybody who shares an
/// index does it before the index is locked.
#[derive(Clone, Debug)]
pub struct Chart {
    pub(super) stays: Vec<Stay>,
    pub(super) patches: Patches,
}

impl Chart {
    /// The way of a trip. The same entry gives the same chart.
    #[must_use]
    pub fn of(trip: &TripEntry, gazetteer: &Gazetteer) -> Self {
        let (stays, patches) = stays(trip, gazetteer);
        Self { stays, patches }
    }
}

/// A cell, from the first time the trip is there to the last.
pub(super) struct Visit {
    pub(super) cell: CellIndex,
    pub(super) first: Time,
    pub(super) last: Time,
}

/// Every cell with an anchor of the trip, once. Needs no compass.
pub(super) fn visits(trip: &TripEntry, gazetteer: &Gazetteer) -> Vec<Visit> {
    let stays = united(plain_stays(trip, gazetteer).0);
    // In order of cell and time.
    let same_cell = stays.chunk_by(|one, other| one.0 == other.0);
    let visit = |stays: &[Plain]| Visit {
        cell: stays[0].0,
        first: stays[0].1,
        last: stays.iter().map(|stay| stay.2).fold(stays[0].2, Time::max),
    };
    same_cell.map(visit).collect()
}

/// Every cell with an anchor of the trip, with the time from the first to the last anchor in it; and the
/// patches of all anchors.
fn stays(trip: &TripEntry, gazetteer: &Gazetteer) -> (Vec<Stay>, Patches) {
    let (plain, patches) = plain_stays(trip, gazetteer);
    let plain = united(plain);
    let stay = |&(cell, first, last, parts): &Plain| {
        let compass = gazetteer.compass(cell);
        let (mut after, mut before) = (Sectors::default(), Sectors::default());
        for (other, other_first, other_last, _) in &plain {
            let sector = compass.to(*other);
            if *other_last >= first {
                after = after.with(sector);
            }
            if *other_first <= last {
                before = before.with(sector);
            }
        }
        Stay { cell, first, last, parts, after, before }
    };
    (plain.iter().map(stay).collect(), patches)
}

fn plain_stays(trip: &TripEntry, gazetteer: &Gazetteer) -> (Vec<Plain>, Patches) {
    let known = || trip.halts.iter().filter(|halt| halt.index != NOWHERE);
    let at_halt = |halt: &Halt| {
        let (cell, parts) = (gazetteer.cell_of(halt.index), gazetteer.part_of(halt.index));
        (cell, halt.arrive, halt.depart(), parts)
    };
    let mut stays: Vec<Plain> = known().map(at_halt).collect();
    let mut patches =
        known().map(|halt| gazetteer.patch_of(halt.index)).fold(Patches::default(), Patches::with);
    // Who stops in a district or at an airport is found in the city, too.
    for halt in known() {
        let city = gazetteer.city_of(halt.index);
        if city != halt.index {
            let (cell, parts) = (gazetteer.cell_of(city), gazetteer.part_of(city));
            stays.push((cell, halt.arrive, halt.depart(), parts));
            patches = patches.with(gazetteer.patch_of(city));
        }
    }
    let Some(extra_km) = trip.extra_km() else { return (stays, patches) };
    for ends in trip.halts.windows(2) {
        let (start, end) = (&ends[0], &ends[1]);
        if start.index == NOWHERE || end.index == NOWHERE {
            continue;
        }
        let is_stop = |place| trip.halts.iter().any(|halt| halt.index == place);
        for crossing in gazetteer.crossings(start.index, end.index, extra_km, is_stop) {
            let at = |share| start.depart().between(end.arrive, share);
            let (first, last) = (at(crossing.first) - MARGIN, at(crossing.last) + MARGIN);
            stays.push((crossing.cell, first, last, crossing.parts));
            patches = patches.with(crossing.patches);
        }
    }
    (stays, patches)
}

/// One stay for those in the same cell that follow each other closely.
fn united(mut stays: Vec<Plain>) -> Vec<Plain> {
    stays.sort_unstable();
    stays.dedup_by(|next, stay| {
        let follows = next.0 == stay.0 && next.1 <= stay.2 + GAP;
        if follows {
            stay.2 = stay.2.max(next.2);
            stay.3 = stay.3.with(next.3);
        }
        follows
    });
    stays
}
