//! How good the dispatch in town is: a town with couriers on duty and people who want a ride now, under a
//! virtual clock.
//!
//! It drives the real policy of `peerpack-actors`: [`Order::decide`], the board, the ranking, the search and
//! the batches are those of the engine. What is made up is the town ([`town`]), what people do in it
//! ([`day`]), and when things happen ([`play`]).
//!
//! [`Order::decide`]: peerpack_actors::dispatch::Order::decide

pub mod day;
pub mod desk;
pub mod figures;
pub mod fluid;
pub mod hail;
pub mod judge;
pub mod play;
pub mod policy;
pub mod town;
