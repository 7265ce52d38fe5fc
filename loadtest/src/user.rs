//! A user with a socket: reads what it says, reacts after a while as a person would, and comes back when it
//! breaks.

mod commands;
mod habits;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::client::{Closed, Connection, Refused};
use peerpack::ws::wire::{Ack, AckStatus, ClientMessage, Event, EventBody, Hello, OfRequest, ServerMessage};
use peerpack_actors::ids::RequestId;
use peerpack_actors::stream::StreamEvent;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use tokio::sync::watch;
use uuid::Uuid;

use self::commands::{call, message, note};
use crate::budget::Budget;
use crate::chance::{Purpose, generator};
use crate::measure::Metric;
use crate::oracle::{Outcome, What};
use crate::shared::{Account, Phase, Shared};
use crate::socket::resume;

/// How often a command of unknown outcome is repeated.
const ATTEMPTS: u32 = 6;

/// Between repetitions, microseconds.
const PAUSE_US: u64 = 300_000;

/// A user.
pub(crate) struct User {
    account: Arc<Account>,
    shared: Arc<Shared>,
    random: StdRng,
    plans: BinaryHeap<Reverse<Plan>>,
    planned: u64,
    commands: HashMap<Uuid, Commanded>,
    budget: Budget,
    /// Of the history that the server has now.
    epoch: u64,
    phase: watch::Receiver<Phase>,
}

/// Something to do later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Plan {
    at_us: u64,
    number: u64,
    /// When it was to be done first; a busy client may be late.
    due_us: u64,
    /// Whether the limits of the server allow it by then.
    is_allowed: bool,
    deed: Deed,
}

/// What a user does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Deed {
    /// Looks at an offer.
    Look(RequestId),
    /// Gives a command over the socket.
    Say(What, RequestId),
    /// The same over HTTP.
    Call(What, RequestId),
    /// Gives the same command again: what became of it is not known.
    Repeat(Uuid),
}

/// A command that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Commanded {
    what: What,
    request: RequestId,
    due_us: u64,
    sent_us: u64,
    attempts: u32,
    /// Whether it is on its way, and not waiting to be repeated.
    is_sent: bool,
}

/// Why a connection ended.
enum End {
    Over,
    Cut(Closed),
}

impl User {
    /// Connects for the first time.
    ///
    /// # Errors
    /// There is no connection after some attempts.
    pub(crate) async fn join(
        account: Arc<Account>,
        shared: Arc<Shared>,
    ) -> anyhow::Result<(Self, Connection)> {
        let random = generator(shared.seed, Purpose::User(account.index));
        let phase = shared.phase.subscribe();
        let budget = Budget::new(120, 30, shared.clock.now_us());
        let (plans, commands) = (BinaryHeap::new(), HashMap::new());
        let mut user = Self { account, shared, random, plans, planned: 0, commands, budget, epoch: 0, phase };
        let socket = user.connect().await?;
        Ok((user, socket))
    }

    /// Lives until the run is over.
    pub(crate) async fn live(mut self, mut socket: Connection) {
        loop {
            match self.converse(&mut socket).await {
                End::Over => {
                    socket.hang_up().await;
                    return;
                }
                End::Cut(closed) => {
                    self.shared.counts.add(&format!("socket lost: {closed}"));
                    self.forget_connection();
                    tokio::time::sleep(closed.retry_after.unwrap_or_default()).await;
                    match self.connect().await {
                        Ok(again) => socket = again,
                        Err(error) => {
                            self.shared.counts.add(&format!("gave up: {error:#}"));
                            return;
                        }
                    }
                }
            }
        }
    }

    /// Connects, patiently; resumes if there is something to resume from.
    async fn connect(&mut self) -> anyhow::Result<Connection> {
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
                        return Ok(socket);
                    }
                    500
                }
                Err(Refused::Token) => {
                    drop(self.account.renew(&self.shared).await);
                    200
                }
                Err(Refused::Later(wait)) => {
                    self.shared.counts.add("socket: told to come back later");
                    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
                }
                Err(Refused::Failed(error) | Refused::Final(error)) => {
                    self.shared.counts.add(&format!("socket: {error}"));
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

    /// Commands under way will not be answered on the connection that is gone: they have to be repeated.
    fn forget_connection(&mut self) {
        let now = self.shared.clock.now_us();
        // The next connection has a budget of its own.
        let plans = std::mem::take(&mut self.plans).into_iter();
        self.plans = plans.map(|Reverse(plan)| Reverse(Plan { is_allowed: false, ..plan })).collect();
        let cut: Vec<Uuid> =
            self.commands.iter().filter(|(_, one)| one.is_sent).map(|(cmd, _)| *cmd).collect();
        for cmd in cut {
            self.shared.history.lock().cut(cmd, now);
            self.again(cmd, now);
        }
    }

    async fn converse(&mut self, socket: &mut Connection) -> End {
        loop {
            let next = self.plans.peek().map_or(u64::MAX, |Reverse(plan)| plan.at_us);
            let clock = self.shared.clock;
            tokio::select! {
                message = socket.hear() => match message {
                    Ok(message) => self.hear(message, clock.now_us()),
                    Err(closed) => {
                        if closed.code == Some(peerpack::edge::close::TOKEN_EXPIRED) {
                            drop(self.account.renew(&self.shared).await);
                        }
                        return End::Cut(closed);
                    }
                },
                () = clock.until(next), if next < u64::MAX => {
                    if let Err(closed) = self.act(socket).await {
                        return End::Cut(closed);
                    }
                }
                changed = self.phase.changed() => {
                    let phase = *self.phase.borrow_and_update();
                    if changed.is_err() || phase == Phase::Over {
                        return End::Over;
                    }
                    // What was promised to be repeated still is; nothing new is started.
                    self.plans.retain(|Reverse(plan)| matches!(plan.deed, Deed::Repeat(_)));
                }
            }
        }
    }

    fn hear(&mut self, message: ServerMessage, now: u64) {
        match message {
            ServerMessage::Event(event) => self.hear_event(&event, now),
            ServerMessage::Ack(ack) => self.hear_ack(&ack, now),
            ServerMessage::Resumed(resumed) => {
                self.shared.counts.add(if resumed.recovered {
                    "resumes recovered"
                } else {
                    "resumes not recovered"
                });
                let (user, recovered, count) = (self.account.id, resumed.recovered, resumed.count);
                self.shared.history.lock().resumed(user, self.epoch, recovered, count, resumed.top);
            }
            ServerMessage::Degraded(degraded) => {
                self.shared.counts.add(if degraded.degraded {
                    "told: degraded"
                } else {
                    "told: healthy again"
                });
            }
            ServerMessage::Reconnect(_) => self.shared.counts.add("told to reconnect"),
            ServerMessage::Hello(_)
            | ServerMessage::Pong(_)
            | ServerMessage::TripLocation(_)
            | ServerMessage::Unknown { .. } => {}
        }
    }

    fn hear_event(&mut self, event: &Event, now: u64) {
        let shared = Arc::clone(&self.shared);
        shared.touch(now);
        shared.history.lock().told(self.account.id, event, now, shared.clock.wall_at(now));
        let EventBody::Known(body) = &event.body else { return shared.counts.add("events of unknown types") };
        let since_decided = |metric| {
            if shared.is_measured(now) {
                shared.measures.record_between(metric, shared.clock.reading_at(event.at), now);
            }
        };
        match body.as_ref() {
            StreamEvent::OfferNew(offer) => {
                shared.counts.add("offers received");
                since_decided(Metric::OfferSinceDecided);
                if let (Some(number), Some(schedule)) =
                    (shared.number(&offer.package.description), shared.schedule.get())
                {
                    shared.history.lock().numbered(number, offer.package.id);
                    if schedule.offered(number, now) && schedule.is_measured(number) {
                        let (intended, sent) = (schedule.intended_us[number], schedule.sent_us(number));
                        shared.measures.record_between(Metric::FirstOffer, intended, now);
                        shared.measures.record_between(Metric::FirstOfferNaive, sent, now);
                    }
                }
            }
            StreamEvent::OfferRevoked(_) => shared.counts.add("offers revoked"),
            StreamEvent::OfferExpired(_) => shared.counts.add("offers expired"),
            StreamEvent::RequestAccepted(change) if change.sender_id == self.account.id => {
                since_decided(Metric::SenderSinceDecided);
            }
            _ => {}
        }
        if *self.phase.borrow() == Phase::Playing {
            for (wait_us, deed) in habits::reaction(body, self.account.id, shared.manners, &mut self.random) {
                self.plan(now + wait_us, deed);
            }
        }
    }

    fn plan(&mut self, at_us: u64, deed: Deed) {
        self.planned += 1;
        self.plans.push(Reverse(Plan {
            at_us,
            number: self.planned,
            due_us: at_us,
            is_allowed: false,
            deed,
        }));
    }

    fn hear_ack(&mut self, ack: &Ack, now: u64) {
        self.shared.touch(now);
        let outcome = match (ack.status, ack.code.as_deref()) {
            (AckStatus::Ok, _) => Outcome::Ok,
            (AckStatus::Error, Some("unavailable" | "busy" | "internal")) => Outcome::Unknown,
            (AckStatus::Error, code) => Outcome::Refused(code.unwrap_or("without a code").to_owned()),
        };
        let Some(cmd) = ack.cmd_id else { return self.shared.counts.add("acks without a cmd_id") };
        let Some(command) = self.commands.get_mut(&cmd).filter(|command| command.is_sent).copied() else {
            // A second answer, or one to what was never asked: the oracle sees the first, this counts both.
            self.shared.counts.add("acks that nobody waited for");
            return self.shared.history.lock().answered(cmd, now, outcome);
        };
        self.shared.history.lock().answered(cmd, now, outcome.clone());
        note(&self.shared, command.what, &outcome, command.due_us, command.sent_us, now);
        if outcome == Outcome::Unknown {
            self.again(cmd, now);
        } else {
            self.done(cmd);
        }
    }

    fn again(&mut self, cmd: Uuid, now: u64) {
        let Some(command) = self.commands.get_mut(&cmd) else { return };
        if command.attempts >= ATTEMPTS {
            self.shared.counts.add("commands given up");
            return self.done(cmd);
        }
        command.is_sent = false;
        self.plan(now + PAUSE_US, Deed::Repeat(cmd));
    }

    fn done(&mut self, cmd: Uuid) {
        if self.commands.remove(&cmd).is_some() {
            self.shared.outstanding.fetch_sub(1, Ordering::Relaxed);
        }
    }

    async fn act(&mut self, socket: &mut Connection) -> Result<(), Closed> {
        let now = self.shared.clock.now_us();
        let Some(Reverse(plan)) = self.plans.pop() else { return Ok(()) };
        if let Deed::Call(what, request) = plan.deed {
            let cmd = self.cmd_id();
            tokio::spawn(call(
                Arc::clone(&self.shared),
                Arc::clone(&self.account),
                what,
                request,
                cmd,
                plan.due_us,
            ));
            return Ok(());
        }
        if matches!(plan.deed, Deed::Look(_)) {
            // Answers matter more than looks: an offer that was not looked at only waits longer.
            if !self.budget.take(now) {
                self.shared.counts.add("looks left out to stay within the limits");
                return Ok(());
            }
        } else if !plan.is_allowed {
            let at_us = self.budget.reserve(now);
            if at_us > now {
                self.shared.counts.add("words held back to stay within the limits");
                // Due from then on: the wait is the client's, not the server's.
                self.plans.push(Reverse(Plan { at_us, due_us: at_us, is_allowed: true, ..plan }));
                return Ok(());
            }
        }
        self.shared.touch(now);
        match plan.deed {
            Deed::Look(request_id) => {
                let message = ClientMessage::OfferRendered(OfRequest { request_id });
                socket.say(None, &message).await
            }
            Deed::Say(what, request) => {
                let cmd = self.cmd_id();
                let command = Commanded {
                    what,
                    request,
                    due_us: plan.due_us,
                    sent_us: now,
                    attempts: 0,
                    is_sent: false,
                };
                self.commands.insert(cmd, command);
                self.shared.outstanding.fetch_add(1, Ordering::Relaxed);
                self.command(socket, cmd).await
            }
            Deed::Repeat(cmd) => self.command(socket, cmd).await,
            Deed::Call(..) => Ok(()),
        }
    }

    async fn command(&mut self, socket: &mut Connection, cmd: Uuid) -> Result<(), Closed> {
        let now = self.shared.clock.now_us();
        let Some(command) = self.commands.get_mut(&cmd) else { return Ok(()) };
        (command.sent_us, command.is_sent) = (now, true);
        command.attempts += 1;
        let (what, request) = (command.what, command.request);
        let when = (self.shared.clock.wall_at(now), now);
        self.shared.history.lock().sent(cmd, self.account.id, what, request, when);
        socket.say(Some(cmd), &message(what, request)).await
    }

    fn cmd_id(&mut self) -> Uuid {
        let mut bytes = [0; 16];
        self.random.fill_bytes(&mut bytes);
        // Two runs with one seed against one store must not share their ids.
        let salt = self.account.id.uuid().as_u128().rotate_left(17);
        uuid::Builder::from_random_bytes((u128::from_le_bytes(bytes) ^ salt).to_le_bytes()).into_uuid()
    }
}
