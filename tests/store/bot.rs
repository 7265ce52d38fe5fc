//! The outbox and Telegram's updates as they are stored: what somebody else has taken over is not settled by
//! who had it before, a chat is told one thing at a time, and an update that comes twice is one.

use peerpack::store::{Arrived, Database, Outgoing, Settings, Settled, TelegramProfile};
use peerpack_actors::ids::{PaymentId, UserId};
use peerpack_actors::money::payment::PaymentState;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::Store as _;
use peerpack_actors::stream::message::Class;
use peerpack_actors::stream::{Notice, PaymentChanged, StreamEvent, reminder};
use peerpack_actors::time::Span;
use peerpack_actors::unit::Unit;

use super::databases::{TestStore, on_both};
use super::world::{after, trip, user};

/// All classes of messages.
const ALL: (u32, u32) = (0, 9);

/// The same store, with a bot.
async fn with_a_bot(store: &TestStore) -> Database {
    let mut settings = Settings::new(store.url.clone());
    settings.sends_messages = true;
    Database::connect(&settings).await.expect("an answer")
}

/// Somebody who lets the bot write.
async fn listener(db: &Database) -> UserId {
    let fresh = user();
    let telegram_id = i64::try_from(fresh.uuid().as_u128() & 0xffff_ffff).expect("one that is there");
    let profile = TelegramProfile {
        telegram_id,
        name: "Иван".to_owned(),
        username: None,
        language: None,
        avatar: None,
    };
    db.upsert_telegram_user(profile, fresh, after(0)).await.expect("an answer");
    db.let_bot_write(fresh, true, after(0)).await.expect("an answer");
    fresh
}

/// Money has come for somebody, so many times.
async fn tell(db: &Database, to: UserId, times: usize) {
    for _ in 0..times {
        let change = PaymentChanged {
            payment_id: PaymentId::from(user().uuid()),
            state: PaymentState::Succeeded,
            amount: 5.0,
            paid: 5.0,
            refunded: 0.0,
            newly_paid: 5.0,
            newly_refunded: 0.0,
            newly_charged_back: 0.0,
            currency: Currency::Rub,
            package_id: None,
            trip_id: None,
            package_gone: false,
        };
        let mut unit = Unit::balance_moved(to, Amount::new(1, Currency::Rub), after(0));
        unit.notices = vec![Notice { to, event: StreamEvent::PaymentUpdated(change) }];
        db.commit(unit).await.expect("an answer");
    }
}

/// Takes what is due for a minute.
async fn take(db: &Database, minute: i64) -> Vec<Outgoing> {
    db.take_messages(ALL, after(minute), after(minute + 1), 10).await.expect("an answer")
}

/// It has arrived as a new message.
const SENT: Settled = Settled::Sent(Arrived { message_id: Some(7), is_new: true });

/// Every end that a message can have.
fn ends() -> [Settled; 5] {
    let later = Settled::Later { due_at: after(900), error: None, counts: true, digest: false };
    [SENT, Settled::Dropped, later, Settled::Unknown("no answer".to_owned()), Settled::Dead("no".to_owned())]
}

on_both! {
    async fn who_had_a_message_before_settles_nothing_any_more(store: &TestStore) {
        let db = with_a_bot(store).await;
        let ivan = listener(&db).await;
        for end in ends() {
            tell(&db, ivan, 1).await;
            let before = take(&db, 1).await.pop().expect("one that is there");
            assert!(take(&db, 1).await.is_empty(), "it is somebody's");
            // The lease is over, and somebody else has it now.
            let now = take(&db, 3).await.pop().expect("one that is there");
            assert_eq!((now.seq, now.fence, now.is_lost), (before.seq, before.fence + 1, true));
            assert!(!db.settle_message(&before, end.clone(), after(3)).await.expect("an answer"), "{end:?}");
            let figures = db.outbox_figures(after(3)).await.expect("an answer");
            assert_eq!((figures.waiting, figures.unknown, figures.dead), (1, 0, 0), "{end:?}");
            assert!(take(&db, 3).await.is_empty(), "and still has it: {end:?}");
            assert!(db.settle_message(&now, Settled::Dropped, after(3)).await.expect("an answer"), "{end:?}");
            assert!(!db.settle_message(&now, end, after(3)).await.expect("an answer"), "once");
        }
        db.close().await;
    }

    async fn a_chat_is_told_one_thing_at_a_time_and_the_oldest_first(store: &TestStore) {
        let db = with_a_bot(store).await;
        let (ivan, olga) = (listener(&db).await, listener(&db).await);
        tell(&db, ivan, 3).await;
        tell(&db, olga, 1).await;
        let mut told = Vec::new();
        for minute in 1..=3 {
            let taken = take(&db, minute).await;
            assert_eq!(taken.iter().filter(|message| message.user == ivan).count(), 1, "{taken:?}");
            assert_eq!(taken.iter().any(|message| message.user == olga), minute == 1);
            for message in taken {
                told.extend((message.user == ivan).then_some(message.seq));
                db.settle_message(&message, SENT, after(minute)).await.expect("an answer");
            }
        }
        assert!(told.is_sorted() && told.len() == 3, "{told:?}");
        // A chat that has to wait holds up nobody else.
        tell(&db, ivan, 1).await;
        tell(&db, olga, 1).await;
        db.mute_chat(ivan, after(60)).await.expect("an answer");
        let taken = take(&db, 5).await;
        assert_eq!(taken.iter().map(|message| message.user).collect::<Vec<_>>(), [olga]);
        assert_eq!(take(&db, 61).await.iter().filter(|message| message.user == ivan).count(), 1);
        db.close().await;
    }

    async fn a_message_that_is_edited_is_in_no_bound_of_an_hour(store: &TestStore) {
        let db = with_a_bot(store).await;
        let ivan = listener(&db).await;
        tell(&db, ivan, 3).await;
        for (minute, is_new, counted) in [(1, true, 1), (2, false, 1), (3, true, 2)] {
            let message = take(&db, minute).await.pop().expect("one that is there");
            let sent = Settled::Sent(Arrived { message_id: Some(7), is_new });
            assert!(db.settle_message(&message, sent, after(minute)).await.expect("an answer"));
            assert_eq!(db.bot_settings(ivan).await.expect("an answer").hour.1, counted, "{minute}");
        }
        db.close().await;
    }

    async fn what_is_for_many_holds_up_nobody(store: &TestStore) {
        let db = with_a_bot(store).await;
        for _ in 0..100 {
            let courier = listener(&db).await;
            let mut unit = Unit::balance_moved(courier, Amount::new(1, Currency::Rub), after(0));
            unit.notices = vec![reminder(&trip(courier, 3, 1_000))];
            db.commit(unit).await.expect("an answer");
        }
        let olga = listener(&db).await;
        tell(&db, olga, 1).await;
        let next = async |limit| db.take_messages(ALL, after(1), after(2), limit).await.expect("an answer");
        let first = next(1).await;
        assert_eq!(first.iter().map(|message| message.user).collect::<Vec<_>>(), [olga], "the last one");
        let others = next(200).await;
        assert_eq!(others.len(), 100);
        assert!(others.iter().all(|message| message.class == Class::Bulk));
        db.close().await;
    }

    async fn an_update_that_comes_twice_is_one_also_when_it_was_done_long_ago(store: &TestStore) {
        let db = &store.db;
        let (first, again) = ("{\"update_id\":5}".to_owned(), "{\"update_id\":5,\"x\":1}".to_owned());
        assert!(db.add_update(5, first.clone(), after(0)).await.expect("an answer"));
        assert!(!db.add_update(5, again.clone(), after(0)).await.expect("an answer"));
        let taken = db.take_updates(after(1), after(2), 10).await.expect("an answer");
        assert_eq!(taken.iter().map(|update| update.body.as_str()).collect::<Vec<_>>(), [first.as_str()]);
        assert!(db.finish_update(&taken[0], after(1)).await.expect("an answer"));
        assert!(!db.add_update(5, again, after(2)).await.expect("an answer"));
        assert_eq!(db.take_updates(after(3), after(4), 10).await.expect("an answer"), []);
    }

    async fn who_had_an_update_before_neither_finishes_nor_fails_it(store: &TestStore) {
        let db = &store.db;
        db.add_update(6, "{}".to_owned(), after(0)).await.expect("an answer");
        let before = db.take_updates(after(1), after(2), 10).await.expect("an answer").pop().expect("one that is there");
        assert_eq!(db.take_updates(after(1), after(2), 10).await.expect("an answer"), [], "it is somebody's");
        let now = db.take_updates(after(3), after(4), 10).await.expect("an answer").pop().expect("one that is there");
        assert!(!db.finish_update(&before, after(3)).await.expect("an answer"));
        db.fail_update(&before, "too late".to_owned(), None, after(3)).await.expect("an answer");
        db.fail_update(&before, "too late".to_owned(), Some(after(3)), after(3)).await.expect("an answer");
        assert_eq!(db.take_updates(after(3), after(4), 10).await.expect("an answer"), [], "it is still somebody's");
        assert!(db.finish_update(&now, after(3)).await.expect("an answer"));
    }

    async fn one_node_asks_for_updates_and_a_former_one_moves_nothing(store: &TestStore) {
        let db = &store.db;
        let lease = Span::minutes(1);
        let hold = async |minute: i64| {
            db.hold_polling(after(minute), after(minute) + lease).await.expect("an answer")
        };
        let first = hold(0).await.expect("an answer");
        assert_eq!(hold(0).await, None, "somebody asks already");
        let second = hold(2).await.expect("an answer");
        assert_eq!(second.fence, first.fence + 1);
        assert!(!db.renew_polling(&first, after(9)).await.expect("an answer"), "it is not the first one's any more");
        let late = vec![(10, "{}".to_owned())];
        assert!(!db.keep_updates(&first, late.clone(), 11, after(2)).await.expect("an answer"));
        assert_eq!(db.take_updates(after(2), after(3), 10).await.expect("an answer"), [], "nothing of it was kept");
        assert!(db.keep_updates(&second, late, 11, after(2)).await.expect("an answer"));
        assert_eq!(db.take_updates(after(2), after(3), 10).await.expect("an answer").len(), 1);
        assert_eq!(hold(5).await.map(|third| third.next_update), Some(11));
    }
}
