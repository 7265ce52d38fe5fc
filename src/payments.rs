//! Providers, who take money for us: one port, behind which each provider speaks its own language.
//!
//! A call over a network has three outcomes. What nobody knows the outcome of keeps its key and is looked up
//! later ([`rounds`](crate::maintenance::payments)); it is never guessed. What comes in is only believed if
//! it is signed.

mod manual;
mod signature;
mod stars;
mod telegram;
mod webhook;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::{Method, Payment, Refund, Report};
use peerpack_actors::time::Time;

pub use manual::Manual;
pub use signature::{Forged, REPLAY_WINDOW, SIGNATURE, Signer, TIMESTAMP};
pub use stars::StarsPayments;
pub use telegram::TelegramPayments;
pub use webhook::Webhook;

/// What came of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<T> {
    /// It is done.
    Done(T),
    /// The provider has understood it and will not do it, for this reason.
    Refused(String),
    /// Nobody knows: it may be done, and may not be.
    Unknown(String),
}

/// Where a payment can be paid.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Invoice {
    /// An address, if it is one.
    pub url: Option<String>,
}

/// One page of a provider's list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// Payments with their charges.
    pub reports: Vec<Report>,
    /// Where the next page starts, if there is one.
    pub next: Option<String>,
}

/// Money that is to go back.
#[derive(Clone, Copy, Debug)]
pub struct GoesBack<'a> {
    /// The payment it was paid with.
    pub payment: PaymentId,
    /// The charge, as the provider calls it.
    pub charge: &'a str,
    /// The refund, with its key.
    pub refund: &'a Refund,
    /// The payer's Telegram account, if there is one.
    pub payer: Option<i64>,
}

/// Something that has come in, as it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// When it was signed, as it says.
    pub timestamp: &'a str,
    /// Its signature, as it says.
    pub signature: &'a str,
    /// The body, byte for byte, because it is signed.
    pub body: &'a [u8],
}

/// A provider that takes money for us. Payments and refunds go under their own ids: the same one again is the
/// same one.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Which one it is.
    fn method(&self) -> Method;

    /// Asks for money.
    async fn create(&self, payment: &Payment, now: Time) -> Answer<Invoice>;

    /// What has become of a payment; `None` if the provider does not know it.
    async fn look_up(&self, payment: PaymentId, now: Time) -> Answer<Option<Report>>;

    /// Asks for money to be given back. Done means that the provider knows of it: what becomes of it, a
    /// report says.
    async fn refund(&self, money: GoesBack<'_>, now: Time) -> Answer<()>;

    /// A page of what was charged from a time on and before another one.
    async fn list(&self, of: (Time, Time), after: Option<String>, now: Time) -> Answer<Page>;

    /// Reads what has come in.
    ///
    /// # Errors
    /// When it is not signed by the provider, or not now, or cannot be read.
    fn read(&self, incoming: Incoming<'_>, now: Time) -> Result<Report, Forged>;
}

/// The providers that are set up.
#[derive(Clone, Default)]
pub struct Providers(BTreeMap<Method, Arc<dyn PaymentProvider>>);

impl Providers {
    /// The providers by their methods.
    #[must_use]
    pub fn new(providers: impl IntoIterator<Item = Arc<dyn PaymentProvider>>) -> Self {
        Self(providers.into_iter().map(|provider| (provider.method(), provider)).collect())
    }

    /// The provider of a method, if it is set up.
    #[must_use]
    pub fn get(&self, method: Method) -> Option<&dyn PaymentProvider> {
        self.0.get(&method).map(AsRef::as_ref)
    }

    /// What can be paid into a wallet with.
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        self.0.keys().copied().filter(|method| !method.is_for_extras())
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Providers").field(&self.0.keys()).finish()
    }
}
