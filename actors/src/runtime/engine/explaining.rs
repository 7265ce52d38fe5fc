//! Looking without changing anything: searches, explanations, dry runs.

use super::Engine;
use tokio::sync::Semaphore;

use crate::ids::{PackageId, UserId};
use crate::market::load::Load;
use crate::market::package::{Package, PackageDraft};
use crate::matching::policy::is_outranked;
use crate::matching::{
    self, Browsing, Candidate, Explanation, Need, Next, PackageEntry, Passing, Ranked, Reason, Survey,
};
use crate::money::Amount;
use crate::place::{Gazetteer, PlaceId};
use crate::runtime::measured::{self, Measured};
use crate::runtime::refusal::Refusal;
use crate::runtime::wave::{self, Judged};
use crate::time::{Span, Time};

/// How many rewards are tried for one that is offered at once, the least first.
const MAX_REWARDS: usize = 8;

/// How many trips are looked at for one call of [`Engine::browse`].
const MAX_BROWSED: usize = 20_000;

impl Engine {
    /// How this node matches.
    #[must_use]
    pub fn matching(&self) -> &matching::Settings {
        &self.context.settings.matching
    }

    /// Trips that pass the places of the need in order, have room and time, soonest first; at most `limit`.
    #[must_use]
    pub fn search(&self, need: &Need<'_>, limit: usize) -> Vec<Candidate> {
        self.context.trips.read().between(need, self.context.clock.now(), limit)
    }

    /// Trips that stop at a place, or at both in order, and leave the first one at a time or later, soonest
    /// first: some `most` of them, and from when on to ask for more. For browsing: it knows stops only, not
    /// the corridors that [`search`](Self::search) knows, and looks at 20 000 trips at a time.
    #[must_use]
    pub fn browse(
        &self,
        (from, to): (Option<PlaceId>, Option<PlaceId>),
        load: Load,
        since: Time,
        most: usize,
    ) -> (Vec<Passing>, Option<Time>) {
        let upcoming = since.max(self.context.clock.now() + Span::from_ms(1));
        let mut browsing = Browsing::new(from, to, load, upcoming, Gazetteer::bundled());
        // The lock is taken for each step anew.
        while browsing.step(&self.context.trips.read()) {
            if browsing.is_enough(MAX_BROWSED, most) {
                let seen_until = browsing.seen_until();
                return (browsing.into_found(false), Some(seen_until));
            }
        }
        (browsing.into_found(true), None)
    }

    /// Who was considered for a package, and why in or out.
    ///
    /// # Errors
    /// When the package is unknown or the store does not answer.
    pub async fn explain(&self, id: PackageId) -> Result<(Package, Explanation), Refusal> {
        let package = self.context.store.package(id).await?.ok_or(Refusal::NotFound)?;
        let entry = self.context.package_entry(&package);
        let mut anybody = entry.clone();
        anybody.forget_requests();
        let next = self.next(&package, &entry).await;
        let measured = measured::measure(&self.context, wave::questions(&self.context, &anybody)).await;
        let mut explanations = self.look(vec![entry], measured).await?;
        Ok((package, Explanation { next, ..explanations.swap_remove(0) }))
    }

    /// Who would be considered for a package that is not published yet, and what would happen to it: as
    /// drafted, and for another reward.
    ///
    /// # Errors
    /// The refusal that publishing would meet.
    pub async fn dry_run(
        &self,
        sender: UserId,
        draft: PackageDraft,
        reward: Amount,
    ) -> Result<(Explanation, Explanation), Refusal> {
        let now = self.context.clock.now();
        let package = Package::publish(PackageId::new(now, self.context.clock.random()), sender, draft, now)?;
        let entry = self.context.package_entry(&package);
        let other = PackageEntry { reward, ..entry.clone() };
        let (next, other_next) = (self.next(&package, &entry).await, self.next(&package, &other).await);
        let measured = measured::measure(&self.context, wave::questions(&self.context, &entry)).await;
        let mut explanations = self.look(vec![entry, other], measured).await?;
        let with_other = Explanation { next: other_next, ..explanations.swap_remove(1) };
        Ok((Explanation { next, ..explanations.swap_remove(0) }, with_other))
    }

    /// What happens to a package now: the very judgement by which its actor goes.
    async fn next(&self, package: &Package, entry: &PackageEntry) -> Next {
        let now = self.context.clock.now();
        if !package.is_waiting(now) {
            return Next::Nothing;
        }
        let Judged { step, rewards, .. } = self.judge(entry, now).await;
        let asked = entry.pending.len() + entry.standing.len();
        match step.kept_until {
            _ if !step.wave.is_empty() => Next::Offered { couriers: step.wave.len() },
            _ if asked > 0 => Next::Asked { couriers: asked },
            None => Next::Waits,
            Some(until) => {
                let mut reward_at_once = None;
                for reward in rewards.into_iter().take(MAX_REWARDS) {
                    let better = PackageEntry { reward, ..entry.clone() };
                    if !self.judge(&better, now).await.step.wave.is_empty() {
                        reward_at_once = Some(reward);
                        break;
                    }
                }
                Next::Kept { until, reward_at_once }
            }
        }
    }

    async fn judge(&self, entry: &PackageEntry, now: Time) -> Judged {
        let measured = measured::measure(&self.context, wave::questions(&self.context, entry)).await;
        wave::judge(&self.context, entry, &measured, now)
    }

    /// At a hub this is a long look: one at a time on a thread of its own, so that no request waits for
    /// somebody else's curiosity.
    async fn look(
        &self,
        entries: Vec<PackageEntry>,
        measured: Measured,
    ) -> Result<Vec<Explanation>, Refusal> {
        static TURN: Semaphore = Semaphore::const_new(1);
        let _turn = TURN.acquire().await.map_err(|_| Refusal::Busy)?;
        let engine = self.clone();
        let look = move || entries.iter().map(|entry| engine.explain_entry(entry, &measured)).collect();
        tokio::task::spawn_blocking(look).await.map_err(|_| Refusal::Busy)
    }

    fn explain_entry(&self, entry: &PackageEntry, measured: &Measured) -> Explanation {
        let settings = &self.context.settings.matching;
        let now = self.context.clock.now();
        let mut survey = Survey::new(settings.max_verdicts);
        // The lock is taken for each step anew: at a hub this is a long look, and nobody else should wait for
        // it.
        while survey.step(&self.context.trips.read(), entry, now) {}
        survey.correct(|trip, plan| measured.of(trip, plan));
        let (trips, waiting) = (self.context.trips.read(), self.context.waiting.read());
        let view = self.context.view(&trips, now);
        let most = settings.max_live_offers;
        let places = |courier| self.context.offers.places(courier, most);
        let is_busy = |courier| places(courier) == 0;
        let passed_over = |one: &Ranked| {
            let places = places(one.candidate.courier);
            match trips.get(one.candidate.trip).filter(|_| places > 0) {
                None => Some(Reason::Busy),
                Some(trip) => {
                    let better_wait =
                        places < most && is_outranked(one, entry, trip, places, &waiting, &view);
                    better_wait.then_some(Reason::Outranked)
                }
            }
        };
        matching::explain(survey, entry, now, &view, is_busy, passed_over, settings)
    }
}
