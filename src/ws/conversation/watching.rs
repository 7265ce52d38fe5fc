//! Subscriptions of a connection: where a courier is, for those whose package they carry.
//!
//! Who may see it is asked again every minute, so that a courier is not watched after the delivery.

use std::time::Duration;

use peerpack_actors::ids::{TripId, UserId};
use peerpack_actors::package::Package;
use peerpack_actors::ports::Store;
use peerpack_actors::request::RequestState;
use peerpack_actors::trip::Trip;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::wire::{ClientFrame, ClientMessage, Topic};
use super::Conversation;
use crate::app::App;
use crate::error::ApiError;

/// The most subscriptions of one connection.
const MAX_WATCHED: usize = 16;

/// How often it is asked whether a subscription may go on.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// What a connection is subscribed to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Watched {
    topic: Topic,
    trip: TripId,
    courier: UserId,
    /// Where the courier was last, as far as is known.
    last: Option<crate::bus::LastPosition>,
}

impl Watched {
    /// What a user may see of a topic.
    ///
    /// # Errors
    /// 404 for everything that is not theirs to see.
    pub(super) async fn find(app: &App, user: UserId, topic: Topic) -> Result<Self, ApiError> {
        let trip = match (topic.trip_id, topic.package_id) {
            (_, Some(package)) => {
                let package = app.database.package(package).await?;
                package.and_then(|package| carried_by(&package, user)).ok_or_else(ApiError::not_found)?
            }
            (Some(trip), None) => trip,
            (None, None) => return Err(ApiError::not_found()),
        };
        let trip = app.engine.trip(trip).await?.ok_or_else(ApiError::not_found)?;
        if !trip.state.is_live() || !may_see(app, user, &trip).await? {
            return Err(ApiError::not_found());
        }
        let last = app.presence.last_position(trip.courier, app.clock.now()).await.unwrap_or(None);
        Ok(Self { topic, trip: trip.id, courier: trip.courier, last })
    }
}

/// The trip on which a sender's package is on its way.
fn carried_by(package: &Package, sender: UserId) -> Option<TripId> {
    let is_carried =
        |state: &RequestState| matches!(state, RequestState::Accepted { .. } | RequestState::PickedUp { .. });
    let deal = package.deal().filter(|deal| package.sender == sender && is_carried(&deal.state))?;
    Some(deal.trip)
}

async fn may_see(app: &App, user: UserId, trip: &Trip) -> Result<bool, ApiError> {
    if trip.courier == user {
        return Ok(true);
    }
    for package in app.database.packages_on(trip.id).await? {
        let package = app.database.package(package).await?;
        if package.is_some_and(|package| carried_by(&package, user) == Some(trip.id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Conversation {
    /// Begins or goes on with a subscription.
    pub(super) fn watch(&mut self, topic: Topic, found: Watched) -> Result<Option<Value>, ApiError> {
        if self.membership.is_none() {
            return Ok(None);
        }
        self.watched.retain(|watched| watched.topic != topic);
        if self.watched.len() >= MAX_WATCHED {
            return Err(ApiError::too_many(ASK_EVERY.as_secs() as u32));
        }
        self.app.sockets.watch(found.courier, found.trip, &self.outbox);
        self.watched.push(found);
        self.times.watch.get_or_insert_with(|| Instant::now() + ASK_EVERY);
        let location = found.last.map(|at| json!({ "lat": at.lat, "lon": at.lon, "at": at.at }));
        Ok(Some(json!({ "trip_id": found.trip, "location": location })))
    }

    pub(super) fn unwatch(&mut self, topic: Topic) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.watched).into_iter().partition(|watched| watched.topic == topic);
        self.watched = kept;
        for watched in gone {
            // Another subscription may be about the same trip.
            if self.watched.iter().all(|other| other.trip != watched.trip) {
                self.app.sockets.unwatch(watched.courier, watched.trip, &self.outbox);
            }
        }
    }

    pub(super) fn watch_nothing(&mut self) {
        for watched in std::mem::take(&mut self.watched) {
            self.app.sockets.unwatch(watched.courier, watched.trip, &self.outbox);
        }
        self.times.watch = None;
    }

    /// Subscribes again to everything, as far as it is still allowed.
    pub(super) fn look_after_watched(&mut self) {
        let topics: Vec<Topic> = self.watched.iter().map(|watched| watched.topic).collect();
        self.watch_nothing();
        for topic in topics {
            self.carry_on(ClientFrame { cmd_id: None, message: ClientMessage::Subscribe(topic) });
        }
    }
}
