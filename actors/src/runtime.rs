//! The actors: the only place in this crate that knows actix.
//!
//! They hold live state and serialise what happens to one trip, one package, one user. They decide nothing:
//! every command goes [`decide`](crate::market::package::Package::decide) -> unit -> commit -> apply -> tell,
//! and the store has the last word. An actor may die at any moment; what it held is in the store, and
//! `supervisor` rebuilds it.
//!
//! ```text
//! Engine -> directory -> PackageActor -> TripActor (room)      the claim's fast path
//!                        PackageActor -> Store.commit          the claim
//!                        committed    -> UserActor -> sessions persist before notify
//! ```

pub mod engine;
pub mod session;

mod auction;
mod claim;
mod context;
mod directory;
mod envelope;
#[cfg(feature = "failpoints")]
mod failpoints;
mod fair_claims;
mod feed;
mod kinds;
mod learning;
mod mailbox;
mod market_model;
mod measured;
mod messages;
mod offers;
mod package_actor;
mod promise;
mod recent;
mod refusal;
mod retirement;
mod roster;
mod spans;
mod supervisor;
mod threads;
mod trip_actor;
mod user_actor;
mod warming;
mod wave;

pub use context::{Context, RuntimeSettings, Stats};
pub use engine::{Conditions, Engine};
#[cfg(feature = "failpoints")]
pub use failpoints::Victim;
pub use kinds::{Deaths, Dispatch, Given, Kind, LOOKED_FOR, NOBODY_FOUND, Placing, Unheard, Watcher};
pub use promise::{Promise, Subject};
pub use refusal::Refusal;
pub use session::{Frame, Hello, NotRecoverable, ResumeAnswer, SessionId, SessionPort};
pub use supervisor::persistently;
pub use threads::Threads;
