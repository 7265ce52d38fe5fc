//! Telegram Payments: an invoice of the bot, paid in Telegram through a provider that BotFather has
//! connected.
//!
//! Telegram says by itself that money has come, and cannot be asked; so a payment waits until it hears, or
//! until its time is over. Money goes back at the provider's own desk, and an operator books it.

use async_trait::async_trait;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::{Method, Payment, Report};
use peerpack_actors::time::Time;

use super::{Answer, Forged, GoesBack, Incoming, Invoice, Page, PaymentProvider};
use crate::config::Secret;
use crate::telegram::{self, Bill, Telegram};
use crate::texts::money;

/// Invoices of the bot.
#[derive(Clone, Debug)]
pub struct TelegramPayments {
    telegram: Telegram,
    token: Secret,
}

impl TelegramPayments {
    /// Those of a bot, with what it shows the provider.
    #[must_use]
    pub const fn new(telegram: Telegram, token: Secret) -> Self {
        Self { telegram, token }
    }
}

#[async_trait]
impl PaymentProvider for TelegramPayments {
    fn method(&self) -> Method {
        Method::Telegram
    }

    async fn create(&self, payment: &Payment, _: Time) -> Answer<Invoice> {
        let bill = Bill {
            title: format!("PeerPack {}", payment.reference),
            description: money::bill().to_owned(),
            payload: payment.id.to_string(),
            provider_token: self.token.reveal().to_owned(),
            currency: payment.amount.currency.code(),
            amount_minor: payment.amount.minor,
        };
        match self.telegram.bill(&bill).await {
            telegram::Answer::Done(url) => Answer::Done(Invoice { url: Some(url) }),
            // Too many at once is no word about this one.
            telegram::Answer::Refused(refusal) if refusal.retry_after.is_none() => {
                Answer::Refused(refusal.to_string())
            }
            telegram::Answer::Refused(refusal) => Answer::Unknown(refusal.to_string()),
            telegram::Answer::Unsent(why) | telegram::Answer::Unknown(why) => Answer::Unknown(why),
        }
    }

    async fn look_up(&self, _: PaymentId, _: Time) -> Answer<Option<Report>> {
        // What it knows it has said. Where nobody knows whether there is an invoice, another one does no
        // harm: each that is paid is credited.
        Answer::Done(None)
    }

    async fn refund(&self, _: GoesBack<'_>, _: Time) -> Answer<()> {
        Answer::Done(())
    }

    async fn list(&self, _: (Time, Time), _: Option<String>, _: Time) -> Answer<Page> {
        Answer::Refused("Telegram has no list of charges: compare with a file of its provider".to_owned())
    }

    fn read(&self, _: Incoming<'_>, _: Time) -> Result<Report, Forged> {
        Err(Forged)
    }
}
