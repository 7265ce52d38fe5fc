//! What a socket shows first, once it is told of changes: what there is.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use peerpack_actors::dispatch::{DutyState, Order};
use peerpack_actors::ids::{OrderId, UserId};
use peerpack_actors::ports::OrderStore as _;
use peerpack_actors::time::{Span, Time};

use super::messages::{Snapshot, cursor, message};
use super::parties::{Texts, is_over, to_driver, to_order, to_passenger, told};
use crate::app::App;
use crate::edge::close;
use crate::edge::outbox::Ending;
use crate::edge::viewers::{Subject, Viewer};
use crate::error::ApiError;
use crate::http::dispatch::map::{MapData, live, map_driver, map_orders};
use crate::http::dispatch::scope;
use crate::http::dispatch::views::{Faces, order_view};
use crate::store::{OrderQuery, Slice};
use crate::town::Town;

/// Couriers and orders of one message.
const AT_ONCE: usize = 500;

/// The most orders of a map, and of one passenger.
const MOST: u32 = 10_000;
const OF_ONE: u32 = 50;

/// More changes than this are no fewer than everything.
const MAX_CHANGED: u32 = 2_000;

/// Changes from before an earlier cursor are shown again for so long: nodes read the store at other moments.
const OVERLAP: Span = Span::seconds(5);

/// A cursor this old is none.
const OLDEST: Span = Span::hours(1);

/// How often the store is asked again, and when.
const TRIES: u32 = 3;
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Shows an order, a courier's or a passenger's orders.
pub(super) fn begin(app: &web::Data<App>) -> impl FnOnce(Arc<Viewer>) + use<> {
    let app = app.clone();
    move |viewer| {
        actix_web::rt::spawn(async move {
            for _ in 0..TRIES {
                match show(&app, &viewer).await {
                    Err(error) if error.status().is_server_error() => {
                        tokio::time::sleep(AGAIN_AFTER).await;
                    }
                    _ => return,
                }
            }
            viewer.end(Ending::new(close::GOING_AWAY, "the store does not answer: come back"));
        });
    }
}

/// Shows the map: what has changed since a cursor, if that is not too long ago, or all of it.
pub(super) fn begin_map(app: &web::Data<App>, after: Option<Time>) -> impl FnOnce(Arc<Viewer>) + use<> {
    let app = app.clone();
    move |viewer| {
        actix_web::rt::spawn(async move {
            for _ in 0..TRIES {
                match show_map(&app, &viewer, after).await {
                    Err(error) if error.status().is_server_error() => {
                        tokio::time::sleep(AGAIN_AFTER).await;
                    }
                    _ => return,
                }
            }
            viewer.end(Ending::new(close::GOING_AWAY, "the store does not answer: come back"));
        });
    }
}

async fn show(app: &App, viewer: &Arc<Viewer>) -> Result<(), ApiError> {
    let town = scope::town(app)?;
    let orders = match viewer.subject {
        Subject::Order(id) => app.database.order(id).await?.into_iter().collect(),
        Subject::Driver(courier) => match app.database.duty(courier).await?.map(|duty| duty.state) {
            Some(
                DutyState::Offered { order, .. }
                | DutyState::ToPickup { order }
                | DutyState::OnTrip { order },
            ) => app.database.order(order).await?.into_iter().collect(),
            _ => Vec::new(),
        },
        Subject::Passenger(passenger) => {
            let query = OrderQuery { phases: live(), passenger: Some(passenger), ..OrderQuery::default() };
            app.database.find_orders(&query, Slice { offset: 0, limit: OF_ONE }).await?.items
        }
        Subject::Map | Subject::Nothing => Vec::new(),
    };
    let (faces, map, now) = (Faces::of(app, &orders).await?, town.map(), app.clock.now());
    for order in &orders {
        let view = order_view(&faces, &map, order, now).ok_or_else(ApiError::not_found)?;
        let texts = Texts::of(view);
        match viewer.subject {
            Subject::Order(_) => to_order(viewer, order, &texts, &faces, true),
            Subject::Driver(courier) => {
                to_driver(viewer, courier, order, Some(&texts), &faces, now);
            }
            Subject::Passenger(_) => to_passenger(viewer, order, &texts, &faces),
            Subject::Map | Subject::Nothing => {}
        }
    }
    Ok(())
}

/// What a map shows first.
#[derive(Default)]
struct Shown {
    map: MapData,
    gone_drivers: Vec<i64>,
    gone_orders: Vec<String>,
}

async fn show_map(app: &App, viewer: &Arc<Viewer>, after: Option<Time>) -> Result<(), ApiError> {
    let (town, now) = (scope::town(app)?, app.clock.now());
    let since = after.filter(|after| now.since(*after) <= OLDEST).map(|after| after - OVERLAP);
    let changed = match since {
        Some(since) => changed(app, town, viewer, since, now).await?,
        None => None,
    };
    let is_whole = changed.is_none();
    let Shown { mut map, gone_drivers, gone_orders } = match changed {
        Some(changed) => changed,
        None => whole(app, town, viewer, now).await?,
    };
    if let Some(window) = viewer.window() {
        map.drivers.retain(|driver| window.holds(driver.position()));
    }
    let parts = map.drivers.len().max(map.orders.len()).div_ceil(AT_ONCE).max(1);
    let part = |n: usize, len: usize| (n * AT_ONCE).min(len)..((n + 1) * AT_ONCE).min(len);
    for n in 0..parts {
        let snapshot = Snapshot {
            drivers: &map.drivers[part(n, map.drivers.len())],
            orders: &map.orders[part(n, map.orders.len())],
            gone_drivers: if n == 0 { &gone_drivers } else { &[] },
            gone_orders: if n == 0 { &gone_orders } else { &[] },
            is_whole,
            more: n + 1 < parts,
            cursor: cursor(now),
        };
        viewer.answer(message("snapshot", &snapshot));
    }
    Ok(())
}

/// Everybody on duty who is somewhere, and every order that is not over.
async fn whole(app: &App, town: &Town, viewer: &Viewer, now: Time) -> Result<Shown, ApiError> {
    let query = OrderQuery { phases: live(), ..OrderQuery::default() };
    let orders = app.database.find_orders(&query, Slice { offset: 0, limit: MOST }).await?.items;
    note(viewer, &orders);
    let couriers = town
        .dispatch()
        .with_board(|board| board.everybody().map(|standing| standing.duty.courier).collect::<Vec<_>>());
    let map = on_map(app, town, couriers, &orders, now).await?;
    Ok(Shown { map, ..Shown::default() })
}

/// What has changed since then; `None` if that is no less than everything.
async fn changed(
    app: &App,
    town: &Town,
    viewer: &Viewer,
    since: Time,
    now: Time,
) -> Result<Option<Shown>, ApiError> {
    let database = &app.database;
    let orders = database.changed_orders(since, MAX_CHANGED).await?;
    let duties = database.changed_duties(since, MAX_CHANGED).await?;
    if orders.len().max(duties.len()) >= MAX_CHANGED as usize {
        return Ok(None);
    }
    let ids: Vec<OrderId> = orders.into_iter().map(|(id, _)| id.into()).collect();
    let mut here = Vec::new();
    let mut gone_orders = Vec::new();
    for order in database.orders_by_id(&ids).await? {
        if is_over(&order) { gone_orders.push(order.id.to_string()) } else { here.push(order) }
    }
    note(viewer, &here);
    let changed: Vec<UserId> = duties.into_iter().map(|(id, _)| id.into()).collect();
    let settings = town.dispatch().settings();
    // Somebody who has been on duty all the time and of whom it was known until lately where they are.
    let (moved, lost) = town.dispatch().with_board(|board| {
        let (mut moved, mut lost) = (Vec::new(), Vec::new());
        for standing in board.everybody() {
            let courier = standing.duty.courier;
            match board.fix(courier, settings, now) {
                Some(fix) if fix.at >= since => moved.push(courier),
                Some(_) => {}
                None => lost.push(courier),
            }
        }
        (moved, lost)
    });
    let off = town.dispatch().with_board(|board| {
        changed.iter().copied().filter(|courier| board.get(*courier).is_none()).collect::<Vec<_>>()
    });
    let gone = database.drivers_of(off.into_iter().chain(lost)).await?;
    let moved = moved.into_iter().chain(changed).collect();
    let map = on_map(app, town, moved, &here, now).await?;
    let mut gone_drivers: Vec<i64> = gone.values().map(|driver| driver.number).collect();
    gone_drivers.sort_unstable();
    Ok(Some(Shown { map, gone_drivers, gone_orders }))
}

async fn on_map(
    app: &App,
    town: &Town,
    mut couriers: Vec<UserId>,
    orders: &[Order],
    now: Time,
) -> Result<MapData, ApiError> {
    couriers.sort_unstable();
    couriers.dedup();
    let (people, map) = (app.database.drivers_of(couriers).await?, town.map());
    let drivers: Vec<_> =
        people.into_values().filter_map(|driver| map_driver(town, &map, driver, now)).collect();
    let orders = map_orders(app, orders).await?;
    Ok(MapData::of(drivers, orders))
}

/// These orders are shown: a change of them is no new order.
fn note(viewer: &Viewer, orders: &[Order]) {
    for order in orders {
        // What was told meanwhile is newer.
        let _ = viewer.note(order.id, told(order));
    }
}
