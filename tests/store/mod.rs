//! The store on both databases: the same tests, each with a database of its own.

mod databases;
mod world;

mod at_once;
mod audit;
mod bot;
mod claims;
mod fees;
mod file;
mod guards;
mod money;
mod people;
mod pool;
mod reads;
mod receipts;
mod room;
mod round_trip;
mod schema;
mod streams;
mod talk;
mod views;
