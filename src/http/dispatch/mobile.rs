//! The phones of couriers and passengers: everything is about the caller.

pub mod drivers;
pub mod enrolment;
pub mod orders;
pub mod passengers;
