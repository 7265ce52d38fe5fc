//! The dispatch in town, in the shape that its console and its phones know: orders, couriers ("drivers"),
//! passengers, regions, the desk.
//!
//! Bodies and queries may have members that are not known here: these clients were written for another
//! server, and send what that one reads.

pub mod analytics;
pub mod candidates;
pub mod cities;
pub mod clearing;
pub mod daily;
pub mod desk;
pub mod drivers;
pub mod geocode;
pub mod heat;
pub mod live;
pub mod map;
pub mod mobile;
pub mod offers;
pub mod orders;
pub mod passengers;
pub mod prices;
pub mod regions;
pub mod sessions;
pub mod tables;
pub mod tariffs;

mod days;
mod draft;
mod refused;
mod scope;
mod views;
