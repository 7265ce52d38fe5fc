//! Points, lengths and squares on the globe, as far as the atlas needs them.

use super::Position;

pub(super) const EARTH_KM: f64 = 6_371.008_8;
/// No two points of the Earth are farther apart.
pub(super) const FARTHEST_KM: f64 = 20_100.0;
/// Covers the rounding of everything here that is computed in single precision.
pub(super) const MARGIN_KM: f64 = 0.5;

/// Kilometres in a degree of latitude, rounded down, so that a radius in degrees comes out a little too long.
const KM_PER_DEGREE: f64 = 111.0;

/// A radius in degrees of latitude, rather too long than too short.
pub(crate) fn degrees(radius_km: f64) -> f64 {
    radius_km.max(0.0) / KM_PER_DEGREE
}

/// How far east and west a circle around this latitude goes, in degrees, as its radius is; nothing if it goes
/// all around, as it does at a pole.
pub(crate) fn half_width(lat: f64, radius: f64) -> Option<f64> {
    let clear_of_poles = lat.abs() + radius < 89.9;
    clear_of_poles.then(|| {
        let sine = radius.to_radians().sin() / lat.to_radians().cos();
        sine.min(1.0).asin().to_degrees()
    })
}

/// Row and column of the square of this height that a position lies in.
#[expect(clippy::cast_possible_truncation, reason = "at most 450 and 1 800")]
pub(super) fn square(at: Position, degrees: f64) -> (i16, i16) {
    let (row, column) = square_exact(at, degrees);
    (row.floor() as i16, column.floor() as i16)
}

/// The same with the part of the square that is left behind.
pub(super) fn square_exact(at: Position, degrees: f64) -> (f64, f64) {
    let row = at.lat / degrees;
    let width = degrees / ((row.floor() + 0.5) * degrees).to_radians().cos().max(0.01);
    (row, (at.lon + 180.0) / width)
}

/// What a way of some length between two points can reach, on a sphere.
pub(super) struct Ellipse {
    /// The point half-way; nothing if the ends lie opposite each other on Earth.
    middle: Option<[f64; 3]>,
    /// Across the direct way.
    normal: Option<[f64; 3]>,
    half_length_km: f64,
    half_width_km: f64,
}

impl Ellipse {
    pub(super) fn new(start: [f64; 3], end: [f64; 3], length_km: f64) -> Self {
        let (half_way, half_direct) = (length_km / 2.0 / EARTH_KM, arc_km(start, end) / 2.0 / EARTH_KM);
        let ratio = half_way.cos() / half_direct.cos();
        let half_width_km = ratio.clamp(-1.0, 1.0).acos() * EARTH_KM;
        let sum = [start[0] + end[0], start[1] + end[1], start[2] + end[2]];
        Self {
            middle: unit(sum),
            normal: unit(cross(start, end)),
            half_length_km: length_km / 2.0,
            half_width_km,
        }
    }

    /// The rows of squares of this height it lies in.
    #[expect(clippy::cast_possible_truncation, reason = "at most 360")]
    pub(super) fn rows(&self, degrees: f64) -> std::ops::RangeInclusive<i16> {
        let Some(middle) = self.middle else { return i16::MIN..=i16::MAX };
        let (lat, reach) = (middle[2].asin().to_degrees(), (self.half_length_km / EARTH_KM).to_degrees());
        let row = |lat: f64| (lat / degrees).floor() as i16;
        row(lat - reach)..=row(lat + reach)
    }

    pub(super) fn may_touch(&self, centre: [f64; 3], radius_km: f64) -> bool {
        let near = |km: f64| ((km + radius_km + MARGIN_KM) / EARTH_KM).min(std::f64::consts::FRAC_PI_2);
        let along = self.middle.is_none_or(|middle| {
            let reach = (self.half_length_km + radius_km + MARGIN_KM) / EARTH_KM;
            reach >= std::f64::consts::PI || dot(middle, centre) >= reach.cos()
        });
        along && self.normal.is_none_or(|normal| dot(normal, centre).abs() <= near(self.half_width_km).sin())
    }
}

pub(super) fn point(at: Position) -> [f64; 3] {
    let (lat, lon) = (at.lat.to_radians(), at.lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

pub(super) fn arc_km(one: [f64; 3], other: [f64; 3]) -> f64 {
    let [x, y, z] = [one[0] - other[0], one[1] - other[1], one[2] - other[2]];
    let half_chord = ((x * x + y * y + z * z).sqrt() / 2.0).min(1.0);
    2.0 * EARTH_KM * half_chord.asin()
}

fn dot(one: [f64; 3], other: [f64; 3]) -> f64 {
    one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
}

fn cross(one: [f64; 3], other: [f64; 3]) -> [f64; 3] {
    [
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    ]
}

/// The direction of a vector; none if it has no length to speak of.
pub(super) fn unit(of: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(of, of).sqrt();
    (length > 1e-9).then(|| of.map(|part| part / length))
}
