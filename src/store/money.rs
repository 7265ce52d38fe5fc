//! Money of people: the wallet as they see it, and money on its way out.

pub(super) mod wallet;
pub(super) mod withdrawals;
