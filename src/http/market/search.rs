//! Finding a courier: filters, orders and pages over what the engine's index finds. The store is asked only
//! for the trips and people of the page, and for ratings where they decide.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use jiff::civil::Date;
use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::market::load::Load;
use peerpack_actors::market::trip::{Transport, Trip};
use peerpack_actors::matching::{Candidate, Need, Passing, zones};
use peerpack_actors::money::Amount;
use peerpack_actors::place::{Gazetteer, Place, PlaceId, Travel};
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::trips::{self, TripView};
use crate::app::App;
use crate::error::extract::Query;
use crate::error::{ApiError, Problem};
use crate::http::input::ends::{self, Context, PlaceInput};
use crate::http::input::{self, loads, local_time};
use crate::http::marks::Marks;
use crate::http::people::reviews::{self, PastTrip, ReviewView};

/// How far clocks are ahead of UTC at most, and behind.
const ZONES: (Span, Span) = (Span::hours(14), Span::hours(12));

/// How many trips one page has.
const PAGE: usize = 20;

/// The most days by which the dates may be stretched.
const MAX_FLEX: u32 = 14;

/// How many trips the index is asked for: the soonest from where the page starts.
const MAX_HITS: usize = 5_000;

/// How many trips are looked at to fill a page when some turn out not to suit.
const LOOKED_AT: usize = 500;

/// What is searched for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Where the package starts, by name.
    from: Option<String>,
    /// The same by id, as `/api/cities` has it.
    from_id: Option<String>,
    /// Where it goes, by name.
    to: Option<String>,
    /// The same by id.
    to_id: Option<String>,
    /// The first day, `YYYY-MM-DD` or `DD.MM.YYYY`, as it is counted at `from`; without that where each trip
    /// starts.
    date_from: Option<String>,
    /// The last day, counted likewise.
    date_to: Option<String>,
    /// So many days earlier and later will do, up to 14.
    flex_days: Option<u32>,
    /// Only trips with room for `light`, `medium`, `heavy` or `very_heavy`.
    #[param(value_type = Option<peerpack_actors::market::load::WeightClass>)]
    weight: Option<String>,
    /// Only couriers who ask at most this, roubles.
    max_price: Option<f64>,
    /// Only `plane`, `train`, `car`, `bus` or `foot`.
    #[param(value_type = Option<peerpack_actors::market::trip::Transport>)]
    transport: Option<String>,
    /// Only couriers with at least this rating, 1 to 5.
    min_rating: Option<f64>,
    /// `time` (soonest first, the default), `price`, `rating` (best first) or `detour`.
    sort: Option<Sort>,
    /// The next page, as the last answer named it.
    cursor: Option<String>,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CourierOrder)]
pub enum Sort {
    /// The soonest.
    #[default]
    Time,
    /// The cheapest.
    Price,
    /// The best rated.
    Rating,
    /// Anybody who has to go out of their way the least.
    Detour,
}

/// Couriers on their way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Couriers {
    /// In the order that was asked for.
    couriers: Vec<CourierView>,
    /// Where the next page starts. A page can have few couriers, or none, although there are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A trip with its courier's profile folded in.
#[derive(Debug, Serialize, ToSchema)]
pub struct CourierView {
    /// The trip's id.
    trip_id: String,
    /// The courier's id.
    courier_id: String,
    /// Telegram name, without `@`.
    #[serde(skip_serializing_if = "Option::is_none")]
    telegram_username: Option<String>,
    /// Packages of the past.
    past_trips: Vec<PastTrip>,
    /// What others say.
    reviews: Vec<ReviewView>,
    #[serde(flatten)]
    trip: TripView,
}

/// A trip that passes by.
#[derive(Clone, Copy)]
struct Hit {
    trip: TripId,
    courier: UserId,
    /// When a package gets on.
    boards_at: Time,
    price: Option<Amount>,
    detour_min: u32,
}

/// What the index finds in one go.
struct Found {
    hits: Vec<Hit>,
    /// In order of time, after which place there may be more.
    rest: Option<Position>,
    /// Whether they start in any zone: their days are still to be looked at.
    is_from_anywhere: bool,
}

/// Where a page ends: the key and the trip of its last item. What comes and goes meanwhile shifts nothing.
type Position = (i64, TripId);

/// Couriers whose trips pass both places in order, also those who only pass through. No sign-in needed.
#[utoipa::path(get, path = "/api/couriers", operation_id = "search_couriers", tag = "couriers",
    params(Search),
    responses((status = 200, body = Couriers), (status = 400, body = Problem),
        (status = 422, body = Problem)))]
pub async fn search(app: web::Data<App>, query: Query<Search>) -> Result<HttpResponse, ApiError> {
    let search = query.0;
    let sort = search.sort.unwrap_or_default();
    let transport = transport(&search)?;
    let days = Days::of(&search)?;
    let after = search.cursor.as_deref().map(input::cursor).transpose()?;
    // In order of time the index starts where the last page ended; in any other order it starts anew.
    let start = after.filter(|_| sort == Sort::Time).map(|(key, _)| Time::from_ms(key));
    let Found { mut hits, rest, is_from_anywhere } = hits(&app, &search, days, start)?;
    let ratings = match (sort, search.min_rating) {
        (Sort::Rating, _) | (_, Some(_)) => ratings(&app, &hits).await?,
        _ => BTreeMap::new(),
    };
    let rating = |hit: &Hit| ratings.get(&hit.courier).copied().unwrap_or(0);
    if let Some(least) = search.min_rating {
        hits.retain(|hit| f64::from(rating(hit)) >= least * 10.0);
    }
    let key = |hit: &Hit| match sort {
        Sort::Time => hit.boards_at.ms(),
        Sort::Price => hit.price.map_or(0, |price| price.minor),
        Sort::Rating => -i64::from(rating(hit)),
        Sort::Detour => i64::from(hit.detour_min),
    };
    let mut places: Vec<Position> = hits.iter().map(|hit| (key(hit), hit.trip)).collect();
    places.sort_unstable();
    if let Some(after) = after {
        places.retain(|place| *place > after);
    }
    let suits = |trip: &Trip| {
        let on_its_day = !is_from_anywhere || days.contain(trip.departs(), trip.draft.stops[0].place);
        on_its_day && transport.is_none_or(|wanted| trip.draft.transport == wanted)
    };
    let (page, next) = fill(&app, &places, suits).await?;
    let rest = rest.filter(|rest| sort == Sort::Time && after.is_none_or(|after| *rest > after));
    let next = next.or(rest);
    let couriers = views(&app, &page).await?;
    let next_cursor = next.map(|(key, trip)| format!("{key}_{trip}"));
    Ok(HttpResponse::Ok().json(Couriers { couriers, next_cursor }))
}

/// Loads the trips of a page, in order; and where the next one starts, if there is one.
async fn fill(
    app: &App,
    places: &[Position],
    suits: impl Fn(&Trip) -> bool,
) -> Result<(Vec<Trip>, Option<Position>), ApiError> {
    let mut page = Vec::with_capacity(PAGE);
    let mut looked = 0;
    for some in places.chunks(PAGE) {
        let ids: Vec<TripId> = some.iter().map(|(_, trip)| *trip).collect();
        let mut trips: BTreeMap<TripId, Trip> =
            app.database.trips(&ids).await?.into_iter().map(|trip| (trip.id, trip)).collect();
        for place in some {
            looked += 1;
            let trip = trips.remove(&place.1).filter(|trip| trip.state.is_live());
            page.extend(trip.filter(&suits));
            if page.len() == PAGE || looked == LOOKED_AT {
                return Ok((page, (looked < places.len()).then_some(*place)));
            }
        }
    }
    Ok((page, None))
}

async fn views(app: &App, page: &[Trip]) -> Result<Vec<CourierView>, ApiError> {
    let ids: Vec<UserId> = page.iter().map(|trip| trip.courier).collect();
    let people = app.database.people(&ids).await?;
    let reputations = app.database.reputations(&ids, reviews::SHOWN).await?;
    let marks = Marks::of(app, page.iter().map(|trip| trip.id.uuid())).await?;
    let view = |trip: &Trip| {
        let known = reputations.get(&trip.courier).cloned().unwrap_or_default();
        CourierView {
            trip_id: trip.id.to_string(),
            courier_id: trip.courier.to_string(),
            telegram_username: people.get(&trip.courier).and_then(|courier| courier.username.clone()),
            past_trips: known.past.iter().map(PastTrip::of).collect(),
            reviews: known.reviews.iter().map(ReviewView::of).collect(),
            trip: trips::view(trip, people.get(&trip.courier), &marks),
        }
    };
    Ok(page.iter().map(view).collect())
}

/// Ten times the rating of each courier that has one.
async fn ratings(app: &App, hits: &[Hit]) -> Result<BTreeMap<UserId, u32>, ApiError> {
    let mut couriers: Vec<UserId> = hits.iter().map(|hit| hit.courier).collect();
    couriers.sort_unstable();
    couriers.dedup();
    Ok(app.database.ratings(&couriers).await?)
}

/// What the index finds, with what it knows by itself.
fn hits(app: &App, search: &Search, days: Days, start: Option<Time>) -> Result<Found, ApiError> {
    let from = PlaceInput::of_query(search.from.clone(), search.from_id.clone());
    let to = PlaceInput::of_query(search.to.clone(), search.to_id.clone());
    let travel = transport(search)?.map(Travel::from);
    let context = Context { home: &app.config.home_countries, travel };
    let (from, to) = ends::of_search(context, from.as_ref(), to.as_ref())?;
    let weight = search.weight.as_deref().map(|word| {
        loads::weight_g(word).ok_or_else(|| ApiError::unprocessable("weight", loads::WEIGHT_WORDS))
    });
    let load = Load { weight_g: weight.transpose()?.unwrap_or(0), ..Load::NONE };
    let (since, until) = days.window(from)?;
    let most = search.max_price.map(|price| input::amount("max_price", price)).transpose()?;
    let mut found = passing(app, (from, to), load, start.map_or(since, |start| start.max(since)));
    found.rest = found.rest.filter(|(key, _)| *key < until.ms());
    found.hits.retain(|hit| {
        let cheap = most.is_none_or(|most| hit.price.is_none_or(|price| price.minor <= most.minor));
        cheap && hit.boards_at >= since && hit.boards_at < until
    });
    Ok(found)
}

fn passing(app: &App, (from, to): (Option<&Place>, Option<&Place>), load: Load, since: Time) -> Found {
    let settings = app.engine.matching();
    if let (Some(from), Some(to)) = (from, to) {
        let (pickups, dropoffs) = zones(from, to, Gazetteer::bundled(), settings);
        let found = app
            .engine
            .search(&Need { load, ready_at: since, ..Need::to_pass(&pickups, &dropoffs) }, MAX_HITS);
        let hit = |candidate: Candidate| Hit {
            trip: candidate.trip,
            courier: candidate.courier,
            boards_at: candidate.plan.pickup.at,
            price: candidate.price,
            detour_min: candidate.plan.detour_min,
        };
        let hits: Vec<Hit> = found.into_iter().map(hit).collect();
        let last = hits.last().filter(|_| hits.len() == MAX_HITS);
        let rest = last.map(|last| (last.boards_at.ms(), last.trip));
        return Found { hits, rest, is_from_anywhere: false };
    }
    let place = |place: Option<&Place>| -> Option<PlaceId> { place.map(|place| place.id) };
    let (found, rest) = app.engine.browse((place(from), place(to)), load, since, MAX_HITS);
    let hit = |passing: Passing| Hit {
        trip: passing.trip,
        courier: passing.courier,
        boards_at: passing.leaves,
        price: passing.price,
        detour_min: 0,
    };
    let rest = rest.map(|from| (from.ms(), TripId::from(Uuid::nil())));
    Found { hits: found.into_iter().map(hit).collect(), rest, is_from_anywhere: from.is_none() }
}

/// The days on which a package may get on, as they are counted where it does.
#[derive(Clone, Copy)]
struct Days {
    first: Option<Date>,
    last: Option<Date>,
}

impl Days {
    fn of(search: &Search) -> Result<Self, ApiError> {
        let flex = search.flex_days.unwrap_or(0);
        if flex > MAX_FLEX {
            return Err(ApiError::unprocessable("flex_days", "must be at most 14"));
        }
        let flex = i64::from(flex);
        let day = |field, text: &Option<String>, more: i64| -> Result<Option<Date>, ApiError> {
            let Some(text) = text else { return Ok(None) };
            let other = || ApiError::unprocessable(field, "must be YYYY-MM-DD or DD.MM.YYYY");
            let day = local_time::date(text).ok_or_else(other)?;
            local_time::later(field, day, more).map(Some)
        };
        let first = day("date_from", &search.date_from, -flex)?;
        let last = day("date_to", &search.date_to, flex)?;
        if first.zip(last).is_some_and(|(first, last)| first > last) {
            return Err(ApiError::unprocessable("date_to", "must not be before date_from"));
        }
        Ok(Self { first, last })
    }

    /// From when to when that is at a place; without a place, from when to when it may be anywhere.
    fn window(self, from: Option<&Place>) -> Result<(Time, Time), ApiError> {
        let start =
            |field, day: Option<Date>| day.map(|day| local_time::day_start(field, day, from)).transpose();
        let next = self.last.map(|day| local_time::later("date_to", day, 1)).transpose()?;
        let (since, until) = (start("date_from", self.first)?, start("date_to", next)?);
        let (ahead, behind) = if from.is_none() { ZONES } else { (Span::hours(0), Span::hours(0)) };
        Ok((
            since.map_or(Time::from_ms(i64::MIN), |at| at - ahead),
            until.map_or(Time::from_ms(i64::MAX), |at| at + behind),
        ))
    }

    /// Whether it is one of them at a place.
    fn contain(self, at: Time, place: PlaceId) -> bool {
        // Dates in this form are in the order of their letters.
        let day = local_time::date_at(at, Gazetteer::bundled().get(place));
        self.first.is_none_or(|first| day >= first.to_string())
            && self.last.is_none_or(|last| day <= last.to_string())
    }
}

fn transport(search: &Search) -> Result<Option<Transport>, ApiError> {
    let read = |word: &str| {
        Transport::from_word(word)
            .ok_or_else(|| ApiError::unprocessable("transport", "must be plane, train, car, bus or foot"))
    };
    search.transport.as_deref().map(read).transpose()
}
