//! A message as it is written: what has happened, where it stands now, and what can be done about it.

use peerpack_actors::dispatch::{Offer as TownOffer, OfferState, Order};
use peerpack_actors::market::phase::RequestPhase;
use peerpack_actors::money::Currency;
use peerpack_actors::money::payment::PaymentState;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::{OrderStore as _, Store as _, Unavailable};
use peerpack_actors::stream::message::Class;
use peerpack_actors::stream::notification::NotificationKind as Kind;
use peerpack_actors::stream::{HandOverView, Offer, PaymentChanged, PlaceView, StreamEvent};
use peerpack_actors::time::Time;

use crate::app::App;
use crate::http::people::notifications::told;
use crate::store::{About, AboutOrder, NotificationRecord, Outgoing as Row, User};
use crate::telegram::{Button, Outgoing, Style};
use crate::texts::bot::{self, Say, offer_standing, standing};
use crate::texts::language::Language;
use crate::texts::money::sum;
use crate::town;

/// What the buttons of a request tell the bot.
pub(super) const ACCEPT: &str = "a:";
/// The prefix of a button that declines a request; the id follows.
pub(super) const DECLINE: &str = "d:";
/// What the buttons of an offer of an order in town tell the bot.
pub(super) const ACCEPT_ORDER: &str = "oa:";
/// The prefix of a button that declines an order in town; the id follows.
pub(super) const DECLINE_ORDER: &str = "od:";

/// The letter for a row of the outbox; `None` when there is nothing to be said any more.
pub(super) async fn write(app: &App, user: &User, row: &Row) -> Result<Option<Outgoing>, Unavailable> {
    let language = Language::of(user.language.as_deref());
    // What is said of a deal is where it stands now, not where it stood.
    let record = match (row.class, row.topic) {
        (Class::Offer | Class::Money | Class::Bulk, _) | (_, None) => {
            app.database.notification(row.user, row.seq).await?
        }
        (Class::State | Class::Follow, Some(topic)) => {
            app.database.last_notification_of(row.user, topic).await?
        }
    };
    let Some(record) = record else { return payment(app, row, language).await };
    if let About::Order(about) = &record.about {
        return order(app, user, (row.class, &record, about), language).await;
    }
    let offer = match record.kind {
        Kind::TripRequestReceived => offer(app, row, record.seq).await?,
        _ => None,
    };
    // Money is told of by itself: where the deal stands, its own message says.
    let phase = phase(&record).filter(|_| row.class != Class::Money);
    if row.class == Class::Offer && phase != Some(RequestPhase::Pending) {
        return Ok(None);
    }
    let mut letter = compose(&record, user, (offer.as_ref(), phase), language);
    if row.class == Class::Money {
        letter.line(&bot::numbered(row.seq, language));
    }
    if record.kind == Kind::TripRequestReceived && phase == Some(RequestPhase::Pending) {
        letter.buttons(answers(&record, language));
    }
    letter.buttons(open(app, &screen(&record, user), language));
    Ok(Some(letter))
}

/// A letter about an order in town. One about an offer says where the offer stands, and has buttons while it
/// is open.
async fn order(
    app: &App,
    user: &User,
    (class, record, about): (Class, &NotificationRecord, &AboutOrder),
    language: Language,
) -> Result<Option<Outgoing>, Unavailable> {
    let (title, message) = told(record, user.id, language);
    let mut letter = Outgoing::titled(&title);
    letter.line(&message);
    if let Some(asked) = about.offer {
        let found = app.database.order(about.order).await?;
        let Some((order, offer)) = found.as_ref().and_then(|order| Some((order, order.offer(asked)?))) else {
            return Ok(None);
        };
        let is_open = offer.state == OfferState::Pending && app.clock.now() < offer.expires_at;
        if class == Class::Offer && !is_open {
            return Ok(None);
        }
        if is_open {
            open_offer(&mut letter, order, offer, language);
        } else {
            // One that nobody has ended yet is over all the same.
            let state = if offer.state == OfferState::Pending { "expired" } else { offer.state.word() };
            letter.line("");
            letter.line(offer_standing(state, order.state.courier().is_some(), language).unwrap_or_default());
        }
    }
    let screen =
        if about.is_passenger { format!("/town/ride/{}", about.order) } else { "/town/duty".to_owned() };
    letter.buttons(open(app, &screen, language));
    Ok(Some(letter))
}

/// What a courier has to know to answer, and how.
fn open_offer(letter: &mut Outgoing, order: &Order, offer: &TownOffer, language: Language) {
    letter.line(&bot::far(offer.reckoning.eta_s, offer.reckoning.way_m, language));
    let zone = town::zone(order.draft.pickup.position);
    match order.draft.pickup_at {
        Some(at) => {
            letter.line(Say::PickupAt.told_in(language));
            letter.moment(at, &local(at, zone.clone()));
        }
        None => letter.line(Say::AtOnce.told_in(language)),
    }
    letter.line(Say::AnswerBy.told_in(language));
    letter.moment(offer.expires_at, &local(offer.expires_at, zone));
    let tap = |say: Say, what: &str, style| Button::Tap {
        text: say.told_in(language).to_owned(),
        data: format!("{what}{}", offer.id),
        style,
    };
    letter.buttons(vec![
        tap(Say::Accept, ACCEPT_ORDER, Style::Success),
        tap(Say::Decline, DECLINE_ORDER, Style::Danger),
    ]);
}

fn compose(
    record: &NotificationRecord,
    user: &User,
    (offer, phase): (Option<&Offer>, Option<RequestPhase>),
    language: Language,
) -> Outgoing {
    let (title, message) = told(record, user.id, language);
    let mut letter = Outgoing::titled(&title);
    letter.line(&message);
    if let Some(offer) = offer {
        let (from, to) = (name(&offer.package.from, language), name(&offer.package.to, language));
        letter.line(&format!("{from} → {to}, {}", sum(offer.reward, offer.currency)));
        hand_over(&mut letter, Say::Pickup, &offer.pickup, language);
        hand_over(&mut letter, Say::HandOver, &offer.dropoff, language);
    }
    if let (Some(offer), Some(RequestPhase::Pending)) = (offer, phase) {
        letter.line(Say::AnswerBy.told_in(language));
        letter.moment(offer.expires_at, &written(offer.expires_at, &offer.pickup.place));
    }
    if let Some(standing) = phase.and_then(|phase| standing(phase, language)) {
        letter.line("");
        letter.line(standing);
    }
    letter
}

fn hand_over(letter: &mut Outgoing, say: Say, view: &HandOverView, language: Language) {
    letter.line(say.told_in(language));
    letter.moment(view.eta, &written(view.eta, &view.place));
    letter.line(&name(&view.place, language));
}

fn name(place: &PlaceView, language: Language) -> String {
    language.choose(place.name_ru.clone(), place.name_en.clone())
}

/// A moment for clients that cannot show it in their own zone: in the one of the place.
fn written(at: Time, place: &PlaceView) -> String {
    let zone = Gazetteer::bundled().get(place.id).map_or("UTC", |place| place.tz);
    local(at, jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC))
}

fn local(at: Time, zone: jiff::tz::TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at.ms())
        .map_or_else(|_| at.to_string(), |at| at.to_zoned(zone).strftime("%d.%m %H:%M").to_string())
}

fn phase(record: &NotificationRecord) -> Option<RequestPhase> {
    match &record.about {
        About::Request(_, about) => Some(about.state.phase()),
        About::Trip(_)
        | About::Package(..)
        | About::Wanted(..)
        | About::Document { .. }
        | About::Order(_)
        | About::Withdrawal(_) => None,
    }
}

/// The offer of the engine that an event was.
async fn offer(app: &App, row: &Row, seq: u64) -> Result<Option<Offer>, Unavailable> {
    Ok(match event(app, row, seq).await? {
        Some(StreamEvent::OfferNew(offer)) => Some(*offer),
        _ => None,
    })
}

/// An event of the person; nothing if it is older than events are kept.
async fn event(app: &App, row: &Row, seq: u64) -> Result<Option<StreamEvent>, Unavailable> {
    let found = app.database.events(row.user, seq.saturating_sub(1), 1).await?;
    let found = found.into_iter().find(|entry| entry.seq == seq);
    Ok(found.and_then(|entry| serde_json::from_str(&entry.body).ok()))
}

fn answers(record: &NotificationRecord, language: Language) -> Vec<Button> {
    let About::Request(_, about) = &record.about else { return Vec::new() };
    let tap = |say: Say, what: &str, style| Button::Tap {
        text: say.told_in(language).to_owned(),
        data: format!("{what}{}", about.request),
        style,
    };
    vec![tap(Say::Accept, ACCEPT, Style::Success), tap(Say::Decline, DECLINE, Style::Danger)]
}

/// A button that opens a screen of the app, where the app can be opened: Telegram opens `https` alone.
pub(super) fn open(app: &App, screen: &str, language: Language) -> Vec<Button> {
    let base = &app.config.public_url;
    if !base.starts_with("https://") {
        return Vec::new();
    }
    vec![Button::Open { text: Say::Open.told_in(language).to_owned(), url: format!("{base}{screen}") }]
}

/// The screen of the app that shows more.
fn screen(record: &NotificationRecord, user: &User) -> String {
    match &record.about {
        About::Request(_, about) if record.kind == Kind::PaymentReceived && !about.is_cash => {
            "/wallet".into()
        }
        About::Request(trip, about) if trip.courier == user.id => match about.state.phase() {
            RequestPhase::Pending => "/offers".into(),
            _ => format!("/deal/{}/{}", trip.trip, about.request),
        },
        About::Request(_, about) => format!("/package/{}", about.package),
        About::Package(..) | About::Wanted(..) => "/parcels".into(),
        About::Trip(trip) if trip.courier == user.id => format!("/my-trip/{}", trip.trip),
        About::Trip(trip) => format!("/trip/{}", trip.trip),
        About::Order(about) if about.is_passenger => format!("/town/ride/{}", about.order),
        About::Order(_) => "/town/duty".into(),
        About::Document { .. } => "/me".into(),
        About::Withdrawal(_) => "/wallet".into(),
    }
}

/// What has become of a payment, which is no notification.
async fn payment(app: &App, row: &Row, language: Language) -> Result<Option<Outgoing>, Unavailable> {
    let Some(StreamEvent::PaymentUpdated(change)) = event(app, row, row.seq).await? else { return Ok(None) };
    let (title, message) = moved(&change, language);
    let mut letter = Outgoing::titled(&title);
    letter.line(&message);
    if change.package_gone {
        letter.line(Say::PackageGone.told_in(language));
    }
    letter.line(&bot::numbered(row.seq, language));
    letter.buttons(open(app, &screen_of(&change), language));
    Ok(Some(letter))
}

/// Where a payment is seen: a highlight at what it marks.
fn screen_of(change: &PaymentChanged) -> String {
    match (change.currency, change.trip_id, change.package_id) {
        (Currency::Xtr, Some(trip), _) => format!("/my-trip/{trip}"),
        (Currency::Xtr, None, Some(package)) => format!("/package/{package}"),
        _ => "/wallet".to_owned(),
    }
}

/// What a change has moved, in words.
fn moved(change: &PaymentChanged, language: Language) -> (String, String) {
    let is_stars = change.currency == Currency::Xtr;
    let sum = |amount| sum(amount, change.currency);
    let paid = sum(change.paid);
    // An event of an older version says only what there is in all.
    let is_old = !change.has_moved_money();
    if change.newly_charged_back > 0.0 || is_old && change.state == PaymentState::ChargedBack {
        return bot::charged_back(&paid, language);
    }
    if change.newly_refunded > 0.0 || is_old && change.refunded > 0.0 {
        return bot::refunded(&sum(change.refunded), &paid, is_stars, language);
    }
    bot::credited(&if is_old { paid } else { sum(change.newly_paid) }, is_stars, language)
}

/// Several pieces of news in one.
pub(super) fn digest(app: &App, count: u64, language: Language) -> Outgoing {
    let mut letter = Outgoing::plain(&bot::digest(count, language));
    letter.buttons(open(app, "/notifications", language));
    letter
}
