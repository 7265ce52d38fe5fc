//! Who may see what of the dispatch. What somebody may not see is not there.

use std::sync::Arc;

use peerpack_actors::dispatch::{By, Order};
use peerpack_actors::ids::{OrderId, RegionId, UserId};
use peerpack_actors::ports::OrderStore as _;
use uuid::Uuid;

use crate::app::App;
use crate::auth::phone::Phone;
use crate::auth::{Principal, Role};
use crate::error::ApiError;
use crate::store::{CityRecord, Driver, Passenger, RegionRecord};
use crate::town::{Town, TownMap};

/// The dispatch, where it runs.
pub(super) fn town(app: &App) -> Result<&Arc<Town>, ApiError> {
    app.town.as_ref().ok_or_else(ApiError::not_found)
}

/// Regions, cities and tariffs as the store has them, whichever node has changed them last.
pub(super) async fn map(app: &App) -> Result<Arc<TownMap>, ApiError> {
    let town = town(app)?;
    town.catch_up(app.clock.now()).await?;
    Ok(town.map())
}

/// The same for who only looks: while the store does not answer, as this node knows them.
pub(super) async fn map_to_show(app: &App) -> Result<Arc<TownMap>, ApiError> {
    let town = town(app)?;
    if let Err(error) = town.catch_up(app.clock.now()).await {
        tracing::warn!(%error, "cannot look whether regions have changed");
    }
    Ok(town.map())
}

/// Whether somebody gives orders to couriers.
pub(super) const fn directs(principal: Principal) -> bool {
    matches!(principal.role, Role::Dispatcher | Role::Admin)
}

/// Whether somebody sees everything.
pub(super) const fn sees_all(principal: Principal) -> bool {
    principal.role.is_operator()
}

/// As whom somebody does something to an order: the desk before anything else.
pub(super) fn by(principal: Principal, order: &Order) -> By {
    let user = principal.user;
    if directs(principal) {
        By::Staff(user)
    } else if order.passenger == user {
        By::Passenger(user)
    } else {
        By::Courier(user)
    }
}

/// An order that the caller may see: the desk, its passenger, and the courier who has it or is asked.
pub(super) async fn order(app: &App, principal: Principal, id: OrderId) -> Result<Order, ApiError> {
    let order = app.database.order(id).await?.ok_or_else(ApiError::not_found)?;
    let user = Some(principal.user);
    let is_party =
        user == Some(order.passenger) || user == order.state.courier() || user == order.state.bound();
    if sees_all(principal) || is_party { Ok(order) } else { Err(ApiError::not_found()) }
}

/// Whether somebody who may see an order is told how its passenger can be reached: a courier who is only
/// asked is not.
pub(super) fn may_reach(user: UserId, sees_all: bool, order: &Order) -> bool {
    sees_all || user == order.passenger || Some(user) == order.state.courier()
}

/// Whether somebody who may see an order is told for whom it is kept: the desk is, and that courier. To
/// anybody else it is a stranger's name and number.
pub(super) fn may_see_reservation(user: UserId, sees_all: bool, order: &Order) -> bool {
    sees_all || order.reserved.is_some_and(|kept| kept.courier == user)
}

/// Whose a number is.
pub(super) async fn person(app: &App, number: i64) -> Result<UserId, ApiError> {
    app.database.person_of(number).await?.ok_or_else(ApiError::not_found)
}

/// A courier whom the caller may see: the desk, and the courier.
pub(super) async fn driver(app: &App, principal: Principal, number: i64) -> Result<Driver, ApiError> {
    let person = person(app, number).await?;
    if !sees_all(principal) && person != principal.user {
        return Err(ApiError::not_found());
    }
    own_driver(app, person).await
}

/// A courier for whom the caller may act: the desk, and the courier.
pub(super) async fn acting_driver(app: &App, principal: Principal, number: i64) -> Result<Driver, ApiError> {
    let driver = driver(app, principal, number).await?;
    if driver.person == principal.user || directs(principal) {
        Ok(driver)
    } else {
        Err(ApiError::forbidden("your role does not allow this"))
    }
}

/// The courier that somebody is.
pub(super) async fn own_driver(app: &App, person: UserId) -> Result<Driver, ApiError> {
    let driver = app.database.driver(person).await?.filter(|driver| !driver.has_left);
    driver.ok_or_else(ApiError::not_found)
}

/// A passenger whom the caller may see: the desk, and the passenger.
pub(super) async fn passenger(app: &App, principal: Principal, number: i64) -> Result<Passenger, ApiError> {
    let person = person(app, number).await?;
    if !sees_all(principal) && person != principal.user {
        return Err(ApiError::not_found());
    }
    app.database.passenger(person).await?.ok_or_else(ApiError::not_found)
}

/// Whether a phone that is given is the one that somebody signs in with, however it is written.
pub(super) fn same_phone(given: Option<&str>, known: Option<&str>) -> Result<(), ApiError> {
    let given = given.map(str::trim).filter(|given| !given.is_empty() && Some(*given) != known);
    let Some(given) = given else { return Ok(()) };
    if Some(Phone::parse(given)?.as_str()) == known {
        return Ok(());
    }
    Err(ApiError::unprocessable("phone", "stays as it is: this person signs in with it"))
}

/// A region of a path.
pub(super) fn region(map: &TownMap, id: RegionId) -> Result<&RegionRecord, ApiError> {
    map.regions().find(|region| region.id == id).ok_or_else(ApiError::not_found)
}

/// A region that a field names.
pub(super) fn region_in(map: &TownMap, field: &'static str, id: &str) -> Result<RegionId, ApiError> {
    let known = id.trim().parse().ok().filter(|id: &RegionId| map.regions().any(|region| region.id == *id));
    known.ok_or_else(|| ApiError::unprocessable(field, "is not known"))
}

/// A city of a path.
pub(super) fn city(map: &TownMap, id: Uuid) -> Result<&CityRecord, ApiError> {
    map.cities().find(|city| city.id == id).ok_or_else(ApiError::not_found)
}
