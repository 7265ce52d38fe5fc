//! A model of the money beside the store: pay, hold, post, void, expire, lapse, refund, charge back, divide,
//! take out, with retries, late and repeated reports, and the store opened anew between any two. After each
//! step every wallet is what the model says, and the rules of the audit hold; what is refused leaves every
//! balance as it was.

use peerpack::store::{Database, PaymentsOf, Settings};
use peerpack_actors::ids::{PackageId, PaymentId, RefundId, RequestId, UserId, WithdrawalId};
use peerpack_actors::market::package::PackageCommand;
use peerpack_actors::market::request::{Party, RequestCommand};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::fees::{Fee, Paid, PaymentTerms, reserve};
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::payment::{
    Cost, Method, OPEN_FOR, Payment, PaymentCommand, PaymentState, Purpose, Report, ReportedCharge,
    ReportedRefund, ReportedRefundStatus, ReportedStatus,
};
use peerpack_actors::money::withdrawal::{MIN_MINOR, PayoutRules, Withdrawal, WithdrawalCommand};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::{CommitError, Store as _};
use peerpack_actors::unit::Unit;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use tokio::runtime::Handle;

use super::databases::{TestStore, on_both};
use super::world::{after, load_package, package, proposal, step, trip, user};

/// So many people: any of them pays, sends, carries and takes out.
const PEOPLE: usize = 3;

/// What can happen to money.
#[derive(Clone, Debug)]
enum Move {
    /// A payment is made, and its acquirer reports it.
    Pay { who: usize, minor: i64 },
    /// A payment is made, its time ends, and its acquirer reports it after that.
    Expire { who: usize, minor: i64 },
    /// The acquirer reports all it knows of a payment again.
    Report { payment: usize },
    /// A payment is paid a second time.
    PayTwice { payment: usize },
    /// An operator gives a part of a charge back.
    GiveBack { payment: usize, percent: i64, cost: Cost },
    /// The acquirer says what became of the refunds that were asked for.
    Settle { payment: usize, done: bool },
    /// A bank takes the first charge back.
    ChargeBack { payment: usize },
    /// A package is published and taken by a courier.
    Deal { sender: usize, courier: usize, minor: i64, paid: Paid },
    /// A package is published and called off before anybody takes it.
    CallOff { sender: usize, minor: i64 },
    /// A package is published, and its time ends before anybody takes it.
    Lapse { sender: usize, minor: i64 },
    /// A deal goes a step on.
    Step { deal: usize, what: Step },
    /// Money is asked for.
    TakeOut { who: usize, minor: i64 },
    /// An operator decides a withdrawal, and another one decides otherwise upon what was known before.
    Decide { withdrawal: usize, pay: bool },
    /// The last move comes again, as after an answer that was lost.
    Again,
    /// The store is opened anew.
    Restart,
}

/// A step of a deal.
#[derive(Clone, Copy, Debug)]
enum Step {
    Deliver,
    Confirm,
    Cancel,
    Dispute,
    ForCourier,
    ForSender,
    Divide,
}

/// Where a deal stands, in the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Held,
    Delivered,
    Disputed,
    Over,
}

#[derive(Clone, Debug)]
struct ModelDeal {
    sender: usize,
    courier: usize,
    minor: i64,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Back {
    Asked,
    Done,
    Refused,
}

#[derive(Clone, Debug)]
struct ModelPayment {
    who: usize,
    minor: i64,
    charges: usize,
    refunds: Vec<(i64, Cost, Back)>,
    charged_back: bool,
}

/// What the wallets hold, and how the last move went.
#[derive(Clone, Debug, Default)]
struct Model {
    free: [i64; PEOPLE],
    held: [i64; PEOPLE],
    pending: [i64; PEOPLE],
    payments: Vec<ModelPayment>,
    deals: Vec<ModelDeal>,
    withdrawals: Vec<(usize, i64, bool)>,
    was_done: bool,
}

impl Model {
    fn carry_out(&mut self, what: &Move) -> bool {
        match *what {
            Move::Pay { who, minor } | Move::Expire { who, minor } => {
                self.payments.push(ModelPayment {
                    who,
                    minor,
                    charges: 1,
                    refunds: Vec::new(),
                    charged_back: false,
                });
                self.free[who] += minor;
                true
            }
            Move::PayTwice { payment } => {
                let payment = &mut self.payments[payment];
                payment.charges += 1;
                self.free[payment.who] += payment.minor;
                true
            }
            Move::GiveBack { payment, percent, cost } => {
                let payment = &mut self.payments[payment];
                let minor = payment.minor * percent / 100;
                let back: i64 =
                    payment.refunds.iter().filter(|one| one.2 != Back::Refused).map(|one| one.0).sum();
                // All refunds of the model are of the first charge.
                let gone = if payment.charged_back { payment.minor } else { 0 };
                let is_covered = cost == Cost::Platform || self.free[payment.who] >= minor;
                if minor == 0 || minor > payment.minor - back - gone || !is_covered {
                    return false;
                }
                payment.refunds.push((minor, cost, Back::Asked));
                self.free[payment.who] -= if cost == Cost::Payer { minor } else { 0 };
                true
            }
            Move::Settle { payment, done } => {
                let payment = &mut self.payments[payment];
                for (minor, cost, state) in &mut payment.refunds {
                    if *state == Back::Asked {
                        *state = if done { Back::Done } else { Back::Refused };
                        self.free[payment.who] += if !done && *cost == Cost::Payer { *minor } else { 0 };
                    }
                }
                true
            }
            Move::ChargeBack { payment } => {
                let payment = &mut self.payments[payment];
                if !payment.charged_back {
                    payment.charged_back = true;
                    self.free[payment.who] -= payment.minor.min(self.free[payment.who]);
                }
                true
            }
            Move::Deal { sender, courier, minor, paid } => {
                if sender == courier || (paid != Paid::Cash && self.free[sender] < minor) {
                    return false;
                }
                let minor = if paid == Paid::Cash { 0 } else { minor };
                self.free[sender] -= minor;
                self.held[courier] += minor;
                self.deals.push(ModelDeal { sender, courier, minor, stage: Stage::Held });
                true
            }
            Move::CallOff { sender, minor } | Move::Lapse { sender, minor } => self.free[sender] >= minor,
            Move::Step { deal, what } => self.step(deal, what),
            Move::TakeOut { who, minor } => {
                let left = self.free[who] - minor;
                let queued = self.withdrawals.iter().filter(|one| one.0 == who && one.2).count();
                if left < 0 || queued >= 5 || (minor < MIN_MINOR && left > 0) {
                    return false;
                }
                self.free[who] = left;
                self.withdrawals.push((who, minor, true));
                true
            }
            Move::Decide { withdrawal, pay } => {
                let (who, minor, waits) = &mut self.withdrawals[withdrawal];
                if !*waits {
                    return false;
                }
                *waits = false;
                self.free[*who] += if pay { 0 } else { *minor };
                true
            }
            Move::Report { .. } | Move::Again | Move::Restart => true,
        }
    }

    fn step(&mut self, deal: usize, what: Step) -> bool {
        let ModelDeal { sender, courier, minor, stage } = &mut self.deals[deal];
        let (sender, courier, minor) = (*sender, *courier, *minor);
        let fee_of = |part: i64| part / 10;
        let next = match (*stage, what) {
            (Stage::Held, Step::Deliver) => {
                self.held[courier] -= minor;
                self.pending[courier] += minor;
                Stage::Delivered
            }
            (Stage::Delivered, Step::Dispute) => Stage::Disputed,
            (Stage::Delivered, Step::Confirm) | (Stage::Delivered | Stage::Disputed, Step::ForCourier) => {
                self.pending[courier] -= minor;
                self.free[courier] += minor - fee_of(minor);
                Stage::Over
            }
            (Stage::Delivered | Stage::Disputed, Step::ForSender) => {
                self.pending[courier] -= minor;
                self.free[sender] += minor;
                Stage::Over
            }
            (Stage::Held, Step::Cancel | Step::ForSender) => {
                self.held[courier] -= minor;
                self.free[sender] += minor;
                Stage::Over
            }
            (Stage::Delivered | Stage::Disputed, Step::Divide) if minor >= 2 => {
                let part = minor / 2;
                self.pending[courier] -= minor;
                self.free[courier] += part - fee_of(part);
                self.free[sender] += minor - part;
                Stage::Over
            }
            _ => return false,
        };
        self.deals[deal].stage = next;
        true
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Move;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Move> {
        let minor = prop_oneof![Just(1_i64), 100..2_000_i64, Just(50_000)];
        let paid = prop_oneof![Just(Paid::AtClaim), Just(Paid::OnPublish), Just(Paid::Cash)];
        let cost = prop_oneof![3 => Just(Cost::Payer), 1 => Just(Cost::Platform)];
        let mut moves: Vec<(u32, BoxedStrategy<Move>)> = vec![
            (4, (0..PEOPLE, minor.clone()).prop_map(|(who, minor)| Move::Pay { who, minor }).boxed()),
            (1, (0..PEOPLE, minor.clone()).prop_map(|(who, minor)| Move::Expire { who, minor }).boxed()),
            (
                6,
                (0..PEOPLE, 0..PEOPLE, minor.clone(), paid)
                    .prop_map(|(sender, courier, minor, paid)| Move::Deal { sender, courier, minor, paid })
                    .boxed(),
            ),
            (
                1,
                (0..PEOPLE, minor.clone())
                    .prop_map(|(sender, minor)| Move::CallOff { sender, minor })
                    .boxed(),
            ),
            (1, (0..PEOPLE, minor.clone()).prop_map(|(sender, minor)| Move::Lapse { sender, minor }).boxed()),
            (2, (0..PEOPLE, minor).prop_map(|(who, minor)| Move::TakeOut { who, minor }).boxed()),
            (1, Just(Move::Restart).boxed()),
            (2, Just(Move::Again).boxed()),
        ];
        if !state.payments.is_empty() {
            let payment = 0..state.payments.len();
            moves.extend([
                (1, payment.clone().prop_map(|payment| Move::Report { payment }).boxed()),
                (1, payment.clone().prop_map(|payment| Move::PayTwice { payment }).boxed()),
                (1, payment.clone().prop_map(|payment| Move::ChargeBack { payment }).boxed()),
                (
                    2,
                    (payment.clone(), 0..=100_i64, cost)
                        .prop_map(|(payment, percent, cost)| Move::GiveBack { payment, percent, cost })
                        .boxed(),
                ),
                (
                    2,
                    (payment, any::<bool>())
                        .prop_map(|(payment, done)| Move::Settle { payment, done })
                        .boxed(),
                ),
            ]);
        }
        if !state.deals.is_empty() {
            let steps = prop_oneof![
                4 => Just(Step::Deliver),
                2 => Just(Step::Confirm),
                1 => Just(Step::Cancel),
                1 => Just(Step::Dispute),
                1 => Just(Step::ForCourier),
                1 => Just(Step::ForSender),
                2 => Just(Step::Divide),
            ];
            let step = (0..state.deals.len(), steps).prop_map(|(deal, what)| Move::Step { deal, what });
            moves.push((10, step.boxed()));
        }
        if !state.withdrawals.is_empty() {
            let decide = (0..state.withdrawals.len(), any::<bool>())
                .prop_map(|(withdrawal, pay)| Move::Decide { withdrawal, pay });
            moves.push((2, decide.boxed()));
        }
        proptest::strategy::Union::new_weighted(moves).boxed()
    }

    fn preconditions(state: &Self, what: &Move) -> bool {
        match *what {
            Move::Report { payment }
            | Move::PayTwice { payment }
            | Move::ChargeBack { payment }
            | Move::GiveBack { payment, .. }
            | Move::Settle { payment, .. } => payment < state.payments.len(),
            Move::Step { deal, .. } => deal < state.deals.len(),
            Move::Decide { withdrawal, .. } => withdrawal < state.withdrawals.len(),
            _ => true,
        }
    }

    fn apply(mut state: Self, what: &Move) -> Self {
        state.was_done = state.carry_out(what);
        state
    }
}

/// A deal in the store.
struct Deal {
    package: PackageId,
    request: RequestId,
    trip: Trip,
    sender: UserId,
}

/// The store with what the model knows by its number.
struct Real {
    db: Database,
    url: String,
    people: [UserId; PEOPLE],
    payments: Vec<Report>,
    deals: Vec<Deal>,
    withdrawals: Vec<Withdrawal>,
    last: Option<Last>,
}

/// The last move, as it can come again.
enum Last {
    Payment(PaymentId, PaymentCommand),
    Step(usize, RequestCommand),
}

fn roubles(minor: i64) -> Amount {
    Amount::new(minor, Currency::Rub)
}

impl Real {
    fn new(db: Database, url: String) -> Self {
        Self {
            db,
            url,
            people: [user(), user(), user()],
            payments: Vec::new(),
            deals: Vec::new(),
            withdrawals: Vec::new(),
            last: None,
        }
    }

    async fn carry_out(&mut self, what: Move) -> bool {
        match what {
            Move::Pay { who, minor } => {
                self.ask(self.people[who], minor).await;
                self.report(self.payments.len() - 1).await
            }
            Move::Expire { who, minor } => {
                let id = self.ask(self.people[who], minor).await;
                let expired =
                    self.db.move_payment(id, PaymentCommand::Expire, after(1) + OPEN_FOR, None).await;
                let (file, _) = expired.expect("an answer").expect("the payment");
                assert_eq!(file.payment.state, PaymentState::Expired);
                self.report(self.payments.len() - 1).await
            }
            Move::Report { payment } => self.report(payment).await,
            Move::PayTwice { payment } => {
                let mut second = self.payments[payment].charges[0].clone();
                second.charge_id = format!("{}-{}", second.charge_id, self.payments[payment].charges.len());
                (second.refunds, second.charged_back_minor) = (Vec::new(), 0);
                self.payments[payment].charges.push(second);
                self.report(payment).await
            }
            Move::GiveBack { payment, percent, cost } => self.give_back(payment, percent, cost).await,
            Move::Settle { payment, done } => {
                let file = self.db.payment(self.payments[payment].payment_id).await.expect("read");
                let file = file.expect("the payment");
                let status = if done { ReportedRefundStatus::Done } else { ReportedRefundStatus::Refused };
                for refund in file.asked() {
                    self.payments[payment].charges[0].refunds.push(ReportedRefund {
                        refund_id: refund.reference.clone(),
                        amount_minor: refund.amount.minor,
                        status,
                    });
                }
                self.report(payment).await
            }
            Move::ChargeBack { payment } => {
                let charge = &mut self.payments[payment].charges[0];
                charge.charged_back_minor = charge.amount_minor;
                self.report(payment).await
            }
            Move::Deal { sender, courier, minor, paid } => {
                self.deal(self.people[sender], self.people[courier], minor, paid).await
            }
            Move::CallOff { sender, minor } => {
                let Some(id) = self.publish(self.people[sender], minor, Paid::OnPublish).await else {
                    return false;
                };
                let cancel = PackageCommand::Cancel { by: self.people[sender] };
                self.command(id, None, &cancel).await.expect("called off");
                true
            }
            Move::Lapse { sender, minor } => {
                let Some(id) = self.publish(self.people[sender], minor, Paid::OnPublish).await else {
                    return false;
                };
                let package = load_package(&self.db, id).await;
                let at = package.draft.deliver_by;
                let outcome = package.decide(&PackageCommand::ExpireOverdue, None, Funding::Wallet, at);
                let lapse = Unit::package(&package, outcome.expect("its time is over"), at);
                self.db.commit(lapse).await.expect("lapsed");
                true
            }
            Move::Step { deal, what } => {
                let Deal { trip, sender, .. } = &self.deals[deal];
                let (by, reason) = (user(), "broken".to_owned());
                let command = match what {
                    Step::Deliver => RequestCommand::Deliver { by: trip.courier },
                    Step::Confirm => RequestCommand::Confirm { by: *sender },
                    Step::Cancel => RequestCommand::Cancel { by: *sender },
                    Step::Dispute => RequestCommand::Dispute { by: *sender, reason },
                    Step::ForCourier => RequestCommand::Resolve { in_favour_of: Party::Courier, by },
                    Step::ForSender => RequestCommand::Resolve { in_favour_of: Party::Sender, by },
                    Step::Divide => {
                        let held = load_package(&self.db, self.deals[deal].package).await;
                        let escrow = held.escrow(held.request(self.deals[deal].request).expect("it"));
                        RequestCommand::Split { courier_minor: escrow.amount.minor / 2, by }
                    }
                };
                self.step(deal, command).await
            }
            Move::TakeOut { who, minor } => self.take_out(self.people[who], minor).await,
            Move::Decide { withdrawal, pay } => {
                let before = self.db.withdrawal(self.withdrawals[withdrawal].id).await.expect("read");
                let before = before.expect("the withdrawal");
                let command = if pay { WithdrawalCommand::Pay } else { WithdrawalCommand::Reject };
                let decide = |command| before.decide(command, user(), PayoutRules::default(), after(9));
                let other = if pay { WithdrawalCommand::Reject } else { WithdrawalCommand::Pay };
                let (Ok(first), Ok(second)) = (decide(command), decide(other)) else { return false };
                let moved = |decision| self.db.move_withdrawal(before.clone(), decision, "77".to_owned());
                moved(first).await.expect("decided");
                let late = moved(second).await;
                assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
                true
            }
            Move::Again => {
                self.again().await;
                true
            }
            Move::Restart => {
                let next = Database::connect(&Settings::new(&self.url)).await.expect("it opens again");
                self.db = next;
                true
            }
        }
    }

    async fn moved(&mut self, id: PaymentId, command: PaymentCommand) -> bool {
        let moved = self.db.move_payment(id, command.clone(), after(5), None).await;
        self.last = Some(Last::Payment(id, command));
        match moved {
            Ok(found) => found.is_some(),
            Err(CommitError::Refused(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn report(&mut self, payment: usize) -> bool {
        let report = self.payments[payment].clone();
        self.moved(report.payment_id, PaymentCommand::Learn(report)).await
    }

    /// Asks for a payment, which is charged; nobody has said so yet.
    async fn ask(&mut self, who: UserId, minor: i64) -> PaymentId {
        let id = PaymentId::from(user().uuid());
        let payment = Payment {
            id,
            user: who,
            purpose: Purpose::TopUp,
            method: Method::Webhook,
            amount: roubles(minor),
            state: PaymentState::Created,
            state_at: after(1),
            reference: id.to_string(),
            invoice_url: None,
            created_at: after(1),
            expires_at: after(1) + OPEN_FOR,
        };
        self.db.add_payment(payment, None).await.expect("asked for");
        let charge = ReportedCharge {
            charge_id: id.to_string(),
            provider_charge_id: None,
            amount_minor: minor,
            currency: Currency::Rub,
            refunds: Vec::new(),
            charged_back_minor: 0,
        };
        let (status, charges) = (ReportedStatus::Paid, vec![charge]);
        self.payments.push(Report { payment_id: id, status, invoice_url: None, charges });
        id
    }

    async fn give_back(&mut self, payment: usize, percent: i64, cost: Cost) -> bool {
        let charge = &self.payments[payment].charges[0];
        let minor = charge.amount_minor * percent / 100;
        let command = PaymentCommand::Refund {
            id: RefundId::from(user().uuid()),
            charge: Some(charge.charge_id.clone()),
            minor: Some(minor),
            cost,
            reason: "asked for".to_owned(),
            by: Some(user()),
        };
        self.moved(self.payments[payment].payment_id, command).await
    }

    async fn publish(&self, sender: UserId, minor: i64, paid: Paid) -> Option<PackageId> {
        let mut package = package(sender, 10);
        package.draft.reward = roubles(minor);
        package.terms.payment = PaymentTerms { paid, fee: Fee::USUAL, version: 3 };
        let mut unit = Unit::publish_package(package.clone());
        if let Some(reward) = package.reserved() {
            unit.transfers = reserve(package.id, sender, reward, Funding::Wallet);
        }
        match self.db.commit(unit).await {
            Ok(_) => Some(package.id),
            Err(CommitError::Refused(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn deal(&mut self, sender: UserId, courier: UserId, minor: i64, paid: Paid) -> bool {
        if sender == courier {
            return false;
        }
        let Some(id) = self.publish(sender, minor, paid).await else { return false };
        let trip = trip(courier, 3, 1_000);
        super::world::publish_trip(&self.db, &trip).await;
        let mut proposal = proposal(&trip, 0, 3);
        proposal.reward = roubles(minor);
        let request = proposal.id;
        self.command(id, None, &PackageCommand::Offer(vec![proposal])).await.expect("offered");
        let accept = step(request, RequestCommand::Accept { by: courier });
        match self.command(id, Some(&trip), &accept).await {
            Ok(_) => {
                self.deals.push(Deal { package: id, request, trip, sender });
                true
            }
            Err(_) => false,
        }
    }

    /// Whether a command on a package does anything.
    async fn command(
        &self,
        id: PackageId,
        trip: Option<&Trip>,
        command: &PackageCommand,
    ) -> Result<bool, CommitError> {
        let package = load_package(&self.db, id).await;
        let outcome =
            package.decide(command, trip, Funding::Wallet, after(2)).map_err(CommitError::Refused)?;
        if outcome.is_empty() {
            return Ok(false);
        }
        self.db.commit(Unit::package(&package, outcome, after(2))).await?;
        Ok(true)
    }

    async fn step(&mut self, deal: usize, command: RequestCommand) -> bool {
        let Deal { package, request, .. } = self.deals[deal];
        let done = self.command(package, None, &step(request, command.clone())).await;
        self.last = Some(Last::Step(deal, command));
        done.unwrap_or(false)
    }

    async fn take_out(&mut self, who: UserId, minor: i64) -> bool {
        let id = WithdrawalId::from(user().uuid());
        let (withdrawal, out) =
            Withdrawal::request(id, who, roubles(minor), "card".to_owned(), None, after(4)).expect("money");
        let (print, rules) = ("card".to_owned(), PayoutRules::default());
        match self.db.add_withdrawal(withdrawal.clone(), out, print, rules, None).await {
            Ok(_) => {
                self.withdrawals.push(withdrawal);
                true
            }
            Err(CommitError::Refused(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// The last move again: nothing may come of it.
    async fn again(&mut self) {
        match self.last.take() {
            Some(Last::Payment(id, command)) => {
                let _ = self.moved(id, command).await;
            }
            Some(Last::Step(deal, command)) => {
                let Deal { package, request, .. } = self.deals[deal];
                let _ = self.command(package, None, &step(request, command)).await;
            }
            None => {}
        }
    }

    async fn check(&self, model: &Model) {
        for (who, person) in self.people.iter().enumerate() {
            let balance = self.db.balances(*person).await.expect("read").pop().unwrap_or_default();
            let found = (balance.available_minor, balance.frozen_minor, balance.pending_minor);
            let expected = (model.free[who], model.held[who], model.pending[who]);
            assert_eq!(found, expected, "person {who}: free, held, pending");
            assert_eq!(balance.reserved_minor, 0, "nothing is left behind");
        }
        assert_eq!(self.db.audit().await.expect("read"), Vec::<String>::new());
    }
}

/// Runs the model and the store side by side, from random beginnings, and makes what goes wrong as short as
/// it can.
fn run(handle: &Handle, db: &Database, url: &str) {
    let config = Config { cases: 16, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&Model::sequential_strategy(1..40), |(mut model, moves, _)| {
        let mut real = Real::new(db.clone(), url.to_owned());
        for what in moves {
            model = Model::apply(model, &what);
            let done = handle.block_on(real.carry_out(what.clone()));
            prop_assert_eq!(done, model.was_done, "{:?}", what);
            handle.block_on(real.check(&model));
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

on_both! {
    async fn the_store_agrees_with_a_model_of_the_money_after_each_step(store: &TestStore) {
        let (handle, db, url) = (Handle::current(), store.db.clone(), store.url.clone());
        tokio::task::spawn_blocking(move || run(&handle, &db, &url)).await.expect("the model agrees");
    }

    async fn payments_are_found_page_by_page_by_what_is_known_of_them(store: &TestStore) {
        let mut real = Real::new(store.db.clone(), store.url.clone());
        for who in [0, 0, 1] {
            assert!(real.carry_out(Move::Pay { who, minor: 500 }).await);
        }
        let waiting = real.ask(real.people[1], 500).await;
        let ids: Vec<PaymentId> = real.payments.iter().map(|report| report.payment_id).collect();
        let found = async |of: PaymentsOf, by: (Option<Method>, Option<PaymentState>), before, limit| {
            let page = store.db.payments_sought(of, by, before, limit).await.expect("read");
            page.into_iter().map(|file| file.payment.id).collect::<Vec<_>>()
        };
        let any = (None, None);
        let (older, newer) = (ids[0].min(ids[1]), ids[0].max(ids[1]));
        let own = PaymentsOf::User(real.people[0]);
        assert_eq!(found(own.clone(), any, None, 1).await, [newer]);
        assert_eq!(found(own, any, Some(newer), 1).await, [older]);
        assert_eq!(found(PaymentsOf::Payment(ids[2]), any, None, 9).await, [ids[2]]);
        assert_eq!(found(PaymentsOf::Number(ids[2].to_string()), any, None, 9).await, [ids[2]]);
        assert_eq!(found(PaymentsOf::Waiting, any, None, 9).await, [waiting]);
        let others = PaymentsOf::User(real.people[1]);
        let succeeded = (Some(Method::Webhook), Some(PaymentState::Succeeded));
        assert_eq!(found(others.clone(), succeeded, None, 9).await, [ids[2]]);
        assert_eq!(found(others, (Some(Method::Manual), None), None, 9).await, Vec::<PaymentId>::new());
        let all = found(PaymentsOf::Anybody, succeeded, None, 9).await;
        assert!(all.len() == 3 && all.is_sorted_by(|one, next| one > next), "{all:?}");
        assert_eq!(found(PaymentsOf::Anybody, succeeded, Some(all[0]), 1).await, [all[1]]);
        let created = Some(PaymentState::Created);
        assert_eq!(found(PaymentsOf::Anybody, (None, created), None, 9).await, [waiting]);
        let by_hand = (Some(Method::Manual), created);
        assert_eq!(found(PaymentsOf::Anybody, by_hand, None, 9).await, Vec::<PaymentId>::new());
        assert_eq!(found(PaymentsOf::Anybody, any, None, 9).await.len(), 4);
    }

    async fn the_ten_places_named_last_are_known_unless_rejected_while_new(store: &TestStore) {
        let mut real = Real::new(store.db.clone(), store.url.clone());
        assert!(real.carry_out(Move::Pay { who: 0, minor: 50 * MIN_MINOR }).await);
        let (db, owner, rules) = (&store.db, real.people[0], PayoutRules::default());
        // From when on money can go there, which an operator decides upon then.
        let decided = async |place: &str, minutes: i64, command: WithdrawalCommand| {
            let (id, at) = (WithdrawalId::from(user().uuid()), after(minutes));
            let (withdrawal, out) =
                Withdrawal::request(id, owner, roubles(MIN_MINOR), "card".to_owned(), None, at).expect("money");
            db.add_withdrawal(withdrawal, out, place.to_owned(), rules, None).await.expect("asked for");
            let waiting = db.withdrawal(id).await.expect("read").expect("the withdrawal");
            let decision = waiting.decide(command, user(), rules, waiting.payable_from.max(at));
            let decision = decision.expect("decided");
            db.move_withdrawal(waiting.clone(), decision, "77".to_owned()).await.expect("moved");
            waiting.payable_from
        };
        let named = async |place: &str, minutes: i64| decided(place, minutes, WithdrawalCommand::Pay).await;
        let rejected =
            async |place: &str, minutes: i64| decided(place, minutes, WithdrawalCommand::Reject).await;
        assert_eq!(named("card", 10).await, after(10), "the first one of all");
        assert_eq!(named("phone", 11).await, after(11) + rules.wait);
        assert_eq!(named("card", 12).await, after(10), "it was known before the other one");
        assert_eq!(named("phone", 13).await, after(11) + rules.wait);
        // A node of the version before notes the last one alone.
        store.sabotage("DELETE FROM payout_places").await;
        assert_eq!(named("phone", 14).await, after(11) + rules.wait);
        for n in 20..29 {
            assert_eq!(named(&format!("card {n}"), n).await, after(n) + rules.wait);
        }
        assert_eq!(named("phone", 30).await, after(11) + rules.wait, "one of ten");
        for n in 31..41 {
            named(&format!("card {n}"), n).await;
        }
        assert_eq!(named("phone", 50).await, after(50) + rules.wait, "the eleventh is new again");
        assert_eq!(named("card 40", 51).await, after(40) + rules.wait);
        // What was rejected while its place was new may have been asked for by a thief.
        let day = 24 * 60;
        assert_eq!(rejected("theirs", 2 * day).await, after(2 * day) + rules.wait);
        assert_eq!(rejected("theirs", 5 * day).await, after(5 * day) + rules.wait, "it is new again");
        // A place that is known stays so.
        assert_eq!(rejected("card 40", 8 * day).await, after(40) + rules.wait);
        assert_eq!(named("card 40", 9 * day).await, after(40) + rules.wait);
        // Nor is it a known place, or the next one the first of all, to a node of the version before.
        assert_eq!(rejected("theirs", 10 * day).await, after(10 * day) + rules.wait);
        store.sabotage("DELETE FROM payout_places").await;
        assert_eq!(named("theirs", 13 * day).await, after(13 * day) + rules.wait);
        store.assert_clean().await;
    }

    async fn notifications_that_a_newer_version_has_written_are_left_out(store: &TestStore) {
        let mut real = Real::new(store.db.clone(), store.url.clone());
        assert!(real.carry_out(Move::Pay { who: 0, minor: 5 * MIN_MINOR }).await);
        for withdrawal in 0..3 {
            assert!(real.carry_out(Move::TakeOut { who: 0, minor: MIN_MINOR }).await);
            assert!(real.carry_out(Move::Decide { withdrawal, pay: false }).await);
        }
        let (db, reader) = (&store.db, real.people[0]);
        let (all, unread) = db.notifications(reader, None, 9).await.expect("a list");
        assert_eq!((all.len(), unread), (3, 3));
        if !store.is_sqlite() {
            let checks = "DROP CONSTRAINT notifications_kind_known, DROP CONSTRAINT notifications_about_something, \
                DROP CONSTRAINT notifications_about_withdrawal";
            store.sabotage(&format!("ALTER TABLE notifications {checks}")).await;
        }
        let newer = all[1].seq;
        store.sabotage(&format!("UPDATE notifications SET kind = 'of_tomorrow' WHERE seq = {newer}")).await;
        let known = vec![all[0].clone(), all[2].clone()];
        assert_eq!(db.notifications(reader, None, 2).await, Ok((known, 2)), "a page is full all the same");
        assert_eq!(db.notifications(reader, Some(all[0].seq), 1).await, Ok((vec![all[2].clone()], 2)));
        assert_eq!(db.notification(reader, newer).await, Ok(None), "no letter is written of it");
    }
}
