//! Subscriptions of a connection: where a courier is, for those whose package they carry.
//!
//! A sender may subscribe from the deal on, and sees the courier from the departure or the pickup on, until
//! the delivery: where somebody lives who will travel next week is nobody's business. All this is asked again
//! every minute; while the store does not answer, a subscription stays as it is.

use std::time::Duration;

use peerpack_actors::ids::{ChatId, TripId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::RequestState;
use peerpack_actors::market::trip::{Trip, TripState};
use peerpack_actors::ports::Store;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::wire::{ClientFrame, ClientMessage, Topic};
use super::Conversation;
use crate::app::App;
use crate::error::ApiError;
use crate::talk;

/// The most subscriptions of one connection.
const MAX_WATCHED: usize = 16;

/// How often it is asked whether a subscription may go on.
const ASK_EVERY: Duration = Duration::from_secs(60);

/// What a connection is subscribed to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Watched {
    topic: Topic,
    what: What,
}

/// What there is to see.
#[derive(Clone, Copy, PartialEq, Debug)]
enum What {
    /// Where the courier of a trip is.
    Courier {
        trip: TripId,
        courier: UserId,
        /// Whether there is something to see: the journey has begun, or the package was picked up.
        has_begun: bool,
        /// Where the courier was last, as far as is known.
        last: Option<crate::bus::LastPosition>,
    },
    /// Whether the other one of a chat is there.
    Chat {
        chat: ChatId,
        other: UserId,
        /// Nothing is shown to a person who is blocked.
        is_shown: bool,
        is_here: bool,
    },
}

impl Watched {
    /// What a user may see of a topic.
    ///
    /// # Errors
    /// 404 for everything that is not theirs to see.
    pub(super) async fn find(app: &App, user: UserId, topic: Topic) -> Result<Self, ApiError> {
        if let Some(chat) = topic.chat_id {
            let chat = talk::member_of(app, chat, user).await?;
            let is_here = talk::is_other_here(app, &chat, user).await?;
            let (_, other) = chat.sides(user)?;
            let (chat, is_shown) = (chat.id, !other.blocks);
            return Ok(Self { topic, what: What::Chat { chat, other: other.user, is_shown, is_here } });
        }
        let trip = match (topic.trip_id, topic.package_id) {
            (_, Some(package)) => {
                let package = app.database.package(package).await?;
                package.and_then(|package| carried_by(&package, user)).ok_or_else(ApiError::not_found)?
            }
            (Some(trip), None) => trip,
            (None, None) => return Err(ApiError::not_found()),
        };
        let trip = app.engine.trip(trip).await?.ok_or_else(ApiError::not_found)?;
        let carried = carried(app, user, &trip).await?;
        if !trip.state.is_live() || (trip.courier != user && carried.is_none()) {
            return Err(ApiError::not_found());
        }
        let has_begun = trip.courier == user
            || carried == Some(Carried::Aboard)
            || matches!(trip.state, TripState::InProgress { .. });
        let last = match has_begun {
            true => app.presence.last_position(trip.courier, app.clock.now()).await.unwrap_or(None),
            false => None,
        };
        Ok(Self { topic, what: What::Courier { trip: trip.id, courier: trip.courier, has_begun, last } })
    }
}

impl Watched {
    fn is_about_the_same(&self, other: &Self) -> bool {
        match (self.what, other.what) {
            (What::Courier { trip, .. }, What::Courier { trip: of, .. }) => trip == of,
            (What::Chat { chat, .. }, What::Chat { chat: of, .. }) => chat == of,
            _ => false,
        }
    }
}

/// How far a package has come that a trip carries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Carried {
    /// There is a deal.
    Agreed,
    /// The courier has it.
    Aboard,
}

/// The trip on which a sender's package is to ride, or rides.
fn carried_by(package: &Package, sender: UserId) -> Option<TripId> {
    let deal = package.deal().filter(|_| package.sender == sender)?;
    matches!(deal.state, RequestState::Accepted { .. } | RequestState::PickedUp { .. }).then_some(deal.trip)
}

/// How far the one of a sender's packages has come that has come furthest on a trip.
async fn carried(app: &App, user: UserId, trip: &Trip) -> Result<Option<Carried>, ApiError> {
    let riding = app.database.riding(trip.id, user).await?;
    Ok(riding.into_iter().map(|is_aboard| if is_aboard { Carried::Aboard } else { Carried::Agreed }).max())
}

impl Conversation {
    /// Begins or goes on with a subscription.
    pub(super) fn watch(&mut self, topic: Topic, found: Watched) -> Result<Option<Value>, ApiError> {
        if self.membership.is_none() {
            return Ok(None);
        }
        // It may have been about another trip until now.
        self.unwatch(topic);
        if self.watched.len() >= MAX_WATCHED {
            return Err(ApiError::too_many(ASK_EVERY.as_secs() as u32));
        }
        self.watched.push(found);
        self.times.watch.get_or_insert_with(|| Instant::now() + ASK_EVERY);
        Ok(Some(match found.what {
            What::Courier { trip, courier, has_begun, last } => {
                if has_begun {
                    self.app.sockets.watch(courier, trip, &self.outbox);
                }
                let location = last.map(|at| json!({ "lat": at.lat, "lon": at.lon, "at": at.at }));
                json!({ "trip_id": trip, "location": location })
            }
            What::Chat { chat, other, is_shown, is_here } => {
                if is_shown {
                    self.app.sockets.look_out(other, chat, &self.outbox);
                }
                json!({ "chat_id": chat, "user_id": other, "online": is_here })
            }
        }))
    }

    pub(super) fn unwatch(&mut self, topic: Topic) {
        let (gone, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.watched).into_iter().partition(|watched| watched.topic == topic);
        self.watched = kept;
        for watched in gone {
            // Another subscription may be about the same trip.
            if self.watched.iter().all(|other| !other.is_about_the_same(&watched)) {
                self.look_away(watched);
            }
        }
    }

    fn look_away(&self, watched: Watched) {
        match watched.what {
            What::Courier { trip, courier, .. } => self.app.sockets.unwatch(courier, trip, &self.outbox),
            What::Chat { chat, other, .. } => self.app.sockets.look_away(other, chat, &self.outbox),
        }
    }

    pub(super) fn watch_nothing(&mut self) {
        for watched in std::mem::take(&mut self.watched) {
            self.look_away(watched);
        }
        self.times.watch = None;
    }

    /// Asks again about everything that is watched.
    pub(super) fn look_after_watched(&mut self) {
        self.times.watch = (!self.watched.is_empty()).then(|| Instant::now() + ASK_EVERY);
        let topics: Vec<Topic> = self.watched.iter().map(|watched| watched.topic).collect();
        for topic in topics {
            self.carry_on(ClientFrame { cmd_id: None, message: ClientMessage::Subscribe(topic) });
        }
    }

    /// What came of a look at a subscription, wanted by the client or due.
    pub(super) fn watched(
        &mut self,
        topic: Topic,
        found: Result<Watched, ApiError>,
    ) -> Result<Option<Value>, ApiError> {
        match found {
            Ok(found) => self.watch(topic, found),
            Err(error) => {
                // Not allowed any more. Anything else passes, and is asked again in a minute.
                if error.status().is_client_error() {
                    self.unwatch(topic);
                }
                Err(error)
            }
        }
    }
}
