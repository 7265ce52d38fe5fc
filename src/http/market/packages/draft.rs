//! What a sender writes of a package, in either spelling of the Mini App, and the draft that it makes.

use peerpack_actors::market::load::Load;
use peerpack_actors::market::package::{End, Mode, Package, PackageDraft, PackageState, Terms};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::place::{Place, Position};
use peerpack_actors::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::ApiError;
use crate::error::wrong::Wrong;
use crate::http::input::ends::{self, Context, PlaceInput, Said, Spot};
use crate::http::input::local_time::{self, OfDay};
use crate::http::input::{self, LONG_TEXT, MAX_TAGS, Point, SHORT_TEXT, loads};

/// How long a package waits when its sender does not say.
const DEFAULT_WINDOW: Span = Span::days(14);

/// A package to publish.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewPackage {
    /// Where it starts.
    pub from: Option<PlaceInput>,
    /// Where it goes.
    pub to: Option<PlaceInput>,
    /// What it is.
    #[serde(alias = "packageDescription", alias = "package_description")]
    pub description: Option<String>,
    /// What the courier earns, roubles, the platform's fee included.
    #[serde(deserialize_with = "input::lenient_number")]
    pub reward: Option<f64>,
    /// `xs`, `s`, `m` or `l`.
    #[schema(value_type = Option<peerpack_actors::market::load::SizeClass>)]
    pub size: Option<String>,
    /// `light`, `medium`, `heavy` or `very_heavy`.
    #[schema(value_type = Option<peerpack_actors::market::load::WeightClass>)]
    pub weight: Option<String>,
    /// Labels of the sender's own.
    pub tags: Vec<String>,
    /// Where exactly it starts.
    #[serde(alias = "pickupAddress")]
    pub pickup_address: Option<String>,
    /// Where exactly it goes.
    #[serde(alias = "deliveryAddress")]
    pub delivery_address: Option<String>,
    /// The point it starts at.
    pub pickup: Option<Point>,
    /// The point it goes to.
    pub dropoff: Option<Point>,
    /// Grams; instead of `weight`.
    #[serde(deserialize_with = "input::lenient_whole")]
    pub weight_g: Option<u32>,
    /// Millilitres; instead of `size`.
    #[serde(deserialize_with = "input::lenient_whole")]
    pub volume_ml: Option<u32>,
    /// Not before; now if absent. An instant, or `YYYY-MM-DD HH:MM` or a day in local time of where it
    /// starts.
    #[schema(example = "2026-12-01T09:00:00Z")]
    pub ready_at: Option<String>,
    /// Not after; 14 days later if absent. An instant, or `YYYY-MM-DD HH:MM` or a day (to its end) in local
    /// time of where it goes.
    #[schema(example = "2026-12-15T18:00:00Z")]
    pub deliver_by: Option<String>,
    /// Which promise holds. `instant`: the engine offers it, and the first courier to accept gets it, at
    /// once; with `confirm_by`, couriers' acceptances stand side by side until then, and the engine takes the
    /// best. `choose`: couriers respond, the sender picks.
    #[schema(value_type = Option<Mode>)]
    pub mode: Option<Mode>,
    /// When the sender wants to know the courier at the latest. Until then a courier who accepts has *agreed*
    /// (`request.agreed`): nothing is held, and a better one may still be found. The deal (room and money, in
    /// one transaction) is made at this moment, or shortly before the courier sets off if that is earlier;
    /// the others hear that it is taken. A courier who accepts later gets the package at once. Only with mode
    /// `instant`; not after `deliver_by`. An instant, or `YYYY-MM-DD HH:MM` in local time of where it starts.
    #[schema(example = "2026-12-01T12:00:00Z")]
    pub confirm_by: Option<String>,
    /// A pattern to publish from.
    pub template: bool,
    /// Whether the courier has to show a code at the pickup and at the delivery.
    #[serde(alias = "handOverCodes")]
    pub hand_over_codes: bool,
    /// The sender's word that nothing forbidden is inside.
    #[serde(alias = "contentsConfirmed")]
    pub contents_confirmed: Option<bool>,
}

/// What the sender asks for and says. Silence about the contents counts where the operator of the server
/// allows it.
pub(in crate::http) fn terms(app: &App, input: &NewPackage) -> Result<Terms, ApiError> {
    let confirmed = input.contents_confirmed;
    if confirmed == Some(false) || (confirmed.is_none() && app.config.confirm_contents) {
        return Err(ApiError::unprocessable("contents_confirmed", "nothing forbidden may be inside"));
    }
    let (hand_over_codes, contents_confirmed) = (input.hand_over_codes, confirmed.is_some());
    Ok(Terms { hand_over_codes, contents_confirmed, ..Terms::default() })
}

/// A draft of what a sender wrote. `towards` gives the ends that the sender left out: the trip's. `wrong` is
/// what could not be read of it.
///
/// # Errors
/// Everything that is wrong with it, also what keeps a package from being published.
pub(in crate::http) fn draft(
    app: &App,
    input: NewPackage,
    towards: Option<(&'static Place, &'static Place)>,
    mut wrong: Wrong,
) -> Result<PackageDraft, ApiError> {
    let context = Context { home: &app.config.home_countries, travel: None };
    let from = said("from", input.from.as_ref(), towards.map(|ends| ends.0));
    let to = said("to", input.to.as_ref(), towards.map(|ends| ends.1));
    let (from, to) = ends::both(context, ("from", from), ("to", to));
    let from = wrong.or(from, Spot::of(input::any_place(0)));
    let to = wrong.or(to, Spot::of(input::any_place(1)));
    let (from_wrong, to_wrong) = (wrong.has("from"), wrong.has("to"));
    let point = |field, given: Option<Point>, end: Spot, is_known: bool| -> Result<Position, ApiError> {
        let Some(point) = given else { return Ok(end.position) };
        let position = point.position(field)?;
        if is_known {
            ends::check_distance(field, end.place, position)?;
        }
        Ok(position)
    };
    let weight = input.weight.filter(|word| !word.is_empty()).unwrap_or_else(|| "light".to_owned());
    let size = input.size.filter(|word| !word.is_empty()).unwrap_or_else(|| "s".to_owned());
    let named_g =
        loads::weight_g(&weight).ok_or_else(|| ApiError::unprocessable("weight", loads::WEIGHT_WORDS));
    let named_ml = loads::volume_ml(&size).ok_or_else(|| ApiError::unprocessable("size", loads::SIZE_WORDS));
    let (named_g, named_ml) = (wrong.or(named_g, 1), wrong.or(named_ml, 1));
    if input.tags.len() > MAX_TAGS || input.tags.iter().any(|tag| tag.chars().count() > SHORT_TEXT) {
        wrong.add(ApiError::unprocessable("tags", "at most 20 tags of 200 characters"));
    }
    let pickup = End {
        place: from.place.id,
        position: wrong.or(point("pickup", input.pickup, from, !from_wrong), from.position),
        address: wrong.or(input::text("pickup_address", input.pickup_address, SHORT_TEXT), String::new()),
    };
    let dropoff = End {
        place: to.place.id,
        position: wrong.or(point("dropoff", input.dropoff, to, !to_wrong), to.position),
        address: wrong.or(input::text("delivery_address", input.delivery_address, SHORT_TEXT), String::new()),
    };
    let now = app.clock.now();
    let moment = |field, text: Option<String>, place, of_day| {
        let text = text.filter(|text| !text.trim().is_empty());
        text.map(|text| local_time::moment(field, &text, place, of_day)).transpose()
    };
    let ready_at =
        wrong.or(moment("ready_at", input.ready_at, from.place, OfDay::Start), None).unwrap_or(now);
    let deliver_by = wrong.or(moment("deliver_by", input.deliver_by, to.place, OfDay::End), None);
    let confirm_by = wrong.or(moment("confirm_by", input.confirm_by, from.place, OfDay::End), None);
    let draft = PackageDraft {
        pickup,
        dropoff,
        load: Load {
            weight_g: input.weight_g.unwrap_or(named_g),
            volume_ml: input.volume_ml.unwrap_or(named_ml),
            slots: 1,
        },
        ready_at,
        deliver_by: deliver_by.unwrap_or(ready_at.max(now) + DEFAULT_WINDOW),
        reward: wrong.or(input::amount("reward", input.reward.unwrap_or(0.0)), Amount::new(0, Currency::Rub)),
        description: wrong.or(input::required("description", input.description, LONG_TEXT), String::new()),
        size,
        weight,
        tags: input.tags,
        mode: input.mode.unwrap_or(app.config.default_mode),
        confirm_by,
        template: input.template,
    };
    let mut doubtful = Vec::new();
    if from_wrong || to_wrong {
        doubtful.push("to");
    }
    if ["ready_at", "deliver_by", "confirm_by"].iter().any(|field| wrong.has(field)) {
        doubtful.extend(["deliver_by", "confirm_by"]);
    }
    input::look_for_faults(draft.faults(now), &doubtful, &mut wrong);
    wrong.finish(draft)
}

/// What is said of an end, or else the one of the trip.
fn said<'a>(
    field: &'static str,
    given: Option<&'a PlaceInput>,
    fallback: Option<&'static Place>,
) -> Result<Said<'a>, ApiError> {
    match (given.filter(|given| !given.is_blank()), fallback) {
        (Some(given), _) => ends::read(field, given),
        (None, Some(place)) => Ok(Said::Known(Spot::of(place))),
        (None, None) => Err(ApiError::unprocessable(field, "must not be empty")),
    }
}

/// What is published from a pattern: the same, from now on. `None` for what is no pattern.
pub(in crate::http) fn from_template(app: &App, package: &Package) -> Option<(PackageDraft, Terms)> {
    if package.state != PackageState::Template {
        return None;
    }
    let now = app.clock.now();
    let draft = PackageDraft {
        template: false,
        mode: Mode::Choose,
        confirm_by: None,
        ready_at: now,
        deliver_by: now + DEFAULT_WINDOW,
        ..package.draft.clone()
    };
    Some((draft, package.terms))
}
