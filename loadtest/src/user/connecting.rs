//! How a user comes to a connection, and back to one.

use std::time::Duration;

use peerpack::client::{Connection, Refused};
use peerpack::ws::wire::Hello;
use rand::RngExt;

use super::User;
use crate::budget::Budget;
use crate::measure::Metric;
use crate::shared::Phase;
use crate::socket::resume;

impl User {
    /// Connects, patiently; resumes if there is something to resume from.
    pub(super) async fn connect(&mut self) -> anyhow::Result<Connection> {
        let mut failures = 0;
        loop {
            let started = self.shared.clock.now_us();
            let target = &self.shared.targets[self.account.node];
            let wait_ms = match target.connect(self.account.index, &self.account.token()).await {
                Ok(mut socket) => {
                    let hello = socket.hello().clone();
                    let now = self.shared.clock.now_us();
                    self.shared.measures.record_between(Metric::Connect, started, now);
                    self.budget = Budget::new(hello.limits.messages_per_minute, hello.limits.burst, now);
                    if self.greet(&mut socket, &hello).await {
                        self.phone.wind(now);
                        return Ok(socket);
                    }
                    500
                }
                Err(Refused::Token) => {
                    drop(self.account.renew(&self.shared).await);
                    200
                }
                Err(Refused::Later(wait)) => {
                    self.shared.failed("socket: told to come back later");
                    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
                }
                Err(Refused::Failed(error) | Refused::Final(error)) => {
                    self.shared.failed(&format!("socket: {error}"));
                    failures += 1;
                    anyhow::ensure!(
                        failures < 20 && *self.phase.borrow() != Phase::Over,
                        "no connection: {error}"
                    );
                    500 << failures.min(5)
                }
            };
            let jitter_ms = self.random.random_range(wait_ms / 2..=wait_ms);
            tokio::time::sleep(Duration::from_millis(jitter_ms)).await;
        }
    }

    async fn greet(&mut self, socket: &mut Connection, hello: &Hello) -> bool {
        let user = self.account.id;
        self.epoch = hello.epoch;
        let from = {
            let mut history = self.shared.history.lock();
            let last = history.hello(user, hello.epoch, hello.top);
            last.map(|last| (history.streams.get(&user).map_or(0, |stream| stream.epoch), last))
        };
        match from {
            None => true,
            Some((epoch, last)) => {
                self.shared.counts.add("reconnects");
                socket.say(None, &resume(epoch, last)).await.is_ok()
            }
        }
    }
}
