//! Money of people: the wallet as they see it, money on its way in and out, and how the books agree with
//! others'.

pub(super) mod fees;
pub(super) mod highlights;
pub(super) mod payments;
pub(super) mod reconciliations;
pub(super) mod wallet;
pub(super) mod withdrawals;
