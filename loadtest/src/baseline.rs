//! A deliberately plain server, to state ratios against: what a team would build first, and not badly.
//!
//! Handlers and SQL, one transaction for each step with `SELECT ... FOR UPDATE`, offers by a scan of the
//! stops of all trips, one socket task per connection. No actors, no groups of commits, no index of routes,
//! no cache. It promises the same for the main job, so the same oracle judges it: one courier for a package,
//! room on every leg, numbered events in the transaction of the change, answers that can be repeated.

mod http;
mod offers;
mod socket;
mod steps;
mod store;
mod telling;

use std::collections::HashMap;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use parking_lot::Mutex;
use peerpack::app::SystemClock;
use peerpack::auth::token::Tokens;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Clock as _;
use peerpack_actors::time::{Span, Time};
use tokio::sync::mpsc::UnboundedSender;

use self::store::Store;
use self::telling::Pushed;

/// How long a token is good.
const TOKENS_FOR: Span = Span::hours(1);

/// How long a connection for HTTP may be idle.
const IDLE_FOR: Duration = Duration::from_secs(75);

/// How a plain server is started.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The database to use: `postgres://...`.
    pub database_url: String,
    /// Where to listen, `host:port`; port 0 for any.
    pub listen: String,
    /// The Telegram bot's token with which sign-ins are checked.
    pub bot_token: String,
}

/// A plain server that listens.
pub struct Server {
    /// Where it listens: `http://host:port`.
    pub url: String,
    server: actix_web::dev::Server,
}

/// What all handlers share.
struct Plain {
    store: Store,
    tokens: Tokens,
    bot_token: String,
    sockets: Mutex<HashMap<UserId, Vec<UnboundedSender<Pushed>>>>,
}

impl Server {
    /// Connects to the database and listens.
    ///
    /// # Errors
    /// The database or the address cannot be had.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let store = Store::connect(&settings.database_url).await?;
        let secret: [u8; 32] = rand::random();
        let tokens = Tokens::new(&secret, TOKENS_FOR).context("a key of 32 bytes")?;
        let sockets = Mutex::default();
        let plain = web::Data::new(Plain { store, tokens, bot_token: settings.bot_token, sockets });
        let listener = TcpListener::bind(&settings.listen).context("cannot listen")?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = HttpServer::new(move || App::new().app_data(plain.clone()).configure(http::routes));
        let server = server.client_request_timeout(Duration::ZERO).keep_alive(IDLE_FOR);
        let server = server.listen(listener)?.workers(2).backlog(4_096).shutdown_timeout(1).run();
        Ok(Self { url, server })
    }

    /// Stops the server from elsewhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Serves until it is stopped.
    ///
    /// # Errors
    /// It cannot go on.
    pub async fn run(self) -> anyhow::Result<()> {
        Ok(self.server.await?)
    }
}

/// Makes the tables, in place of those that may be there.
///
/// # Errors
/// The database cannot be had.
pub async fn migrate(database_url: &str) -> anyhow::Result<()> {
    Store::connect(database_url).await?.make_tables().await
}

impl Plain {
    /// Tells everybody concerned, after the commit.
    fn push(&self, all: Vec<Pushed>) {
        let mut sockets = self.sockets.lock();
        for pushed in all {
            if let Some(open) = sockets.get_mut(&pushed.to) {
                open.retain(|socket| socket.send(pushed.clone()).is_ok());
            }
        }
    }
}

fn now() -> Time {
    SystemClock.now()
}
