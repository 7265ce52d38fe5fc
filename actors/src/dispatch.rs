//! Dispatch in town: orders that want a courier on duty, and couriers on duty who want an order.
//!
//! **Two machines.** An [`Order`] with all its offers is one unit of decision, as a package with its requests
//! is: anybody who holds its version knows every offer. A [`Duty`] says what one courier is doing. A command
//! on an order says what becomes of both ([`Outcome`]), and both are stored in one unit, so that nobody has
//! two orders, no order has two couriers, and who is done with an order is free again.
//!
//! **Two halves.** [`Board`] and [`fitness`] say who can take an order, exactly, and why the others cannot.
//! [`ranking`], [`search`] and [`batch`] say what is wise: whom to ask, when to look farther, and who takes
//! which when several wait; [`plan`] says it of a whole day beforehand. [`price`] says what it costs. Nothing
//! in here reads a clock, makes randomness or depends on the order of a hash map.

pub mod batch;
pub mod board;
pub mod change;
pub mod duty;
pub mod fitness;
mod notices;
pub mod offer;
pub mod order;
pub mod phase;
pub mod plan;
pub mod price;
pub mod ranking;
pub mod record;
pub mod region;
pub mod search;
pub mod settings;
pub mod surge;
pub mod tally;
pub mod tariff;
pub mod track;
pub mod window;

#[cfg(test)]
mod tests;

pub use board::{Board, Candidate, Crowd};
pub use change::{DUTY, DutyChange, ORDER, OrderChange};
pub use duty::{Duty, DutyCommand, DutyEvent, DutyState, Vehicle};
pub use fitness::Unfit;
pub use notices::notices;
pub use offer::{Offer, OfferState};
pub use order::{By, Order, OrderCommand, OrderDraft, OrderEvent, OrderState, Outcome};
pub use phase::{DutyPhase, OrderPhase};
pub use price::{Breakdown, Quote};
pub use region::{Area, Region, Regions};
pub use settings::{Rule, Settings};
pub use tariff::{Tariff, Tariffs};
pub use window::Window;
