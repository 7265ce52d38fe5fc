//! Puts the parts together: configuration in, a running server out. Binds first, so that port 0 can be asked
//! for its port and tests run the real thing.

pub(crate) mod app_data;
mod ending;
mod hearing;
mod identity;
pub mod inherited;
mod kinds;
mod lists;
mod outside;
pub(crate) mod serving;

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use anyhow::Context;
use peerpack_actors::money::ledger::Funding;
use peerpack_actors::money::payment::Method;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::{Bus, Clock};
use peerpack_actors::runtime::{Engine, RuntimeSettings, persistently};
use peerpack_actors::time::Span;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::app::{App, CHAT_PLACES, Duty, SystemClock};
use crate::audit::Audit;
use crate::auth::revocations::Learning;
use crate::auth::token::Tokens;
use crate::board::Board;
use crate::bot::Bot;
use crate::bus::Presence;
use crate::bus::local::LocalBus;
use crate::bus::redis::{RedisBus, Running};
use crate::clock::{Following, SharedClock, Skew, SteadyClock};
use crate::config::{Config, PaymentMode};
use crate::edge::connections::Connections;
use crate::edge::sockets::Sockets;
use crate::files::Files;
use crate::http::dispatch::live::Teller;
use crate::maintenance::jobs::Jobs;
use crate::maintenance::payments;
use crate::maintenance::rounds::Maintenance;
use crate::routing::Osrm;
use crate::store::{self, Database, Reconciliation};
use crate::telemetry;
use crate::town::Town;
use app_data::AppData;

/// The namespace of this deployment in Redis.
pub(crate) const NAMESPACE: &str = "peerpack";

/// A server that is bound and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    app: App,
    connections: Arc<Connections>,
    /// Sends messages, and hears from Telegram.
    bot: Option<Bot>,
    /// Listens to other nodes as long as the application lives.
    _subscription: Option<Running>,
    /// Does what is due from time to time, as long as the application lives.
    _maintenance: Maintenance,
    /// Works at jobs as long as the application lives.
    _jobs: Jobs,
    /// Tells what changes in town as long as the application lives.
    _teller: Option<Teller>,
    /// Learns of ended sessions as long as the application lives.
    _learning: Learning,
    /// Compares the clock with the database's as long as the application lives.
    _following: Following,
}

impl Application {
    /// Builds a server with the usual runtime.
    ///
    /// # Errors
    /// What keeps it from starting, for people.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let matching = config.matching.clone();
        let runtime = RuntimeSettings { matching, ..RuntimeSettings::default() };
        Self::build_with(config, runtime).await
    }

    /// Builds a server with a runtime of one's own.
    ///
    /// # Errors
    /// What keeps it from starting, for people.
    pub async fn build_with(config: Config, runtime: RuntimeSettings) -> anyhow::Result<Self> {
        Self::build_on(config, runtime, Arc::new(SystemClock)).await
    }

    /// Builds a server on a machine with a clock of its own.
    ///
    /// # Errors
    /// What keeps it from starting, for people.
    pub async fn build_on(
        mut config: Config,
        mut runtime: RuntimeSettings,
        machine: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        // Parsed here rather than under the first request.
        let _ = Gazetteer::bundled();
        let listener = match inherited::listener()? {
            Some(listener) => listener,
            None => TcpListener::bind(config.listen)
                .with_context(|| format!("cannot listen on {}", config.listen))?,
        };
        let address = listener.local_addr()?;
        // Before anything that is measured.
        let metrics = config.metrics_listen.map(|_| telemetry::install_metrics()).transpose()?;
        let database = connect(&config).await?;
        if config.database_url.is_none() {
            database.migrate().await.context("cannot bring the embedded store up to date")?;
        }
        let secret = config.jwt_secret(rand::random()).context("cannot keep the token secret")?;
        let tokens = Tokens::new(secret.reveal().as_bytes(), config.access_ttl)?;
        let skew = Arc::new(Skew::default());
        let machine: Arc<dyn Clock> = Arc::new(SteadyClock::new(machine, Arc::clone(&skew)));
        let (compared, known) = (Arc::clone(&machine), Arc::clone(&skew));
        let following = Following::start(database.clone(), compared, known, config.max_clock_skew).await?;
        let clock: Arc<dyn Clock> = Arc::new(SharedClock::new(machine, Arc::clone(&skew)));
        runtime.bounds = config.bounds;
        let noted = persistently(async || database.note_fees(config.money.fees, clock.now()).await).await;
        config.money.fee_version =
            noted.context("cannot read the store; has `peerpack migrate` been run?")?;
        runtime.payment = config.money.terms();
        if !config.money.has(PaymentMode::Demo) {
            runtime.funding = Funding::Wallet;
        }
        let telegram = outside::telegram(&config)?;
        let providers = Arc::new(outside::providers(&config.money, telegram.as_ref())?);
        let (bus, presence, redis) = join_bus(&config)?;
        let store = Arc::new(database.clone());
        if let Some(url) = &config.routing_url {
            let within = Duration::from_millis(u64::from(config.routing_timeout_ms));
            let osrm = Osrm::at(url, within).context("cannot use routing_url")?;
            runtime.roads = Some(Arc::new(osrm));
        }
        let board = Arc::new(Board::new(database.clone()));
        let town = config.dispatch.then(|| {
            let knobs = config.dispatch_knobs.clone();
            Arc::new(Town::new(database.clone(), knobs, Arc::clone(&presence), Arc::clone(&clock)))
        });
        let kinds = kinds::further(&board, town.as_ref());
        let engine = Engine::start_with(store, bus, Arc::clone(&clock), runtime, kinds)
            .await
            .context("cannot read the store; has `peerpack migrate` been run?")?;
        engine.threads().watch().context("cannot watch over the threads")?;
        let sockets = Arc::new(Sockets::default());
        let (revocations, learning) = identity::revocations(&database, &sockets, Arc::clone(&clock)).await?;
        let subscription =
            redis.map(|redis| hearing::subscribe(&redis, engine.clone(), Arc::clone(&sockets), town.clone()));
        if let (Some(handle), Some(address)) = (&metrics, config.metrics_listen) {
            let listener =
                TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
            actix_web::rt::spawn(telemetry::serve_metrics(handle, listener)?);
        }
        let files = Files::open(&config).context("cannot make the directory of uploads")?;
        let started_at = clock.now();
        let app = App {
            engine,
            database,
            files,
            clock,
            skew,
            presence,
            sockets,
            duty: Arc::new(Duty::default()),
            telegram,
            providers,
            audit: Arc::new(Audit::new(started_at)),
            tokens: Arc::new(tokens.clone()),
            board,
            town,
            chat_places: Arc::new(Semaphore::new(CHAT_PLACES)),
            config: Arc::new(config),
            started_at,
        };
        let beside = AppData::new(&app.config, Some(revocations))?;
        let connections = Arc::new(Connections::new(&app.config)?);
        let server = serving::serve(listener, app.clone(), tokens, beside, Arc::clone(&connections))?;
        let bot = Bot::start(&app);
        let (maintenance, jobs) = (Maintenance::start(app.clone()), Jobs::start(app.clone()));
        let teller = Teller::start(app.clone());
        Ok(Self {
            server,
            address,
            app,
            connections,
            bot,
            _subscription: subscription,
            _maintenance: maintenance,
            _jobs: jobs,
            _teller: teller,
            _learning: learning,
            _following: following,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The parts that the server is made of.
    #[must_use]
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// The command that makes the first administrator; `None` when there is one, or such a command was given
    /// out lately.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn first_admin_command(&self) -> anyhow::Result<Option<String>> {
        let invitation = identity::invite(&self.app).await?;
        Ok(invitation.map(|secret| {
            let body = format!(
                r#"{{"invitation":"{secret}","login":"admin","name":"Administrator","password":"CHOOSE-ONE"}}"#
            );
            let url = format!("http://{}/api/auth/first-admin", self.address);
            format!("curl -X POST {url} -H 'content-type: application/json' -d '{body}'")
        }))
    }

    /// A handle that stops it.
    #[must_use]
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    /// Serves until a signal or its handle stops it, then closes the store. A signal lets it finish what it
    /// has.
    ///
    /// # Errors
    /// When the server itself fails.
    pub async fn run_until_stopped(self) -> anyhow::Result<()> {
        let ending =
            actix_web::rt::spawn(ending::on_signal(self.app.clone(), self.server.handle(), self.connections));
        inherited::tell("READY=1");
        let ended = self.server.await;
        ending.abort();
        if let Some(bot) = self.bot {
            bot.finish().await;
        }
        self.app.engine.stop();
        self.app.database.close().await;
        Ok(ended?)
    }
}

/// Brings the schema of the configured database up to date.
///
/// # Errors
/// What keeps it from that, for people.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let database = connect(config).await?;
    database.migrate().await.context("cannot migrate")?;
    tracing::info!(kind = database.kind(), "the schema is up to date");
    database.close().await;
    Ok(())
}

/// Tells the configured database that it is an older copy, so that clients load everything anew. No server
/// may be running on it: what it knows would be that of the other history.
///
/// # Errors
/// What keeps it from that, for people.
pub async fn restored(config: &Config) -> anyhow::Result<()> {
    let database = connect(config).await?;
    database.renew_epoch().await.context("cannot rename the history; is this the restored database?")?;
    tracing::info!(kind = database.kind(), "the history has a new name: clients load everything anew");
    database.close().await;
    Ok(())
}

/// Makes a link that signs an operator in, once; answers with the command that uses it. A server may be
/// running.
///
/// # Errors
/// There is no such operator; what else keeps it from that, for people.
pub async fn operator_link(
    config: &Config,
    login: &str,
    forget_second_factor: bool,
) -> anyhow::Result<String> {
    let database = connect(config).await?;
    let link = identity::operator_link(&database, login, forget_second_factor).await;
    database.close().await;
    let url = format!("http://{}/api/auth/operator-link", config.listen);
    let link = link?;
    Ok(format!("curl -X POST {url} -H 'content-type: application/json' -d '{{\"link\":\"{link}\"}}'"))
}

/// Compares the books with a provider's list: of a file, or of the provider itself. With `again` the file has
/// all the time in which differences are open. A server may be running.
///
/// # Errors
/// What keeps it from that, for people.
pub async fn reconcile(
    config: &Config,
    method: Method,
    file: Option<&Path>,
    days: u16,
    again: bool,
) -> anyhow::Result<Reconciliation> {
    let (now, days) = (SystemClock.now(), Span::days(days.into()));
    let database = connect(config).await?;
    let work = async {
        let known = database.reconciliations().await?;
        let last = known.iter().find(|one| one.method == method);
        let (listed, of) = match file {
            // A file has what it has; a provider can be asked for more.
            Some(file) => {
                let listed = lists::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                (listed, payments::window_of_file(last, days, again, now))
            }
            None => {
                let of = payments::window(last, days, now);
                let providers = outside::providers(&config.money, outside::telegram(config)?.as_ref())?;
                let provider = providers.get(method).context("this way to pay is not set up")?;
                (payments::list(provider, of, now).await.map_err(anyhow::Error::msg)?, of)
            }
        };
        let found = payments::reconcile(&database, method, &listed, of, now).await;
        found.context("cannot read the books")
    };
    let found = work.await;
    database.close().await;
    found
}

/// Opens the configured database.
///
/// # Errors
/// What keeps it from that, for people.
pub(crate) async fn connect(config: &Config) -> anyhow::Result<Database> {
    let url = match &config.database_url {
        Some(url) => url.reveal().to_owned(),
        None => config.data_dir.display().to_string(),
    };
    let mut settings = store::Settings::new(url);
    settings.sends_messages = config.bot.is_on();
    Database::connect(&settings).await.context("cannot open the database")
}

type BusParts = (Arc<dyn Bus>, Arc<dyn Presence>, Option<Arc<RedisBus>>);

fn join_bus(config: &Config) -> anyhow::Result<BusParts> {
    let Some(url) = &config.redis_url else {
        let local = Arc::new(LocalBus::default());
        return Ok((Arc::clone(&local) as Arc<dyn Bus>, local, None));
    };
    let node = Uuid::from_bytes(rand::random());
    let redis = Arc::new(RedisBus::join(url.reveal(), node, NAMESPACE).context("cannot use REDIS_URL")?);
    Ok((Arc::clone(&redis) as Arc<dyn Bus>, Arc::clone(&redis) as Arc<dyn Presence>, Some(redis)))
}
