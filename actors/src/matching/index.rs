//! The indexes of live trips and of waiting packages: all matches of a package, all matches of a trip.
//!
//! Both directions ask the same [`feasible`](crate::matching::feasible), so they find the same pairs; the indexes only
//! choose whom to ask. What is found does not depend on what happened before.
//!
//! **Trips** ([`TripIndex`]). A few hubs see most of the trips, so the length of the lists at the hubs decides, not the
//! number of trips. Three things keep a search short there. The postings of a cell are in order of time, so exactly the
//! window is read. A posting says in fifteen bits which country the trip sees later and earlier, so most trips that go
//! elsewhere are rejected in a row, without touching them. And the best are the soonest, so a search along the
//! pickups ends once it has found enough: the more trips match, the sooner. Where few match, the shorter of both ends
//! is read, and no more than twice its length.
//!
//! **Cells, not places.** A car with an hour to spare passes fifty places, but a dozen cells. So a trip costs a dozen
//! postings of eight bytes. Which place of a cell it passes, and at what cost, is three numbers from a table; that is
//! done for those trips only that the postings let through.
//!
//! **Packages** ([`PackageIndex`]) are listed by the pair of cells they connect: a trip that passes a dozen cells asks
//! for the pairs of these in its order, and reads nothing else.

mod packages;
mod stays;
mod survey;
mod trips;

pub use packages::PackageIndex;
pub use survey::{Seen, Survey};
pub use trips::{Candidate, Passing, TripIndex};

use smallvec::SmallVec;

use crate::matching::postings::Signature;
use crate::place::{CellIndex, Gazetteer, Spot};

/// The cells of a zone, each once.
fn cells_of(zone: &[&Spot]) -> SmallVec<[CellIndex; 4]> {
    let mut cells: SmallVec<[CellIndex; 4]> = zone.iter().map(|spot| spot.cell).collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

fn signature_of(cells: &[CellIndex], gazetteer: &Gazetteer) -> Signature {
    let sign = |cell: &CellIndex| Signature::of(gazetteer.block_of(*cell));
    cells.iter().map(sign).fold(Signature::default(), Signature::with)
}
