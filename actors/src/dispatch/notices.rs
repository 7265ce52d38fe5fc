//! Who is told what of a change of an order, in the transaction of the change. Nobody is told of what they
//! did themselves, but for the answer to an offer: the message about it may stand on another device.

#![warn(clippy::wildcard_enum_match_arm)]

use super::change::{DutyChange, OrderChange};
use super::duty::DutyState;
use super::offer::{Offer, OfferState};
use super::order::{By, Order, OrderEnd, OrderEvent};
use super::phase::OrderPhase as P;
use crate::ids::UserId;
use crate::stream::{
    Notice, OrderNews as News, OrderOfferEnded, OrderOfferOutcome, OrderOffered, OrderTold, StreamEvent,
};
use crate::time::Time;

/// Who is told of a change, and of what follows from it for couriers.
#[must_use]
pub fn notices(change: &OrderChange, duties: &[DutyChange]) -> Vec<Notice> {
    let OrderChange::Update { events, after, .. } = change else { return Vec::new() };
    let mut told = Vec::new();
    let mut asked = Vec::new();
    for event in events {
        match event {
            OrderEvent::OfferOpened(offer) => told.push(offered(after, offer)),
            OrderEvent::OfferEnded { id, to } => {
                let Some(offer) = after.offer(*id) else { continue };
                asked.push(offer.courier);
                told.extend(ended(after, offer, to));
            }
            // Of steps the last one counts, see below.
            OrderEvent::Moved { .. }
            | OrderEvent::Widened { .. }
            | OrderEvent::Quoted { .. }
            | OrderEvent::Amended { .. }
            | OrderEvent::Reserved { .. }
            | OrderEvent::Settled(_)
            | OrderEvent::Charged(_) => {}
        }
    }
    // Of several steps at once the last one counts.
    let last = events.iter().rev().find_map(|event| {
        let OrderEvent::Moved { to, at, by, description, .. } = event else { return None };
        Some((to.phase(), *at, *by, description))
    });
    let Some((to, at, by, why)) = last else { return told };
    let news = |to: UserId, news| news_of(after, to, news, at, why);
    let is_other = |person: &UserId| by.person() != Some(*person);
    told.extend(
        of_passenger(to, by).filter(|_| is_other(&after.passenger)).map(|one| news(after.passenger, one)),
    );
    let given = after.state.courier().filter(|_| to == P::Assigned && matches!(by, By::Staff(_)));
    told.extend(given.filter(is_other).map(|courier| news(courier, News::Given)));
    let freed =
        duties.iter().filter(|duty| duty.after.state == DutyState::Idle).map(|duty| duty.after.courier);
    let freed = freed.filter(|courier| !asked.contains(courier) && is_other(courier));
    told.extend(freed.filter_map(|courier| Some(news(courier, of_courier(to)?))));
    told
}

/// What a step says to the passenger.
const fn of_passenger(to: P, by: By) -> Option<News> {
    match to {
        P::Assigned => Some(News::CourierFound),
        P::DriverEnRoute => Some(News::OnTheWay),
        P::ArrivedWaiting => Some(News::Arrived),
        P::Completed => Some(News::Completed),
        P::Cancelled => Some(News::CalledOff),
        P::Rejected => Some(News::Rejected),
        P::NoShow => Some(News::NoShow),
        P::ActiveQueue if matches!(by, By::Engine) => Some(News::NobodyFound),
        P::Draft
        | P::Submitted
        | P::AwaitingDispatcherDecision
        | P::Created
        | P::Matching
        | P::ActiveQueue
        | P::Offered
        | P::RideOngoing
        | P::Incident => None,
    }
}

/// What a step says to a courier who had the order and has it no more.
const fn of_courier(to: P) -> Option<News> {
    match to {
        P::Cancelled => Some(News::CalledOff),
        P::Assigned | P::Matching | P::ActiveQueue => Some(News::TakenAway),
        P::Draft
        | P::Submitted
        | P::AwaitingDispatcherDecision
        | P::Rejected
        | P::Created
        | P::Offered
        | P::DriverEnRoute
        | P::ArrivedWaiting
        | P::RideOngoing
        | P::NoShow
        | P::Incident
        | P::Completed => None,
    }
}

fn offered(order: &Order, offer: &Offer) -> Notice {
    let offered = OrderOffered {
        order_id: order.id,
        offer_id: offer.id,
        pickup: in_words(&order.draft.pickup),
        dropoff: in_words(&order.draft.dropoff),
        pickup_at: order.draft.pickup_at,
        eta_s: offer.reckoning.eta_s,
        way_m: offer.reckoning.way_m,
        expires_at: offer.expires_at,
    };
    Notice { to: offer.courier, event: StreamEvent::OrderOffered(Box::new(offered)) }
}

fn ended(order: &Order, offer: &Offer, to: &OfferState) -> Option<Notice> {
    let outcome = match to {
        OfferState::Pending => return None,
        OfferState::Accepted { .. } => OrderOfferOutcome::Accepted,
        OfferState::Declined { .. } => OrderOfferOutcome::Declined,
        OfferState::Expired { .. } => OrderOfferOutcome::Expired,
        OfferState::Withdrawn { .. } => OrderOfferOutcome::Withdrawn,
    };
    let ended = OrderOfferEnded { order_id: order.id, offer_id: offer.id, outcome };
    Some(Notice { to: offer.courier, event: StreamEvent::OrderOfferEnded(ended) })
}

fn news_of(order: &Order, to: UserId, news: News, at: Time, why: &str) -> Notice {
    // Why a courier was chosen is the desk's business.
    let is_told = matches!(news, News::CalledOff | News::Rejected | News::NoShow);
    let reason = Some(why).filter(|why| is_told && !why.is_empty()).map(str::to_owned);
    let told = OrderTold { order_id: order.id, news, at, reason };
    Notice { to, event: StreamEvent::OrderNews(Box::new(told)) }
}

fn in_words(end: &OrderEnd) -> String {
    match end.object_name.as_str() {
        "" => end.title.clone(),
        object => format!("{}, {object}", end.title),
    }
}
