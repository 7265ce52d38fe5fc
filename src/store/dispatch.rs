//! The desk of the dispatch in town: who drives and who is driven, where, and what for. Orders and duties
//! themselves are applied by the engine's side.

pub mod drivers;
pub mod numbers;
pub mod orders;
pub mod passengers;
pub mod regions;
pub mod tariffs;

use crate::store::sql::lists::{Part, Slice, patterns};
