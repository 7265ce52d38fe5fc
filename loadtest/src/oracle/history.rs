//! What happened, as the clients saw it.

use std::collections::{BTreeSet, HashMap};

use peerpack::ws::wire::Event;
use peerpack_actors::ids::{ChatId, MessageId, PackageId, RequestId, TripId, UserId};
use peerpack_actors::leg::LegSpan;
use peerpack_actors::stream::OfferEndReason;
use peerpack_actors::time::Time;
use serde::Serialize;
use uuid::Uuid;

use super::facts::digest;
use super::position::Follower;
use super::talk::Talk;

/// Everything that was published, said and told.
#[derive(Default)]
pub struct History {
    /// Trips whose publication was acknowledged.
    pub trips: HashMap<TripId, TripFacts>,
    /// Packages whose publication was acknowledged.
    pub packages: HashMap<PackageId, PackageFacts>,
    /// What each user was told.
    pub streams: HashMap<UserId, Stream>,
    /// By the id that the client gave them.
    pub commands: HashMap<Uuid, Command>,
    /// The packages that were seen for each place in the schedule.
    pub numbers: HashMap<usize, BTreeSet<PackageId>>,
    /// What was said in chats.
    pub talk: Talk,
}

/// A published trip.
#[derive(Clone, Copy, Debug)]
pub struct TripFacts {
    /// The courier of the trip.
    pub courier: UserId,
    /// Room on each leg.
    pub capacity_g: u32,
    /// The extra way the courier accepts.
    pub max_detour_min: u32,
    /// How many legs.
    pub legs: usize,
}

/// A published package.
#[derive(Clone, Copy, Debug)]
pub struct PackageFacts {
    /// The sender of the package.
    pub sender: UserId,
    /// Its place in the schedule.
    pub number: usize,
}

/// What one user was told.
#[derive(Default)]
pub struct Stream {
    /// In the order of arrival.
    pub told: Vec<Told>,
    /// What is wrong with the numbers.
    pub faults: Vec<String>,
    /// Whether the server could not say what was missed, so that nothing can be concluded from an absence.
    pub is_torn: bool,
    /// Which history the numbers belong to.
    pub epoch: u64,
    /// The number of the last event.
    pub last_seq: u64,
    /// Whether an answer to `resume` is awaited or being followed; such events are not news.
    catching_up_to: u64,
    /// Where the stream stood when the user came.
    pub(super) first_seq: u64,
    /// When the user asked at the end whether that was all, and how far the stream goes by the answer.
    pub(super) asked_at: Option<Time>,
    pub(super) counted_to: Option<u64>,
    follower: Follower,
}

/// An event that a user was told.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Told {
    /// Its number in the stream.
    pub seq: u64,
    /// When it was decided.
    pub at: Time,
    /// When it was told.
    pub received_us: u64,
    /// The wall's time then.
    pub received_at: Time,
    /// Whether it was told as it happened, and not after a reconnect.
    pub is_live: bool,
    /// Of the whole event.
    pub digest: u64,
    /// What happened, as far as it is checked.
    pub fact: Fact,
}

/// What an event says, as far as a checker asks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fact {
    /// A package is offered.
    Offered {
        /// The offer itself.
        request: RequestId,
        /// The package that is offered.
        package: PackageId,
        /// The trip that it would ride on.
        trip: TripId,
        /// Where it would ride.
        legs: LegSpan,
        /// How heavy it is.
        weight_g: u32,
        /// The extra way.
        detour_min: u32,
        /// Until when it stands.
        expires_at: Time,
    },
    /// The offer ended.
    Ended {
        /// The offer itself.
        request: RequestId,
        /// The package that was offered.
        package: PackageId,
        /// Why the offer ended.
        reason: OfferEndReason,
    },
    /// A request went a step on.
    Step {
        /// The step that it took.
        step: Step,
        /// The request that took it.
        request: RequestId,
        /// The package of that request.
        package: PackageId,
        /// The trip of that request.
        trip: TripId,
    },
    /// A package changed.
    Package {
        /// The package that changed.
        package: PackageId,
        /// Its version from then on.
        version: i64,
    },
    /// A trip changed.
    Trip {
        /// The trip that changed.
        trip: TripId,
        /// Its version from then on.
        version: i64,
    },
    /// Something was said in a chat.
    Said {
        /// The chat.
        chat: ChatId,
        /// The message.
        message: MessageId,
        /// Its number in the chat.
        number: u64,
        /// Who has said it.
        by: UserId,
        /// Stands for its text.
        text: u64,
        /// What one's own device calls it.
        word: Option<Uuid>,
        /// How many messages of the chat one has not read then.
        unread: u64,
    },
    /// Something was said, and its text was left out.
    More {
        /// The chat.
        chat: ChatId,
        /// The number of the message in the chat.
        number: u64,
    },
    /// A chat was read further.
    Read {
        /// The chat.
        chat: ChatId,
        /// Who has read.
        by: UserId,
        /// The number of the last message that was read.
        up_to: u64,
        /// How many messages of the chat one has not read then, oneself.
        unread: u64,
    },
    /// Something that no checker knows.
    Other,
}

/// Steps of a request.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    /// A sender asks, or a courier responds.
    Opened,
    /// It is a deal.
    Accepted,
    /// The courier does not want it.
    Declined,
    /// Another courier was first.
    Taken,
    /// The courier has the package.
    PickedUp,
    /// The courier has handed it over.
    Delivered,
    /// The sender says so, too.
    Confirmed,
    /// The deal is off.
    Cancelled,
    /// The sender says that it did not arrive.
    Disputed,
}

/// What a command asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The courier takes the package on.
    Accept,
    /// The courier does not want it.
    Decline,
    /// The courier has it.
    PickUp,
    /// The courier has handed it over.
    Deliver,
    /// The sender says so, too.
    Confirm,
    /// Either calls the deal off.
    Cancel,
}

impl What {
    /// The step that both parties are told of; of a declined offer only the courier.
    #[must_use]
    pub const fn step(self) -> Step {
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
pub struct Command {
    /// Who gave the command.
    pub by: UserId,
    /// What it asks for.
    pub what: What,
    /// The request that it is about.
    pub request: RequestId,
    /// When it was sent last, on the wall.
    pub sent_at: Time,
    /// How often it was sent on connections that lasted until its answer.
    pub sends: usize,
    /// When it was sent, each time.
    pub asked_us: Vec<u64>,
    /// When the connection on which it was sent was found gone.
    pub cut_us: Vec<u64>,
    /// The answers, each with the microsecond at which it came.
    pub answers: Vec<(u64, Outcome)>,
}

/// How a command went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The command was carried out.
    Ok,
    /// Refused, with this code.
    Refused(String),
    /// Perhaps done, perhaps not.
    Unknown,
}

impl Command {
    /// Whether it was done for sure.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done_us().is_some()
    }

    /// When the client knew that it was done.
    #[must_use]
    pub fn done_us(&self) -> Option<u64> {
        self.answers.iter().find(|(_, outcome)| *outcome == Outcome::Ok).map(|(us, _)| *us)
    }
}

impl Stream {
    /// In the order of the numbers.
    pub fn in_order(&self) -> Vec<&Told> {
        let mut told: Vec<&Told> = self.told.iter().collect();
        told.sort_by_key(|told| told.seq);
        told
    }
}

impl History {
    /// A trip's publication was acknowledged.
    pub fn trip_published(&mut self, trip: TripId, facts: TripFacts) {
        self.trips.insert(trip, facts);
    }

    /// A package's publication was acknowledged, or somebody was told of it.
    pub fn package_published(&mut self, package: PackageId, facts: PackageFacts) {
        self.numbered(facts.number, package);
        self.packages.insert(package, facts);
    }

    /// A package was seen for a place in the schedule.
    pub fn numbered(&mut self, number: usize, package: PackageId) {
        self.numbers.entry(number).or_default().insert(package);
    }

    /// A connection begins. Returns the position to resume from, if there is one.
    pub fn hello(&mut self, user: UserId, epoch: u64, top: u64) -> Option<u64> {
        let first = !self.streams.contains_key(&user);
        let stream = self.streams.entry(user).or_default();
        if first {
            (stream.epoch, stream.last_seq, stream.catching_up_to) = (epoch, top, top);
            stream.first_seq = top;
        }
        stream.follower.hello(top, !first);
        (!first).then_some(stream.last_seq)
    }

    /// The answer to `resume`.
    pub fn resumed(&mut self, user: UserId, epoch: u64, recovered: bool, count: Option<u32>, top: u64) {
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

    /// An event arrives. Whether it is news, told as it happened.
    pub fn told(&mut self, user: UserId, event: &Event, received_us: u64, received_at: Time) -> bool {
        let stream = self.streams.entry(user).or_default();
        // A user who asks at the end whether that was all may be told the last again.
        if stream.asked_at.is_some() && event.seq <= stream.last_seq {
            return false;
        }
        if let Err(fault) = stream.follower.event(event.seq) {
            stream.faults.push(fault);
        }
        if event.seq <= stream.last_seq && stream.told.iter().any(|told| told.seq == event.seq) {
            return false;
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
        event.seq > stream.catching_up_to
    }

    /// A command is sent, perhaps again: at a time of the wall, and at a reading of the stopwatch.
    pub fn sent(&mut self, cmd: Uuid, by: UserId, what: What, request: RequestId, (at, us): (Time, u64)) {
        let (asked_us, cut_us, answers) = (Vec::new(), Vec::new(), Vec::new());
        let new = Command { by, what, request, sent_at: at, sends: 0, asked_us, cut_us, answers };
        let command = self.commands.entry(cmd).or_insert(new);
        command.sends += 1;
        command.sent_at = at;
        command.asked_us.push(us);
    }

    /// A command is answered.
    pub fn answered(&mut self, cmd: Uuid, us: u64, outcome: Outcome) {
        if let Some(command) = self.commands.get_mut(&cmd) {
            command.answers.push((us, outcome));
        }
    }

    /// The connection on which a command was sent is gone: its answer will not come there.
    pub fn cut(&mut self, cmd: Uuid, us: u64) {
        if let Some(command) = self.commands.get_mut(&cmd) {
            command.sends -= 1;
            command.cut_us.push(us);
        }
    }
}
