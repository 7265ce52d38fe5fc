//! Values that make sense.

pub(super) fn chance(text: &str) -> Result<f64, String> {
    number(text, |value| (0.0..=1.0).contains(&value), "must be between 0 and 1")
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    number(text, |value| value > 0.0, "must be more than 0")
}

pub(super) fn noise(text: &str) -> Result<f64, String> {
    number(text, |value| value >= 0.0, "must be 0 or more")
}

pub(super) fn rise(text: &str) -> Result<f64, String> {
    number(text, |value| value > 1.0, "must be more than 1")
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let value: usize = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0 { Ok(value) } else { Err("must be at least 1".to_owned()) }
}

fn number(text: &str, is_good: impl Fn(f64) -> bool, must: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value.is_finite() && is_good(value) { Ok(value) } else { Err(must.to_owned()) }
}
