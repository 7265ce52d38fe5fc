//! A user with a socket: reads what it says, reacts after a while as a person would, and comes back when it
//! breaks.

mod commands;
mod connecting;
mod habits;
mod hearing;
mod phone;
mod talk;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use peerpack::client::{Closed, Connection};
use peerpack::ws::wire::{ChatReadUpTo, ClientMessage, OfRequest};
use peerpack_actors::ids::{ChatId, RequestId};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use uuid::Uuid;

use self::commands::{call, message};
use self::phone::Phone;
use self::talk::Voice;
use crate::budget::Budget;
use crate::chance::{Purpose, generator};
use crate::oracle::What;
use crate::shared::{Account, Phase, Shared};
use crate::socket::resume;
use crate::talking::Word;

/// How often a command of unknown outcome is repeated.
const ATTEMPTS: u32 = 6;

/// How long a phone whose connection has broken is without one, milliseconds.
const AWAY_MS: std::ops::Range<u64> = 0..500;

/// Between repetitions, microseconds.
const PAUSE_US: u64 = 300_000;

/// How many people ask in a second where their streams end: fewer than a node lets resume.
const COUNTED_PER_S: u64 = 250;

/// When somebody asks, after all may.
pub(crate) const fn counted_after_us(index: usize) -> u64 {
    index as u64 * 1_000_000 / COUNTED_PER_S
}

/// A simulated user, who acts on a schedule.
pub(crate) struct User {
    account: Arc<Account>,
    shared: Arc<Shared>,
    random: StdRng,
    plans: BinaryHeap<Reverse<Plan>>,
    planned: u64,
    commands: HashMap<Uuid, Commanded>,
    voice: Voice,
    budget: Budget,
    /// Of the history that the server has now.
    epoch: u64,
    phase: watch::Receiver<Phase>,
    storms: watch::Receiver<u64>,
    phone: Phone,
    /// When the connection went, until what was missed is heard.
    gone_us: Option<u64>,
    /// The event with which nothing is missed any more.
    awaits_seq: u64,
    /// Whether the user has asked where the stream ends.
    is_counting: bool,
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
    /// Says something in a chat, perhaps again.
    Utter(Uuid),
    /// Says how far a chat was read.
    Mark(ChatId, u64),
    /// Asks where the stream ends.
    Count,
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
    /// The network took it, and nobody said goodbye.
    Dropped,
}

impl User {
    /// Connects for the first time. What comes in `words` is to be said.
    ///
    /// # Errors
    /// There is no connection after some attempts.
    pub(crate) async fn join(
        account: Arc<Account>,
        shared: Arc<Shared>,
        words: Option<UnboundedReceiver<Word>>,
    ) -> anyhow::Result<(Self, Connection)> {
        let random = generator(shared.seed, Purpose::User(account.index));
        let phase = shared.phase.subscribe();
        let budget = Budget::new(120, 30, shared.clock.now_us());
        let (plans, commands) = (BinaryHeap::new(), HashMap::new());
        let phone = Phone::of(account.index, shared.seed, &shared.network);
        if phone.is_sleepy() {
            shared.sleepers.lock().insert(account.id);
        }
        let mut user = Self {
            storms: shared.storms.subscribe(),
            account,
            shared,
            random,
            plans,
            planned: 0,
            commands,
            voice: Voice::new(words),
            budget,
            epoch: 0,
            phase,
            phone,
            gone_us: None,
            awaits_seq: 0,
            is_counting: false,
        };
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
                    self.shared.failed(&format!("socket lost: {closed}"));
                    self.forget_connection();
                    tokio::time::sleep(closed.retry_after.unwrap_or_default()).await;
                }
                End::Dropped => {
                    drop(socket);
                    self.shared.counts.add("connections broken on purpose");
                    self.forget_connection();
                    let wait_ms = self.random.random_range(AWAY_MS);
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
            }
            let connected = self.connect().await;
            match connected {
                Ok(again) => {
                    // A storm does not strike twice.
                    self.storms.mark_unchanged();
                    socket = again;
                }
                Err(error) => {
                    self.shared.failed(&format!("gave up: {error:#}"));
                    return;
                }
            }
        }
    }

    /// Commands under way will not be answered on the connection that is gone: they have to be repeated.
    fn forget_connection(&mut self) {
        let now = self.shared.clock.now_us();
        if self.gone_us.is_none() {
            self.shared.away.fetch_add(1, Ordering::Relaxed);
        }
        self.gone_us.get_or_insert(now);
        if std::mem::take(&mut self.is_counting) {
            self.plan(now, Deed::Count);
        }
        self.awaits_seq = u64::MAX;
        // The next connection has a budget of its own.
        let plans = std::mem::take(&mut self.plans).into_iter();
        self.plans = plans.map(|Reverse(plan)| Reverse(Plan { is_allowed: false, ..plan })).collect();
        let cut: Vec<Uuid> =
            self.commands.iter().filter(|(_, one)| one.is_sent).map(|(cmd, _)| *cmd).collect();
        for cmd in cut {
            self.shared.history.lock().cut(cmd, now);
            self.again(cmd, now);
        }
        self.cut_words(now);
    }

    async fn converse(&mut self, socket: &mut Connection) -> End {
        loop {
            let next = self.plans.peek().map_or(u64::MAX, |Reverse(plan)| plan.at_us);
            let clock = self.shared.clock;
            let (turns_at, is_reading) = (self.phone.turns_at_us(), self.phone.is_reading());
            tokio::select! {
                message = socket.hear(), if is_reading => match message {
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
                () = clock.until(turns_at), if turns_at < u64::MAX => {
                    if self.phone.turn(clock.now_us()) {
                        return End::Dropped;
                    }
                }
                word = self.voice.next() => self.begin(word, clock.now_us()),
                Ok(()) = self.storms.changed() => return End::Dropped,
                changed = self.phase.changed() => {
                    let phase = *self.phase.borrow_and_update();
                    if changed.is_err() || phase == Phase::Over {
                        return End::Over;
                    }
                    self.phone.calm_down();
                    // What was promised to be repeated still is; nothing new is started.
                    self.plans.retain(|Reverse(plan)| matches!(plan.deed, Deed::Repeat(_) | Deed::Utter(_)));
                    if phase == Phase::Counting {
                        self.plan(clock.now_us() + counted_after_us(self.account.index), Deed::Count);
                    }
                }
            }
        }
    }

    /// Asks for the number of the last event: with it everybody knows whether they were told everything.
    async fn count(&mut self, socket: &mut Connection) -> Result<(), Closed> {
        self.is_counting = true;
        let asked_at = self.shared.clock.wall();
        let position = self.shared.history.lock().counting(self.account.id, asked_at);
        match position {
            Some((epoch, last)) => socket.say(None, &resume(epoch, last)).await,
            None => Ok(()),
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
        if plan.deed == Deed::Count {
            return self.count(socket).await;
        }
        if matches!(plan.deed, Deed::Look(_) | Deed::Mark(..)) {
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
            Deed::Utter(name) => self.utter(socket, name).await,
            Deed::Mark(chat_id, up_to) => {
                let message = ClientMessage::ChatRead(ChatReadUpTo { chat_id, up_to });
                socket.say(None, &message).await
            }
            Deed::Call(..) | Deed::Count => Ok(()),
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
