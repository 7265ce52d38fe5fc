//! The operator's own bank account: people transfer money with a reference, and an operator books what has
//! come.

use async_trait::async_trait;
use peerpack_actors::ids::PaymentId;
use peerpack_actors::money::payment::{Method, Payment, Report};
use peerpack_actors::time::Time;

use super::{Answer, Forged, GoesBack, Incoming, Invoice, Page, PaymentProvider};

/// An account that nobody can ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manual;

#[async_trait]
impl PaymentProvider for Manual {
    fn method(&self) -> Method {
        Method::Manual
    }

    async fn create(&self, _: &Payment, _: Time) -> Answer<Invoice> {
        Answer::Done(Invoice::default())
    }

    async fn look_up(&self, _: PaymentId, _: Time) -> Answer<Option<Report>> {
        Answer::Done(None)
    }

    async fn refund(&self, _: GoesBack<'_>, _: Time) -> Answer<()> {
        Answer::Done(())
    }

    async fn list(&self, _: (Time, Time), _: Option<String>, _: Time) -> Answer<Page> {
        Answer::Refused("a bank account has no list: compare with a file".to_owned())
    }

    fn read(&self, _: Incoming<'_>, _: Time) -> Result<Report, Forged> {
        Err(Forged)
    }
}
