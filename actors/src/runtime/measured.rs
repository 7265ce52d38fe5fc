//! Measures the best candidates again before anybody is asked: asks for ways and for what rides already,
//! outside of every lock and of every actor's turn, and hands both to [`Question`].

use std::collections::HashMap;
use std::sync::Arc;

use super::context::Context;
use crate::ids::TripId;
use crate::market::request::{Plan, RequestState};
use crate::matching::{Aboard, Candidate, PackageEntry, Question, Reason, TripEntry, Ways};
use crate::place::Gazetteer;
use crate::ports::Unavailable;

/// What was found about the candidates that were measured.
#[derive(Debug, Default)]
pub(super) struct Measured(HashMap<TripId, (Aboard, Result<Plan, Reason>)>);

impl Measured {
    /// What was measured of this plan; nothing if it was not, or the trip is another one by now.
    pub(super) fn of(&self, trip: TripId, plan: &Plan) -> Option<Result<Plan, Reason>> {
        let (measured, answer) = self.0.get(&trip)?;
        let with_room = |answer: Plan| Plan { room_left_g: plan.room_left_g, ..answer };
        (*measured == Aboard::of(plan)).then(|| answer.map(with_room))
    }

    /// The candidates that are left, with their plans as measured.
    pub(super) fn correct(&self, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
        candidates.retain_mut(|one| match self.of(one.trip, &one.plan) {
            Some(Ok(plan)) => {
                one.plan = plan;
                true
            }
            Some(Err(_)) => false,
            None => true,
        });
        candidates
    }
}

/// What there is to ask about a plan, if anything.
pub(super) fn question(
    context: &Context,
    entry: &PackageEntry,
    trip: &TripEntry,
    plan: Plan,
) -> Option<Question> {
    let in_town = entry.is_in_town(&context.settings.matching);
    let gazetteer = Gazetteer::bundled();
    let question = Question { trip: trip.clone(), plan, aboard: Vec::new(), in_town, gazetteer };
    let is_useful =
        question.is_open() && (in_town || context.settings.roads.is_some() && question.is_by_road());
    is_useful.then_some(question)
}

/// Measures. What cannot be found out in time is left as it is.
pub(super) async fn measure(context: &Arc<Context>, mut questions: Vec<Question>) -> Measured {
    for question in questions.iter_mut().filter(|question| question.in_town && question.trip.has_detours()) {
        match aboard(context, question.trip.id).await {
            Ok(aboard) => question.aboard = aboard,
            Err(error) => tracing::warn!(%error, "a route is measured without what rides on it"),
        }
    }
    let mut journeys: Vec<_> =
        questions.iter().filter(|one| one.is_by_road()).flat_map(Question::journeys).collect();
    journeys.sort_unstable();
    journeys.dedup();
    let ways = match &context.settings.roads {
        Some(roads) if !journeys.is_empty() => {
            let found = roads.ways(&journeys).await;
            journeys.into_iter().zip(found).filter_map(|(journey, way)| Some((journey, way?))).collect()
        }
        _ => Ways::default(),
    };
    let answers = questions.iter().map(|one| (one.trip.id, (Aboard::of(&one.plan), one.answer(&ways))));
    Measured(answers.collect())
}

/// What rides on a trip, in the order in which it was proposed.
async fn aboard(context: &Context, trip: TripId) -> Result<Vec<Aboard>, Unavailable> {
    let mut deals = Vec::new();
    for id in context.store.deals_on(trip).await? {
        let package = context.store.package(id).await?;
        let deal = package.as_ref().and_then(|package| package.deal()).filter(|deal| deal.trip == trip);
        if let Some(deal) = deal
            && matches!(deal.state, RequestState::Accepted { .. } | RequestState::PickedUp { .. })
        {
            deals.push((deal.id, Aboard::of(&deal.plan)));
        }
    }
    deals.sort_unstable_by_key(|(id, _)| *id);
    Ok(deals.into_iter().map(|(_, aboard)| aboard).collect())
}
