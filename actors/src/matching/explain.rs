//! Why a package was, or was not, offered to whom: the answer to a sender and to an operator, and the dry
//! run.

use std::collections::BTreeMap;

use crate::ids::{TripId, UserId};
use crate::market::request::Plan;
use crate::matching::policy::outlook::Outlook;
use crate::matching::policy::scored;
use crate::matching::{Candidate, PackageEntry, Ranked, Reason, Settings, Survey};
use crate::money::Amount;
use crate::time::Time;

/// A trip that suits, and where it stands among the others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Match {
    /// How the package would ride.
    pub plan: Plan,
    /// The points by which it is ranked: see [`score()`](crate::matching::score()).
    pub score: f64,
    /// From 1, the best.
    pub rank: usize,
    /// Whether a request to this courier waits for an answer already.
    pub requested: bool,
}

/// What was found about one trip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Verdict {
    /// The trip that was judged.
    pub trip: TripId,
    /// The courier of that trip.
    pub courier: UserId,
    /// The match, or what is against it.
    pub outcome: Result<Match, Reason>,
}

/// What happens to a package now, and when it does not happen at once, what it waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Next {
    /// The engine asks nobody: the sender chooses, or the package waits for nobody.
    Nothing,
    /// It is offered now.
    Offered {
        /// To so many couriers.
        couriers: usize,
    },
    /// It was offered, and answers are waited for.
    Asked {
        /// Of so many couriers.
        couriers: usize,
    },
    /// Couriers suit, and their room is kept for packages that are worth more to them.
    Kept {
        /// Until when at the latest; then it is offered to everybody who suits.
        until: Time,
        /// The least reward in whole units for which it would be offered at once, if any would do.
        reward_at_once: Option<Amount>,
    },
    /// Nobody can be asked.
    #[default]
    Waits,
}

/// Everything that was considered for a package.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Explanation {
    /// How many trips touch an end of the package.
    pub considered: usize,
    /// How many of them suit and may be asked.
    pub matches: usize,
    /// How many couriers these belong to.
    pub couriers: usize,
    /// The chance that one of the best of them accepts, as many as a wave may have, 0 to 1.
    pub chance: f64,
    /// The median detour of the matches, in minutes.
    pub median_detour_min: Option<u32>,
    /// The median detour of the matches, in metres.
    pub median_detour_m: Option<u32>,
    /// How many trips were rejected, by [`Reason::kind`].
    pub reasons: BTreeMap<&'static str, usize>,
    /// The matches by rank, then the rejected, those that came nearest first; at most
    /// [`Settings::max_verdicts`].
    pub verdicts: Vec<Verdict>,
    /// What happens to it now. An explanation works it out as the package's actor does.
    pub next: Next,
}

/// Says for every trip of the survey how it suits, or why it does not. The survey is one of this package.
///
/// `outlook` is what is believed of the couriers, `is_busy` who cannot get an offer right now, whatever the
/// package, and `passed_over` why one of the others who suits is not asked.
#[must_use]
pub fn explain(
    survey: Survey,
    package: &PackageEntry,
    now: Time,
    outlook: &impl Outlook,
    is_busy: impl Fn(UserId) -> bool,
    passed_over: impl Fn(&Ranked) -> Option<Reason>,
    settings: &Settings,
) -> Explanation {
    let mut explanation = Explanation { considered: survey.considered(), ..Explanation::default() };
    let off_route = survey.off_route();
    let (mut suited, mut rejected) = (Vec::new(), Vec::new());
    for seen in survey.into_found() {
        let (trip, courier, price) = (seen.trip, seen.courier, seen.price);
        match seen.outcome {
            Ok(plan) => suited.push(Candidate { trip, courier, price, plan }),
            Err(reason) => rejected.push(Verdict { trip, courier, outcome: Err(reason) }),
        }
    }
    let is_pending = |trip: TripId| package.is_requested(trip);
    let is_asked = |candidate: &Candidate| package.is_pending_with(candidate.courier);
    suited.retain(|candidate| {
        let busy = !is_asked(candidate) && is_busy(candidate.courier);
        if busy {
            let Candidate { trip, courier, .. } = *candidate;
            rejected.push(Verdict { trip, courier, outcome: Err(Reason::Busy) });
        }
        !busy
    });
    // The same cut as that of the index: by the pickup, of those who can be asked, before anybody is scored.
    suited.sort_unstable_by_key(|candidate| (!is_asked(candidate), candidate.plan.pickup.at, candidate.trip));
    let pending = suited.partition_point(is_asked);
    let beyond = suited.split_off(suited.len().min(pending + settings.candidates));
    rejected.extend(beyond.iter().map(|candidate| Verdict {
        trip: candidate.trip,
        courier: candidate.courier,
        outcome: Err(Reason::Cut { limit: settings.candidates }),
    }));
    let mut chances: Vec<(UserId, f64)> = Vec::new();
    for (ranked, rank) in scored(&suited, package, outlook, now, settings).into_iter().zip(1..) {
        let Candidate { trip, courier, plan, .. } = ranked.candidate;
        let requested = is_pending(trip);
        let outcome = if requested {
            Ok(Match { plan, score: ranked.score, rank, requested })
        } else if let Some(until) = ranked.kept_until {
            Err(Reason::RoomIsDear { until })
        } else if let Some(reason) = passed_over(&ranked) {
            Err(reason)
        } else {
            Ok(Match { plan, score: ranked.score, rank, requested })
        };
        // Nobody is asked for two trips at once.
        if outcome.is_ok() && chances.iter().all(|(asked, _)| *asked != courier) {
            chances.push((courier, ranked.chance));
        }
        let list = if outcome.is_ok() { &mut explanation.verdicts } else { &mut rejected };
        list.push(Verdict { trip, courier, outcome });
    }
    explanation.chance =
        1.0 - chances.iter().take(settings.max_wave).map(|(_, chance)| 1.0 - chance).product::<f64>();
    explanation.sum_up(rejected, settings.max_verdicts);
    if off_route > 0 {
        // Not all of them were kept.
        explanation.reasons.insert(Reason::OffRoute.kind(), off_route);
    }
    explanation
}

impl Explanation {
    /// Counts, and adds the rejected to the matches.
    fn sum_up(&mut self, mut rejected: Vec<Verdict>, max_verdicts: usize) {
        let matches = || self.verdicts.iter().filter_map(|verdict| verdict.outcome.ok());
        self.matches = matches().count();
        self.median_detour_min = median(matches().map(|found| found.plan.detour_min).collect());
        self.median_detour_m = median(matches().map(|found| found.plan.detour_m).collect());
        let mut couriers: Vec<UserId> = self.verdicts.iter().map(|verdict| verdict.courier).collect();
        couriers.sort_unstable();
        couriers.dedup();
        self.couriers = couriers.len();
        let stage = |verdict: &Verdict| verdict.outcome.err().map_or(0, |reason| reason.stage());
        for reason in rejected.iter().filter_map(|verdict| verdict.outcome.err()) {
            *self.reasons.entry(reason.kind()).or_default() += 1;
        }
        rejected.sort_by_key(|verdict| (std::cmp::Reverse(stage(verdict)), verdict.trip));
        self.verdicts.extend(rejected);
        self.verdicts.truncate(max_verdicts);
    }
}

/// The lower median.
fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len().checked_sub(1)? / 2).copied()
}
