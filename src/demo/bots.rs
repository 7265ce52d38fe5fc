//! How the people of the demo react: what they hear on their sockets, what they will do about it, and when.

use std::collections::BTreeMap;

use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::{Origin, Request, RequestCommand, RequestState};
use peerpack_actors::ports::StreamEntry;
use peerpack_actors::runtime::session::Overflow;
use peerpack_actors::runtime::{Frame, SessionId, SessionPort};
use peerpack_actors::stream::StreamEvent;
use peerpack_actors::time::{Span, Time};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::mpsc;

use super::people::{Pace, one_of};

/// The most things the whole town has in mind; beyond it something is forgotten, as people do.
const MAX_INTENTIONS: usize = 4_000;

const EXCUSES: [&str; 4] = ["Не успеваю", "Нет места", "Не по пути", "No room left"];

/// A connection of somebody of the demo.
pub(super) struct Ear {
    pub(super) id: SessionId,
    pub(super) heard: mpsc::Sender<StreamEntry>,
}

impl SessionPort for Ear {
    fn id(&self) -> SessionId {
        self.id
    }

    fn push(&self, frame: Frame) -> Result<(), Overflow> {
        // What does not fit is not noticed: an offer expires then, and the connection stays.
        if let Frame::Event(entry) = frame {
            let _ = self.heard.try_send(entry);
        }
        Ok(())
    }
}

/// A step that somebody will take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// Say yes or no to an offer, or overlook it.
    Answer,
    /// Say yes or no to a person.
    Reply,
    /// Take the package; now and then call the deal off.
    PickUp,
    /// Hand it over.
    Deliver,
    /// Confirm the delivery.
    Confirm,
}

/// Who will take which step of which request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Intention {
    pub(super) by: UserId,
    pub(super) request: RequestId,
    pub(super) step: Step,
}

impl Intention {
    /// What an event makes the person do who hears it.
    pub(super) fn after(entry: &StreamEntry) -> Option<Self> {
        let by = entry.user;
        let event = serde_json::from_str(&entry.body).ok()?;
        let (request, step) = match event {
            StreamEvent::OfferNew(offer) => (offer.request_id, Step::Answer),
            StreamEvent::RequestNew(change) => (change.request_id, Step::Reply),
            StreamEvent::RequestAccepted(change) if change.courier_id == by => {
                (change.request_id, Step::PickUp)
            }
            StreamEvent::RequestPickedUp(change) if change.courier_id == by => {
                (change.request_id, Step::Deliver)
            }
            StreamEvent::RequestDelivered(change) if change.sender_id == by => {
                (change.request_id, Step::Confirm)
            }
            _ => return None,
        };
        Some(Self { by, request, step })
    }

    /// What is left to do about a package by anybody who is of the demo, as after a restart.
    pub(super) fn about(package: &Package) -> impl Iterator<Item = Self> {
        package.requests.iter().filter_map(|request| {
            let (by, step) = next_step(request)?;
            Some(Self { by, request: request.id, step })
        })
    }

    /// The command it comes to; `None` when the person overlooks it.
    pub(super) fn command(&self, rng: &mut StdRng) -> Option<RequestCommand> {
        let by = self.by;
        let roll = rng.random_range(0..100);
        let decline =
            |rng: &mut StdRng| RequestCommand::Decline { by, reason: Some(one_of(&EXCUSES, rng).to_owned()) };
        match self.step {
            Step::Answer if roll < 25 => None,
            Step::Answer | Step::Reply if roll < 75 => Some(RequestCommand::Accept { by }),
            Step::Answer | Step::Reply => Some(decline(rng)),
            Step::PickUp if roll < 4 => Some(RequestCommand::Cancel { by }),
            Step::PickUp => Some(RequestCommand::PickUp { by }),
            Step::Deliver => Some(RequestCommand::Deliver { by }),
            Step::Confirm => Some(RequestCommand::Confirm { by }),
        }
    }
}

fn next_step(request: &Request) -> Option<(UserId, Step)> {
    match (&request.state, request.origin) {
        (RequestState::Pending, Origin::Engine) => Some((request.courier, Step::Answer)),
        (RequestState::Pending, Origin::Sender) => Some((request.courier, Step::Reply)),
        (RequestState::Pending, Origin::Courier) => Some((request.sender, Step::Reply)),
        (RequestState::Accepted { .. }, _) => Some((request.courier, Step::PickUp)),
        (RequestState::PickedUp { .. }, _) => Some((request.courier, Step::Deliver)),
        (RequestState::Delivered { .. }, _) => Some((request.sender, Step::Confirm)),
        _ => None,
    }
}

/// What the town has in mind, soonest first.
#[derive(Debug, Default)]
pub(super) struct Intentions {
    due: BTreeMap<(Time, u64), Intention>,
    count: u64,
}

impl Intentions {
    /// Keeps an intention until its time has come.
    pub(super) fn add(&mut self, intention: Intention, now: Time, pace: &Pace, rng: &mut StdRng) {
        if self.due.len() >= MAX_INTENTIONS {
            return;
        }
        let delay = match intention.step {
            Step::Answer | Step::Reply => &pace.answer,
            Step::PickUp | Step::Deliver => &pace.hand_over,
            Step::Confirm => &pace.confirm,
        };
        self.count += 1;
        self.due.insert((now + Span::from_ms(rng.random_range(delay.clone())), self.count), intention);
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes one that is due.
    pub(super) fn take(&mut self, now: Time) -> Option<Intention> {
        let next = self.due.first_entry()?;
        (next.key().0 <= now).then(|| next.remove())
    }
}
