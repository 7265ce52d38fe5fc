//! The answers on each package fit one order: as if its commands had been carried out one after the other,
//! each at some moment between its question and its answer.
//!
//! A search in the manner of Wing and Gong: of the commands that may come next, try each that the package in
//! that state would answer as it did. One whose outcome is unknown may have been done at any later moment, or
//! never.

use std::collections::{BTreeMap, HashMap, HashSet};

use peerpack_actors::ids::{PackageId, RequestId};

use super::history::{Fact, History, Outcome, What};

/// The most commands on one package that can be judged: one bit each.
const MOST: usize = 128;

/// A command as its client saw it.
#[derive(Clone, Debug)]
struct Operation {
    what: What,
    /// The request's place among those of the package.
    request: usize,
    outcome: Outcome,
    asked_us: u64,
    /// Never, if the outcome is unknown.
    answered_us: Option<u64>,
}

/// Packages whose answers contradict each other in every order.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = Vec::new();
    for (package, operations) in operations(history) {
        if operations.len() > MOST {
            found.push(format!("package {package}: {} commands are too many to judge", operations.len()));
        } else if !Search::new(&operations).succeeds(0, State::default()) {
            found.push(format!("package {package}: no order explains the answers to {operations:?}"));
        }
    }
    found
}

fn operations(history: &History) -> BTreeMap<PackageId, Vec<Operation>> {
    let mut places: HashMap<RequestId, (PackageId, usize)> = HashMap::new();
    let mut requests: HashMap<PackageId, usize> = HashMap::new();
    for told in history.streams.values().flat_map(|stream| &stream.told) {
        if let Fact::Offered { request, package, .. } | Fact::Step { request, package, .. } = told.fact {
            places.entry(request).or_insert_with(|| {
                let of_package = requests.entry(package).or_default();
                *of_package += 1;
                (package, *of_package - 1)
            });
        }
    }
    let mut operations: BTreeMap<PackageId, Vec<Operation>> = BTreeMap::new();
    for command in history.commands.values() {
        let Some((package, request)) = places.get(&command.request) else { continue };
        let known = command.answers.iter().find(|(_, outcome)| *outcome != Outcome::Unknown);
        operations.entry(*package).or_default().push(Operation {
            what: command.what,
            request: *request,
            outcome: known.map_or(Outcome::Unknown, |(_, outcome)| outcome.clone()),
            asked_us: command.asked_us.first().copied().unwrap_or_default(),
            answered_us: known.map(|(us, _)| *us),
        });
    }
    operations
}

/// How far a deal has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Stage {
    Accepted,
    PickedUp,
    Delivered,
    Confirmed,
}

/// A package, as far as commands on its requests depend on it.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct State {
    deal: Option<(usize, Stage)>,
    /// Requests that have had the package.
    winners: Vec<usize>,
    /// Requests that were declined or called off.
    over: Vec<usize>,
}

impl State {
    /// The state after a command, if it may be answered so in this one.
    fn after(&self, operation: &Operation) -> Option<Self> {
        let request = operation.request;
        match &operation.outcome {
            Outcome::Refused(code) if code == "already_taken" => {
                self.winners.iter().any(|winner| *winner != request).then(|| self.clone())
            }
            // Refusals for other reasons depend on more than is known here: time, room, who asks.
            Outcome::Refused(_) => Some(self.clone()),
            Outcome::Ok | Outcome::Unknown => self.done(operation.what, request),
        }
    }

    fn done(&self, what: What, request: usize) -> Option<Self> {
        let stage = self.deal.and_then(|(holder, stage)| (holder == request).then_some(stage));
        let is_over = self.over.contains(&request);
        let mut after = self.clone();
        match (what, stage) {
            (What::Accept, None) if self.deal.is_none() && !is_over => {
                after.deal = Some((request, Stage::Accepted));
                after.winners.push(request);
            }
            (What::PickUp, Some(Stage::Accepted)) => after.deal = Some((request, Stage::PickedUp)),
            (What::Deliver, Some(Stage::Accepted | Stage::PickedUp)) => {
                after.deal = Some((request, Stage::Delivered));
            }
            (What::Confirm, Some(Stage::Delivered)) => after.deal = Some((request, Stage::Confirmed)),
            (What::Cancel, Some(Stage::Accepted | Stage::PickedUp)) => {
                after.deal = None;
                after.over.push(request);
            }
            (What::Decline, None) if !is_over => after.over.push(request),
            // Repeated, it is answered as before.
            (What::Accept, Some(_)) => {}
            (What::PickUp, Some(stage)) if stage >= Stage::PickedUp => {}
            (What::Deliver, Some(stage)) if stage >= Stage::Delivered => {}
            (What::Confirm, Some(Stage::Confirmed)) => {}
            (What::Cancel | What::Decline, None) if is_over => {}
            _ => return None,
        }
        Some(after)
    }
}

struct Search<'a> {
    operations: &'a [Operation],
    /// Where the search has been, in vain.
    seen: HashSet<(u128, State)>,
}

impl<'a> Search<'a> {
    fn new(operations: &'a [Operation]) -> Self {
        Self { operations, seen: HashSet::new() }
    }

    /// Whether the commands that are not in `done` can follow in some order.
    fn succeeds(&mut self, done: u128, state: State) -> bool {
        let open = |at: &usize| done & (1 << at) == 0;
        let left: Vec<usize> = (0..self.operations.len()).filter(open).collect();
        let first_answer = left.iter().filter_map(|at| self.operations[*at].answered_us).min();
        let Some(first_answer) = first_answer else { return true };
        if !self.seen.insert((done, state.clone())) {
            return false;
        }
        let next = left.into_iter().filter(|at| self.operations[*at].asked_us <= first_answer);
        let next: Vec<(usize, State)> =
            next.filter_map(|at| Some((at, state.after(&self.operations[at])?))).collect();
        // What changes nothing can as well come now, and what is possible afterwards stays possible.
        let idle = next
            .iter()
            .find(|(at, after)| self.operations[*at].answered_us.is_some() && *after == state)
            .map(|(at, _)| *at);
        if let Some(at) = idle {
            return self.succeeds(done | (1 << at), state);
        }
        next.into_iter().any(|(at, after)| self.succeeds(done | (1 << at), after))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::testing::Play;
    use super::*;

    /// Commands on one package: what, by whom, how it was answered, asked and answered when.
    fn explained(commands: &[(What, u8, Outcome, u64, u64)]) -> bool {
        let mut play = Play::new();
        let requests = [play.offer(1, 1), play.offer(2, 1)];
        for (number, (what, by, outcome, asked_us, answered_us)) in commands.iter().enumerate() {
            let cmd = Uuid::from_u128(number as u128);
            play.sent_at(cmd, *by, *what, requests[usize::from(*by) - 1], *asked_us);
            play.history.answered(cmd, *answered_us, outcome.clone());
        }
        check(&play.history).is_empty()
    }

    fn too_late() -> Outcome {
        Outcome::Refused("already_taken".to_owned())
    }

    #[test]
    fn one_who_wins_and_one_who_is_too_late_are_fine_in_any_overlap() {
        for (asked, answered) in [(0, 5), (5, 20), (20, 30)] {
            let first = (What::Accept, 1, Outcome::Ok, 4, 21);
            assert!(explained(&[first, (What::Accept, 2, too_late(), asked.max(4), answered.max(6))]));
        }
    }

    #[test]
    fn two_winners_are_seen_however_they_overlap() {
        for asked in [0, 5, 20] {
            let other = (What::Accept, 2, Outcome::Ok, asked, asked + 10);
            assert!(!explained(&[(What::Accept, 1, Outcome::Ok, 0, 10), other]));
        }
    }

    #[test]
    fn a_refusal_before_anybody_could_have_won_is_seen() {
        let winner = |asked_us| (What::Accept, 1, Outcome::Ok, asked_us, asked_us + 10);
        let loser = (What::Accept, 2, too_late(), 0, 5);
        assert!(!explained(&[winner(6), loser.clone()]), "nobody had asked yet");
        assert!(explained(&[winner(4), loser]));
    }

    #[test]
    fn a_winner_after_a_finished_cancellation_is_fine_and_one_before_it_is_seen() {
        let deal = [(What::Accept, 1, Outcome::Ok, 0, 1), (What::Cancel, 1, Outcome::Ok, 10, 20)];
        for (answered_us, is_fine) in [(9, false), (15, true), (30, true)] {
            let next = (What::Accept, 2, Outcome::Ok, 5, answered_us);
            let [accept, cancel] = deal.clone();
            assert_eq!(explained(&[accept, cancel, next]), is_fine, "answered at {answered_us}");
        }
    }

    #[test]
    fn what_is_unknown_may_have_happened_at_any_later_moment_or_never() {
        let lost = (What::Accept, 1, Outcome::Unknown, 0, 5);
        assert!(explained(&[lost.clone(), (What::Accept, 2, too_late(), 90, 99)]), "it happened late");
        assert!(explained(&[lost.clone(), (What::Accept, 2, Outcome::Ok, 90, 99)]), "it never happened");
        let both = [(What::Accept, 2, too_late(), 50, 59), (What::Accept, 2, Outcome::Ok, 90, 99)];
        let [early, late] = both;
        assert!(!explained(&[lost, early, late]), "it cannot be undone");
    }

    #[test]
    fn a_step_that_jumps_is_seen() {
        let accept = (What::Accept, 1, Outcome::Ok, 0, 1);
        let step = |what| (what, 1, Outcome::Ok, 10, 20);
        assert!(explained(&[accept.clone(), step(What::Deliver)]));
        assert!(!explained(&[accept.clone(), step(What::Confirm)]));
        assert!(!explained(&[accept, step(What::Decline)]));
        assert!(!explained(&[step(What::PickUp)]));
    }

    #[test]
    fn fifty_at_once_are_judged_at_once_also_when_two_of_them_won() {
        for winners in [1, 2] {
            let mut play = Play::new();
            for number in 0..50 {
                let request = play.offer(1, 1);
                let cmd = Uuid::from_u128(number);
                play.sent_at(cmd, 1, What::Accept, request, 0);
                let outcome = if number < winners { Outcome::Ok } else { too_late() };
                play.history.answered(cmd, 100, outcome);
            }
            assert_eq!(check(&play.history).len(), usize::from(winners == 2));
        }
    }
}
