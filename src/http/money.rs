//! Money: one's wallet, money on its way in and out, and what operators see and decide of it.

pub mod desk;
pub mod fees;
pub mod highlights;
pub mod payments;
pub mod payouts;
pub mod statement;
pub mod terms;
pub mod wallet;
