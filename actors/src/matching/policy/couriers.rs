//! What couriers did with their offers: how likely they accept the next one, and whose turn it is.

use std::collections::HashMap;

use crate::ids::UserId;
use crate::matching::Settings;

/// Nobody is written off, and nobody is taken for certain.
const MIN_ACCEPTANCE: f64 = 0.05;
const MAX_ACCEPTANCE: f64 = 0.95;

/// How couriers answered.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Couriers {
    answers: HashMap<UserId, Answers>,
    all: Answers,
}

/// Counts of answers. An offer that ran out counts as asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Answers {
    /// How many offers ended with an answer or ran out.
    pub asked: u32,
    /// How many of them were accepted.
    pub accepted: u32,
}

impl Couriers {
    /// Notes the end of an offer.
    pub fn note(&mut self, courier: UserId, accepted: bool) {
        self.add(courier, Answers { asked: 1, accepted: u32::from(accepted) });
    }

    /// Adds what is known of a courier.
    pub fn add(&mut self, courier: UserId, answers: Answers) {
        let own = self.answers.entry(courier).or_default();
        for sum in [own, &mut self.all] {
            sum.asked = sum.asked.saturating_add(answers.asked);
            sum.accepted = sum.accepted.saturating_add(answers.accepted);
        }
    }

    /// The chance that a courier accepts an offer: the configured one, as if it had been seen
    /// [`Settings::acceptance_prior`] times, drawn towards what the courier did. From 0.05 to 0.95.
    #[must_use]
    pub fn acceptance(&self, courier: UserId, settings: &Settings) -> f64 {
        let own = self.answers.get(&courier).copied().unwrap_or_default();
        let prior = settings.acceptance_prior.max(0.1);
        let accepted = settings.acceptance * prior + f64::from(own.accepted);
        (accepted / (prior + f64::from(own.asked))).clamp(MIN_ACCEPTANCE, MAX_ACCEPTANCE)
    }

    /// How much more, or less, a courier weighs who has had less, or more, than the others: from 1 -
    /// [`Settings::fairness`] to 1 + [`Settings::fairness`].
    #[must_use]
    pub fn fairness(&self, courier: UserId, settings: &Settings) -> f64 {
        if self.answers.is_empty() {
            return 1.0;
        }
        let own = f64::from(self.answers.get(&courier).map_or(0, |answers| answers.accepted));
        let mean = f64::from(self.all.accepted) / self.answers.len() as f64;
        1.0 + settings.fairness * (mean - own) / (mean + own + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn courier(n: u128) -> UserId {
        Uuid::from_u128(n).into()
    }

    #[test]
    fn a_stranger_is_as_likely_to_accept_as_configured() {
        let settings = Settings { acceptance: 0.3, ..Settings::default() };
        assert_eq!(Couriers::default().acceptance(courier(1), &settings), 0.3);
    }

    #[test]
    fn estimates_follow_the_answers_within_bounds() {
        let settings = Settings { acceptance: 0.5, acceptance_prior: 4.0, ..Settings::default() };
        let mut couriers = Couriers::default();
        couriers.note(courier(1), true);
        assert!((couriers.acceptance(courier(1), &settings) - 0.6).abs() < 1e-9);
        couriers.add(courier(1), Answers { asked: 1_000, accepted: 1_000 });
        couriers.add(courier(2), Answers { asked: 1_000, accepted: 0 });
        assert_eq!(couriers.acceptance(courier(1), &settings), MAX_ACCEPTANCE);
        assert_eq!(couriers.acceptance(courier(2), &settings), MIN_ACCEPTANCE);
        assert_eq!(couriers.acceptance(courier(3), &settings), 0.5, "others are not judged by them");
    }

    #[test]
    fn who_had_less_weighs_more_but_not_much() {
        let settings = Settings { fairness: 0.15, ..Settings::default() };
        let mut couriers = Couriers::default();
        assert_eq!(couriers.fairness(courier(1), &settings), 1.0);
        couriers.add(courier(1), Answers { asked: 50, accepted: 50 });
        couriers.add(courier(2), Answers { asked: 50, accepted: 0 });
        let (rich, poor) =
            (couriers.fairness(courier(1), &settings), couriers.fairness(courier(2), &settings));
        assert!(rich < 1.0 && poor > 1.0, "{rich} {poor}");
        assert!(rich >= 0.85 && poor <= 1.15, "{rich} {poor}");
    }
}
