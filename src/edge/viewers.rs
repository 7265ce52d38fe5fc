//! Sockets that show a part of the town: what each of them shows, what waits for it, how many there may be,
//! and the way to end them from outside.
//!
//! What waits is bounded by what is shown: of each thing and kind of message the latest waits alone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use peerpack_actors::dispatch::{OrderPhase, Window};
use peerpack_actors::ids::{OfferId, OrderId, UserId};
use tokio::sync::Notify;
use uuid::Uuid;

use super::close;
use super::outbox::Ending;
use crate::auth::revocations::Ended;
use crate::texts::language::Language;

/// The most sockets of one person; the oldest make room.
const MAX_OF_ONE: usize = 20;

/// The most messages that wait for one socket, and the most bytes of them. A map of 10 000 couriers fits.
const MAX_WAITING: usize = 40_000;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a socket shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Subject {
    /// The desk's map.
    Map,
    /// An order, for those who may see it.
    Order(OrderId),
    /// What a courier has to do.
    Driver(UserId),
    /// The orders of a passenger.
    Passenger(UserId),
    /// Nothing: it only answers.
    Nothing,
}

impl Subject {
    /// Every word there is, for metrics.
    pub(crate) const WORDS: [&'static str; 5] = ["map", "order", "driver", "passenger", "test"];

    /// The word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Map => "map",
            Self::Order(_) => "order",
            Self::Driver(_) => "driver",
            Self::Passenger(_) => "passenger",
            Self::Nothing => "test",
        }
    }
}

/// What a message is about. A later one about the same takes the place of one that waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum About {
    /// An answer to what the peer has said, or a part of a snapshot: each is told.
    Answer(u64),
    /// A kind of message about an order.
    Order(&'static str, OrderId),
    /// A kind of message about a courier.
    Courier(&'static str, UserId),
}

/// What a socket was told of an order last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Told {
    pub(crate) version: i64,
    pub(crate) phase: OrderPhase,
    pub(crate) courier: Option<UserId>,
    pub(crate) offer: Option<OfferId>,
}

/// The person who looks, and how much they may see.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Looker {
    pub(crate) user: UserId,
    /// The sign-in by which the user is here.
    pub(crate) session: Uuid,
    /// Whether they see everything.
    pub(crate) sees_all: bool,
}

/// One socket that shows a part of the town.
pub(crate) struct Viewer {
    pub(crate) subject: Subject,
    pub(crate) language: Language,
    /// Nobody in particular on a socket that shows nothing.
    pub(crate) looker: Option<Looker>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    order: VecDeque<About>,
    waiting: HashMap<About, Arc<str>>,
    bytes: usize,
    answers: u64,
    window: Option<Window>,
    told: BTreeMap<OrderId, Told>,
    ending: Option<Ending>,
    shut: bool,
}

impl Viewer {
    /// A socket of somebody that shows something.
    pub(crate) fn new(subject: Subject, looker: Option<Looker>, language: Language) -> Arc<Self> {
        Arc::new(Self { subject, language, looker, state: Mutex::default(), changed: Notify::new() })
    }

    /// Has something told. What waits about the same is replaced, and keeps its turn.
    pub(crate) fn push(&self, about: About, text: Arc<str>) {
        let mut state = self.state.lock();
        if state.shut || state.ending.is_some() {
            return;
        }
        state.bytes += text.len();
        match state.waiting.insert(about, text) {
            Some(old) => state.bytes -= old.len(),
            None => state.order.push_back(about),
        }
        if state.order.len() > MAX_WAITING || state.bytes > MAX_BYTES {
            state.forget();
            state.ending = Some(Ending::new(close::GOING_AWAY, "too slow"));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Has something told that nothing takes the place of.
    pub(crate) fn answer(&self, text: Arc<str>) {
        let about = {
            let mut state = self.state.lock();
            state.answers += 1;
            About::Answer(state.answers)
        };
        self.push(about, text);
    }

    /// The next message to write.
    pub(crate) fn take(&self) -> Option<Arc<str>> {
        let mut state = self.state.lock();
        let Some(about) = state.order.pop_front() else {
            state.forget();
            return None;
        };
        let text = state.waiting.remove(&about)?;
        state.bytes -= text.len();
        Some(text)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().order.is_empty()
    }

    /// Waits until there is something new, or was since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// How it is to end, once everything is written that comes before.
    pub(crate) fn ending(&self) -> Option<Ending> {
        self.state.lock().ending
    }

    /// Asks it to end. What waits is still told.
    pub(crate) fn end(&self, ending: Ending) {
        let mut state = self.state.lock();
        if !state.shut && state.ending.is_none() {
            state.ending = Some(ending);
            drop(state);
            self.changed.notify_one();
        }
    }

    /// It is over: what waits is thrown away.
    pub(crate) fn shut(&self) {
        let mut state = self.state.lock();
        state.shut = true;
        state.forget();
    }

    /// The part of the map that is looked at; all of it if `None`.
    pub(crate) fn window(&self) -> Option<Window> {
        self.state.lock().window
    }

    /// Looks at a part of the map from now on.
    pub(crate) fn look_at(&self, window: Window) {
        self.state.lock().window = Some(window);
    }

    /// Notes what is told of an order now. What was told before, unless that is as new: then nothing is noted
    /// and `Err` says so.
    pub(crate) fn note(&self, order: OrderId, told: Told) -> Result<Option<Told>, ()> {
        let mut state = self.state.lock();
        let before = state.told.get(&order).copied();
        if before.is_some_and(|before| before.version >= told.version) {
            return Err(());
        }
        state.told.insert(order, told);
        Ok(before)
    }

    /// What was told of an order last.
    pub(crate) fn told(&self, order: OrderId) -> Option<Told> {
        self.state.lock().told.get(&order).copied()
    }

    /// Nothing more is told of an order.
    pub(crate) fn forget(&self, order: OrderId) {
        self.state.lock().told.remove(&order);
    }
}

impl State {
    fn forget(&mut self) {
        (self.order, self.waiting, self.bytes) = (VecDeque::new(), HashMap::new(), 0);
    }
}

/// The sockets of a node that show something of the town.
#[derive(Default)]
pub(crate) struct Viewers {
    open: Mutex<Open>,
    emptied: Notify,
}

#[derive(Default)]
struct Open {
    subjects: HashMap<Subject, Vec<Arc<Viewer>>>,
    /// The sockets of each user, oldest first.
    users: HashMap<UserId, Vec<Arc<Viewer>>>,
    count: usize,
    is_over: bool,
}

impl Viewers {
    /// Takes a socket in; a person's oldest ones make room.
    pub(crate) fn enter(&self, viewer: &Arc<Viewer>, restart: impl Fn() -> Ending) {
        let mut open = self.open.lock();
        open.count += 1;
        open.subjects.entry(viewer.subject).or_default().push(Arc::clone(viewer));
        if open.is_over {
            viewer.end(restart());
        }
        let Some(Looker { user, .. }) = viewer.looker else { return };
        let of_user = open.users.entry(user).or_default();
        of_user.push(Arc::clone(viewer));
        let surplus = of_user.len().saturating_sub(MAX_OF_ONE);
        for oldest in &of_user[..surplus] {
            oldest.end(Ending::new(close::REPLACED, "replaced by a newer connection"));
        }
    }

    /// Takes a socket out.
    pub(crate) fn leave(&self, viewer: &Arc<Viewer>) {
        let mut open = self.open.lock();
        let Open { subjects, users, count, .. } = &mut *open;
        if let Some(of_subject) = subjects.get_mut(&viewer.subject) {
            let before = of_subject.len();
            of_subject.retain(|other| !Arc::ptr_eq(other, viewer));
            *count -= before - of_subject.len();
            if of_subject.is_empty() {
                subjects.remove(&viewer.subject);
            }
        }
        if let Some(Looker { user, .. }) = viewer.looker
            && let Some(of_user) = users.get_mut(&user)
        {
            of_user.retain(|other| !Arc::ptr_eq(other, viewer));
            if of_user.is_empty() {
                users.remove(&user);
            }
        }
        if open.count == 0 {
            self.emptied.notify_waiters();
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.open.lock().count
    }

    /// How many show each kind of thing.
    pub(crate) fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<_, _> = Subject::WORDS.into_iter().map(|word| (word, 0)).collect();
        for (subject, viewers) in &self.open.lock().subjects {
            *counts.entry(subject.word()).or_default() += viewers.len();
        }
        counts
    }

    /// Those that show something.
    pub(crate) fn of(&self, subject: Subject) -> Vec<Arc<Viewer>> {
        self.open.lock().subjects.get(&subject).cloned().unwrap_or_default()
    }

    /// Whether any shows it.
    pub(crate) fn has(&self, subject: Subject) -> bool {
        self.open.lock().subjects.contains_key(&subject)
    }

    /// All that show something.
    pub(crate) fn all(&self) -> Vec<Arc<Viewer>> {
        self.open.lock().subjects.values().flatten().cloned().collect()
    }

    /// Ends those whose session was ended, and all of people who were banned. A token of another session is
    /// as good as before.
    pub(crate) fn close_ended(&self, ended: &[Ended]) {
        let open = self.open.lock();
        for Ended { session, user, is_banned, .. } in ended {
            for viewer in open.users.get(user).into_iter().flatten() {
                if *is_banned {
                    viewer.end(Ending::new(close::NOT_ALLOWED, "banned"));
                } else if viewer.looker.is_some_and(|looker| looker.session == *session) {
                    viewer.end(Ending::new(close::TOKEN_EXPIRED, "the session was ended"));
                }
            }
        }
    }

    /// Ends all sockets, and those that are opened later. Waits until they are gone.
    pub(crate) async fn close_all(&self, restart: impl Fn() -> Ending) {
        self.open.lock().is_over = true;
        for viewer in self.all() {
            viewer.end(restart());
        }
        loop {
            let emptied = self.emptied.notified();
            if self.len() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

#[cfg(test)]
mod tests;
