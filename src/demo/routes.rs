//! The ways people take between real towns, and how many take each: more between large towns that are near.

use peerpack_actors::market::trip::Transport;
use peerpack_actors::place::{Gazetteer, Place};
use rand::rngs::StdRng;
use rand::{RngExt, seq::IndexedRandom};

/// Distances below this attract no more, in kilometres.
const NEAR_KM: f64 = 200.0;

/// The ways, in one direction. The road from Moscow over Nizhny Novgorod to Kazan is left to the walk: there
/// nobody of the demo may compete with its two people, or fill their courier's hands.
const WAYS: &[(Transport, &[&str])] = {
    use Transport::{Bus, Car, Plane, Train};
    &[
        (Car, &["Москва", "Тверь", "Великий Новгород", "Санкт-Петербург"]),
        (Car, &["Москва", "Тула", "Орёл", "Курск", "Белгород"]),
        (Car, &["Москва", "Тула", "Липецк", "Воронеж"]),
        (Car, &["Воронеж", "Ростов-на-Дону", "Краснодар", "Сочи"]),
        (Car, &["Москва", "Смоленск", "Минск", "Брест"]),
        (Car, &["Москва", "Рязань", "Пенза", "Самара"]),
        (Car, &["Москва", "Калуга", "Брянск"]),
        (Car, &["Москва", "Ярославль", "Вологда"]),
        (Car, &["Санкт-Петербург", "Псков"]),
        (Car, &["Санкт-Петербург", "Петрозаводск", "Мурманск"]),
        (Car, &["Самара", "Уфа", "Челябинск"]),
        (Car, &["Самара", "Оренбург", "Актобе"]),
        (Car, &["Волгоград", "Саратов", "Самара"]),
        (Car, &["Волгоград", "Астрахань"]),
        (Car, &["Екатеринбург", "Тюмень", "Омск"]),
        (Car, &["Екатеринбург", "Челябинск", "Костанай"]),
        (Car, &["Омск", "Новосибирск", "Кемерово", "Красноярск"]),
        (Car, &["Новосибирск", "Барнаул", "Семей"]),
        (Car, &["Омск", "Павлодар", "Астана"]),
        (Car, &["Астана", "Караганда", "Балхаш", "Алматы"]),
        (Car, &["Алматы", "Тараз", "Шымкент", "Ташкент"]),
        (Car, &["Алматы", "Бишкек"]),
        (Car, &["Минск", "Гомель"]),
        (Car, &["Минск", "Витебск", "Санкт-Петербург"]),
        (Car, &["Ростов-на-Дону", "Ставрополь", "Владикавказ", "Тбилиси"]),
        (Car, &["Тбилиси", "Кутаиси", "Батуми", "Трабзон"]),
        (Car, &["Тбилиси", "Ванадзор", "Ереван"]),
        (Car, &["Ереван", "Гюмри"]),
        (Car, &["Стамбул", "Бурса", "Измир"]),
        (Car, &["Стамбул", "Анкара", "Кайсери"]),
        (Car, &["Анкара", "Анталья"]),
        (Car, &["Абу-Даби", "Дубай", "Шарджа"]),
        (Bus, &["Минск", "Гродно"]),
        (Bus, &["Тбилиси", "Батуми"]),
        (Bus, &["Краснодар", "Ставрополь", "Махачкала"]),
        (Bus, &["Самарканд", "Бухара"]),
        (Train, &["Москва", "Тверь", "Санкт-Петербург"]),
        (Train, &["Москва", "Воронеж", "Ростов-на-Дону", "Краснодар"]),
        (Train, &["Москва", "Смоленск", "Минск"]),
        (Train, &["Москва", "Саратов"]),
        (Train, &["Екатеринбург", "Тюмень", "Омск", "Новосибирск"]),
        (Train, &["Новосибирск", "Красноярск", "Иркутск"]),
        (Train, &["Астана", "Караганда", "Алматы"]),
        (Train, &["Ташкент", "Самарканд", "Бухара"]),
        (Train, &["Стамбул", "Анкара"]),
        (Plane, &["Москва", "Санкт-Петербург"]),
        (Plane, &["Москва", "Сочи"]),
        (Plane, &["Москва", "Екатеринбург"]),
        (Plane, &["Москва", "Новосибирск"]),
        (Plane, &["Москва", "Красноярск"]),
        (Plane, &["Москва", "Владивосток"]),
        (Plane, &["Москва", "Калининград"]),
        (Plane, &["Москва", "Алматы"]),
        (Plane, &["Москва", "Астана"]),
        (Plane, &["Москва", "Минск"]),
        (Plane, &["Москва", "Тбилиси"]),
        (Plane, &["Москва", "Ереван"]),
        (Plane, &["Москва", "Баку"]),
        (Plane, &["Москва", "Ташкент"]),
        (Plane, &["Москва", "Стамбул"]),
        (Plane, &["Москва", "Анталья"]),
        (Plane, &["Москва", "Дубай"]),
        (Plane, &["Санкт-Петербург", "Стамбул"]),
        (Plane, &["Санкт-Петербург", "Ереван"]),
        (Plane, &["Санкт-Петербург", "Екатеринбург"]),
        (Plane, &["Екатеринбург", "Дубай"]),
        (Plane, &["Новосибирск", "Ташкент"]),
        (Plane, &["Новосибирск", "Владивосток"]),
        (Plane, &["Алматы", "Астана"]),
        (Plane, &["Алматы", "Стамбул"]),
        (Plane, &["Алматы", "Дубай"]),
        (Plane, &["Алматы", "Тбилиси"]),
        (Plane, &["Минск", "Стамбул"]),
        (Plane, &["Тбилиси", "Стамбул"]),
        (Plane, &["Тбилиси", "Дубай"]),
        (Plane, &["Ереван", "Дубай"]),
        (Plane, &["Стамбул", "Дубай"]),
        (Plane, &["Стамбул", "Анталья"]),
    ]
};

const AIRPORTS: &[(&str, &str)] = &[
    ("Москва", "SVO"),
    ("Санкт-Петербург", "LED"),
    ("Сочи", "AER"),
    ("Екатеринбург", "SVX"),
    ("Новосибирск", "OVB"),
    ("Красноярск", "KJA"),
    ("Владивосток", "VVO"),
    ("Калининград", "KGD"),
    ("Алматы", "ALA"),
    ("Астана", "NQZ"),
    ("Минск", "MSQ"),
    ("Тбилиси", "TBS"),
    ("Ереван", "EVN"),
    ("Баку", "GYD"),
    ("Ташкент", "TAS"),
    ("Стамбул", "IST"),
    ("Анталья", "AYT"),
    ("Дубай", "DXB"),
];

/// A way between towns.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) transport: Transport,
    pub(super) towns: Vec<&'static Place>,
    weight: f64,
}

/// All ways between the towns of the demo.
#[derive(Clone, Debug)]
pub(super) struct Routes(Vec<Route>);

impl Routes {
    /// Finds the towns; `None` when the gazetteer does not know one.
    pub(super) fn load() -> Option<Self> {
        let gazetteer = Gazetteer::bundled();
        let route = |(transport, names): &(Transport, &[&str])| {
            let towns = names.iter().map(|name| gazetteer.find(name)).collect::<Option<Vec<_>>>()?;
            let weight = pull(towns.first()?, towns.last()?);
            Some(Route { transport: *transport, towns, weight })
        };
        WAYS.iter().map(route).collect::<Option<Vec<_>>>().map(Self)
    }

    /// A way, in either direction; of long ones often only a part.
    pub(super) fn pick(&self, rng: &mut StdRng) -> Route {
        let picked = self.0.choose_weighted(rng, |route| route.weight);
        let mut route = picked.expect("the weights are positive").clone();
        if rng.random_bool(0.5) {
            route.towns.reverse();
        }
        if route.towns.len() > 2 && rng.random_bool(0.3) {
            let (from, to) = part(route.towns.len(), rng);
            route.towns = route.towns[from..=to].to_vec();
        }
        route
    }

    /// Every town that the demo knows.
    #[cfg(test)]
    pub(super) fn towns(&self) -> impl Iterator<Item = &'static Place> {
        self.0.iter().flat_map(|route| route.towns.iter().copied())
    }
}

/// The numbers of two different towns of a way, in order.
pub(super) fn part(towns: usize, rng: &mut StdRng) -> (usize, usize) {
    let from = rng.random_range(0..towns - 1);
    (from, rng.random_range(from + 1..towns))
}

/// The code of a town's airport, if the demo flies there.
pub(super) fn airport(town: &Place) -> &'static str {
    AIRPORTS.iter().find(|(name, _)| *name == town.name_ru).map_or("", |(_, code)| code)
}

/// Gravity, softened twice, so that small towns see somebody, too.
fn pull(from: &Place, to: &Place) -> f64 {
    let masses = f64::from(from.population.max(1)) * f64::from(to.population.max(1));
    (masses.sqrt() / from.position.distance_km(to.position).max(NEAR_KM)).sqrt()
}
