//! The audit bites: each violation is planted behind the store's back and must be reported.

use peerpack_actors::ids::{PaymentId, UserId, WithdrawalId};
use peerpack_actors::market::request::RequestCommand;
use peerpack_actors::money::highlight::{Highlight, Subject};
use peerpack_actors::money::payment::{
    Method, OPEN_FOR, Payment, PaymentCommand, PaymentState, Purpose, Report, ReportedCharge, ReportedStatus,
};
use peerpack_actors::money::withdrawal::{MIN_MINOR, PayoutRules, Withdrawal, WithdrawalCommand};
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::time::Span;

use super::databases::{TestStore, on_both};
use super::world::{
    accept, after, command, offered, package, publish_package, publish_trip, ready, step, trip, user,
};

/// A database with a bit of everything: an open package with an offer, a deal on its way, one confirmed, one
/// called off; and a courier who has taken money out three times: paid, given back, and not decided yet.
async fn some_of_everything(store: &TestStore) {
    ready(&store.db, 10, 1_000).await;
    for steps in 0..3 {
        let (package, trip, request) = ready(&store.db, 10, 1_000).await;
        accept(&store.db, package.id, &trip, request).await.expect("claimed");
        let steps: &[RequestCommand] = match steps {
            0 => &[],
            1 => &[
                RequestCommand::Deliver { by: trip.courier },
                RequestCommand::Confirm { by: package.sender },
            ],
            _ => &[RequestCommand::Cancel { by: trip.courier }],
        };
        for request_command in steps {
            let command_now = step(request, request_command.clone());
            command(&store.db, package.id, None, &command_now, after(3)).await.expect("moved");
        }
    }
    take_out(store).await;
    store.assert_clean().await;
}

async fn take_out(store: &TestStore) {
    let (package, trip, request) = ready(&store.db, 10, 1_000).await;
    accept(&store.db, package.id, &trip, request).await.expect("claimed");
    for then in [RequestCommand::Deliver { by: trip.courier }, RequestCommand::Confirm { by: package.sender }]
    {
        command(&store.db, package.id, None, &step(request, then), after(3)).await.expect("moved");
    }
    for decision in [Some(WithdrawalCommand::Pay), Some(WithdrawalCommand::Reject), None] {
        let id = WithdrawalId::from(user().uuid());
        let amount = Amount::new(MIN_MINOR, Currency::Rub);
        let (withdrawal, out) =
            Withdrawal::request(id, trip.courier, amount, "card".to_owned(), None, after(4)).expect("money");
        let rules = PayoutRules::default();
        let added = store.db.add_withdrawal(withdrawal.clone(), out, "card".to_owned(), rules, None).await;
        added.expect("taken out");
        if let Some(decision) = decision {
            let decided = withdrawal.decide(decision, user(), rules, after(5)).expect("decided");
            store.db.move_withdrawal(withdrawal, decided, "77".to_owned()).await.expect("moved");
        }
    }
}

/// A payment that was charged once.
async fn paid(store: &TestStore, method: Method, purpose: Purpose, currency: Currency) {
    let (id, amount) = (PaymentId::from(user().uuid()), Amount::new(MIN_MINOR, currency));
    let payment = Payment {
        id,
        user: user(),
        purpose,
        method,
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
        amount_minor: amount.minor,
        currency,
        refunds: Vec::new(),
        charged_back_minor: 0,
    };
    let (status, charges) = (ReportedStatus::Paid, vec![charge]);
    let report = Report { payment_id: id, status, invoice_url: None, charges };
    let moved = store.db.move_payment(id, PaymentCommand::Learn(report), after(2), None).await;
    moved.expect("paid").expect("the payment");
    store.assert_clean().await;
}

async fn topped_up(store: &TestStore) {
    paid(store, Method::Webhook, Purpose::TopUp, Currency::Rub).await;
}

async fn highlighted(store: &TestStore) {
    let trip = trip(user(), 1, 1_000);
    publish_trip(&store.db, &trip).await;
    let highlight = Highlight { of: Subject::Trip(trip.id), lasts: Span::hours(72) };
    paid(store, Method::Stars, Purpose::Highlight(highlight), Currency::Xtr).await;
}

const STARS: &str = "stars have bought nothing and do not go back, or have done both";

const OUT: &str = "what has left a wallet is not what is on its way out or was paid";

fn blob(store: &TestStore, id: UserId) -> String {
    let hex = id.uuid().simple().to_string();
    if store.is_sqlite() { format!("x'{hex}'") } else { format!("'{hex}'::uuid") }
}

/// Lets a violation in that a constraint would keep out; SQLite has its own switch for CHECKs.
fn without(store: &TestStore, table: &str, check: &str) -> String {
    if store.is_sqlite() { String::new() } else { format!("ALTER TABLE {table} DROP CONSTRAINT {check};") }
}

/// Plants a violation in a fresh database and expects to be told of it.
async fn bites(store: &TestStore, statements: &str, rule: &str) {
    some_of_everything(store).await;
    store.sabotage(statements).await;
    let found = store.db.audit().await.expect("the audit runs");
    assert!(found.iter().any(|violation| violation.contains(rule)), "{rule:?} is not among {found:#?}");
}

on_both! {
    async fn two_deals_for_one_package(store: &TestStore) {
        let package = package(user(), 10);
        publish_package(&store.db, &package).await;
        for _ in 0..2 {
            let trip = trip(user(), 1, 1_000);
            publish_trip(&store.db, &trip).await;
            offered(&store.db, &package, &trip, 0, 1).await;
        }
        let plant = "DROP INDEX requests_one_deal_per_package; \
            UPDATE requests SET state = 'accepted', state_at = 1 WHERE state = 'pending'";
        bites(store, plant, "a package has two deals").await;
    }

    async fn a_package_and_its_deal_in_different_states(store: &TestStore) {
        let plant = "UPDATE packages SET state = 'in_transit' WHERE state = 'assigned'";
        bites(store, plant, "a package and its deal are in different states").await;
    }

    async fn a_package_whose_deal_is_missing(store: &TestStore) {
        let plant = format!("UPDATE packages SET deal = {} WHERE state = 'assigned'", blob(store, user()));
        bites(store, &plant, "a package and its deal are in different states").await;
    }

    async fn a_deal_that_its_package_does_not_know(store: &TestStore) {
        let plant = "UPDATE requests SET state = 'accepted', state_at = 1 WHERE state = 'pending'";
        bites(store, plant, "a deal holds a package that does not know it").await;
    }

    async fn a_request_for_a_package_that_is_not_open(store: &TestStore) {
        let plant = "UPDATE packages SET state = 'cancelled', state_at = 1 WHERE state = 'open'";
        bites(store, plant, "a request waits for a package that is not open").await;
    }

    async fn a_request_that_names_other_people(store: &TestStore) {
        let plant = format!("UPDATE requests SET courier = {} WHERE state = 'pending'", blob(store, user()));
        bites(store, &plant, "a request names other people than its package and trip").await;
    }

    async fn a_parcel_promised_by_a_cancelled_trip(store: &TestStore) {
        let plant = "UPDATE trips SET state = 'cancelled', state_at = 1 \
            WHERE id IN (SELECT trip_id FROM requests WHERE state = 'accepted')";
        bites(store, plant, "a parcel is promised or on board of a cancelled trip").await;
    }

    async fn a_trip_with_a_leg_missing(store: &TestStore) {
        bites(store, "DELETE FROM trip_legs WHERE leg = 1", "a trip's legs have gaps").await;
    }

    async fn a_leg_over_its_capacity(store: &TestStore) {
        let drop = without(store, "trip_legs", "trip_legs_within_capacity");
        let plant = format!("{drop} UPDATE trip_legs SET used_g = capacity_g + 1 WHERE leg = 0");
        bites(store, &plant, "a leg holds more than its capacity or less than nothing").await;
    }

    async fn a_leg_whose_sum_is_wrong(store: &TestStore) {
        let plant = "UPDATE trip_legs SET used_n = used_n + 1 WHERE leg = 2";
        bites(store, plant, "the room used on a leg is not the sum of its deals").await;
    }

    async fn a_deal_on_a_leg_that_is_not_there(store: &TestStore) {
        let plant = "UPDATE requests SET leg_to = 9 WHERE state = 'confirmed'";
        bites(store, plant, "a deal rides on a leg that is not there").await;
    }

    async fn a_detour_whose_sum_is_wrong(store: &TestStore) {
        let plant = "UPDATE trips SET detour_used_min = detour_used_min + 1";
        bites(store, plant, "the detour used by a trip is not the sum of its deals").await;
    }

    async fn an_escrow_in_another_state_than_its_request(store: &TestStore) {
        let plant = "UPDATE escrows SET state = 'released' WHERE state = 'refunded'";
        bites(store, plant, "an escrow and its request are in different states").await;
    }

    async fn a_deal_without_an_escrow(store: &TestStore) {
        let plant = "DELETE FROM escrows WHERE state = 'held'";
        bites(store, plant, "an escrow and its request are in different states").await;
    }

    async fn an_escrow_for_another_amount(store: &TestStore) {
        let plant = "UPDATE escrows SET amount_minor = amount_minor + 1 WHERE state = 'refunded'";
        bites(store, plant, "an escrow is not for what its request says").await;
    }

    async fn money_that_lies_elsewhere(store: &TestStore) {
        let plant = "DELETE FROM transfers WHERE key LIKE '%:hold'";
        bites(store, plant, "the money of an escrow does not lie where its state says").await;
    }

    async fn a_negative_wallet(store: &TestStore) {
        let drop = without(store, "wallets", "wallets_not_negative");
        bites(
            store,
            &format!("{drop} UPDATE wallets SET balance = -1 WHERE balance = 0"),
            "a wallet is negative",
        )
        .await;
    }

    async fn a_wallet_that_is_not_the_sum_of_its_transfers(store: &TestStore) {
        let plant = "UPDATE wallets SET balance = balance + 1 WHERE kind = 'available'";
        bites(store, plant, "a wallet is not the sum of its transfers").await;
    }

    async fn a_wallet_that_is_missing(store: &TestStore) {
        let plant = "DELETE FROM wallets WHERE kind = 'frozen'";
        bites(store, plant, "a wallet is not the sum of its transfers").await;
    }

    async fn a_withdrawal_without_its_money(store: &TestStore) {
        let plant = "UPDATE withdrawals SET amount_minor = amount_minor + 1 WHERE state = 'queued'";
        bites(store, plant, OUT).await;
    }

    async fn a_withdrawal_that_is_missing(store: &TestStore) {
        bites(store, "DELETE FROM withdrawals WHERE state = 'paid'", OUT).await;
    }

    async fn money_that_went_back_and_was_paid_as_well(store: &TestStore) {
        bites(store, "UPDATE withdrawals SET state = 'paid' WHERE state = 'rejected'", OUT).await;
    }

    async fn money_that_was_given_up_and_did_not_go_back(store: &TestStore) {
        bites(store, "DELETE FROM transfers WHERE key LIKE '%:return'", OUT).await;
    }

    async fn a_deal_that_nothing_is_held_for(store: &TestStore) {
        let plant = "UPDATE wallets SET balance = balance + 1 WHERE kind = 'frozen'";
        bites(store, plant, "the money held for somebody is not what their deals hold").await;
    }

    async fn a_package_that_was_paid_for_without_money(store: &TestStore) {
        let plant = "UPDATE packages SET payment = 'on_publish' WHERE state = 'open'";
        bites(store, plant, "the money reserved by somebody is not what their waiting packages were paid with").await;
    }

    async fn a_payment_that_moved_other_money_than_it_was_charged(store: &TestStore) {
        topped_up(store).await;
        let plant = "UPDATE payment_charges SET amount_minor = amount_minor + 1";
        bites(store, plant, "the money of a payment is not what was charged less what went back").await;
    }

    async fn a_payment_in_another_state_than_its_money(store: &TestStore) {
        topped_up(store).await;
        let plant = "UPDATE payments SET state = 'refunded'";
        bites(store, plant, "a payment is not in the state that its money says").await;
    }

    async fn stars_that_became_money(store: &TestStore) {
        highlighted(store).await;
        let plant = "UPDATE transfers SET currency = 'RUB' WHERE from_kind = 'stars_provider'";
        bites(store, plant, "stars and money are mixed").await;
    }

    async fn stars_that_bought_nothing(store: &TestStore) {
        highlighted(store).await;
        bites(store, "DELETE FROM highlights", STARS).await;
    }

    async fn a_mark_whose_stars_went_back(store: &TestStore) {
        highlighted(store).await;
        let plant = "UPDATE payment_charges SET charged_back_minor = amount_minor WHERE method = 'stars'";
        bites(store, plant, STARS).await;
    }

    async fn a_step_before_its_beginning(store: &TestStore) {
        let plant = "UPDATE requests SET state_at = 1 WHERE state = 'confirmed'";
        bites(store, plant, "a step is dated before what it is a step of").await;
    }

    async fn a_stream_with_an_event_lost(store: &TestStore) {
        bites(store, "DELETE FROM events WHERE seq = 1", "a stream has gaps").await;
    }

    async fn a_stream_with_a_number_too_high(store: &TestStore) {
        bites(store, "UPDATE streams SET top = top + 1", "a stream has gaps").await;
    }

    async fn an_event_without_a_stream(store: &TestStore) {
        bites(store, "DELETE FROM streams", "an event belongs to no stream").await;
    }
}
