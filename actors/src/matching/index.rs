//! The indexes of live trips and of waiting packages: all matches of a package, all matches of a trip.
//!
//! Both directions ask the same [`feasible`](crate::matching::feasible), so they find the same pairs; the
//! indexes only choose whom to ask. What is found does not depend on what happened before.
//!
//! **Trips** ([`TripIndex`]). A few hubs see most of the trips, so the length of the lists at the hubs
//! decides, not the number of trips. The time goes into fetching from memory, so what rejects most trips is
//! read first and in a row. The postings of a cell are in order of time, so exactly the window is read. A
//! posting says when the trip leaves the cell, which parts of it it passes, and in which sectors of country
//! it is later and earlier: most are rejected by that. And the best are the soonest, so a search along the
//! pickups ends once it has found enough: the more trips match, the sooner. Where few match, the shorter of
//! both ends is read, and no more than twice its length.
//!
//! **Cells, not places.** A car with an hour to spare passes fifty places, but a dozen cells. So a trip costs
//! a dozen postings of twelve bytes. Which place of a cell it passes, and at what cost, is three numbers from
//! a table; that is done for those trips only that the postings let through, and the patches they pass:
//! sixteen bytes per trip. These few are touched some at a time before they are looked at, so that their
//! cache misses overlap; and a trip that begins later than the best found so far is looked at from one end
//! only.
//!
//! **Packages** ([`PackageIndex`]) are listed by the pair of cells they connect: a trip that passes a dozen
//! cells asks for the pairs of these in its order, and reads nothing else.

mod browsing;
mod packages;
mod search;
mod stays;
mod subscriptions;
mod survey;
mod trips;

pub use browsing::Browsing;
pub use packages::PackageIndex;
pub use stays::Chart;
pub use subscriptions::{MAX_TOLD, SubscriptionIndex, TOLD_EVERY};
pub use survey::{Seen, Survey};
pub use trips::{Candidate, Passing, TripIndex};

use smallvec::SmallVec;

use crate::place::{CellIndex, Gazetteer, Parts, Sectors, Spot};

/// Cells of a zone.
type Cells = SmallVec<[CellIndex; 4]>;

/// The cells of a zone, each once.
fn cells_of(zone: &[&Spot]) -> Cells {
    let mut cells: Cells = zone.iter().map(|spot| spot.cell).collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

/// The sectors in which some cells lie, seen from another.
fn sectors_of(cells: &[CellIndex], from: CellIndex, gazetteer: &Gazetteer) -> Sectors {
    let compass = gazetteer.compass(from);
    cells.iter().map(|cell| compass.to(*cell)).fold(Sectors::default(), Sectors::with)
}

/// The parts of a cell that a zone lies in.
fn parts_of(zone: &[&Spot], cell: CellIndex) -> Parts {
    let inside = zone.iter().filter(|spot| spot.cell == cell);
    inside.map(|spot| spot.part).fold(Parts::default(), Parts::with)
}
