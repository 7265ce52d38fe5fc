//! Money that several people decide upon at the same moment, or upon a copy that is not true any more: the
//! second one sees what the first has done, or is told of a conflict.

use futures_util::future::join_all;
use peerpack::store::TelegramProfile;
use peerpack_actors::ids::{PaymentId, RefundId, UserId, WithdrawalId};
use peerpack_actors::market::package::Package;
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::money::payment::{
    Cost, Method, OPEN_FOR, Payment, PaymentCommand, PaymentState, Purpose, Report, ReportedCharge,
    ReportedStatus,
};
use peerpack_actors::money::withdrawal::{MIN_MINOR, PayoutRules, Withdrawal, WithdrawalCommand};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::CommitError;

use super::databases::{TestStore, on_both};
use super::world::{accept, after, command, offered, package, publish_package, ready, step, user};

/// What is paid in.
const PAID_MINOR: i64 = 50_000;

/// Has all wallets in hand, and changes nothing.
const WALLETS: &str = "UPDATE wallets SET balance = balance";

const NOTHING: &str = "SELECT 1";

/// Somebody pays money in; answers with what the acquirer says of it.
async fn paid_in(store: &TestStore, who: UserId) -> Report {
    let (id, amount) = (PaymentId::from(user().uuid()), Amount::new(PAID_MINOR, Currency::Rub));
    let payment = Payment {
        id,
        user: who,
        purpose: Purpose::TopUp,
        method: Method::Webhook,
        amount,
        state: PaymentState::Created,
        state_at: after(1),
        reference: id.to_string(),
        invoice_url: None,
        created_at: after(1),
        expires_at: after(1) + OPEN_FOR,
    };
    store.db.add_payment(payment, None).await.expect("asked for");
    let charge = ReportedCharge {
        charge_id: id.to_string(),
        provider_charge_id: None,
        amount_minor: PAID_MINOR,
        currency: amount.currency,
        refunds: Vec::new(),
        charged_back_minor: 0,
    };
    let report =
        Report { payment_id: id, status: ReportedStatus::Paid, invoice_url: None, charges: vec![charge] };
    let command = PaymentCommand::Learn(report.clone());
    store.db.move_payment(id, command, after(2), None).await.expect("an answer").expect("the payment");
    report
}

/// Somebody takes money out, to a place; answers with the withdrawal as it is kept.
async fn taken_out(store: &TestStore, who: UserId, place: &str) -> Withdrawal {
    let (id, amount) = (WithdrawalId::from(user().uuid()), Amount::new(MIN_MINOR, Currency::Rub));
    let (withdrawal, out) =
        Withdrawal::request(id, who, amount, "card".to_owned(), None, after(4)).expect("money");
    let added = store.db.add_withdrawal(withdrawal, out, place.to_owned(), PayoutRules::default(), None);
    added.await.expect("taken out");
    withdrawal_of(store, id).await
}

async fn withdrawal_of(store: &TestStore, id: WithdrawalId) -> Withdrawal {
    store.db.withdrawal(id).await.expect("an answer").expect("the withdrawal")
}

on_both! {
    async fn a_charge_goes_back_once_however_many_give_it_back_at_once(store: &TestStore) {
        let id = paid_in(store, user()).await.payment_id;
        let give_back = || {
            let command = PaymentCommand::Refund {
                id: RefundId::from(user().uuid()),
                charge: None,
                minor: Some(PAID_MINOR),
                cost: Cost::Platform,
                reason: "asked for".to_owned(),
                by: Some(user()),
            };
            store.db.move_payment(id, command, after(3), None)
        };
        let all = join_all((0..3).map(|_| give_back()));
        let answers = store.held_up([WALLETS, NOTHING], 3, all).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        let file = store.db.payment(id).await.expect("an answer").expect("the payment");
        assert_eq!((file.refunds.len(), file.left_of(&file.charges[0])), (1, 0));
        store.assert_clean().await;
    }

    async fn a_bank_takes_from_a_wallet_what_is_left_in_it_by_then(store: &TestStore) {
        let anna = user();
        let mut report = paid_in(store, anna).await;
        report.charges[0].charged_back_minor = PAID_MINOR;
        let learn = store.db.move_payment(report.payment_id, PaymentCommand::Learn(report), after(3), None);
        let (file, _) = store
            .meanwhile("UPDATE wallets SET balance = 100", learn)
            .await
            .expect("it is spent, and the platform bears the rest")
            .expect("the payment");
        assert_eq!(file.payment.state, PaymentState::ChargedBack);
        assert_eq!(store.db.balances(anna).await.expect("an answer")[0].available_minor, 0);
    }

    async fn of_places_that_are_named_at_once_one_is_paid_to_without_a_wait(store: &TestStore) {
        let profile = TelegramProfile {
            telegram_id: 279_058_397,
            name: "Иван".to_owned(),
            username: None,
            language: None,
            avatar: None,
        };
        let ivan = store.db.upsert_telegram_user(profile, user(), after(0)).await.expect("signed in").0.id;
        paid_in(store, ivan).await;
        let all = join_all(["one", "two", "three"].map(|place| taken_out(store, ivan, place)));
        let withdrawals = store.held_up([WALLETS, NOTHING], 3, all).await;
        let mut from: Vec<_> = withdrawals.into_iter().map(|one| one.payable_from).collect();
        from.sort();
        let later = after(4) + PayoutRules::default().wait;
        assert_eq!(from, [after(4), later, later]);
    }

    async fn of_what_operators_decide_upon_the_same_copy_the_first_stands(store: &TestStore) {
        let ivan = user();
        paid_in(store, ivan).await;
        let (olga, petr) = (user(), user());
        let rules = PayoutRules { second_above_minor: 0, ..PayoutRules::default() };
        let moves = async |copy: &Withdrawal, what, by, note: &str| {
            let decision = copy.decide(what, by, rules, after(5)).expect("decided");
            store.db.move_withdrawal(copy.clone(), decision, note.to_owned()).await.map(drop)
        };
        let (pay, reject) = (WithdrawalCommand::Pay, WithdrawalCommand::Reject);

        // Both agree; and one of them gives it back, who does not know that the other has agreed.
        let copy = taken_out(store, ivan, "card").await;
        assert_eq!(moves(&copy, pay, olga, "first").await, Ok(()));
        for what in [pay, reject] {
            assert_eq!(moves(&copy, what, petr, "second").await, Err(CommitError::Conflict), "{what:?}");
        }
        let kept = withdrawal_of(store, copy.id).await;
        assert_eq!((kept.approved.map(|first| first.by), kept.state.word()), (Some(olga), "queued"));
        assert_eq!(kept.approval_note.as_deref(), Some("first"));
        assert_eq!(moves(&kept, pay, petr, "77").await, Ok(()), "who has seen it sends the money");

        // One agrees to what the other has given back.
        let copy = taken_out(store, ivan, "card").await;
        assert_eq!(moves(&copy, reject, olga, "first").await, Ok(()));
        assert_eq!(moves(&copy, pay, petr, "second").await, Err(CommitError::Conflict));
        let kept = withdrawal_of(store, copy.id).await;
        assert_eq!((kept.approved, kept.state.word()), (None, "rejected"));
        store.assert_clean().await;
    }

    /// Otherwise two who need the same wallets wait for each other.
    async fn a_unit_that_waits_for_a_wallet_has_no_other_one_in_hand(store: &TestStore) {
        let (first, trip, request) = ready(&store.db, 1_000, 5_000).await;
        let second = package(user(), 1_000);
        publish_package(&store.db, &second).await;
        let other = offered(&store.db, &second, &trip, 0, 3).await;
        for (package, request) in [(&first, request), (&second, other)] {
            accept(&store.db, package.id, &trip, request).await.expect("claimed");
            let deliver = step(request, RequestCommand::Deliver { by: trip.courier });
            command(&store.db, package.id, None, &deliver, after(3)).await.expect("delivered");
        }
        let confirms = |package: &Package, request| {
            let (id, confirm) = (package.id, RequestCommand::Confirm { by: package.sender });
            async move { command(&store.db, id, None, &step(request, confirm), after(4)).await }
        };
        confirms(&first, request).await.expect("the courier has a wallet now");
        let hold = "UPDATE wallets SET balance = balance WHERE kind = 'available'";
        let is_free = "SELECT balance FROM wallets WHERE kind = 'pending' FOR UPDATE NOWAIT";
        store.held_up([hold, is_free], 1, confirms(&second, other)).await.expect("confirmed");
        store.assert_clean().await;
    }
}
