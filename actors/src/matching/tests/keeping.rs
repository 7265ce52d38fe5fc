//! Room is kept only against evidence, never beyond the bound, and what is told is what is done.

use proptest::prelude::*;

use super::*;
use crate::market::package::PackageState;
use crate::matching::policy::demand::{Asked, Demand, History};
use crate::matching::policy::evidence::{Belief, is_evidence};
use crate::matching::policy::keeping::{Step, bound, next_step, rewards_at_once};
use crate::matching::policy::outlook::Outlook;
use crate::matching::{Candidate, Ranked, TripIndex, feasible, rank};

/// The sender whose package is judged.
const JUDGED: u128 = 1;

/// What became of a package.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Fate {
    Carried,
    Waits,
    CalledOff,
    Lapsed,
}

/// A package of the last days.
#[derive(Clone, Debug)]
struct Past {
    sender: u128,
    kg: u32,
    reward: i64,
    hours_ago: i64,
    fate: Fate,
}

/// Some days of a market, and a package and a trip in it.
#[derive(Clone, Debug)]
struct Scene {
    past: Vec<Past>,
    /// Of the package that is judged.
    kg: u32,
    reward: i64,
    /// Until the trip leaves.
    hours: i64,
    room_kg: u32,
}

fn scene() -> impl Strategy<Value = Scene> {
    let fate = prop_oneof![Just(Fate::Carried), Just(Fate::Waits), Just(Fate::CalledOff), Just(Fate::Lapsed)];
    let one = move |senders: std::ops::Range<u128>| {
        (senders, 1..5_u32, 100..3_000_i64, 2..160_i64, fate.clone())
            .prop_map(|(sender, kg, reward, hours_ago, fate)| Past { sender, kg, reward, hours_ago, fate })
    };
    // Some people; many people; and somebody who publishes a lot.
    let some = prop::collection::vec(one(JUDGED..6), 0..12);
    let many = prop_oneof![Just(Vec::new()).boxed(), prop::collection::vec(one(10..400), 0..250).boxed()];
    let spam = prop::collection::vec(one(2..3), 0..60);
    let asked = (1..=5_u32, 100..3_000_i64, 1..200_i64, 5..=10_u32);
    (some, many, spam, asked).prop_map(|(some, many, spam, (kg, reward, hours, room_kg))| Scene {
        past: [some, many, spam].concat(),
        kg,
        reward,
        hours,
        room_kg,
    })
}

fn stored(n: usize, past: &Past) -> Package {
    let mut one = package("Alfa", "Bravo");
    one.id = Uuid::from_u128(1_000 + n as u128).into();
    one.sender = user(past.sender);
    one.created_at = NOW - Span::hours(past.hours_ago);
    one.draft.ready_at = one.created_at;
    one.draft.deliver_by = NOW + Span::hours(24);
    one.draft.load = kg(past.kg);
    one.draft.reward.minor = past.reward * 100;
    let request = RequestId::from(Uuid::from_u128(n as u128));
    one.state = match past.fate {
        Fate::Carried => PackageState::Assigned { request, at: NOW },
        Fate::Waits => PackageState::Open,
        Fate::CalledOff => PackageState::Cancelled { at: NOW - Span::minutes(5) },
        Fate::Lapsed => {
            one.draft.deliver_by = NOW - Span::minutes(30);
            PackageState::Cancelled { at: NOW - Span::minutes(29) }
        }
    };
    one
}

fn learned<'a>(past: impl Iterator<Item = (usize, &'a Past)>, settings: &Settings) -> History {
    let mut history = History::over(world());
    for (n, past) in past {
        let package = stored(n, past);
        if is_evidence(&package, NOW, settings) {
            history.note(&package_entry(&package), package.created_at, settings);
        }
    }
    history
}

struct Believed<'a> {
    demand: &'a Demand,
    trip: &'a TripEntry,
    now: Time,
}

impl Outlook for Believed<'_> {
    fn acceptance(&self, _: UserId) -> f64 {
        0.5
    }

    fn room_price_rub(&self, candidate: &Candidate, package: &PackageEntry) -> f64 {
        let asked = Asked { sender: package.sender, plan: &candidate.plan, load: package.load };
        self.demand.price_rub(self.trip, asked, self.now)
    }
}

impl Scene {
    fn trip(&self) -> TripEntry {
        let trip = trip(9, &[("Alfa", self.hours), ("Bravo", self.hours + 2)]);
        trip_entry(&Trip { left: vec![kg(self.room_kg)], ..trip })
    }

    fn package(&self) -> PackageEntry {
        let mut package = package("Alfa", "Bravo");
        package.draft.load = kg(self.kg);
        package.draft.reward.minor = self.reward * 100;
        package.draft.deliver_by = hour(240);
        package_entry(&package)
    }

    /// What is made of the package at a moment, by anybody who has learned this.
    fn step(&self, history: &History, package: &PackageEntry, now: Time) -> (Vec<Ranked>, Step) {
        let (trip, settings) = (self.trip(), Settings::default());
        let demand = history.demand(&trip, &settings);
        let view = Believed { demand: &demand, trip: &trip, now };
        let mut index = TripIndex::over(world());
        index.upsert(trip.clone());
        let candidates = index.candidates(package, now, usize::MAX);
        let ranked = rank(&candidates, package, &view, now, &settings);
        let step = next_step(&ranked, package, &view, now, &settings, |_| false);
        (ranked, step)
    }

    fn all(&self) -> History {
        learned(self.past.iter().enumerate(), &Settings::default())
    }

    /// The price of the room with those of the past for which this holds.
    fn price(&self, holds: impl Fn(&Past) -> bool) -> f64 {
        let settings = Settings::default();
        let history = learned(self.past.iter().enumerate().filter(|(_, past)| holds(past)), &settings);
        let (trip, package) = (self.trip(), self.package());
        let plan = feasible(&trip, &package, NOW).expect("it suits");
        let asked = Asked { sender: package.sender, plan: &plan, load: package.load };
        history.demand(&trip, &settings).price_rub(&trip, asked, NOW)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn where_nobody_is_known_to_compete_a_package_is_offered_at_once(scene in scene()) {
        let (settings, history) = (Settings::default(), scene.all());
        let seen = scene.past.iter().enumerate().filter(|(n, past)| is_evidence(&stored(*n, past), NOW, &settings));
        let mut rivals: Vec<u128> = seen.map(|(_, past)| past.sender).filter(|sender| *sender != JUDGED).collect();
        rivals.sort_unstable();
        rivals.dedup();
        let (_, step) = scene.step(&history, &scene.package(), NOW);
        if rivals.len() <= Belief::new(&settings).too_few() {
            prop_assert!(!step.wave.is_empty(), "{} rivals", rivals.len());
        }
    }

    #[test]
    fn room_is_kept_no_longer_than_the_bound(scene in scene()) {
        let (settings, history, package) = (Settings::default(), scene.all(), scene.package());
        let mut now = NOW;
        let (ranked, mut step) = scene.step(&history, &package, now);
        let last = bound(&ranked[0].candidate, &package, &settings);
        while let Some(until) = step.kept_until {
            prop_assert!(step.wave.is_empty() && now < until && until <= last, "{now:?} {until:?} {last:?}");
            now = until;
            step = scene.step(&history, &package, now).1;
        }
        prop_assert!(now <= last && !step.wave.is_empty(), "{now:?} {last:?}");
    }

    #[test]
    fn ones_own_and_what_was_called_off_make_room_no_dearer(scene in scene()) {
        let price = scene.price(|_| true);
        let others = scene.price(|past| past.sender != JUDGED && past.fate != Fate::CalledOff);
        prop_assert!((price - others).abs() < 1e-6, "{price} and {others}");
    }

    #[test]
    fn the_reward_that_is_named_is_offered_at_once_and_no_smaller_one(scene in scene()) {
        let (history, package) = (scene.all(), scene.package());
        let (ranked, step) = scene.step(&history, &package, NOW);
        let named = rewards_at_once(&ranked, &package, &Settings::default());
        prop_assert_eq!(named.is_empty(), step.kept_until.is_none());
        if let Some(reward) = named.first() {
            let with = |reward| scene.step(&history, &PackageEntry { reward, ..package.clone() }, NOW).1;
            prop_assert!(!with(*reward).wave.is_empty());
            let less = Amount::new(reward.minor - 100, reward.currency);
            prop_assert!(less.minor <= package.reward.minor || with(less).wave.is_empty());
        }
    }
}

/// So many people, each of whom sent a parcel worth 2 000 roubles that way and found a courier.
fn rivals(people: u128) -> Vec<Past> {
    let one = |n: u128| Past { sender: 100 + n, kg: 2, reward: 2_000, hours_ago: 24, fate: Fate::Carried };
    (0..people).map(one).collect()
}

fn asking(past: Vec<Past>, reward: i64) -> Scene {
    Scene { past, kg: 5, reward, hours: 192, room_kg: 5 }
}

fn is_kept(scene: &Scene) -> bool {
    scene.step(&scene.all(), &scene.package(), NOW).1.kept_until.is_some()
}

#[test]
fn room_is_kept_where_many_people_pay_more_and_not_where_few_do() {
    assert!(is_kept(&asking(rivals(60), 300)));
    assert!(!is_kept(&asking(rivals(60), 9_000)), "it is worth more than they are");
    assert!(!is_kept(&asking(rivals(4), 300)), "four may be chance");
    let same = |past: Past| Past { sender: 100, ..past };
    assert!(!is_kept(&asking(rivals(60).into_iter().map(same).collect(), 300)), "it is one person");
}

#[test]
fn one_account_cannot_make_room_dear() {
    let honest = asking(rivals(12), 2_000);
    let price = |scene: &Scene| scene.price(|_| true);
    let mut spammed = honest.clone();
    let spam = Past { sender: 7, kg: 1, reward: 10_000_000, hours_ago: 3, fate: Fate::Waits };
    spammed.past.extend(std::iter::repeat_n(spam, 200));
    let (before, after) = (price(&honest), price(&spammed));
    assert!(before > 0.0 && after < before * 1.25, "{before} and {after}");
}

#[test]
fn what_is_called_off_later_is_no_evidence_any_more() {
    let settings = Settings::default();
    let scene = asking(rivals(60), 300);
    let mut history = scene.all();
    for n in 0..56 {
        assert!(history.retract(Uuid::from_u128(1_000 + n).into()));
    }
    assert!(!history.retract(Uuid::from_u128(1_000).into()), "it is forgotten already");
    assert!(scene.step(&history, &scene.package(), NOW).1.kept_until.is_none());
    let mut renewed = scene.all();
    renewed.retain(|id| id.uuid().as_u128() < 1_004);
    assert!(scene.step(&renewed, &scene.package(), NOW).1.kept_until.is_none());
    let left = |history: &History| history.demand(&scene.trip(), &settings);
    assert_eq!(
        left(&history).price_rub(
            &scene.trip(),
            Asked {
                sender: user(JUDGED),
                plan: &feasible(&scene.trip(), &scene.package(), NOW).expect("it suits"),
                load: kg(5)
            },
            NOW
        ),
        0.0
    );
}

#[test]
fn who_sees_the_sender_choose_keeps_no_room() {
    let scene = asking(rivals(60), 300);
    let mut package = scene.package();
    package.is_offered = false;
    assert!(scene.step(&scene.all(), &package, NOW).1.kept_until.is_none());
}
