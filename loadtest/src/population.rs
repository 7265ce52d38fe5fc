//! The people of a run: signs them in, connects them, and publishes the couriers' trips.

use std::sync::Arc;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use peerpack::auth::telegram::TelegramUser;
use peerpack_actors::ids::ChatId;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::api::Failure;
use crate::measure::Metric;
use crate::oracle::TripFacts;
use crate::scenario::Scenario;
use crate::shared::{Account, Shared};
use crate::talking::Word;
use crate::user::User;
use crate::world::{TripPlan, World};

/// How many sign in, connect or publish at once before the clock starts.
const AT_ONCE: usize = 32;

/// How often something is tried before the clock starts.
const ATTEMPTS: u32 = 5;

/// Everybody, with sockets open.
pub(crate) struct Population {
    /// Couriers first, then senders, then those who talk, each pair together.
    pub(crate) accounts: Vec<Arc<Account>>,
    /// How many of them are couriers.
    pub(crate) couriers: usize,
    /// How many of them are senders.
    pub(crate) senders: usize,
    /// What those who talk are to say.
    pub(crate) voices: Vec<UnboundedSender<Word>>,
    /// The tasks of all of them.
    pub(crate) lives: JoinSet<()>,
}

impl Population {
    /// Signs everybody in and connects them.
    ///
    /// # Errors
    /// Somebody cannot sign in or connect.
    pub(crate) async fn gather(shared: &Arc<Shared>, scenario: &Scenario) -> anyhow::Result<Self> {
        let (couriers, senders) = (scenario.people.couriers, scenario.people.senders);
        let accounts = sign_in_all(shared, 0, scenario.people()).await?;
        let (voices, words): (Vec<_>, Vec<_>) =
            (0..scenario.talk.people()).map(|_| unbounded_channel()).unzip();
        let words = (0..couriers + senders).map(|_| None).chain(words.into_iter().map(Some));
        let joining = accounts.iter().zip(words);
        let joining =
            joining.map(|(account, words)| User::join(Arc::clone(account), Arc::clone(shared), words));
        let mut joining = stream::iter(joining).buffer_unordered(AT_ONCE);
        let mut lives = JoinSet::new();
        while let Some((user, socket)) = joining.try_next().await.context("cannot connect a socket")? {
            lives.spawn(user.live(socket));
        }
        drop(joining);
        Ok(Self { accounts, couriers, senders, voices, lives })
    }

    /// Publishes the trips, each courier's in turn.
    ///
    /// # Errors
    /// None is accepted.
    pub(crate) async fn publish_trips(&self, shared: &Arc<Shared>, world: &World) -> anyhow::Result<usize> {
        let couriers = &self.accounts[..self.couriers];
        let trips = world
            .trips
            .iter()
            .enumerate()
            .filter_map(|(number, plan)| Some((couriers.get(number % couriers.len().max(1))?, plan)));
        let published = stream::iter(trips.map(|(courier, plan)| publish_trip(shared, courier, plan)));
        let published: Vec<bool> = published.buffer_unordered(AT_ONCE).collect().await;
        let count = published.iter().filter(|published| **published).count();
        anyhow::ensure!(
            count > 0 || world.trips.is_empty(),
            "no trip was accepted: {:?}",
            shared.counts.all()
        );
        Ok(count)
    }

    /// Opens the chat of each pair.
    ///
    /// # Errors
    /// One cannot be opened.
    pub(crate) async fn open_chats(&self, shared: &Arc<Shared>) -> anyhow::Result<Vec<ChatId>> {
        let pairs = self.accounts[self.couriers + self.senders..].chunks_exact(2);
        let opening = pairs.map(|pair| open_chat(shared, &pair[0], &pair[1]));
        stream::iter(opening).buffered(AT_ONCE).try_collect().await
    }

    /// Somebody who sends packages.
    pub(crate) fn sender(&self, number: usize) -> &Arc<Account> {
        let senders = &self.accounts[self.couriers..][..self.senders];
        &senders[number % senders.len()]
    }
}

/// Signs people in who do nothing else. Their tokens.
///
/// # Errors
/// Somebody cannot sign in.
pub(crate) async fn tokens(shared: &Arc<Shared>, first: usize, people: usize) -> anyhow::Result<Vec<String>> {
    let accounts = sign_in_all(shared, first, people).await?;
    Ok(accounts.iter().map(|account| account.token()).collect())
}

async fn sign_in_all(shared: &Arc<Shared>, first: usize, people: usize) -> anyhow::Result<Vec<Arc<Account>>> {
    // Everybody is new to the server, whatever was played there before.
    let first_id = 1_000_000_000_000 + shared.clock.wall().ms() % 1_000_000_000 * 100_000;
    let signing_in = (first..first + people).zip(first_id..);
    let signing_in = signing_in.map(|(index, telegram_id)| sign_in(shared, index, telegram_id));
    stream::iter(signing_in).buffered(AT_ONCE).try_collect().await
}

async fn sign_in(shared: &Arc<Shared>, index: usize, telegram_id: i64) -> anyhow::Result<Arc<Account>> {
    let node = index % shared.targets.len();
    let telegram = TelegramUser {
        id: telegram_id,
        first_name: format!("Load {index}"),
        last_name: None,
        username: Some(format!("load_{telegram_id}")),
        language_code: Some("ru".to_owned()),
        photo_url: None,
        is_premium: None,
    };
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let started = shared.clock.now_us();
        match shared.api.sign_in(&shared.targets[node].http, &telegram, shared.clock.wall()).await {
            Ok(signed_in) => {
                shared.measures.record_between(Metric::SignIn, started, shared.clock.now_us());
                return Ok(Arc::new(Account::new(
                    index,
                    telegram,
                    node,
                    signed_in.user,
                    signed_in.access_token,
                )));
            }
            Err(failure) => {
                shared.counts.add(&format!("sign-in: {}", failure.label()));
                last = Some(failure);
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
        }
    }
    anyhow::bail!("user {index} cannot sign in: {last:?}")
}

async fn open_chat(shared: &Arc<Shared>, one: &Account, other: &Account) -> anyhow::Result<ChatId> {
    let base = &shared.targets[one.node].http;
    let mut last = None;
    for _ in 0..ATTEMPTS {
        match shared.api.open_chat(base, &one.token(), other.id).await {
            Ok(chat) => {
                shared.history.lock().chat_opened(chat, [one.id, other.id]);
                shared.counts.add("chats opened");
                return Ok(chat);
            }
            Err(failure) => last = Some(failure),
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    anyhow::bail!("users {} and {} cannot open a chat: {last:?}", one.index, other.index)
}

async fn publish_trip(shared: &Arc<Shared>, courier: &Account, plan: &TripPlan) -> bool {
    let started = shared.clock.now_us();
    let base = &shared.targets[courier.node].http;
    match shared.api.publish_trip(base, &courier.token(), plan).await {
        Ok(trip) => {
            shared.measures.record_between(Metric::Trip, started, shared.clock.now_us());
            let facts = TripFacts {
                courier: courier.id,
                capacity_g: plan.capacity_g,
                max_detour_min: plan.max_detour_min,
                legs: plan.places.len() - 1,
            };
            shared.history.lock().trip_published(trip, facts);
            shared.counts.add("trips published");
            true
        }
        // Published twice would be another trip; one that may exist is not repeated.
        Err(failure @ (Failure::Refused(..) | Failure::Unknown(_))) => {
            shared.counts.add(&format!("trip not published: {}", failure.label()));
            false
        }
    }
}
