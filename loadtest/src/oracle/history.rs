//! What happened, as the clients saw it.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use peerpack::ws::wire::{Event, EventBody, ServerMessage};
use peerpack_actors::ids::{PackageId, RequestId, TripId, UserId};
use peerpack_actors::stream::{OfferEndReason, StreamEvent};
use peerpack_actors::time::Time;
use peerpack_actors::trip::LegSpan;
use uuid::Uuid;

use super::position::Follower;

/// Everything that was published, said and told.
#[derive(Default)]
pub(crate) struct History {
    /// Trips whose publication was acknowledged.
    pub(crate) trips: HashMap<TripId, TripFacts>,
    /// Packages whose publication was acknowledged.
    pub(crate) packages: HashMap<PackageId, PackageFacts>,
    /// By user.
    pub(crate) streams: HashMap<UserId, Stream>,
    /// By the id that the client gave them.
    pub(crate) commands: HashMap<Uuid, Command>,
    /// The packages that were seen for each place in the schedule.
    pub(crate) numbers: HashMap<usize, BTreeSet<PackageId>>,
}

/// A published trip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TripFacts {
    /// Whose.
    pub(crate) courier: UserId,
    /// Room on each leg.
    pub(crate) capacity_g: u32,
    /// The extra way the courier accepts.
    pub(crate) max_detour_min: u32,
    /// How many legs.
    pub(crate) legs: usize,
}

/// A published package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackageFacts {
    /// Whose.
    pub(crate) sender: UserId,
    /// Its place in the schedule.
    pub(crate) number: usize,
}

/// What one user was told.
#[derive(Default)]
pub(crate) struct Stream {
    /// In the order of arrival.
    pub(crate) told: Vec<Told>,
    /// What is wrong with the numbers.
    pub(crate) faults: Vec<String>,
    /// Whether the server could not say what was missed, so that nothing can be concluded from an absence.
    pub(crate) is_torn: bool,
    /// Which history the numbers belong to.
    pub(crate) epoch: u64,
    /// The number of the last event.
    pub(crate) last_seq: u64,
    /// Whether an answer to `resume` is awaited or being followed; such events are not news.
    catching_up_to: u64,
    follower: Follower,
}

/// An event that a user was told.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Told {
    /// Its number.
    pub(crate) seq: u64,
    /// When it was decided.
    pub(crate) at: Time,
    /// When it was told.
    pub(crate) received_us: u64,
    /// The wall's time then.
    pub(crate) received_at: Time,
    /// Whether it was told as it happened, and not after a reconnect.
    pub(crate) is_live: bool,
    /// Of the whole event.
    pub(crate) digest: u64,
    /// What happened.
    pub(crate) fact: Fact,
}

/// What an event says, as far as a checker asks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Fact {
    /// A package is offered.
    Offered {
        request: RequestId,
        package: PackageId,
        trip: TripId,
        legs: LegSpan,
        weight_g: u32,
        detour_min: u32,
        expires_at: Time,
    },
    /// The offer ended.
    Ended { request: RequestId, package: PackageId, reason: OfferEndReason },
    /// A request went a step on.
    Step { step: Step, request: RequestId, package: PackageId, trip: TripId },
    /// A package changed.
    Package { package: PackageId, version: i64 },
    /// A trip changed.
    Trip { trip: TripId, version: i64 },
    /// Something that no checker knows.
    Other,
}

/// Steps of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    Opened,
    Accepted,
    Declined,
    Taken,
    PickedUp,
    Delivered,
    Confirmed,
    Cancelled,
    Disputed,
}

/// What a command asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum What {
    Accept,
    Decline,
    PickUp,
    Deliver,
    Confirm,
    Cancel,
}

impl What {
    /// The step that both parties are told of; of a declined offer only the courier.
    pub(crate) const fn step(self) -> Step {
        match self {
            Self::Accept => Step::Accepted,
            Self::Decline => Step::Declined,
            Self::PickUp => Step::PickedUp,
            Self::Deliver => Step::Delivered,
            Self::Confirm => Step::Confirmed,
            Self::Cancel => Step::Cancelled,
        }
    }
}

/// A command and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) by: UserId,
    pub(crate) what: What,
    pub(crate) request: RequestId,
    /// When it was sent last, on the wall.
    pub(crate) sent_at: Time,
    /// How often it was sent on connections that lasted until its answer.
    pub(crate) sends: usize,
    /// The answers.
    pub(crate) answers: Vec<(u64, Outcome)>,
}

/// How a command went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    /// Done.
    Ok,
    /// Refused, with this code.
    Refused(String),
    /// Perhaps done, perhaps not.
    Unknown,
}

impl Command {
    /// Whether it was done for sure.
    pub(crate) fn is_done(&self) -> bool {
        self.done_us().is_some()
    }

    /// When the client knew that it was done.
    pub(crate) fn done_us(&self) -> Option<u64> {
        self.answers.iter().find(|(_, outcome)| *outcome == Outcome::Ok).map(|(us, _)| *us)
    }
}

impl Stream {
    /// In the order of the numbers.
    pub(crate) fn in_order(&self) -> Vec<&Told> {
        let mut told: Vec<&Told> = self.told.iter().collect();
        told.sort_by_key(|told| told.seq);
        told
    }
}

impl History {
    /// A trip's publication was acknowledged.
    pub(crate) fn trip_published(&mut self, trip: TripId, facts: TripFacts) {
        self.trips.insert(trip, facts);
    }

    /// A package's publication was acknowledged, or somebody was told of it.
    pub(crate) fn package_published(&mut self, package: PackageId, facts: PackageFacts) {
        self.numbered(facts.number, package);
        self.packages.insert(package, facts);
    }

    /// A package was seen for a place in the schedule.
    pub(crate) fn numbered(&mut self, number: usize, package: PackageId) {
        self.numbers.entry(number).or_default().insert(package);
    }

    /// A connection begins. Returns the position to resume from, if there is one.
    pub(crate) fn hello(&mut self, user: UserId, epoch: u64, top: u64) -> Option<u64> {
        let first = !self.streams.contains_key(&user);
        let stream = self.streams.entry(user).or_default();
        if first {
            (stream.epoch, stream.last_seq, stream.catching_up_to) = (epoch, top, top);
        }
        stream.follower.hello(top, !first);
        (!first).then_some(stream.last_seq)
    }

    /// The answer to `resume`.
    pub(crate) fn resumed(
        &mut self,
        user: UserId,
        epoch: u64,
        recovered: bool,
        count: Option<u32>,
        top: u64,
    ) {
        let stream = self.streams.entry(user).or_default();
        if !recovered {
            stream.is_torn = true;
            (stream.epoch, stream.last_seq) = (epoch, top);
        } else if count.map(u64::from) != top.checked_sub(stream.last_seq) {
            let after = stream.last_seq;
            stream.faults.push(format!("resume after {after} promises {count:?} events up to {top}"));
        }
        stream.catching_up_to = top;
        stream.follower.resumed_after(stream.last_seq);
    }

    /// An event arrives.
    pub(crate) fn told(&mut self, user: UserId, event: &Event, received_us: u64, received_at: Time) {
        let stream = self.streams.entry(user).or_default();
        if let Err(fault) = stream.follower.event(event.seq) {
            stream.faults.push(fault);
        }
        if event.seq <= stream.last_seq && stream.told.iter().any(|told| told.seq == event.seq) {
            return;
        }
        stream.last_seq = stream.last_seq.max(event.seq);
        stream.told.push(Told {
            seq: event.seq,
            at: event.at,
            received_us,
            received_at,
            is_live: event.seq > stream.catching_up_to,
            digest: digest(event),
            fact: Fact::of(event),
        });
    }

    /// A command is sent, perhaps again.
    pub(crate) fn sent(&mut self, cmd: Uuid, by: UserId, what: What, request: RequestId, at: Time) {
        let new = Command { by, what, request, sent_at: at, sends: 0, answers: Vec::new() };
        let command = self.commands.entry(cmd).or_insert(new);
        command.sends += 1;
        command.sent_at = at;
    }

    /// A command is answered.
    pub(crate) fn answered(&mut self, cmd: Uuid, us: u64, outcome: Outcome) {
        if let Some(command) = self.commands.get_mut(&cmd) {
            command.answers.push((us, outcome));
        }
    }

    /// The connection on which a command was sent is gone: its answer will not come there.
    pub(crate) fn cut(&mut self, cmd: Uuid) {
        if let Some(command) = self.commands.get_mut(&cmd) {
            command.sends -= 1;
        }
    }
}

/// A number that two equal events share.
pub(crate) fn digest(event: &Event) -> u64 {
    let mut hasher = DefaultHasher::new();
    ServerMessage::Event(event.clone()).to_text().hash(&mut hasher);
    hasher.finish()
}

impl Fact {
    /// What an event says.
    pub(crate) fn of(event: &Event) -> Self {
        let EventBody::Known(body) = &event.body else { return Self::Other };
        let (step, change) = match body.as_ref() {
            StreamEvent::OfferNew(offer) => {
                return Self::Offered {
                    request: offer.request_id,
                    package: offer.package.id,
                    trip: offer.trip_id,
                    legs: LegSpan { from: offer.leg_from, to: offer.leg_to },
                    weight_g: offer.package.weight_g,
                    detour_min: offer.detour_min,
                    expires_at: offer.expires_at,
                };
            }
            StreamEvent::OfferRevoked(end) | StreamEvent::OfferExpired(end) => {
                return Self::Ended { request: end.request_id, package: end.package_id, reason: end.reason };
            }
            StreamEvent::PackageUpdated(change) => {
                return Self::Package { package: change.package_id, version: change.version };
            }
            StreamEvent::TripUpdated(change) => {
                return Self::Trip { trip: change.trip_id, version: change.version };
            }
            // The load test's packages leave no time to choose.
            StreamEvent::RequestAgreed(_)
            | StreamEvent::CourierAvailable(_)
            | StreamEvent::NotificationNew(_)
            | StreamEvent::DocumentReviewed(_) => return Self::Other,
            StreamEvent::RequestNew(change) => (Step::Opened, change),
            StreamEvent::RequestAccepted(change) => (Step::Accepted, change),
            StreamEvent::RequestDeclined(change) => (Step::Declined, change),
            StreamEvent::RequestTaken(change) => (Step::Taken, change),
            StreamEvent::RequestPickedUp(change) => (Step::PickedUp, change),
            StreamEvent::RequestDelivered(change) => (Step::Delivered, change),
            StreamEvent::RequestConfirmed(change) => (Step::Confirmed, change),
            StreamEvent::RequestCancelled(change) => (Step::Cancelled, change),
            StreamEvent::RequestDisputed(change) => (Step::Disputed, change),
        };
        Self::Step { step, request: change.request_id, package: change.package_id, trip: change.trip_id }
    }
}
