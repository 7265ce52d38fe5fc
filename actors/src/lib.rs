//! The engine of PeerPack.
//!
//! The pure core decides: values ([`ids`], [`time`], [`load`], [`money`], [`place`]), machines ([`trip`],
//! [`package`], [`request`], [`ledger`]) and [`matching`]. It reads no clock, makes no randomness, does no I/O.
//! The `runtime` feature adds the actors that keep live state and call the core.

pub mod bounds;
pub mod ids;
pub mod invariants;
pub mod ledger;
pub mod leg;
pub mod load;
pub mod matching;
pub mod money;
pub mod notification;
pub mod package;
pub mod phase;
pub mod place;
pub mod receipt;
pub mod rejection;
pub mod request;
pub mod stream;
pub mod time;
pub mod trip;
pub mod unit;
pub mod withdrawal;

#[cfg(feature = "runtime")]
pub mod ports;
#[cfg(feature = "runtime")]
pub mod runtime;
