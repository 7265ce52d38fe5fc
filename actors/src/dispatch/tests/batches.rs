//! Batches: nobody twice, as many orders as can be, and never dearer than one after the other.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::fixture::{courier, id};
use crate::dispatch::Candidate;
use crate::dispatch::batch::{Pairs, Waiting, in_turn, together};
use crate::dispatch::ranking::{Cost, Ranked};

fn ranked(n: u128, cost: f64) -> Ranked {
    let candidate = Candidate { courier: courier(n), way_km: 1.0, eta_s: 60.0 };
    Ranked { candidate, cost: Cost { eta: cost, ..Cost::default() }, orders_today: 0 }
}

/// Orders with the costs of couriers 0, 1, 2..; `None` cannot take it.
fn waiting(costs: &[Vec<Option<f64>>]) -> Vec<Waiting> {
    let one = |(order, row): (usize, &Vec<Option<f64>>)| {
        let mut candidates: Vec<Ranked> =
            row.iter().enumerate().filter_map(|(n, cost)| cost.map(|cost| ranked(n as u128, cost))).collect();
        candidates.sort_by(|a, b| a.cost.total().total_cmp(&b.cost.total()));
        Waiting { order: id(10 + order as u128), candidates }
    };
    costs.iter().enumerate().map(one).collect()
}

fn cost(pairs: &Pairs) -> f64 {
    pairs.iter().map(|(_, ranked)| ranked.cost.total()).sum()
}

/// The most orders that can be served, and the least that they cost so, by trying everything.
fn best(costs: &[Vec<Option<f64>>], taken: &mut BTreeSet<usize>) -> (usize, f64) {
    let Some((row, rest)) = costs.split_first() else { return (0, 0.0) };
    let mut found = best(rest, taken);
    for (n, cost) in row.iter().enumerate() {
        let Some(cost) = cost else { continue };
        if taken.insert(n) {
            let (served, sum) = best(rest, taken);
            taken.remove(&n);
            let (served, sum) = (served + 1, sum + cost);
            if served > found.0 || (served == found.0 && sum < found.1) {
                found = (served, sum);
            }
        }
    }
    found
}

#[test]
fn two_orders_do_not_both_want_the_nearest() {
    // One after the other costs 0.1 + 0.9, together 0.2 + 0.3.
    let waiting = waiting(&[vec![Some(0.1), Some(0.2)], vec![Some(0.3), Some(0.9)]]);
    assert!((cost(&in_turn(&waiting)) - 1.0).abs() < 1e-9);
    let pairs = together(&waiting);
    assert!((cost(&pairs) - 0.5).abs() < 1e-9);
    let who: Vec<_> = pairs.iter().map(|(order, ranked)| (*order, ranked.candidate.courier)).collect();
    assert_eq!(who, [(id(10), courier(1)), (id(11), courier(0))]);
}

#[test]
fn an_order_that_one_courier_alone_can_take_is_not_left() {
    let waiting = waiting(&[vec![Some(0.1), Some(100.0)], vec![Some(0.2), None]]);
    assert_eq!((in_turn(&waiting).len(), together(&waiting).len()), (1, 2));
}

#[test]
fn nothing_comes_of_nothing() {
    assert_eq!(together(&[]), []);
    assert_eq!(together(&waiting(&[vec![None, None], vec![]])), []);
    assert_eq!(together(&waiting(&[vec![Some(0.5)], vec![Some(0.4)], vec![None]])).len(), 1);
}

proptest! {
    #[test]
    fn a_batch_is_the_best_there_is_and_never_worse_than_one_after_the_other(
        costs in (1..6_usize).prop_flat_map(|couriers| {
            prop::collection::vec(prop::collection::vec(prop::option::weighted(0.7, 0.0..2.0_f64), couriers), 1..6)
        }),
    ) {
        let waiting = waiting(&costs);
        let (pairs, turns) = (together(&waiting), in_turn(&waiting));
        for pairs in [&pairs, &turns] {
            let couriers: BTreeSet<_> = pairs.iter().map(|(_, ranked)| ranked.candidate.courier).collect();
            let orders: BTreeSet<_> = pairs.iter().map(|(order, _)| *order).collect();
            prop_assert_eq!((couriers.len(), orders.len()), (pairs.len(), pairs.len()), "nobody twice");
        }
        prop_assert!(pairs.len() >= turns.len());
        if pairs.len() == turns.len() {
            prop_assert!(cost(&pairs) <= cost(&turns) + 1e-5);
        }
        let (served, sum) = best(&costs, &mut BTreeSet::new());
        prop_assert_eq!(pairs.len(), served);
        prop_assert!((cost(&pairs) - sum).abs() < 1e-5, "{} {sum}", cost(&pairs));
    }
}
