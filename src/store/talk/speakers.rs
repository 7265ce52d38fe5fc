//! Messages of chats that wait to be written.
//!
//! While one group of them is written the next one gathers, so the longer the database takes, the larger the
//! groups become: each statement, and each wait for the disk, serves many people. After a group the database
//! is left to those who deal, for as long as the group took, unless as many messages wait already. A group
//! that fails is written again message by message: one that cannot be written takes nobody with it.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use peerpack_actors::talk::chat::Policy;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use super::sending::{self, NewMessage, Outcomes, Sent};
use crate::store::Database;
use crate::store::engine::groups::wait;
use crate::store::failure::Failure;

/// The most messages that wait; one more is refused at once.
const QUEUE: usize = 4_096;

/// The most messages in one transaction.
const GROUP: usize = 128;

/// The longest rest between two groups.
const REST: Duration = Duration::from_millis(200);

/// The messages that wait on this node.
#[derive(Default)]
pub(in crate::store) struct Speakers(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    orders: VecDeque<Order>,
    /// Whether somebody writes them.
    is_writing: bool,
}

struct Order {
    new: Arc<NewMessage>,
    policy: Policy,
    /// When its sender stops waiting.
    until: Instant,
    reply: oneshot::Sender<Result<Option<Sent>, Failure>>,
}

impl Order {
    /// The sender may be gone; the message is written all the same.
    fn answer(self, outcome: Result<Option<Sent>, Failure>) {
        self.reply.send(outcome).ok();
    }
}

impl Waiting {
    /// Takes messages that can be written as one, in the order in which they came: each of another chat and
    /// of another sender, under one policy. Nobody writes any more if there is none.
    fn take(&mut self, now: Instant) -> Vec<Order> {
        let (mut chats, mut senders) = (HashSet::new(), HashSet::new());
        let (mut group, mut rest): (Vec<Order>, _) = (Vec::new(), VecDeque::new());
        while let Some(order) = self.orders.pop_front() {
            if order.until <= now {
                order.answer(Err(Failure::Unavailable("it waited too long".to_owned())));
                continue;
            }
            // A later message must not overtake this one: it marks chat and sender in any case.
            let is_first = chats.insert(order.new.chat) & senders.insert(order.new.sender);
            let same_policy = group.first().is_none_or(|first| first.policy == order.policy);
            if is_first && same_policy && group.len() < GROUP {
                group.push(order);
            } else {
                rest.push_back(order);
            }
        }
        self.orders = rest;
        self.is_writing = !group.is_empty();
        group
    }
}

impl Database {
    /// Sends a message together with others that wait.
    pub(super) async fn speak(&self, new: NewMessage, policy: Policy) -> Result<Option<Sent>, Failure> {
        let until = Instant::now() + self.inner.deadline;
        let (reply, answer) = oneshot::channel();
        let begins = {
            let mut waiting = self.inner.speakers.0.lock();
            if waiting.orders.len() >= QUEUE {
                return Err(Failure::Unavailable("too many messages are waiting".to_owned()));
            }
            waiting.orders.push_back(Order { new: Arc::new(new), policy, until, reply });
            !std::mem::replace(&mut waiting.is_writing, true)
        };
        if begins {
            // A sender who goes away must not leave the others waiting.
            let database = self.clone();
            self.inner.runtime.spawn(async move { database.write_speeches().await });
        }
        wait(answer, until).await
    }

    async fn write_speeches(&self) {
        loop {
            let group = self.inner.speakers.0.lock().take(Instant::now());
            let Some(first) = group.first() else { return };
            metrics::histogram!("peerpack_chat_group_size").record(group.len() as f64);
            let messages: Vec<_> = group.iter().map(|order| Arc::clone(&order.new)).collect();
            let begun = Instant::now();
            match self.send_group(messages, first.policy).await {
                Ok(outcomes) => {
                    for (order, outcome) in group.into_iter().zip(outcomes) {
                        order.answer(outcome.map_err(Failure::Refused));
                    }
                }
                // What was asked may have been done, so it must not be done again.
                Err(Failure::Unavailable(why)) => {
                    group.into_iter().for_each(|order| order.answer(Err(Failure::Unavailable(why.clone()))));
                }
                Err(_) if group.len() > 1 => {
                    for order in group {
                        let outcome = self.send_group(vec![Arc::clone(&order.new)], order.policy).await;
                        order.answer(outcome.and_then(only));
                    }
                }
                Err(failure) => {
                    if let Some(order) = group.into_iter().next() {
                        order.answer(Err(failure));
                    }
                }
            }
            if self.inner.speakers.0.lock().orders.len() < GROUP {
                sleep(begun.elapsed().min(REST)).await;
            }
        }
    }

    async fn send_group(&self, group: Vec<Arc<NewMessage>>, policy: Policy) -> Result<Outcomes, Failure> {
        let group: Arc<[Arc<NewMessage>]> = group.into();
        self.write(move |conn| {
            let group = Arc::clone(&group);
            Box::pin(async move { sending::send(conn, &group, policy).await })
        })
        .await
    }
}

/// The outcome of a group of one.
fn only(mut outcomes: Outcomes) -> Result<Option<Sent>, Failure> {
    outcomes.pop().unwrap_or(Ok(None)).map_err(Failure::Refused)
}
