//! A small play for the checkers' tests: a sender, two couriers with a trip each, and whatever a test plants.

use std::collections::HashMap;

use peerpack::ws::wire::{Event, EventBody};
use peerpack_actors::ids::{ChatId, MessageId, PackageId, RequestId, TripId, UserId};
use peerpack_actors::stream::{OfferEndReason, StreamEvent};
use peerpack_actors::time::Time;
use serde_json::{Value, json};
use uuid::Uuid;

use super::history::{Fact, History, Outcome, PackageFacts, Step, Told, TripFacts, What};
use super::talk::Reply;

const NOW: Time = Time::from_ms(1_000_000);
const SENDER: u8 = 0;

/// A history in the making. User 0 sends; users 1 and 2 have a trip of two legs each, for 10 kg and 20
/// minutes.
pub(super) struct Play {
    pub(super) history: History,
    events: HashMap<u8, Vec<Event>>,
    seqs: HashMap<u8, u64>,
    next: u128,
}

fn id<T: From<Uuid>>(kind: u128, number: u8) -> T {
    T::from(Uuid::from_u128(kind * 1_000 + u128::from(number)))
}

/// The message under a number.
pub(super) fn message_of(number: u64) -> MessageId {
    MessageId::from(Uuid::from_u128(7_000 + u128::from(number)))
}

fn place() -> Value {
    json!({"id": 524_901, "name_ru": "Москва", "name_en": "Moscow", "lat": 55.75, "lon": 37.62})
}

fn hand_over() -> Value {
    json!({"place": place(), "eta": NOW})
}

impl Play {
    pub(super) fn new() -> Self {
        let mut play =
            Self { history: History::default(), events: HashMap::new(), seqs: HashMap::new(), next: 0 };
        for user in [SENDER, 1, 2] {
            assert_eq!(play.history.hello(play.user(user), 1, 0), None);
        }
        for courier in [1, 2] {
            let trip: TripId = id(2, courier);
            let facts =
                TripFacts { courier: play.user(courier), capacity_g: 10_000, max_detour_min: 20, legs: 2 };
            play.history.trip_published(trip, facts);
            play.tell(courier, "trip.updated", &json!({"trip_id": trip, "state": "active", "version": 1}));
        }
        play
    }

    pub(super) fn user(&self, number: u8) -> UserId {
        id(1, number)
    }

    /// The sender publishes a package and is told.
    pub(super) fn publish(&mut self, package: u8) {
        let facts = PackageFacts { sender: self.user(SENDER), number: usize::from(package) };
        let package: PackageId = id(3, package);
        self.history.package_published(package, facts);
        self.tell(SENDER, "package.updated", &json!({"package_id": package, "state": "open", "version": 1}));
    }

    /// Offers a package to a courier.
    pub(super) fn offer(&mut self, courier: u8, package: u8) -> RequestId {
        self.offer_with(courier, package, |_| {})
    }

    /// Offers a package with something special about it.
    pub(super) fn offer_with(&mut self, courier: u8, package: u8, edit: impl FnOnce(&mut Fact)) -> RequestId {
        self.next += 1;
        let request = RequestId::from(Uuid::from_u128(9_000_000 + self.next));
        self.offer_again(courier, package, request);
        self.edit_last(courier, |told| edit(&mut told.fact));
        request
    }

    /// Offers under an id that may be known.
    pub(super) fn offer_again(&mut self, courier: u8, package: u8, request: RequestId) {
        let package: PackageId = id(3, package);
        let trip: TripId = id(2, courier);
        let data = json!({
            "request_id": request, "trip_id": trip, "leg_from": 0, "leg_to": 1, "pickup": hand_over(), "dropoff": hand_over(),
            "detour_min": 0, "detour_km": 0.0, "reward": 500.0, "fee": 50.0, "currency": "RUB", "capacity_left_g": 10_000,
            "expires_at": "2100-01-01T00:00:00Z", "ttl_ms": 60_000, "why": [],
            "package": {"id": package, "description": "", "from": place(), "to": place(), "size": "s", "weight": "light",
                "weight_g": 1_000, "volume_ml": 1_000, "tags": [], "ready_at": NOW, "deliver_by": NOW},
        });
        self.tell(courier, "offer.new", &data);
    }

    /// Tells a courier that an offer ended.
    pub(super) fn end(&mut self, courier: u8, request: RequestId, package: u8, reason: OfferEndReason) {
        let kind = if reason == OfferEndReason::Expired { "offer.expired" } else { "offer.revoked" };
        let (package, trip): (PackageId, TripId) = (id(3, package), id(2, courier));
        self.tell(
            courier,
            kind,
            &json!({"request_id": request, "package_id": package, "trip_id": trip, "reason": reason}),
        );
    }

    /// Tells one user of a step.
    pub(super) fn step(&mut self, user: u8, step: Step, request: RequestId, package: u8) {
        let kind = match step {
            Step::Accepted => "request.accepted",
            Step::Declined => "request.declined",
            Step::Cancelled => "request.cancelled",
            other => panic!("no test needs {other:?}"),
        };
        let (package, trip): (PackageId, TripId) = (id(3, package), id(2, 1));
        let data = json!({
            "request_id": request, "package_id": package, "trip_id": trip, "sender_id": self.user(SENDER),
            "courier_id": self.user(1), "origin": "engine", "new_status": "accepted", "description": "", "reward": 500.0,
            "currency": "RUB", "pickup": hand_over(), "dropoff": hand_over(),
        });
        self.tell(user, kind, &data);
    }

    /// A courier gets a package; both parties are told.
    pub(super) fn deal(&mut self, courier: u8, request: RequestId, package: u8) {
        self.step(courier, Step::Accepted, request, package);
        self.step(SENDER, Step::Accepted, request, package);
    }

    /// The deal is called off; both parties are told.
    pub(super) fn cancel(&mut self, courier: u8, request: RequestId, package: u8) {
        self.step(courier, Step::Cancelled, request, package);
        self.step(SENDER, Step::Cancelled, request, package);
    }

    /// Sends a command.
    pub(super) fn sent(&mut self, cmd: Uuid, by: u8, what: What, request: RequestId) {
        self.sent_at(cmd, by, what, request, 0);
    }

    /// Sends a command at a reading of the stopwatch.
    pub(super) fn sent_at(&mut self, cmd: Uuid, by: u8, what: What, request: RequestId, us: u64) {
        self.history.sent(cmd, self.user(by), what, request, (NOW, us));
    }

    /// Sends a command that is answered with `ok`.
    pub(super) fn acknowledged(&mut self, by: u8, what: What, request: RequestId) -> Uuid {
        self.next += 1;
        let cmd = Uuid::from_u128(self.next);
        self.sent(cmd, by, what, request);
        self.history.answered(cmd, 1, Outcome::Ok);
        cmd
    }

    /// Sends a command that is refused.
    pub(super) fn refused(&mut self, by: u8, what: What, request: RequestId, code: &str) {
        self.next += 1;
        let cmd = Uuid::from_u128(self.next);
        self.sent(cmd, by, what, request);
        self.history.answered(cmd, 1, Outcome::Refused(code.to_owned()));
    }

    /// Two people have a chat.
    pub(super) fn chat(&mut self, one: u8, other: u8) -> ChatId {
        let chat: ChatId = id(6, one * 10 + other);
        self.history.chat_opened(chat, [self.user(one), self.user(other)]);
        chat
    }

    /// Somebody says a text and hears that it is a message.
    pub(super) fn said(&mut self, chat: ChatId, number: u64, by: u8, name: Uuid) {
        self.history.word_sent(name, chat, self.user(by), &format!("text {number}"));
        self.history.word_answered(name, Reply::Sent(message_of(number), number));
    }

    /// Tells one user of a message.
    pub(super) fn hear(
        &mut self,
        user: u8,
        chat: ChatId,
        number: u64,
        by: u8,
        name: Option<Uuid>,
        unread: u64,
    ) {
        let mut data = json!({
            "chat_id": chat, "message_id": message_of(number), "seq": number, "sender_id": self.user(by),
            "content": format!("text {number}"), "unread": unread,
        });
        if let Some(name) = name {
            data["client_msg_id"] = json!(name);
        }
        self.tell(user, "chat.message", &data);
    }

    /// Tells one user of a message without its text.
    pub(super) fn more(&mut self, user: u8, chat: ChatId, number: u64) {
        self.tell(user, "chat.more", &json!({"chat_id": chat, "message_seq": number}));
    }

    /// Tells one user how far somebody has read.
    pub(super) fn read(&mut self, user: u8, chat: ChatId, by: u8, up_to: u64, unread: u64) {
        let data = json!({"chat_id": chat, "user_id": self.user(by), "up_to": up_to, "unread": unread});
        self.tell(user, "chat.read", &data);
    }

    /// Leaves a number out.
    pub(super) fn skip(&mut self, user: u8) {
        *self.seqs.entry(user).or_default() += 1;
    }

    /// Tells the last event again, under the same number.
    pub(super) fn repeat_last(&mut self, user: u8) {
        let event = self.events[&user].last().cloned().expect("there is an event");
        self.history.told(self.user(user), &event, 0, NOW);
    }

    /// Changes what is known of the last event.
    pub(super) fn edit_last(&mut self, user: u8, edit: impl FnOnce(&mut Told)) {
        let user = self.user(user);
        let stream = self.history.streams.get_mut(&user).expect("everybody has a stream");
        edit(stream.told.last_mut().expect("there is an event"));
    }

    /// As if nobody had been told anything.
    pub(super) fn forget_told(&mut self) {
        self.history.streams.values_mut().for_each(|stream| stream.told.clear());
    }

    /// What a user was told.
    pub(super) fn events(&self, user: u8) -> Vec<Event> {
        self.events[&user].clone()
    }

    fn tell(&mut self, user: u8, kind: &str, data: &Value) {
        let seq = self.seqs.entry(user).or_default();
        *seq += 1;
        let body: StreamEvent =
            serde_json::from_value(json!({"type": kind, "data": data})).expect("a proper event");
        let event = Event { seq: *seq, at: NOW, body: EventBody::Known(Box::new(body)) };
        self.history.told(self.user(user), &event, 0, NOW);
        self.events.entry(user).or_default().push(event);
    }
}
