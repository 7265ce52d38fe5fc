//! Many messages, with floods, failures and senders that die, on two nodes: none is lost, and none comes
//! twice that may not.

use std::time::Duration;

use peerpack::app::SystemClock;
use peerpack::store::{Database, OutboxFigures, Settings};
use peerpack_actors::ids::{PaymentId, TripId, UserId};
use peerpack_actors::market::trip::Trip;
use peerpack_actors::money::payment::PaymentState;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::ports::{Clock as _, Store as _};
use peerpack_actors::stream::{Notice, PaymentChanged, StreamEvent, reminder};
use peerpack_actors::unit::Unit;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::telegram::{Manner, Telegram};
use crate::faults::process::Process;
use crate::support::{Backend, TestUser, at_full_size, backends, fresh_postgres, sign_in_at};

/// How long it may take in all, beyond what the pace of news for many takes: two leases of senders that died.
const LONGEST: Duration = Duration::from_secs(150);

/// People, and what each of them is told: of money, of a deal, and of what is told to many.
struct Crowd {
    people: Vec<(TestUser, Trip)>,
    payments: usize,
    reminders: usize,
}

impl Crowd {
    async fn gather(url: &str, database: &Database) -> Self {
        let (count, payments, reminders) = if at_full_size() { (50, 180, 20) } else { (10, 20, 4) };
        let mut people = Vec::new();
        for _ in 0..count {
            let user = sign_in_at(url, "Иван").await;
            user.post("/api/bot/notifications/initial", json!({ "granted": true })).await;
            let trip: TripId = user.publish_trip("Иркутск", "Улан-Удэ", json!({})).await.parse().unwrap();
            people.push((user, database.trip(trip).await.unwrap().unwrap()));
        }
        Self { people, payments, reminders }
    }

    /// Everybody is asked to carry something, by the person beside them: what stands for a deal.
    async fn ask(&self) {
        for (number, (courier, trip)) in self.people.iter().enumerate() {
            let (sender, _) = &self.people[(number + 1) % self.people.len()];
            let what = parcel_for(courier);
            let ask = json!({ "message": "Возьмёте?", "reward": 70, "packageDescription": what });
            let path = format!("/api/couriers/{}/send-package", trip.id);
            let (status, answer) = sender.post_patiently(&path, ask).await;
            assert!(status.is_success(), "{answer}");
        }
    }

    /// What Telegram does wrong meanwhile.
    fn disturb(&self, telegram: &Telegram) {
        let mut dice = StdRng::seed_from_u64(2026);
        for (user, _) in &self.people {
            let manner = |_| match dice.random_range(0..100) {
                0..8 => Manner::Flood(1),
                8..12 => Manner::Fails,
                12..16 => Manner::DoesItAndFails,
                16..18 => Manner::DoesItAndBabbles,
                _ => Manner::Well,
            };
            let manners: Vec<_> = (0..self.payments + self.reminders).map(manner).collect();
            telegram.next(user.telegram(), &manners);
        }
    }

    /// Tells everybody everything.
    async fn tell(&self, database: &Database) {
        let rounds = self.payments.max(self.reminders);
        for round in 0..rounds {
            for (user, trip) in &self.people {
                let to: UserId = user.id.parse().unwrap();
                let mut unit = Unit::balance_moved(to, Amount::new(1, Currency::Rub), SystemClock.now());
                unit.notices.clear();
                if round < self.payments {
                    unit.notices.push(payment(to));
                }
                if round < self.reminders {
                    unit.notices.push(reminder(trip));
                }
                database.commit(unit).await.unwrap();
            }
        }
    }

    async fn until_told(&self, database: &Database, longest: Duration) -> OutboxFigures {
        let deadline = Instant::now() + longest;
        loop {
            let figures = database.outbox_figures(SystemClock.now()).await.unwrap();
            if figures.waiting == 0 {
                return figures;
            }
            assert!(Instant::now() < deadline, "{figures:?} are left");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Money and what stands for a deal are told of at least once, news for many at most once, and what is
    /// not known to have arrived is counted.
    fn check(&self, telegram: &Telegram, figures: OutboxFigures) {
        assert_eq!(figures.dead, 0, "{figures:?}");
        let (mut arrived, mut repeated) = (0, 0);
        for (user, _) in &self.people {
            let chat = telegram.chat(user.telegram());
            let mut numbers: Vec<&str> =
                chat.iter().filter_map(|text| Some(text.split_once("№ ")?.1)).collect();
            let sent = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            repeated += sent - numbers.len();
            let asked = chat.iter().filter(|text| text.contains(&parcel_for(user))).count();
            assert!(asked >= 1, "what stands for a deal is sent until it has arrived");
            assert_eq!(numbers.len(), self.payments, "each payment, whose number tells repetitions apart");
            let reminders = chat.iter().filter(|text| text.contains("Скоро поездка")).count();
            assert!(reminders <= self.reminders, "{reminders}");
            arrived += reminders;
        }
        let (money, all) = (self.payments * self.people.len(), self.reminders * self.people.len());
        eprintln!(
            "{money} messages of money arrived, {repeated} of them again; {arrived} of {all} for many; {} unknown",
            figures.unknown
        );
        assert!(
            arrived + usize::try_from(figures.unknown).unwrap() >= all,
            "{arrived} of {all}, {figures:?}"
        );
    }
}

fn parcel_for(courier: &TestUser) -> String {
    format!("Ноты {}", courier.telegram())
}

fn payment(to: UserId) -> Notice {
    let change = PaymentChanged {
        payment_id: PaymentId::new(SystemClock.now(), SystemClock.random()),
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
    Notice { to, event: StreamEvent::PaymentUpdated(change) }
}

#[actix_web::test]
async fn f48_a_crowd_is_told_everything_through_floods_failures_and_kills() {
    for backend in backends() {
        let telegram = Telegram::start();
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let mut settings = telegram.settings("webhook");
        settings.extend([
            ("PEERPACK_BOT_MESSAGES_PER_H", "1000"),
            ("PEERPACK_JWT_SECRET", "a secret that both nodes share, of 32 bytes"),
        ]);
        let postgres = if backend == Backend::Postgres { Some(fresh_postgres().await) } else { None };
        let url = postgres.clone().unwrap_or_else(|| folders[0].path().display().to_string());
        let mut store = Settings::new(url);
        store.sends_messages = true;
        if let Some(postgres) = &postgres {
            settings.push(("DATABASE_URL", postgres));
            Database::connect(&store).await.unwrap().migrate().await.unwrap();
        }
        // A file belongs to one node.
        let mut nodes = vec![Process::start("serve", folders[0].path(), &settings).await];
        if postgres.is_some() {
            nodes.push(Process::start("serve", folders[1].path(), &settings).await);
        }
        let database = Database::connect(&store).await.unwrap();
        let crowd = Crowd::gather(&nodes[0].url, &database).await;
        crowd.disturb(&telegram);
        crowd.ask().await;
        let killing = async {
            let kills = if at_full_size() { 20 } else { 4 };
            for n in 0..kills {
                sleep(Duration::from_millis(700)).await;
                let which = n % nodes.len();
                nodes[which].kill_and_start_again();
                nodes[which].until_ready().await;
            }
        };
        tokio::join!(crowd.tell(&database), killing);
        let figures = crowd.until_told(&database, LONGEST).await;
        crowd.check(&telegram, figures);
    }
}
