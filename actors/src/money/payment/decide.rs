//! What follows from what is asked of a payment, and from what its provider says. Decides and changes
//! nothing.

use super::{
    Charge, Cost, Payment, PaymentFile, PaymentState, Refund, RefundState, Report, ReportedCharge,
    ReportedRefund, ReportedRefundStatus, ReportedStatus,
};
use crate::ids::{ChargeId, RefundId, UserId};
use crate::money::Amount;
use crate::money::ledger::{Account, Transfer};
use crate::money::payment::Method;
use crate::rejection::Rejection;
use crate::time::Time;

/// What can be asked of a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PaymentCommand {
    /// The provider knows of it, and says where it can be paid.
    Open {
        /// Where, if it is an address.
        invoice_url: Option<String>,
    },
    /// The provider will not take the money.
    Fail,
    /// Its time is over, and the provider knows of no money.
    Expire,
    /// What the provider says of it.
    Learn(Report),
    /// An operator has seen the money on the account.
    Book {
        /// What the bank calls it.
        reference: String,
        /// How much has come.
        amount: Amount,
        /// What shows that the money has come.
        evidence: String,
        /// The operator who has seen it.
        by: UserId,
    },
    /// Money goes back.
    Refund {
        /// The key it is asked for with.
        id: RefundId,
        /// Of which charge; of the oldest that has enough if it is not said.
        charge: Option<String>,
        /// How much; all that is left of the charge if it is not said.
        minor: Option<i64>,
        /// Out of whose pocket.
        cost: Cost,
        /// Why the operator gives the money back, in their own words.
        reason: String,
        /// The operator; nobody where it goes back by itself.
        by: Option<UserId>,
    },
    /// An operator has seen that a bank has taken money back, all of a charge.
    ChargeBack {
        /// The charge that was taken back.
        charge: String,
        /// The operator who has seen it.
        by: UserId,
    },
}

/// What follows: the payment afterwards, and the money that moves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The payment with everything that has become of it.
    pub after: PaymentFile,
    /// The money that moves.
    pub transfers: Vec<Transfer>,
}

impl PaymentFile {
    /// What follows from a command. `free_minor` is what lies in the payer's wallet, `fresh` makes ten random
    /// bytes for each new id. A command that repeats what is already so changes nothing.
    ///
    /// # Errors
    /// The refusal, when the caller, the state or the amount does not allow it.
    pub fn decide(
        &self,
        command: &PaymentCommand,
        free_minor: i64,
        now: Time,
        fresh: &mut dyn FnMut() -> [u8; 10],
    ) -> Result<Decided, Rejection> {
        let mut step = Step { file: self.clone(), transfers: Vec::new(), free_minor, now, fresh };
        step.carry_out(command)?;
        Ok(Decided { after: step.file, transfers: step.transfers })
    }
}

/// A decision that is being made.
struct Step<'a> {
    file: PaymentFile,
    transfers: Vec<Transfer>,
    free_minor: i64,
    now: Time,
    fresh: &'a mut dyn FnMut() -> [u8; 10],
}

impl Step<'_> {
    fn carry_out(&mut self, command: &PaymentCommand) -> Result<(), Rejection> {
        use PaymentCommand as C;
        match command {
            C::Open { invoice_url } => self.open(invoice_url.as_ref()),
            C::Fail => self.close(PaymentState::Failed),
            C::Expire if self.now < self.file.payment.expires_at => Err(self.illegal("expire the payment")),
            C::Expire => self.close(PaymentState::Expired),
            C::Learn(report) => self.learn(report),
            C::Book { reference, amount, evidence, by } => self.book(reference, *amount, evidence, *by),
            C::Refund { id, charge, minor, cost, reason, by } => {
                by.map_or(Ok(()), |by| self.nobody_their_own(by))?;
                self.refund(*id, charge.as_deref(), *minor, *cost, reason, *by)
            }
            C::ChargeBack { charge, by } => {
                self.nobody_their_own(*by)?;
                let of = self.file.charge_numbered(charge).ok_or(UNKNOWN_CHARGE)?;
                let (id, all) = (of.id, of.amount.minor);
                self.charge_back(id, all)?;
                self.follow_money()
            }
        }
    }

    fn open(&mut self, invoice_url: Option<&String>) -> Result<(), Rejection> {
        if self.file.payment.state != PaymentState::Created {
            return Ok(());
        }
        self.file.payment.invoice_url = invoice_url.cloned();
        self.enter(PaymentState::Pending, "open the payment")
    }

    /// Ends a payment that waits for its money. Where money has come, or it has ended before, nothing
    /// changes: a late failure takes nothing back.
    fn close(&mut self, next: PaymentState) -> Result<(), Rejection> {
        if self.file.payment.state.is_open() { self.enter(next, "end the payment") } else { Ok(()) }
    }

    fn learn(&mut self, report: &Report) -> Result<(), Rejection> {
        if report.payment_id != self.file.payment.id {
            return Err(Rejection::Invalid { field: "payment_id", reason: "is another payment" });
        }
        for charge in &report.charges {
            let id = self.charged(charge)?;
            for refund in &charge.refunds {
                self.refunded(id, refund)?;
            }
            self.charge_back(id, charge.charged_back_minor)?;
        }
        self.follow_money()?;
        match report.status {
            ReportedStatus::Failed => self.close(PaymentState::Failed),
            ReportedStatus::Pending => self.open(report.invoice_url.as_ref()),
            ReportedStatus::Paid => Ok(()),
        }
    }

    /// Credits a charge, unless that was done.
    fn charged(&mut self, reported: &ReportedCharge) -> Result<ChargeId, Rejection> {
        let amount = Amount::new(reported.amount_minor, reported.currency);
        // An acquirer may send an empty number, or the same one twice. Neither is another number, and would
        // keep a true one out.
        let behind = reported
            .provider_charge_id
            .as_ref()
            .filter(|number| !number.is_empty() && **number != reported.charge_id);
        if let Some(known) = self.file.charges.iter_mut().find(|known| known.reference == reported.charge_id)
        {
            if known.amount != amount {
                return Err(OTHER_AMOUNT);
            }
            // It may have been told of by somebody who does not know that number.
            if known.provider_reference.is_none() {
                known.provider_reference = behind.cloned();
            }
            return Ok(known.id);
        }
        if amount != self.file.payment.amount {
            return Err(OTHER_AMOUNT);
        }
        Ok(self.credit((&reported.charge_id, behind), amount, None, None))
    }

    fn book(&mut self, reference: &str, amount: Amount, evidence: &str, by: UserId) -> Result<(), Rejection> {
        self.nobody_their_own(by)?;
        if self.file.payment.method != Method::Manual {
            return Err(Rejection::Invalid { field: "payment_id", reason: "is not booked by hand" });
        }
        if amount.minor <= 0 || amount.currency != self.file.payment.amount.currency {
            return Err(Rejection::Invalid { field: "amount", reason: "must be more than nothing" });
        }
        if let Some(known) = self.file.charge(reference) {
            return if known.amount == amount { Ok(()) } else { Err(OTHER_AMOUNT) };
        }
        self.credit((reference, None), amount, Some(evidence.to_owned()), Some(by));
        self.follow_money()
    }

    fn credit(
        &mut self,
        (reference, behind): (&str, Option<&String>),
        amount: Amount,
        evidence: Option<String>,
        booked_by: Option<UserId>,
    ) -> ChargeId {
        let id = ChargeId::new(self.now, (self.fresh)());
        let (reference, at) = (reference.to_owned(), self.now);
        self.file.charges.push(Charge {
            id,
            reference,
            provider_reference: behind.cloned(),
            amount,
            charged_back_minor: 0,
            evidence,
            booked_by,
            at,
        });
        self.transfer(format!("{id}:pay"), self.provider(), self.purse(), amount.minor);
        id
    }

    fn refund(
        &mut self,
        id: RefundId,
        charge: Option<&str>,
        minor: Option<i64>,
        cost: Cost,
        reason: &str,
        by: Option<UserId>,
    ) -> Result<(), Rejection> {
        if let Some(known) = self.file.refunds.iter().find(|refund| refund.id == id) {
            let is_same = minor.is_none_or(|minor| minor == known.amount.minor);
            return if is_same { Ok(()) } else { Err(OTHER_AMOUNT) };
        }
        let least = minor.unwrap_or(1);
        let named = charge
            .map(|number| self.file.charge_numbered(number).ok_or(UNKNOWN_CHARGE))
            .transpose()?
            .map(|of| of.id);
        let has_enough =
            |of: &&Charge| named.is_none_or(|named| named == of.id) && self.file.left_of(of) >= least.max(1);
        let of = self.file.charges.iter().find(has_enough).ok_or(NOTHING_LEFT)?;
        let minor = minor.unwrap_or_else(|| self.file.left_of(of));
        if minor <= 0 {
            return Err(Rejection::Invalid { field: "amount", reason: "must be more than nothing" });
        }
        let is_for_extras = self.file.payment.method.is_for_extras();
        if is_for_extras && minor != of.amount.minor {
            return Err(Rejection::Invalid { field: "amount", reason: "stars go back all at once" });
        }
        let charge = of.id;
        // Stars go back under the name of their charge; they are the platform's.
        let (reference, cost) =
            if is_for_extras { (of.reference.clone(), Cost::Platform) } else { (id.to_string(), cost) };
        // What an operator gives back by hand is done when it is booked.
        let state = if self.file.payment.method.is_refunded_by_hand() {
            RefundState::Done
        } else {
            RefundState::Asked
        };
        self.give_back(Refund {
            id,
            charge,
            reference,
            amount: Amount::new(minor, self.file.payment.amount.currency),
            cost,
            state,
            reason: reason.to_owned(),
            by,
            at: self.now,
        });
        self.follow_money()
    }

    fn give_back(&mut self, refund: Refund) {
        let from = if refund.cost == Cost::Payer { self.purse() } else { Account::Platform };
        self.transfer(format!("{}:give_back", refund.id), from, self.provider(), refund.amount.minor);
        self.file.refunds.push(refund);
    }

    /// What a provider says of a refund, ours or one that was made there.
    fn refunded(&mut self, charge: ChargeId, reported: &ReportedRefund) -> Result<(), Rejection> {
        use {RefundState as R, ReportedRefundStatus as Said};
        let known = self.file.refunds.iter().position(|refund| refund.reference == reported.refund_id);
        let Some(n) = known else {
            if reported.status != Said::Done {
                return Ok(());
            }
            let of = self.file.charges.iter().find(|of| of.id == charge).ok_or(UNKNOWN_CHARGE)?;
            if reported.amount_minor <= 0 || reported.amount_minor > self.file.left_of(of) {
                return Err(OTHER_AMOUNT);
            }
            let covered =
                self.free_minor >= reported.amount_minor && !self.file.payment.method.is_for_extras();
            let id = RefundId::new(self.now, (self.fresh)());
            self.give_back(Refund {
                id,
                charge,
                reference: reported.refund_id.clone(),
                amount: Amount::new(reported.amount_minor, self.file.payment.amount.currency),
                cost: if covered { Cost::Payer } else { Cost::Platform },
                state: R::Done,
                reason: String::new(),
                by: None,
                at: self.now,
            });
            return Ok(());
        };
        let refund = &self.file.refunds[n];
        if refund.charge != charge || refund.amount.minor != reported.amount_minor {
            return Err(OTHER_AMOUNT);
        }
        let (id, minor, cost) = (refund.id, refund.amount.minor, refund.cost);
        let (next, moved) = match (refund.state, reported.status) {
            (R::Asked, Said::Done) => (R::Done, None),
            (R::Asked, Said::Refused) => {
                let back = if cost == Cost::Payer { self.purse() } else { Account::Platform };
                (R::Refused, Some(("take_back", self.provider(), back)))
            }
            // It was said to be refused, and the money was given to its owner again: that is lost.
            (R::Refused, Said::Done) => (R::Done, Some(("late", Account::Platform, self.provider()))),
            _ => return Ok(()),
        };
        if let Some((step, from, to)) = moved {
            self.transfer(format!("{id}:{step}"), from, to, minor);
        }
        (self.file.refunds[n].state, self.file.refunds[n].at) = (next, self.now);
        Ok(())
    }

    /// A bank has taken so much of a charge back in all. The platform has lost it, and takes it from the
    /// payer as far as there is something.
    fn charge_back(&mut self, charge: ChargeId, total_minor: i64) -> Result<(), Rejection> {
        let of = self.file.charges.iter_mut().find(|of| of.id == charge).ok_or(UNKNOWN_CHARGE)?;
        let more = total_minor - of.charged_back_minor;
        if more <= 0 {
            return Ok(());
        }
        if total_minor > of.amount.minor {
            return Err(OTHER_AMOUNT);
        }
        of.charged_back_minor = total_minor;
        let key = |step: &str| format!("{charge}/{total_minor}:{step}");
        let (lost, recovered) = (key("charge_back"), key("recover"));
        let provider = self.provider();
        self.transfer(lost, Account::Platform, provider, more);
        let covered = more.min(self.free_minor);
        if !self.file.payment.method.is_for_extras() {
            self.transfer(recovered, self.purse(), Account::Platform, covered);
        }
        Ok(())
    }

    fn transfer(&mut self, key: String, from: Account, to: Account, minor: i64) {
        if minor <= 0 {
            return;
        }
        if from == self.purse() {
            self.free_minor -= minor;
        }
        if to == self.purse() {
            self.free_minor += minor;
        }
        let Payment { id, amount, .. } = &self.file.payment;
        let amount = Amount::new(minor, amount.currency);
        self.transfers.push(Transfer { key, request: None, subject: Some(id.uuid()), from, to, amount });
    }

    /// Goes to where the payment stands by its money, one step of the table after the other.
    fn follow_money(&mut self) -> Result<(), Rejection> {
        let Some(standing) = self.file.by_money() else { return Ok(()) };
        let state = self.file.payment.state;
        if state.is_open() || matches!(state, PaymentState::Failed | PaymentState::Expired) {
            self.enter(PaymentState::Succeeded, "pay the payment")?;
        }
        if standing == self.file.payment.state {
            Ok(())
        } else {
            self.enter(standing, "move the payment's money")
        }
    }

    fn enter(&mut self, next: PaymentState, action: &'static str) -> Result<(), Rejection> {
        if !self.file.payment.state.may_become(next) {
            return Err(self.illegal(action));
        }
        (self.file.payment.state, self.file.payment.state_at) = (next, self.now);
        Ok(())
    }

    const fn illegal(&self, action: &'static str) -> Rejection {
        Rejection::IllegalTransition { action, state: self.file.payment.state.word() }
    }

    fn nobody_their_own(&self, by: UserId) -> Result<(), Rejection> {
        if by == self.file.payment.user { Err(Rejection::WrongParty("other operators")) } else { Ok(()) }
    }

    /// Where the payment's money lies once it has come: stars never in a wallet.
    const fn purse(&self) -> Account {
        if self.file.payment.method.is_for_extras() {
            Account::Platform
        } else {
            Account::Available(self.file.payment.user)
        }
    }

    const fn provider(&self) -> Account {
        self.file.payment.method.account()
    }
}

const OTHER_AMOUNT: Rejection =
    Rejection::Invalid { field: "amount", reason: "does not agree with what is known of the payment" };
const UNKNOWN_CHARGE: Rejection = Rejection::Invalid { field: "charge_id", reason: "is not known" };
const NOTHING_LEFT: Rejection =
    Rejection::Invalid { field: "amount", reason: "is more than is left of the charge" };
