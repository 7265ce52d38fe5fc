//! Money of people: what they have, and what is on its way out.

pub mod wallet;
