//! Everybody concerned is told, and every command is answered exactly once.
//!
//! Judges absences, so it must be asked when all is quiet; where a stream is torn it says nothing.

use std::collections::{BTreeSet, HashMap, HashSet};

use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};

use super::history::{Command, Fact, History, Outcome, Step, What};
use super::winners;

/// What was told to whom.
#[derive(Default)]
struct Told {
    steps: HashSet<(UserId, RequestId, Step)>,
    offers: HashMap<RequestId, (UserId, PackageId)>,
    ended: HashSet<RequestId>,
    packages: HashSet<(UserId, PackageId)>,
    trips: HashSet<(UserId, TripId)>,
}

/// Who was not told of what.
pub(super) fn check(history: &History) -> Vec<String> {
    let told = Told::of(history);
    let mut found = BTreeSet::new();
    for (cmd, command) in &history.commands {
        let (what, request, by) = (command.what, command.request, command.by);
        let answers = command.answers.len();
        if answers != command.sends {
            let sends = command.sends;
            found.insert(format!(
                "{by} {what:?} {request}: sent {sends} times, answered {answers} times ({cmd})"
            ));
        }
        if contradicts_itself(command) {
            found.insert(format!(
                "{by} {what:?} {request}: contradictory answers {:?} ({cmd})",
                command.answers
            ));
        }
        if was_done_and_refused(command, &told) {
            found.insert(format!(
                "{by} {what:?} {request}: answered {:?}, and told that it was done ({cmd})",
                command.answers
            ));
        }
        if command.is_done() {
            for (party, role) in told.parties(history, command) {
                if is_judged(history, party) && !told.steps.contains(&(party, request, what.step())) {
                    found.insert(format!("the {role} {party} was not told of {:?} {request}", what.step()));
                }
            }
        }
    }
    let taken: HashSet<PackageId> = winners::holders(history)
        .into_iter()
        .filter(|(_, requests)| !requests.is_empty())
        .map(|(id, _)| id)
        .collect();
    for (request, (courier, package)) in &told.offers {
        let answered = told.ended.contains(request)
            || [Step::Accepted, Step::Declined, Step::Taken]
                .iter()
                .any(|step| told.steps.contains(&(*courier, *request, *step)));
        if taken.contains(package) && !answered && is_judged(history, *courier) {
            found.insert(format!("the courier {courier} was not told that {request} for {package} is taken"));
        }
    }
    for (package, facts) in &history.packages {
        if is_judged(history, facts.sender) && !told.packages.contains(&(facts.sender, *package)) {
            found.insert(format!(
                "the sender {} was not told of the published package {package}",
                facts.sender
            ));
        }
    }
    for (trip, facts) in &history.trips {
        if is_judged(history, facts.courier) && !told.trips.contains(&(facts.courier, *trip)) {
            found.insert(format!("the courier {} was not told of the published trip {trip}", facts.courier));
        }
    }
    found.into_iter().collect()
}

fn is_judged(history: &History, user: UserId) -> bool {
    history.streams.get(&user).is_some_and(|stream| !stream.is_torn)
}

/// The same command gets the same answer, save that what was unknown may become known.
fn contradicts_itself(command: &Command) -> bool {
    let mut known =
        command.answers.iter().map(|(_, outcome)| outcome).filter(|outcome| **outcome != Outcome::Unknown);
    let first = known.next();
    known.any(|outcome| Some(outcome) != first)
}

/// A command whose outcome was unknown is repeated to learn it; a refusal says that it was not done. (The
/// other party may have called the deal off, too.)
fn was_done_and_refused(command: &Command, told: &Told) -> bool {
    let is_refused = command.answers.iter().any(|(_, outcome)| matches!(outcome, Outcome::Refused(_)));
    is_refused
        && command.what != What::Cancel
        && told.steps.contains(&(command.by, command.request, command.what.step()))
}

impl Told {
    fn of(history: &History) -> Self {
        let mut all = Self::default();
        for (user, stream) in &history.streams {
            for told in &stream.told {
                match told.fact {
                    Fact::Offered { request, package, .. } => {
                        all.offers.insert(request, (*user, package));
                    }
                    Fact::Ended { request, .. } => {
                        all.ended.insert(request);
                    }
                    Fact::Step { step, request, .. } => {
                        all.steps.insert((*user, request, step));
                    }
                    Fact::Package { package, .. } => {
                        all.packages.insert((*user, package));
                    }
                    Fact::Trip { trip, .. } => {
                        all.trips.insert((*user, trip));
                    }
                    Fact::Said { .. } | Fact::More { .. } | Fact::Read { .. } | Fact::Other => {}
                }
            }
        }
        all
    }

    /// Who has to be told of a command that was done.
    fn parties(&self, history: &History, command: &Command) -> Vec<(UserId, &'static str)> {
        let Some((courier, package)) = self.offers.get(&command.request) else { return Vec::new() };
        let sender = history.packages.get(package).map(|facts| (facts.sender, "sender"));
        let sender = sender.filter(|_| command.what != What::Decline);
        [Some((*courier, "courier")), sender].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use peerpack_actors::stream::OfferEndReason;

    use super::super::testing::Play;
    use super::*;

    /// One package, offered to two couriers; the first one gets it.
    fn contested() -> (Play, RequestId, RequestId) {
        let mut play = Play::new();
        play.publish(1);
        let (winner, loser) = (play.offer(1, 1), play.offer(2, 1));
        (play, winner, loser)
    }

    #[test]
    fn when_all_are_told_nothing_is_found() {
        let (mut play, winner, loser) = contested();
        play.acknowledged(1, What::Accept, winner);
        play.deal(1, winner, 1);
        play.end(2, loser, 1, OfferEndReason::Taken);
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn a_loser_who_is_not_told_is_seen() {
        let (mut play, winner, _) = contested();
        play.deal(1, winner, 1);
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].contains("is taken"), "{found:?}");
    }

    #[test]
    fn offers_of_a_package_that_is_free_again_may_be_open() {
        let (mut play, winner, _) = contested();
        play.deal(1, winner, 1);
        play.cancel(1, winner, 1);
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn a_winner_and_a_sender_who_are_not_told_are_seen() {
        let (mut play, winner, loser) = contested();
        play.acknowledged(1, What::Accept, winner);
        play.end(2, loser, 1, OfferEndReason::Taken);
        let found = check(&play.history);
        assert!(found.iter().any(|what| what.starts_with("the courier")), "{found:?}");
        assert!(found.iter().any(|what| what.starts_with("the sender")), "{found:?}");
    }

    #[test]
    fn a_decline_concerns_the_courier_alone() {
        let (mut play, request, _) = contested();
        play.acknowledged(1, What::Decline, request);
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].starts_with("the courier"), "{found:?}");
    }

    #[test]
    fn a_command_without_an_answer_or_with_two_is_seen() {
        let (mut play, request, _) = contested();
        let cmd = play.acknowledged(1, What::Decline, request);
        play.step(1, Step::Declined, request, 1);
        play.history.answered(cmd, 9, Outcome::Ok);
        assert!(check(&play.history)[0].contains("sent 1 times, answered 2 times"));
        play.history.commands.values_mut().for_each(|command| command.answers.clear());
        assert!(check(&play.history)[0].contains("sent 1 times, answered 0 times"));
    }

    #[test]
    fn a_repeated_command_with_another_answer_is_seen() {
        let (mut play, request, _) = contested();
        let cmd = play.acknowledged(1, What::Decline, request);
        play.step(1, Step::Declined, request, 1);
        play.sent(cmd, 1, What::Decline, request);
        play.history.answered(cmd, 9, Outcome::Refused("expired".to_owned()));
        assert!(check(&play.history).iter().any(|what| what.contains("contradictory")));
    }

    #[test]
    fn a_refusal_of_what_was_done_is_seen() {
        let (mut play, winner, loser) = contested();
        play.refused(1, What::Accept, winner, "illegal_transition");
        play.refused(2, What::Accept, loser, "already_taken");
        play.deal(1, winner, 1);
        play.end(2, loser, 1, OfferEndReason::Taken);
        let found = check(&play.history);
        assert!(found.len() == 1 && found[0].contains("told that it was done"), "{found:?}");
    }

    #[test]
    fn publications_of_which_their_owners_hear_nothing_are_seen() {
        let mut play = Play::new();
        play.publish(1);
        play.forget_told();
        let found = check(&play.history);
        assert!(found.iter().any(|what| what.contains("published package")), "{found:?}");
        assert!(found.iter().any(|what| what.contains("published trip")), "{found:?}");
    }

    #[test]
    fn nothing_is_concluded_from_a_torn_stream() {
        let (mut play, winner, _) = contested();
        play.deal(1, winner, 1);
        play.history.streams.values_mut().for_each(|stream| stream.is_torn = true);
        assert_eq!(check(&play.history), [""; 0]);
    }
}
