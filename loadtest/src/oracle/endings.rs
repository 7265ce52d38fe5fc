//! Nothing is offered or accepted after its end.

use std::collections::{BTreeSet, HashMap};

use peerpack_actors::ids::RequestId;
use peerpack_actors::time::{Span, Time};

use super::history::{Fact, History, What};

/// Offers told after their end, and acceptances that went through after it.
pub(super) fn check(history: &History, tolerance: Span) -> Vec<String> {
    let mut found = BTreeSet::new();
    let (mut ended, mut deadlines) = (HashMap::<RequestId, u64>::new(), HashMap::<RequestId, Time>::new());
    for (user, stream) in &history.streams {
        for told in stream.in_order() {
            match told.fact {
                Fact::Ended { request, .. } => {
                    ended.insert(request, told.seq);
                }
                Fact::Offered { request, expires_at, .. } => {
                    if let Some(end) = ended.get(&request) {
                        found.insert(format!(
                            "{user} was offered {request} (event {}) after its end (event {end})",
                            told.seq
                        ));
                    }
                    if told.at > expires_at || (told.is_live && told.received_at > expires_at + tolerance) {
                        let (at, received) = (told.at, told.received_at);
                        found.insert(format!(
                            "{user} was offered {request} at {at}, received {received}, which had expired at {expires_at}"
                        ));
                    }
                    deadlines.insert(request, expires_at);
                }
                _ => {}
            }
        }
    }
    let accepted =
        history.commands.values().filter(|command| command.what == What::Accept && command.is_done());
    for command in accepted {
        let request = command.request;
        if let Some(end) = ended.get(&request) {
            found
                .insert(format!("{} accepted {request}, whose end it was told of (event {end})", command.by));
        }
        if let Some(expires_at) = deadlines.get(&request).filter(|at| command.sent_at > **at + tolerance) {
            let sent = command.sent_at;
            found.insert(format!(
                "{} accepted {request} at {sent}, which had expired at {expires_at}",
                command.by
            ));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use peerpack_actors::stream::OfferEndReason;

    use super::super::testing::Play;
    use super::*;

    const TOLERANCE: Span = Span::seconds(2);

    #[test]
    fn an_offer_that_ends_unanswered_is_fine() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.end(1, request, 1, OfferEndReason::Expired);
        assert_eq!(check(&play.history, TOLERANCE), [""; 0]);
    }

    #[test]
    fn an_offer_after_its_end_is_seen() {
        let mut play = Play::new();
        let request = play.offer(1, 1);
        play.end(1, request, 1, OfferEndReason::Taken);
        play.offer_again(1, 1, request);
        assert!(check(&play.history, TOLERANCE)[0].contains("after its end"));
    }

    #[test]
    fn an_offer_after_its_deadline_is_seen_unless_it_was_waiting_for_a_reconnect() {
        let mut play = Play::new();
        play.offer_with(1, 1, |fact| {
            if let Fact::Offered { expires_at, .. } = fact {
                *expires_at = Time::from_ms(0);
            }
        });
        assert!(check(&play.history, TOLERANCE)[0].contains("which had expired"));
        play.edit_last(1, |told| (told.at, told.is_live) = (Time::from_ms(0), false));
        assert_eq!(check(&play.history, TOLERANCE), [""; 0]);
    }

    #[test]
    fn an_acceptance_after_the_end_is_seen_whichever_the_client_heard_first() {
        for told_first in [true, false] {
            let mut play = Play::new();
            let request = play.offer(1, 1);
            if told_first {
                play.end(1, request, 1, OfferEndReason::Taken);
            }
            play.acknowledged(1, What::Accept, request);
            if !told_first {
                play.end(1, request, 1, OfferEndReason::Expired);
            }
            assert!(check(&play.history, TOLERANCE)[0].contains("whose end it was told of"));
        }
    }

    #[test]
    fn an_acceptance_long_after_the_deadline_is_seen() {
        let mut play = Play::new();
        let request = play.offer_with(1, 1, |fact| {
            if let Fact::Offered { expires_at, .. } = fact {
                *expires_at = Time::from_ms(10_000);
            }
        });
        play.edit_last(1, |told| (told.at, told.received_at) = (Time::from_ms(0), Time::from_ms(0)));
        play.acknowledged(1, What::Accept, request);
        let found = check(&play.history, TOLERANCE);
        assert!(found.len() == 1 && found[0].contains("which had expired"), "{found:?}");
    }
}
