//! Who takes which, when several orders wait and several couriers are free: all at once, by least total
//! cost, or one order after the other.

use std::collections::BTreeMap;

use pathfinding::prelude::{Matrix, kuhn_munkres_min};

use super::ranking::Ranked;
use crate::ids::{OrderId, UserId};

/// The parts that a cost is counted in, per unit.
const PARTS: f64 = 1e6;

/// The dearest pair, in parts.
const DEAREST: i64 = 1_000_000_000_000;

/// An order with who can take it.
#[derive(Clone, PartialEq, Debug)]
pub struct Waiting {
    /// The order that waits.
    pub order: OrderId,
    /// Who can take it, the best first.
    pub candidates: Vec<Ranked>,
}

/// Which order is to be offered to whom; nobody twice. Those that are left have nobody.
pub type Pairs = Vec<(OrderId, Ranked)>;

/// Pairs as many orders as can be, and of all ways to do so takes the one that costs least.
#[must_use]
pub fn together(waiting: &[Waiting]) -> Pairs {
    let mut columns: BTreeMap<UserId, usize> = BTreeMap::new();
    for ranked in waiting.iter().flat_map(|one| &one.candidates) {
        let next = columns.len();
        columns.entry(ranked.candidate.courier).or_insert(next);
    }
    if columns.is_empty() {
        return Vec::new();
    }
    // An order can be left to a column that stands for nobody. That costs more than all pairs together, so
    // it happens only where somebody has to be left.
    let orders = waiting.len();
    let nobody = DEAREST * (i64::try_from(orders).unwrap_or(i64::MAX / DEAREST - 1) + 1);
    let mut costs = Matrix::new(orders, columns.len() + orders, nobody);
    for (row, one) in waiting.iter().enumerate() {
        for ranked in &one.candidates {
            costs[(row, columns[&ranked.candidate.courier])] = parts(ranked);
        }
    }
    let (_, assigned) = kuhn_munkres_min(&costs);
    let pair = |(one, column): (&Waiting, usize)| {
        let is_this = |ranked: &&Ranked| columns[&ranked.candidate.courier] == column;
        one.candidates.iter().find(is_this).map(|ranked| (one.order, *ranked))
    };
    waiting.iter().zip(assigned).filter_map(pair).collect()
}

/// One order after the other takes the best courier who is left.
#[must_use]
pub fn in_turn(waiting: &[Waiting]) -> Pairs {
    let mut pairs: Pairs = Vec::new();
    for one in waiting {
        let is_left = |ranked: &&Ranked| {
            pairs.iter().all(|(_, taken)| taken.candidate.courier != ranked.candidate.courier)
        };
        if let Some(best) = one.candidates.iter().find(is_left) {
            pairs.push((one.order, *best));
        }
    }
    pairs
}

/// A cost in whole parts, so that sums are exact.
#[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
fn parts(ranked: &Ranked) -> i64 {
    (ranked.cost.total() * PARTS).round().clamp(0.0, DEAREST as f64) as i64
}
