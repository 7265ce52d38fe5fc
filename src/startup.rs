//! Puts the parts together: configuration in, a running server out. Binds first, so that port 0 can be asked for
//! its port and tests run the real thing.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::{HttpServer, web};
use anyhow::Context;
use peerpack_actors::place::Gazetteer;
use peerpack_actors::ports::{Bus, Clock};
use peerpack_actors::runtime::{Engine, RuntimeSettings};
use uuid::Uuid;

use crate::app::{App, SystemClock};
use crate::auth::token::Tokens;
use crate::bus::local::LocalBus;
use crate::bus::redis::{RedisBus, Running};
use crate::bus::{Heard, Presence};
use crate::chores::Chores;
use crate::config::Config;
use crate::error::{extract, request_id};
use crate::http::once;
use crate::store::{self, Database};
use crate::{http, telemetry, ws};

/// The namespace of this deployment in Redis.
const NAMESPACE: &str = "peerpack";

/// How long a client may take over its request line and headers.
const HEADERS_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// A server that is bound and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    app: App,
    /// Listens to other nodes as long as the application lives.
    _subscription: Option<Running>,
    /// Done as long as the application lives.
    _chores: Chores,
}

impl Application {
    /// Builds a server with the usual runtime.
    ///
    /// # Errors
    /// What keeps it from starting, for people.
    pub async fn build(config: Config) -> anyhow::Result<Self> {
        let runtime = RuntimeSettings { demo_funds: config.demo_payments, ..RuntimeSettings::default() };
        Self::build_with(config, runtime).await
    }

    /// Builds a server with a runtime of one's own.
    ///
    /// # Errors
    /// What keeps it from starting, for people.
    pub async fn build_with(config: Config, runtime: RuntimeSettings) -> anyhow::Result<Self> {
        // Parsed here rather than under the first request.
        let _ = Gazetteer::bundled();
        let listener = TcpListener::bind(config.listen)
            .with_context(|| format!("cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let database = connect(&config).await?;
        if config.database_url.is_none() {
            database.migrate().await.context("cannot bring the embedded store up to date")?;
        }
        let secret = config.jwt_secret(rand::random()).context("cannot keep the token secret")?;
        let tokens = Tokens::new(secret.reveal().as_bytes(), config.access_ttl)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let (bus, presence, redis) = join_bus(&config)?;
        let store = Arc::new(database.clone());
        let engine = Engine::start(store, bus, Arc::clone(&clock), runtime)
            .await
            .context("cannot read the store; has `peerpack migrate` been run?")?;
        let subscription = redis.map(|redis| subscribe(&redis, engine.clone()));
        if let Some(metrics) = config.metrics_listen {
            let handle = telemetry::install_metrics()?;
            let listener =
                TcpListener::bind(metrics).with_context(|| format!("cannot listen on {metrics}"))?;
            actix_web::rt::spawn(telemetry::serve_metrics(&handle, listener)?);
        }
        let started_at = clock.now();
        let app = App { engine, database, clock, presence, config: Arc::new(config), started_at };
        let server = serve(listener, app.clone(), tokens)?;
        let chores = Chores::start(app.clone());
        Ok(Self { server, address, app, _subscription: subscription, _chores: chores })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its parts.
    #[must_use]
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// A handle that stops it.
    #[must_use]
    pub fn handle(&self) -> actix_web::dev::ServerHandle {
        self.server.handle()
    }

    /// Serves until a signal or its handle stops it, then closes the store.
    ///
    /// # Errors
    /// When the server itself fails.
    pub async fn run_until_stopped(self) -> std::io::Result<()> {
        let ended = self.server.await;
        self.app.engine.stop();
        self.app.database.close().await;
        ended
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

async fn connect(config: &Config) -> anyhow::Result<Database> {
    let url = match &config.database_url {
        Some(url) => url.reveal().to_owned(),
        None => config.data_dir.display().to_string(),
    };
    Database::connect(&store::Settings::new(url)).await.context("cannot open the database")
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

fn subscribe(redis: &RedisBus, engine: Engine) -> Running {
    redis.subscribe(move |heard| {
        let engine = engine.clone();
        match heard {
            Heard::Hint(hint) => drop(tokio::spawn(async move { engine.hinted(hint).await })),
            // The supervisor compares every position with the store within seconds anyway.
            Heard::Gap => tracing::info!("listening to the other nodes; hints may have been missed"),
        }
    })
}

fn serve(listener: TcpListener, app: App, tokens: Tokens) -> std::io::Result<Server> {
    let config = Arc::clone(&app.config);
    let workers = config.workers;
    let clock: web::Data<dyn Clock> = web::Data::from(Arc::clone(&app.clock));
    let (app, tokens) = (web::Data::new(app), web::Data::new(tokens));
    let running = web::Data::new(once::Running::default());
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(app.clone())
            .app_data(tokens.clone())
            .app_data(clock.clone())
            .app_data(running.clone())
            .configure(extract::refuse_in_our_words)
            .wrap(cors(&config.allowed_origins))
            .wrap(NormalizePath::new(TrailingSlash::Trim))
            .wrap(from_fn(request_id::name))
            .configure(http::routes)
            .default_service(web::to(extract::nothing_here))
    });
    Ok(server
        .on_connect(ws::keep_plug)
        .workers(workers)
        .client_request_timeout(HEADERS_WITHIN)
        .shutdown_timeout(10)
        .listen(listener)?
        .run())
}

fn cors(allowed: &[String]) -> Cors {
    allowed.iter().fold(
        Cors::default()
            .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
            .allowed_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
            .allowed_headers([once::KEY, header::IF_MATCH])
            .expose_headers([once::REPLAYED, header::ETAG, header::RETRY_AFTER, request_id::HEADER])
            .max_age(600),
        |cors, origin| cors.allowed_origin(origin),
    )
}
