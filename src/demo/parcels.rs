//! Packages that people might send along the ways that others travel.

use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{End, Mode, PackageDraft};
use peerpack_actors::place::{Place, Position};
use peerpack_actors::time::{Span, Time};
use rand::rngs::StdRng;
use rand::{RngExt, seq::IndexedRandom};

use super::journeys::{roubles, speaks_russian};
use super::people::one_of;
use super::routes::{Routes, part};

/// Weight class, lightest and heaviest in grams, share.
const WEIGHTS: [(&str, u32, u32, u32); 4] = [
    ("light", 200, 1_000, 50),
    ("medium", 1_500, 5_000, 34),
    ("heavy", 6_000, 10_000, 13),
    ("very_heavy", 12_000, 20_000, 3),
];

/// Size class, smallest and largest in millilitres, of a parcel of the same row's weight.
const SIZES: [(&str, u32, u32); 4] =
    [("xs", 300, 1_000), ("s", 2_000, 5_000), ("m", 8_000, 20_000), ("l", 30_000, 60_000)];

/// What it is in both languages, and its label.
const THINGS: [(&str, &str, &str); 14] = [
    ("Документы", "Documents", "documents"),
    ("Ключи от квартиры", "A set of keys", "keys"),
    ("Книги", "Books", "books"),
    ("Подарок на день рождения", "A birthday present", "gift"),
    ("Детские вещи", "Children's clothes", "clothes"),
    ("Зимняя куртка", "A winter jacket", "clothes"),
    ("Ноутбук с зарядкой", "A laptop with its charger", "electronics"),
    ("Телефон в коробке", "A boxed phone", "electronics"),
    ("Запчасти для велосипеда", "Bicycle parts", "parts"),
    ("Специи и чай", "Spices and tea", "food"),
    ("Орехи и сухофрукты", "Nuts and dried fruit", "food"),
    ("Картина в тубусе", "A painting in a tube", "fragile"),
    ("Набор посуды", "A tea set", "fragile"),
    ("Лыжные ботинки", "Ski boots", "sports"),
];

const STREETS: [&str; 6] =
    ["ул. Ленина", "пр. Мира", "ул. Гагарина", "ул. Пушкина", "Советская ул.", "Садовая ул."];

/// How far from the centre of its town an address is, in degrees.
const SPREAD: f64 = 0.03;

/// A package between two towns of one way.
pub(super) fn package(routes: &Routes, now: Time, rng: &mut StdRng) -> PackageDraft {
    let towns = routes.pick(rng).towns;
    let (from, to) = part(towns.len(), rng);
    let (from, to) = (towns[from], towns[to]);
    let row = *WEIGHTS.choose_weighted(rng, |row| row.3).expect("the shares are positive");
    let (weight, lightest, heaviest, _) = row;
    let weight_g = rng.random_range(lightest / 100..=heaviest / 100) * 100;
    let rank = WEIGHTS.iter().position(|known| *known == row).unwrap_or_default();
    let (size, smallest, largest) = SIZES[rank];
    let (russian, english, tag) = one_of(&THINGS, rng);
    let ready_at = if rng.random_bool(0.6) { now } else { now + Span::hours(rng.random_range(1..36)) };
    let km = from.position.distance_km(to.position);
    let reward = (200.0 + 0.6 * km) * (0.8 + f64::from(weight_g) / 10_000.0) * rng.random_range(0.8..1.3);
    PackageDraft {
        pickup: end(from, rng),
        dropoff: end(to, rng),
        load: Load { weight_g, volume_ml: rng.random_range(smallest..=largest), slots: 1 },
        ready_at,
        deliver_by: ready_at + Span::days(rng.random_range(3..=12)),
        reward: roubles(reward),
        description: if speaks_russian(from) { russian } else { english }.to_owned(),
        size: size.to_owned(),
        weight: weight.to_owned(),
        tags: vec![tag.to_owned()],
        mode: Mode::Instant,
        confirm_by: None,
        template: false,
    }
}

fn end(town: &Place, rng: &mut StdRng) -> End {
    let mut near = |degrees: f64| degrees + rng.random_range(-SPREAD..SPREAD);
    let (lat, lon) = (near(town.position.lat), near(town.position.lon));
    let position = Position::new(lat, lon).unwrap_or(town.position);
    let address = if matches!(town.country, "RU" | "BY" | "KZ") {
        format!("{}, {}", one_of(&STREETS, rng), rng.random_range(1..120))
    } else {
        String::new()
    };
    End { place: town.id, position, address }
}
