//! What the counts do not say: in which state orders are, and who drives.

use std::collections::{BTreeMap, HashMap};

use peerpack_actors::dispatch::OrderPhase;
use peerpack_actors::ids::UserId;
use serde::Serialize;
use utoipa::ToSchema;

use super::Asked;
use crate::app::App;
use crate::error::ApiError;
use crate::http::dispatch::scope;
use crate::store::{Driver, DriverQuery, Slice};

/// How many orders are looked at, at most: the newest.
const MOST: u32 = 100_000;

/// How many couriers are looked at together.
const A_PAGE: u32 = 1_000;

/// How many orders are in a state.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateCount {
    #[schema(value_type = OrderPhase)]
    status: String,
    count: u64,
}

/// How many orders are of passengers of a category.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryCount {
    /// In the words of the desk; may be empty.
    #[serde(rename = "passenger__disability_category")]
    category: String,
    count: u64,
}

/// How the orders are now that were placed in that time: of the newest 100 000 of them, if there are more.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrdersNow {
    /// By their states, the most first.
    status_distribution: Vec<StateCount>,
    /// By what their passengers need, the most first.
    disability_distribution: Vec<CategoryCount>,
}

/// Couriers of the region, or all of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct DriversNow {
    /// How many there are.
    drivers_total: u64,
    /// Of these: on duty now.
    online_drivers: u64,
    /// Of these: who had an order in that time.
    active_drivers: usize,
    /// The mean of the ratings of these last, or null where none of them has any.
    avg_rating: Option<f64>,
}

impl OrdersNow {
    pub(super) async fn of(app: &App, asked: &Asked) -> Result<Self, ApiError> {
        let mix = app.database.order_mix(asked.begin(), asked.end(), asked.region, MOST).await?;
        let (mut states, mut categories) = (BTreeMap::new(), BTreeMap::new());
        for (state, category, count) in mix {
            *states.entry(state).or_default() += count;
            *categories.entry(category).or_default() += count;
        }
        let status = |(status, count)| StateCount { status, count };
        let category = |(category, count)| CategoryCount { category, count };
        Ok(Self {
            status_distribution: most_first(states).into_iter().map(status).collect(),
            disability_distribution: most_first(categories).into_iter().map(category).collect(),
        })
    }
}

impl DriversNow {
    pub(super) async fn of(app: &App, asked: &Asked) -> Result<Self, ApiError> {
        let one = Slice { offset: 0, limit: 1 };
        let query = |is_online| DriverQuery { region: asked.region, is_online, ..DriverQuery::default() };
        let drivers_total = app.database.find_drivers(&query(None), one).await?.count;
        let online_drivers = app.database.find_drivers(&query(Some(true)), one).await?.count;
        let active = active(app, asked).await?;
        let ratings = scope::town(app)?.dispatch().with_board(|board| {
            let rating = |driver: &UserId| board.get(*driver)?.record.rating;
            active.iter().filter_map(rating).collect::<Vec<f64>>()
        });
        let count = u32::try_from(ratings.len()).unwrap_or(u32::MAX);
        let avg_rating = (count > 0).then(|| ratings.iter().sum::<f64>() / f64::from(count));
        Ok(Self { drivers_total, online_drivers, active_drivers: active.len(), avg_rating })
    }
}

/// Who had an order in that time.
async fn active(app: &App, asked: &Asked) -> Result<Vec<UserId>, ApiError> {
    let (mut active, mut after) = (Vec::new(), None);
    loop {
        let page = app.database.courier_tallies(asked.begin(), asked.end(), after, A_PAGE).await?;
        let is_last = page.len() < A_PAGE as usize;
        after = page.last().map(|(courier, _)| *courier);
        let busy = page.iter().filter(|(_, tally)| tally.assigned > 0).map(|(courier, _)| *courier);
        let drivers: HashMap<UserId, Driver> = app.database.drivers_of(busy).await?;
        let is_meant = |driver: &&Driver| asked.counts(driver);
        active.extend(drivers.values().filter(is_meant).map(|driver| driver.person));
        if is_last {
            return Ok(active);
        }
    }
}

fn most_first(counts: BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}
