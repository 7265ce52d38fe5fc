//! One courier at a time has a package.

use std::collections::{BTreeSet, HashMap, HashSet};

use peerpack_actors::ids::{PackageId, RequestId};
use peerpack_actors::invariants::one_winner;

use super::history::{Fact, History, Step, What};

/// Packages with two winners.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (user, stream) in &history.streams {
        let mut deals: HashMap<PackageId, RequestId> = HashMap::new();
        for told in stream.in_order() {
            let Fact::Step { step, request, package, .. } = told.fact else { continue };
            match step {
                Step::Accepted => {
                    if let Some(other) = deals.insert(package, request).filter(|other| *other != request) {
                        let seq = told.seq;
                        found.insert(format!(
                            "package {package}: {user} was told (event {seq}) that {request} has it while {other} still had it"
                        ));
                    }
                }
                Step::Cancelled if deals.get(&package) == Some(&request) => {
                    deals.remove(&package);
                }
                _ => {}
            }
        }
    }
    for (package, holders) in holders(history) {
        found.extend(one_winner(package, holders).err().map(|violation| violation.text));
    }
    found.into_iter().collect()
}

/// The requests that hold each package in the end, by what the parties were told and by what was
/// acknowledged.
pub(super) fn holders(history: &History) -> HashMap<PackageId, BTreeSet<RequestId>> {
    let (mut holders, mut cancelled) = (HashMap::<PackageId, BTreeSet<RequestId>>::new(), HashSet::new());
    let mut package_of = HashMap::new();
    for told in history.streams.values().flat_map(|stream| &stream.told) {
        match told.fact {
            Fact::Offered { request, package, .. } => {
                package_of.insert(request, package);
            }
            Fact::Step { step: Step::Accepted, request, package, .. } => {
                holders.entry(package).or_default().insert(request);
            }
            Fact::Step { step: Step::Cancelled, request, .. } => {
                cancelled.insert(request);
            }
            _ => {}
        }
    }
    for command in history.commands.values().filter(|command| command.is_done()) {
        match command.what {
            What::Accept => {
                if let Some(package) = package_of.get(&command.request) {
                    holders.entry(*package).or_default().insert(command.request);
                }
            }
            What::Cancel => {
                cancelled.insert(command.request);
            }
            _ => {}
        }
    }
    for requests in holders.values_mut() {
        requests.retain(|request| !cancelled.contains(request));
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::super::testing::Play;
    use super::*;

    #[test]
    fn a_package_that_changes_hands_after_a_cancellation_is_fine() {
        let mut play = Play::new();
        let (one, other) = (play.offer(1, 1), play.offer(2, 1));
        play.deal(1, one, 1);
        play.cancel(1, one, 1);
        play.deal(2, other, 1);
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn two_couriers_who_are_both_told_they_have_it_are_seen_by_the_sender() {
        let mut play = Play::new();
        let (one, other) = (play.offer(1, 1), play.offer(2, 1));
        play.deal(1, one, 1);
        play.deal(2, other, 1);
        let found = check(&play.history);
        assert!(found.iter().any(|what| what.contains("still had it")), "{found:?}");
        assert!(found.iter().any(|what| what.contains("went to")), "{found:?}");
    }

    #[test]
    fn two_acknowledged_acceptances_are_seen_even_if_nobody_is_told() {
        let mut play = Play::new();
        let (one, other) = (play.offer(1, 1), play.offer(2, 1));
        play.acknowledged(1, What::Accept, one);
        play.acknowledged(2, What::Accept, other);
        assert_eq!(check(&play.history).len(), 1);
    }
}
