//! Where a trip is when: its way as stays in cells.

use crate::matching::TripEntry;
use crate::matching::postings::{Signature, Stay};
use crate::matching::trip_entry::NOWHERE;
use crate::place::{CellIndex, Gazetteer, Patches};
use crate::time::{Span, Time};

/// Stays in one cell with less than this between them count as one.
const GAP: Span = Span::minutes(20);

/// More than the table of distances and the rounding of times can be off.
const MARGIN: Span = Span::seconds(2);

/// A stay of which only place and time are known.
type Plain = (CellIndex, Time, Time);

/// Every cell with an anchor of the trip, with the time from the first to the last anchor in it; and the patches of all
/// anchors. The same entry gives the same stays.
pub(super) fn stays(trip: &TripEntry, gazetteer: &Gazetteer) -> (Vec<Stay>, Patches) {
    let (plain, patches) = plain_stays(trip, gazetteer);
    let plain = united(plain);
    let block = |cell: CellIndex| Signature::of(gazetteer.block_of(cell));
    let mut by_end: Vec<(Time, Signature)> =
        plain.iter().map(|(cell, _, last)| (*last, block(*cell))).collect();
    by_end.sort_unstable_by_key(|(last, _)| std::cmp::Reverse(*last));
    let mut by_start: Vec<(Time, Signature)> =
        plain.iter().map(|(cell, first, _)| (*first, block(*cell))).collect();
    by_start.sort_unstable_by_key(|(first, _)| *first);
    add_up(&mut by_end);
    add_up(&mut by_start);
    let stay = |(cell, first, last): Plain| Stay {
        cell,
        first,
        last,
        after: up_to(&by_end, by_end.partition_point(|(end, _)| *end >= first)),
        before: up_to(&by_start, by_start.partition_point(|(start, _)| *start <= last)),
    };
    (plain.into_iter().map(stay).collect(), patches)
}

fn plain_stays(trip: &TripEntry, gazetteer: &Gazetteer) -> (Vec<Plain>, Patches) {
    let known = || trip.halts.iter().filter(|halt| halt.index != NOWHERE);
    let mut stays: Vec<Plain> =
        known().map(|halt| (gazetteer.cell_of(halt.index), halt.arrive, halt.depart())).collect();
    let mut patches =
        known().map(|halt| gazetteer.patch_of(halt.index)).fold(Patches::default(), Patches::with);
    let Some(extra_km) = trip.extra_km() else { return (stays, patches) };
    for ends in trip.halts.windows(2) {
        let (start, end) = (&ends[0], &ends[1]);
        if start.index == NOWHERE || end.index == NOWHERE {
            continue;
        }
        let is_stop = |place| trip.halts.iter().any(|halt| halt.index == place);
        for crossing in gazetteer.crossings(start.index, end.index, extra_km, is_stop) {
            let at = |share| start.depart().between(end.arrive, share);
            stays.push((crossing.cell, at(crossing.first) - MARGIN, at(crossing.last) + MARGIN));
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
        }
        follows
    });
    stays
}

fn add_up(signed: &mut [(Time, Signature)]) {
    let mut sum = Signature::default();
    for (_, signature) in signed {
        sum = sum.with(*signature);
        *signature = sum;
    }
}

fn up_to(sums: &[(Time, Signature)], count: usize) -> Signature {
    sums[..count].last().map_or(Signature::default(), |(_, sum)| *sum)
}
