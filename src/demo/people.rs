//! Who lives in the demo world, and how fast they live.

use std::collections::HashMap;
use std::ops::Range;

use anyhow::Context;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::trip::TripDraft;
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, seq::IndexedRandom};

use super::town::Townspeople;
use crate::app::App;
use crate::store::TelegramProfile;

/// Beyond any account that Telegram has given out, and exact in JavaScript.
pub(super) const FIRST_TELEGRAM_ID: i64 = 9_000_000_000_000_000;

const COURIERS: usize = 60;
const SENDERS: usize = 40;

/// How often another courier is tried when the first one travels already.
const TRIES: usize = 12;

const RUSSIAN: [&str; 50] = [
    "Александр",
    "Алексей",
    "Андрей",
    "Антон",
    "Артём",
    "Борис",
    "Вадим",
    "Виктор",
    "Георгий",
    "Даниил",
    "Дмитрий",
    "Евгений",
    "Егор",
    "Илья",
    "Кирилл",
    "Константин",
    "Леонид",
    "Максим",
    "Михаил",
    "Никита",
    "Олег",
    "Павел",
    "Роман",
    "Сергей",
    "Тимур",
    "Алина",
    "Алия",
    "Анастасия",
    "Валерия",
    "Вера",
    "Виктория",
    "Галина",
    "Дарья",
    "Екатерина",
    "Елена",
    "Жанна",
    "Ирина",
    "Кристина",
    "Лилия",
    "Мария",
    "Марина",
    "Надежда",
    "Наталья",
    "Оксана",
    "Ольга",
    "Полина",
    "Светлана",
    "София",
    "Татьяна",
    "Юлия",
];

const ENGLISH: [&str; 20] = [
    "Alice", "Anthony", "Ben", "Clara", "Daniel", "Emma", "George", "Grace", "Henry", "Jack", "James",
    "Kate", "Laura", "Lucas", "Maria", "Mark", "Nina", "Oliver", "Peter", "Sarah",
];

const RUSSIAN_INITIALS: [&str; 14] = ["А", "Б", "В", "Г", "Д", "Е", "К", "Л", "М", "Н", "П", "Р", "С", "Т"];

const ENGLISH_INITIALS: [&str; 12] = ["A", "B", "C", "D", "F", "H", "J", "K", "L", "M", "R", "S"];

/// How fast the world lives, in milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// From one happening to the next.
    pub(super) happening: Range<i64>,
    /// From an offer to the answer.
    pub(super) answer: Range<i64>,
    /// From the deal to the pickup, and from there to the delivery.
    pub(super) hand_over: Range<i64>,
    /// From the delivery to its confirmation.
    pub(super) confirm: Range<i64>,
}

impl Pace {
    /// Answers like people; hand-overs do not wait for the trips' days, so that there is something to see.
    pub(super) const HUMAN: Self = Self {
        happening: 1_000..3_000,
        answer: 3_000..25_000,
        hand_over: 20_000..120_000,
        confirm: 10_000..60_000,
    };
}

/// The people of the demo, all of them bots, and when each courier travels.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) couriers: Vec<UserId>,
    pub(super) senders: Vec<UserId>,
    pub(super) seed: u64,
    pub(super) pace: Pace,
    /// Who lives in its town; nobody where no dispatch runs.
    pub(super) town: Option<Townspeople>,
    travels: HashMap<UserId, Vec<(Time, Time)>>,
}

impl World {
    /// Signs everybody in; those who are known already stay who they are.
    pub(super) async fn sign_up(app: &App, seed: u64, pace: Pace, rng: &mut StdRng) -> anyhow::Result<Self> {
        let mut people = Vec::with_capacity(COURIERS + SENDERS);
        for telegram_id in (FIRST_TELEGRAM_ID..).take(COURIERS + SENDERS) {
            let now = app.clock.now();
            let fresh = UserId::new(now, app.clock.random());
            let signed_in = app.database.upsert_telegram_user(profile(telegram_id, rng), fresh, now).await;
            let (user, _) = signed_in.context("cannot sign the people of the demo in")?;
            people.push(user.id);
        }
        let senders = people.split_off(COURIERS);
        Ok(Self { couriers: people, senders, seed, pace, town: None, travels: HashMap::new() })
    }

    /// A courier who does not travel at that time, as far as there is one; takes the time down.
    pub(super) fn free_courier(&mut self, draft: &TripDraft, now: Time, rng: &mut StdRng) -> UserId {
        let (Some(first), Some(last)) = (draft.stops.first(), draft.stops.last()) else {
            return one_of(&self.couriers, rng);
        };
        let (from, to) = (first.depart, last.arrive + Span::hours(2));
        let mut courier = one_of(&self.couriers, rng);
        for _ in 0..TRIES {
            let travels = self.travels.entry(courier).or_default();
            travels.retain(|(_, end)| *end > now);
            if travels.iter().all(|(start, end)| to < *start || *end < from) {
                break;
            }
            courier = one_of(&self.couriers, rng);
        }
        self.travels.entry(courier).or_default().push((from, to));
        courier
    }

    /// Somebody who sends.
    pub(super) fn sender(&self, rng: &mut StdRng) -> UserId {
        one_of(&self.senders, rng)
    }

    /// Everybody who lives in the world of the demo.
    pub(super) fn everybody(&self) -> impl Iterator<Item = UserId> {
        self.couriers.iter().chain(&self.senders).copied()
    }
}

/// One of a list that is not empty.
pub(super) fn one_of<T: Copy>(list: &[T], rng: &mut StdRng) -> T {
    *list.choose(rng).expect("the lists of the demo are not empty")
}

/// A made-up person.
pub(super) fn profile(telegram_id: i64, rng: &mut StdRng) -> TelegramProfile {
    let russian = rng.random_bool(0.75);
    let (names, initials): (&[&str], &[&str]) =
        if russian { (&RUSSIAN, &RUSSIAN_INITIALS) } else { (&ENGLISH, &ENGLISH_INITIALS) };
    TelegramProfile {
        telegram_id,
        name: format!("{} {}.", one_of(names, rng), one_of(initials, rng)),
        // A made-up name might be somebody's.
        username: None,
        language: Some(if russian { "ru" } else { "en" }.to_owned()),
        avatar: None,
    }
}
