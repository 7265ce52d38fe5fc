//! The socket over real connections: a server with a store in a temporary folder, and clients that know
//! nothing of it.

mod admission;
mod events;
mod foreign;
mod fuzz;
mod held_up;
mod hostile;
mod raw;
mod slow;
mod talk;
mod viewing;
mod world;
