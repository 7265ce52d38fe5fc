//! The engine carries a kind of work that it knows nothing of: published on one node, offered, claimed on
//! another, told, and there again after a restart; on both databases.

mod dispatch;
pub(super) mod errand;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::{Bus, Clock, CommitError, Hint, Store as _};
use peerpack_actors::runtime::{Engine, Frame, Kind, Refusal, RuntimeSettings, SessionId, SessionPort};
use peerpack_actors::time::Time;
use peerpack_actors::unit::Unit;
use peerpack_actors::work::{Change, WorkId};
use uuid::Uuid;

use self::errand::{Command, Desk, Errand, State, TABLE};
use crate::store::sql::args;
use crate::store::{Database, Settings};

const NOW: i64 = 1_800_000_000_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// A clock that stands until it is moved on.
struct Watch(AtomicI64);

impl Clock for Watch {
    fn now(&self) -> Time {
        Time::from_ms(self.0.load(Ordering::SeqCst))
    }

    fn random(&self) -> [u8; 10] {
        rand::random()
    }
}

/// A bus that remembers what it is to pass on.
#[derive(Default)]
struct Slate(Mutex<Vec<Hint>>);

impl Bus for Slate {
    fn publish(&self, hint: Hint) {
        self.0.lock().push(hint);
    }
}

/// A connection that counts what it hears.
#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Ear {
    /// What was told by the time that something was: it may come after the state has changed.
    async fn first(&self) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.0.lock().is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "nothing was told");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.0.lock().clone()
    }
}

impl SessionPort for Ear {
    fn id(&self) -> SessionId {
        SessionId(1)
    }

    fn push(&self, frame: Frame) -> Result<(), peerpack_actors::runtime::session::Overflow> {
        if let Frame::Event(event) = frame {
            self.0.lock().push(event.body.to_string());
        }
        Ok(())
    }
}

/// A node with its errands.
struct Node {
    engine: Engine,
    desk: Arc<Desk>,
    bus: Arc<Slate>,
}

async fn node(database: &Database, clock: &Arc<Watch>, compare: Duration) -> Node {
    let desk = Desk { database: database.clone(), live: Mutex::default(), on_duty: Mutex::default() };
    let (desk, bus) = (Arc::new(desk), Arc::new(Slate::default()));
    let settings = RuntimeSettings { compare, ..RuntimeSettings::default() };
    let further: Vec<Arc<dyn Kind>> = vec![Arc::clone(&desk) as _];
    let store = Arc::new(database.clone());
    let engine = Engine::start_with(store, Arc::clone(&bus) as _, Arc::clone(clock) as _, settings, further);
    Node { engine: engine.await.unwrap(), desk, bus }
}

impl Node {
    fn state(&self, id: Uuid) -> Option<State> {
        self.desk.live.lock().get(&id).map(|errand| errand.state)
    }

    async fn comes_to(&self, id: Uuid, state: Option<State>) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while self.state(id) != state {
            assert!(tokio::time::Instant::now() < deadline, "{:?}, not {state:?}", self.state(id));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn person(n: u8) -> UserId {
    UserId::new(Time::from_ms(NOW), [n; 10])
}

async fn goes_the_whole_way(database: Database) {
    database.migrate().await.unwrap();
    database.execute(TABLE, args![]).await.unwrap();
    let clock = Arc::new(Watch(AtomicI64::new(NOW)));
    let (anna, ivan, olga) = (person(1), person(2), person(3));
    let (often, never) = (Duration::from_millis(20), Duration::from_secs(3_600));
    let (a, b) = (node(&database, &clock, often).await, node(&database, &clock, never).await);
    let ear = Arc::new(Ear::default());
    a.engine.attach(ivan, Arc::clone(&ear) as _).await.unwrap();

    // Published on one node; the other one learns of it by a hint alone.
    let id = Uuid::from_u128(7);
    let state = State::Open;
    let errand = Errand { id, sender: anna, version: 1, state, changed_at: clock.now() };
    a.engine.context().commit(errand.clone().unit(), [errand.work()]).await.unwrap();
    a.desk.follow(errand);
    let hint = a.bus.0.lock().pop().expect("other nodes are told");
    assert_eq!((hint.changed.clone(), hint.users), (vec![WorkId::new("errand", id)], vec![(anna, 1)]));
    b.engine.refresh(hint.changed).await;
    assert_eq!(b.state(id), Some(State::Open));

    // Swept, offered, told. Nobody answers in time, and the next one is asked.
    *a.desk.on_duty.lock() = Some(ivan);
    a.comes_to(id, Some(State::Offered(ivan))).await;
    let heard = ear.first().await;
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].contains("package.updated") && heard[0].contains(&id.to_string()), "{heard:?}");
    *a.desk.on_duty.lock() = Some(olga);
    clock.0.fetch_add(16_000, Ordering::SeqCst);
    a.comes_to(id, Some(State::Offered(olga))).await;

    // The node dies; another one takes its place.
    a.engine.stop();
    let c = node(&database, &clock, often).await;
    assert_eq!(c.state(id), Some(State::Offered(olga)));

    // Of twenty claims at once, one wins.
    let claim = |by| b.desk.carry_out(b.engine.context(), id, Command::Claim(by));
    assert!(matches!(claim(ivan).await, Err(Refusal::Rejected(_))), "it was offered to somebody else");
    let claims = futures_util::future::join_all((0..20).map(|_| claim(olga))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1, "{claims:?}");
    // No hint has reached this node: it finds out by comparing.
    c.comes_to(id, None).await;

    let told = database.events(anna, 0, 10).await.unwrap();
    let versions: Vec<_> = told.iter().map(|event| event.seq).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5], "one for each step");
    assert_eq!(database.events(olga, 0, 10).await.unwrap().len(), 2);
    b.engine.stop();
    c.engine.stop();
    database.close().await;
}

/// What is tested here is not how long a busy database may take.
fn patient(url: String) -> Settings {
    Settings { deadline: PATIENCE, ..Settings::new(url) }
}

/// A new database of SQLite.
async fn on_sqlite(test: impl AsyncFnOnce(Database)) {
    let dir = tempfile::tempdir().unwrap();
    let settings = patient(dir.path().display().to_string());
    test(Database::connect(&settings).await.unwrap()).await;
}

/// A new database of Postgres, where there is a server.
async fn on_postgres(test: impl AsyncFnOnce(Database)) {
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
    let Ok(server) = std::env::var("PEERPACK_TEST_POSTGRES") else {
        eprintln!("PEERPACK_TEST_POSTGRES is not set: not run");
        return;
    };
    let name = format!("kinds_{}", Uuid::from_bytes(rand::random()).simple());
    let mut admin = sqlx::PgConnection::connect(&server).await.unwrap();
    admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let (address, _) = server.rsplit_once('/').unwrap();
    let settings = patient(format!("{address}/{name}"));
    test(Database::connect(&settings).await.unwrap()).await;
    admin.execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).await.unwrap();
}

#[actix_web::test]
async fn a_third_kind_of_work_goes_the_whole_way_on_sqlite() {
    on_sqlite(goes_the_whole_way).await;
}

#[actix_web::test]
async fn a_third_kind_of_work_goes_the_whole_way_on_postgres() {
    on_postgres(goes_the_whole_way).await;
}

/// What nobody knows how to store.
#[derive(Debug)]
struct Riddle;

impl Change for Riddle {
    fn work(&self) -> WorkId {
        WorkId::new("riddle", Uuid::nil())
    }
}

#[tokio::test]
async fn a_change_that_nobody_can_store_is_refused_and_not_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::connect(&Settings::new(dir.path().display().to_string())).await.unwrap();
    database.migrate().await.unwrap();
    let refused = database.commit(Unit::other(Riddle, Vec::new(), Time::from_ms(NOW))).await;
    assert!(
        matches!(&refused, Err(CommitError::Unavailable(why)) if why.0.contains("riddle")),
        "{refused:?}"
    );
}
