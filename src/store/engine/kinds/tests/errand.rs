//! A third kind of work, whole: an errand is offered to who is on duty, and carried out by who takes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::market::phase::PackagePhase;
use peerpack_actors::ports::{CommitError, Unavailable};
use peerpack_actors::rejection::Rejection;
use peerpack_actors::runtime::{Context, Kind, Refusal};
use peerpack_actors::stream::{Notice, PackageChanged, StreamEvent};
use peerpack_actors::time::{Span, Time};
use peerpack_actors::unit::Unit;
use peerpack_actors::work::{Change, WorkId};
use uuid::Uuid;

use crate::store::Database;
use crate::store::engine::kinds::{Applier, Changes};
use crate::store::failure::Failure;
use crate::store::sql::{Conn, Row, Sql, args, each, sql};

// ---------------------------------------------------------------- the core: a machine, and its change

const ERRAND: &str = "errand";

/// How long somebody may think about an offer.
const TTL: Span = Span::seconds(15);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Errand {
    pub(super) id: Uuid,
    pub(super) sender: UserId,
    pub(super) version: i64,
    pub(super) state: State,
    pub(super) changed_at: Time,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Open,
    Offered(UserId),
    Taken(UserId),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Offer(UserId),
    Expire,
    Claim(UserId),
}

impl Errand {
    /// What follows from a command: the errand afterwards.
    fn decide(&self, command: Command, now: Time) -> Result<Self, Rejection> {
        let state = match (self.state, command) {
            (State::Open, Command::Offer(to)) => State::Offered(to),
            (State::Offered(_), Command::Expire) if now >= self.changed_at + TTL => State::Open,
            (State::Offered(to), Command::Claim(by)) if to == by => State::Taken(by),
            _ => return Err(Rejection::AlreadyTaken),
        };
        Ok(Self { version: self.version + 1, state, changed_at: now, ..*self })
    }

    /// The unit that brings an errand to where it is, with a word to both parties. A kind of work has events
    /// of its own; this one borrows that of packages.
    pub(super) fn unit(self) -> Unit {
        let (courier, state) = match self.state {
            State::Open => (None, PackagePhase::Open),
            State::Offered(to) => (Some(to), PackagePhase::Open),
            State::Taken(by) => (Some(by), PackagePhase::Assigned),
        };
        let change = PackageChanged { package_id: self.id.into(), state, version: self.version };
        let told = |to| Notice { to, event: StreamEvent::PackageUpdated(change.clone()) };
        let notices = [self.sender].into_iter().chain(courier).map(told).collect();
        let at = self.changed_at;
        Unit::other(self, notices, at)
    }
}

impl Change for Errand {
    fn work(&self) -> WorkId {
        WorkId::new(ERRAND, self.id)
    }
}

// ---------------------------------------------------------------- the store: rows, guards, reads

pub(super) const TABLE: Sql = Sql::in_each(
    "CREATE TABLE errands (id UUID PRIMARY KEY, sender UUID, version BIGINT, courier UUID, \
               taken BIGINT, changed_at BIGINT)",
    "CREATE TABLE errands (id BLOB PRIMARY KEY, sender BLOB, version INTEGER, courier BLOB, \
             taken INTEGER, changed_at INTEGER)",
);
const ADD: Sql = sql("INSERT INTO errands (id, version, courier, taken, changed_at, sender) \
                      VALUES ($1, $2, $3, $4, $5, $6)");
const MOVE: Sql = sql("UPDATE errands SET version = $2, courier = $3, taken = $4, changed_at = $5 \
                       WHERE id = $1 AND sender = $6 AND version = $2 - 1");
const ONE: Sql = sql("SELECT * FROM errands WHERE id = $1");
const LIVE: Sql = sql("SELECT * FROM errands WHERE taken = 0 ORDER BY id");
const CHANGED: Sql = sql("SELECT * FROM errands WHERE changed_at >= $1 ORDER BY changed_at, id LIMIT $2");

pub(in crate::store) struct Errands;

impl Applier for Errands {
    fn kind(&self) -> &'static str {
        ERRAND
    }

    fn apply<'a>(&'a self, conn: &'a mut Conn, changes: Changes<'a>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut errands: Vec<&Errand> =
                changes.into_iter().filter_map(|(change, _)| change.downcast()).collect();
            errands.sort_by_key(|errand| errand.id);
            for errand in errands {
                let (courier, taken) = match errand.state {
                    State::Open => (None, 0_i64),
                    State::Offered(to) => (Some(to.uuid()), 0),
                    State::Taken(by) => (Some(by.uuid()), 1),
                };
                let (id, sender) = (errand.id, errand.sender.uuid());
                let values = args![id, errand.version, courier, taken, errand.changed_at.ms(), sender];
                let statement = if errand.version == 1 { ADD } else { MOVE };
                if conn.execute(statement, values).await? != 1 {
                    return Err(Failure::Conflict);
                }
            }
            Ok(())
        })
    }
}

fn errand(row: &Row) -> Result<Errand, Failure> {
    let courier = row.get::<Option<Uuid>>("courier")?.map(UserId::from);
    let state = match (courier, row.number::<u8>("taken")?) {
        (None, _) => State::Open,
        (Some(to), 0) => State::Offered(to),
        (Some(by), _) => State::Taken(by),
    };
    let (version, changed_at) = (row.get("version")?, row.time("changed_at")?);
    Ok(Errand { id: row.get("id")?, sender: row.user("sender")?, version, state, changed_at })
}

// ---------------------------------------------------------------- the runtime: an index, and what is due

/// The errands of one node.
pub(super) struct Desk {
    pub(super) database: Database,
    pub(super) live: Mutex<BTreeMap<Uuid, Errand>>,
    pub(super) on_duty: Mutex<Option<UserId>>,
}

impl Desk {
    pub(super) fn follow(&self, errand: Errand) {
        let mut live = self.live.lock();
        match errand.state {
            State::Taken(_) => drop(live.remove(&errand.id)),
            _ => drop(live.insert(errand.id, errand)),
        }
    }

    /// Decides and commits, again if somebody else was faster. Only then it is applied here.
    pub(super) async fn carry_out(
        &self,
        context: &Context,
        id: Uuid,
        command: Command,
    ) -> Result<Errand, Refusal> {
        for _ in 0..4 {
            let row = self.database.row(ONE, args![id]).await.map_err(Unavailable::from)?;
            let before = errand(&row.ok_or(Refusal::NotFound)?).map_err(Unavailable::from)?;
            let after = before.decide(command, context.now())?;
            match context.commit(after.clone().unit(), [after.work()]).await {
                Ok(()) => {
                    self.follow(after.clone());
                    return Ok(after);
                }
                Err(CommitError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::Busy)
    }

    fn found(&self, is_wanted: impl Fn(&Errand) -> bool) -> Vec<Uuid> {
        self.live.lock().values().filter(|errand| is_wanted(errand)).map(|errand| errand.id).collect()
    }
}

#[async_trait]
impl Kind for Desk {
    fn name(&self) -> &'static str {
        ERRAND
    }

    async fn restore(&self, _: &Arc<Context>) -> Result<(), Unavailable> {
        let found = self.database.rows(LIVE, args![]).await?;
        each(&found, errand)?.into_iter().for_each(|errand| self.follow(errand));
        Ok(())
    }

    async fn refresh(&self, _: &Arc<Context>, id: Uuid) {
        if let Ok(Some(row)) = self.database.row(ONE, args![id]).await {
            self.follow(errand(&row).expect("an errand"));
        }
    }

    async fn changed(
        &self,
        _: &Arc<Context>,
        since: Time,
        limit: u32,
    ) -> Result<Vec<(Uuid, i64)>, Unavailable> {
        let found = self.database.rows(CHANGED, args![since.ms(), limit]).await?;
        Ok(each(&found, |row| Ok((row.get("id")?, row.get("version")?)))?)
    }

    fn known(&self, _: &Context, id: Uuid) -> Option<i64> {
        self.live.lock().get(&id).map(|errand| errand.version)
    }

    async fn see_to_due(&self, context: &Arc<Context>) -> Result<(), Unavailable> {
        let now = context.now();
        for id in self.found(|errand| errand.state != State::Open && now >= errand.changed_at + TTL) {
            // Somebody may have taken it a moment ago.
            self.carry_out(context, id, Command::Expire).await.ok();
        }
        Ok(())
    }

    async fn sweep(&self, context: &Arc<Context>) {
        let Some(to) = *self.on_duty.lock() else { return };
        for id in self.found(|errand| errand.state == State::Open) {
            self.carry_out(context, id, Command::Offer(to)).await.ok();
        }
    }

    fn gauges(&self, _: &Context) -> Vec<(&'static str, usize)> {
        vec![("errands_live", self.live.lock().len())]
    }
}
