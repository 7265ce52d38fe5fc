//! A request goes its way step by step, and never back in time.

use std::collections::{BTreeMap, BTreeSet};

use peerpack_actors::ids::RequestId;
use peerpack_actors::invariants::path_forward;
use peerpack_actors::market::request::{Party, RequestState};
use peerpack_actors::stream::OfferEndReason;
use peerpack_actors::time::Time;

use super::history::{Fact, History, Step, Told};

/// Requests that took a step which does not exist, or whose times run backwards, as one user was told.
pub(super) fn check(history: &History) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (user, stream) in history.streams.iter().filter(|(_, stream)| !stream.is_torn) {
        let mut paths: BTreeMap<RequestId, (Time, Vec<RequestState>)> = BTreeMap::new();
        for told in stream.in_order() {
            if let Some((request, state)) = state(told) {
                // The sender hears of an offer only when it is a deal.
                let (_, states) = paths.entry(request).or_insert_with(|| (told.at, Vec::new()));
                states.extend(state);
            }
        }
        for (request, (since, states)) in paths {
            found.extend(
                path_forward(request, since, &states)
                    .err()
                    .map(|violation| format!("{user}: {}", violation.text)),
            );
        }
    }
    found.into_iter().collect()
}

/// The request that an event is about, and the state it has from then on; none when it is new.
fn state(told: &Told) -> Option<(RequestId, Option<RequestState>)> {
    let at = told.at;
    match told.fact {
        Fact::Offered { request, .. } | Fact::Step { step: Step::Opened, request, .. } => {
            Some((request, None))
        }
        Fact::Ended { request, reason, .. } => {
            let state = match reason {
                OfferEndReason::Taken => RequestState::Taken { at },
                OfferEndReason::Expired => RequestState::Expired { at },
                OfferEndReason::Cancelled | OfferEndReason::Changed => RequestState::Withdrawn { at },
            };
            Some((request, Some(state)))
        }
        Fact::Step { step, request, .. } => Some((request, step_state(step, at))),
        Fact::Package { .. }
        | Fact::Trip { .. }
        | Fact::Said { .. }
        | Fact::More { .. }
        | Fact::Read { .. }
        | Fact::Other => None,
    }
}

fn step_state(step: Step, at: Time) -> Option<RequestState> {
    match step {
        Step::Opened => None,
        Step::Accepted => Some(RequestState::Accepted { at }),
        Step::Declined => Some(RequestState::Declined { at, reason: None }),
        Step::Taken => Some(RequestState::Taken { at }),
        Step::PickedUp => Some(RequestState::PickedUp { at }),
        Step::Delivered => Some(RequestState::Delivered { at }),
        Step::Confirmed => Some(RequestState::Confirmed { at, operator: None }),
        Step::Cancelled => Some(RequestState::Cancelled { at, by: Party::Courier, operator: None }),
        Step::Disputed => Some(RequestState::Disputed { at, reason: String::new() }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Play;
    use super::*;

    #[test]
    fn a_deal_that_is_made_and_called_off_is_fine() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.deal(1, request, 1);
        play.cancel(1, request, 1);
        assert_eq!(check(&play.history), [""; 0]);
    }

    #[test]
    fn a_step_that_does_not_exist_is_seen() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.end(1, request, 1, OfferEndReason::Expired);
        play.step(1, Step::Accepted, request, 1);
        assert!(check(&play.history)[0].contains("went astray from expired to accepted"));
    }

    #[test]
    fn a_step_back_in_time_is_seen() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.deal(1, request, 1);
        play.edit_last(1, |told| told.at = Time::from_ms(0));
        assert!(check(&play.history)[0].contains("back in time"));
    }
}
