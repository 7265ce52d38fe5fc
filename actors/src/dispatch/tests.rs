//! The dispatch, as tables and as a model. The tables are those of docs/dispatch.md.

mod amending;
mod batches;
mod choosing;
mod documents;
mod duties;
mod fixture;
mod model;
mod notices;
mod offers;
mod planning;
mod prices;
mod regions;
mod tallies;
mod telling;
mod transitions;
