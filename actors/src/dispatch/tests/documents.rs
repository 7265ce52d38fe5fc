//! The page shows every knob, every reason and every tariff as they are.

use std::collections::BTreeMap;

use super::fixture::rows;
use crate::dispatch::{Settings, Tariff, Unfit};

fn shown(heading: &str) -> BTreeMap<String, String> {
    rows(heading).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

fn defaults(value: &impl serde::Serialize) -> BTreeMap<String, String> {
    let value = serde_json::to_value(value).unwrap();
    let all = value.as_object().unwrap().iter();
    all.map(|(knob, value)| (knob.clone(), value.to_string().trim_matches('"').to_owned())).collect()
}

#[test]
fn the_page_lists_every_knob_of_the_dispatch_with_its_default() {
    assert_eq!(shown("### Knobs"), defaults(&Settings::default()));
}

#[test]
fn the_page_lists_every_reason() {
    let known = Unfit::ALL.map(|unfit| (unfit.word().to_owned(), unfit.sentence().to_owned()));
    assert_eq!(shown("### Reasons"), BTreeMap::from(known));
    let staff = rows("### Reasons").into_iter().filter(|row| row[2] == "yes").count();
    assert_eq!(staff, Unfit::ALL.iter().filter(|unfit| unfit.holds_for_staff()).count());
    for unfit in Unfit::ALL {
        assert_eq!(serde_json::to_value(unfit).unwrap(), unfit.word());
    }
}

#[test]
fn the_page_lists_the_tariff() {
    let mut tariff = defaults(&Tariff::default());
    for not_shown in ["version", "region", "valid_from", "currency"] {
        tariff.remove(not_shown).unwrap();
    }
    let percent = tariff.get_mut("category_percent").unwrap();
    *percent = percent.replace(r#"[["child",80]]"#, "child: 80");
    assert_eq!(shown("### The tariff"), tariff);
}

#[test]
fn knobs_out_of_their_bounds_are_named() {
    assert_eq!(Settings::default().problems(), [""; 0]);
    let wrong = [
        (Settings { offer_ttl_s: 4, ..Settings::default() }, "offer_ttl_s is not in 5 to 300"),
        (Settings { widen_by: 0.5, ..Settings::default() }, "widen_by is not in 1 to 10"),
        (Settings { w_eta: f64::NAN, ..Settings::default() }, "w_eta is not in 0 to 100"),
        (Settings { batch_ms: 100, ..Settings::default() }, "batch_ms is neither 0 nor in 500 to 10000"),
        (Settings { speed_kmh: 0.0, ..Settings::default() }, "speed_kmh is not above 0, or above 10000"),
    ];
    for (settings, problem) in wrong {
        assert_eq!(settings.problems(), [problem]);
    }
}
