//! What people are told of orders in town: couriers of what they are asked, both of what became of an order.

use serde::{Deserialize, Serialize};

use crate::ids::{OfferId, OrderId};
use crate::time::Time;

/// `order.offered`: a courier on duty is asked about an order.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderOffered {
    /// The order that is offered.
    pub order_id: OrderId,
    /// The offer to accept or decline.
    pub offer_id: OfferId,
    /// Where it begins, in words.
    pub pickup: String,
    /// Where it ends, in words.
    pub dropoff: String,
    /// When the courier is wanted; absent for at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub pickup_at: Option<Time>,
    /// How soon the courier can be there, seconds.
    pub eta_s: u32,
    /// How far the pickup is, metres of road.
    pub way_m: u32,
    /// From then on it is too late for an answer.
    pub expires_at: Time,
}

/// How an offer has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderOfferOutcome {
    /// The courier has taken the order.
    Accepted,
    /// The courier does not want it.
    Declined,
    /// The courier has said nothing in time.
    Expired,
    /// The order was called off, or staff has decided otherwise.
    Withdrawn,
}

/// `order.offer_ended`: a courier is not asked about an order any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderOfferEnded {
    /// The order that was offered.
    pub order_id: OrderId,
    /// The offer that has ended.
    pub offer_id: OfferId,
    /// How it has ended.
    pub outcome: OrderOfferOutcome,
}

/// What has become of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderNews {
    /// To the passenger: a courier has it.
    CourierFound,
    /// To the passenger: the courier has set out.
    OnTheWay,
    /// To the passenger: the courier waits at the pickup.
    Arrived,
    /// To the passenger: the ride is over.
    Completed,
    /// To either: the other one, or the desk, has called it off.
    CalledOff,
    /// To the passenger: the desk has refused it.
    Rejected,
    /// To the passenger: the courier has waited in vain.
    NoShow,
    /// To the passenger: the search has found nobody, and the desk sees to it.
    NobodyFound,
    /// To a courier: the desk has given it to them.
    Given,
    /// To a courier: the desk has taken it from them.
    TakenAway,
}

/// `order.news`: an order that is one's own has gone on without one's doing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderTold {
    /// The order.
    pub order_id: OrderId,
    /// What has become of it.
    pub news: OrderNews,
    /// When it happened.
    pub at: Time,
    /// Why, in the words of who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(nullable = false))]
    pub reason: Option<String>,
}
