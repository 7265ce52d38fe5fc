//! What any node does without being asked: what is due from time to time, and jobs that grow with an account.

pub mod checkout;
pub mod jobs;
pub mod payments;
pub mod retention;
pub mod rounds;
