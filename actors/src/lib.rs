//! The engine of PeerPack.
//!
//! The pure core decides: values ([`ids`], [`time`], [`place`]), the machines of the [`market`], of
//! [`money`], of [`talk`] and of [`dispatch`], and [`matching`]. It reads no clock, makes no randomness, does
//! no I/O. The `runtime` feature adds the actors that keep live state and call the core.

pub mod dispatch;
pub mod ids;
pub mod invariants;
pub mod leg;
pub mod market;
pub mod matching;
pub mod money;
pub mod place;
pub mod receipt;
pub mod rejection;
pub mod stream;
pub mod talk;
pub mod time;
pub mod unit;
pub mod work;

#[cfg(feature = "runtime")]
pub mod ports;
#[cfg(feature = "runtime")]
pub mod runtime;
