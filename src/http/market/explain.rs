//! Why a courier has a package, or has not; and who would see one that is not published yet.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use peerpack_actors::ids::{PackageId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::matching::{Explanation, Reason, Verdict};
use peerpack_actors::money::Amount;
use peerpack_actors::place::Gazetteer;
use serde::Serialize;
use utoipa::ToSchema;

use super::next::{NextView, next_view};
use super::packages::{NewPackage, draft};
use crate::app::App;
use crate::auth::Principal;
use crate::error::extract::Given;
use crate::error::{ApiError, Problem};
use crate::http::price::{self, PriceView};
use crate::store::Person;
use crate::texts::explanations::answer;

/// How much more reward a dry run looks at, in percent.
const MORE_PERCENT: i64 = 20;

/// Who was considered for a package, and why in or out.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExplanationView {
    package_id: String,
    #[schema(value_type = peerpack_actors::market::phase::PackagePhase)]
    state: String,
    /// Trips that touch an end of the package.
    considered: usize,
    /// Trips that could carry it.
    matches: usize,
    /// Couriers among them.
    couriers: usize,
    /// The median of the matches' detours, minutes.
    median_detour_min: Option<u32>,
    /// How many trips were left out, by reason.
    reasons: BTreeMap<String, usize>,
    /// The best first, then those left out.
    verdicts: Vec<VerdictView>,
    /// Requests made so far, by state.
    requests: BTreeMap<String, usize>,
    /// What happens to it now.
    next: NextView,
}

/// What was found about one trip.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TripVerdict)]
pub struct VerdictView {
    trip_id: String,
    courier_name: String,
    /// Whether the trip could carry the package.
    fits: bool,
    /// Whether the package rides this trip.
    carries: bool,
    /// Why not: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Why this courier has the package, or has not, in words, English.
    text_en: String,
    /// The same, Russian.
    text_ru: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank: Option<usize>,
    /// The points; operators alone see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detour_min: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg_from: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg_to: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity_left_g: Option<u32>,
    /// With `room_is_dear`: until when its room is kept from the package at the latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    kept_until: Option<String>,
    /// Whether its courier has been asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<bool>,
}

/// Who would see a package.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DryRunAnswer)]
pub struct DryRun {
    #[serde(flatten)]
    as_drafted: Reach,
    /// How many trips touch an end of the package and would not see it, by reason.
    reasons: BTreeMap<String, usize>,
    /// What would happen to it if it were published now.
    next: NextView,
    /// The same for 20 % more reward.
    with_more_reward: Reach,
    /// What it would cost, what of that is missing, and how to pay exactly that.
    price: PriceView,
    /// In words, English.
    text_en: String,
    /// In words, Russian.
    text_ru: String,
}

/// How far a reward reaches.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RewardReach)]
pub struct Reach {
    /// The reward, roubles.
    reward: f64,
    /// Couriers who would see the package.
    couriers: usize,
    /// Of their best plans.
    median_detour_min: Option<u32>,
    /// Of their best plans.
    median_detour_km: Option<f64>,
    /// The chance that one of the first who are asked accepts, percent.
    chance_percent: u32,
}

/// Who was considered for one's own package, and why in or out, in words. Operators may ask about any
/// package, and see scores.
#[utoipa::path(get, path = "/api/packages/{package_id}/explain", tag = "packages", security(("bearer" = [])),
    params(("package_id" = String, Path, description = "The package")),
    responses((status = 200, body = ExplanationView), (status = 401, body = Problem),
        (status = 404, body = Problem)))]
pub async fn explain(
    app: web::Data<App>,
    principal: Principal,
    path: web::Path<PackageId>,
) -> Result<HttpResponse, ApiError> {
    let id = path.into_inner();
    let is_operator = principal.role.is_operator();
    let header = app.database.package_header(id).await?.ok_or_else(ApiError::not_found)?;
    if header.sender != principal.user && !is_operator {
        return Err(ApiError::not_found());
    }
    let (package, explanation) = app.engine.explain(id).await?;
    let couriers: Vec<_> = explanation.verdicts.iter().map(|verdict| verdict.courier).collect();
    let people = app.database.people(&couriers).await?;
    Ok(HttpResponse::Ok().json(view(&package, &explanation, &people, is_operator)))
}

/// Who would see a package if it were published now, and what 20 % more reward would change. Publishes
/// nothing.
#[utoipa::path(post, path = "/api/packages/dry-run", tag = "packages", request_body = NewPackage,
    security(("bearer" = [])),
    responses((status = 200, body = DryRun), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 422, body = Problem)))]
pub async fn dry_run(
    app: web::Data<App>,
    principal: Principal,
    body: Given<NewPackage>,
) -> Result<HttpResponse, ApiError> {
    let Given(input, wrong) = body;
    let draft = draft(&app, input, None, wrong)?;
    let price = price::of(&app, principal.user, (draft.mode, draft.reward)).await?;
    let (reward, pickup) = (draft.reward, draft.pickup.place);
    let more = Amount::new(reward.minor + reward.minor * MORE_PERCENT / 100, reward.currency);
    let (as_drafted, with_more) = app.engine.dry_run(principal.user, draft, more).await?;
    let next = next_view(as_drafted.next, Gazetteer::bundled().get(pickup));
    let (text_en, text_ru) = if next.is_kept() { next.texts() } else { in_words(&as_drafted) };
    let reasons = counted(&as_drafted);
    let answer = DryRun {
        as_drafted: reach(reward, &as_drafted),
        reasons,
        next,
        with_more_reward: reach(more, &with_more),
        price,
        text_en,
        text_ru,
    };
    Ok(HttpResponse::Ok().json(answer))
}

fn reach(reward: Amount, explanation: &Explanation) -> Reach {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let chance_percent = (100.0 * explanation.chance).round() as u32;
    Reach {
        reward: reward.major(),
        couriers: explanation.couriers,
        median_detour_min: explanation.median_detour_min,
        median_detour_km: explanation.median_detour_m.map(|metres| f64::from(metres) / 1_000.0),
        chance_percent,
    }
}

fn in_words(explanation: &Explanation) -> (String, String) {
    let km = explanation.median_detour_m.map(|metres| metres.div_ceil(1_000));
    match (explanation.couriers, km) {
        (0, _) | (_, None) => (
            "No courier would see this now; it waits for trips that suit.".to_owned(),
            "Сейчас это не увидит ни один курьер; посылка будет ждать подходящих поездок.".to_owned(),
        ),
        (couriers, Some(km)) => (
            format!("Couriers who would see this: {couriers}, median detour {km} km."),
            format!("Курьеров, которые это увидят: {couriers}, медианный крюк {km} км."),
        ),
    }
}

fn counted(explanation: &Explanation) -> BTreeMap<String, usize> {
    explanation.reasons.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect()
}

fn view(
    package: &Package,
    explanation: &Explanation,
    people: &BTreeMap<UserId, Person>,
    is_operator: bool,
) -> ExplanationView {
    let mut requests = BTreeMap::new();
    for request in &package.requests {
        *requests.entry(request.state.word().to_owned()).or_default() += 1;
    }
    let verdicts = explanation.verdicts.iter();
    ExplanationView {
        package_id: package.id.to_string(),
        state: package.state.word().to_owned(),
        considered: explanation.considered,
        matches: explanation.matches,
        couriers: explanation.couriers,
        median_detour_min: explanation.median_detour_min,
        reasons: counted(explanation),
        verdicts: verdicts.map(|verdict| verdict_view(package, verdict, people, is_operator)).collect(),
        requests,
        next: next_view(explanation.next, Gazetteer::bundled().get(package.draft.pickup.place)),
    }
}

fn verdict_view(
    package: &Package,
    verdict: &Verdict,
    people: &BTreeMap<UserId, Person>,
    is_operator: bool,
) -> VerdictView {
    let found = verdict.outcome.ok();
    // The trip that carries the package has given its room to it: that is no reason against it.
    let carries = package.deal().is_some_and(|deal| deal.trip == verdict.trip);
    let told = answer(package, verdict);
    VerdictView {
        trip_id: verdict.trip.to_string(),
        courier_name: people.get(&verdict.courier).map_or_else(String::new, |courier| courier.name.clone()),
        fits: found.is_some() || carries,
        carries,
        reason: verdict.outcome.err().filter(|_| !carries).map(|reason| reason.code()),
        text_en: told.english,
        text_ru: told.russian,
        rank: found.map(|found| found.rank),
        score: found.map(|found| found.score).filter(|_| is_operator),
        detour_min: found.map(|found| found.plan.detour_min),
        leg_from: found.map(|found| found.plan.legs.from),
        leg_to: found.map(|found| found.plan.legs.to),
        capacity_left_g: found.map(|found| found.plan.room_left_g),
        kept_until: match verdict.outcome {
            Err(Reason::RoomIsDear { until }) if !carries => Some(until.to_string()),
            _ => None,
        },
        asked: found.map(|found| found.requested),
    }
}
