//! The configuration: read once at the start, typed, and refused as a whole when something in it is wrong.
//!
//! Four layers, the first that sets a key wins: flags, environment (`PEERPACK_*`, `DATABASE_URL`,
//! `REDIS_URL`), a TOML file, defaults. Secrets may also be named by file (`.._FILE`). Must not touch the
//! process's environment itself: it comes in as an argument, so that tests need none.

mod bot;
mod checks;
mod map_style;
mod money;
mod secret;
mod settings;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use peerpack_actors::dispatch::Settings as Dispatch;
use peerpack_actors::market::bounds::Bounds;
use peerpack_actors::market::package::Mode as PackageMode;
use peerpack_actors::matching::Settings as Matching;
use peerpack_actors::place::Home;
use peerpack_actors::talk::chat::Policy as ChatPolicy;
use peerpack_actors::time::Span;
use serde::Deserialize;

pub use bot::{BotConfig, BotMode};
pub(crate) use checks::is_origin;
pub use map_style::MapStyle;
pub use money::{MoneyConfig, PaymentMode, PaymentTime};
pub use secret::Secret;
pub use settings::Settings;

/// The bot token of Telegram's public documentation: good for development, and known to everybody.
pub const PUBLIC_TEST_TOKEN: &str = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8";

/// How seldom a socket's peer may be pinged, seconds: clients take 40 s of silence for a dead connection.
const MAX_PING_S: u32 = 25;

/// How careful to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Everything has a default; nothing has to be installed or kept secret.
    #[default]
    Development,
    /// Insecure values are refused.
    Production,
}

/// Whether something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Pretty on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// Lines for people to read.
    Pretty,
    /// One JSON object a line, for programs to read.
    Json,
}

/// A bucket of an S3-compatible service.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// Where the service is, `http://host:port`.
    pub endpoint: String,
    /// What the bucket is called.
    pub bucket: String,
    /// Where the service believes the bucket to be.
    pub region: String,
    /// Who we are there.
    pub access_key: String,
    /// What shows it.
    pub secret_key: Secret,
}

/// The configuration of a server, complete and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// How careful to be.
    pub mode: Mode,
    /// Whether this is the demo, which signs anybody in. No setting: the command says so.
    pub is_demo: bool,
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Where `/metrics` is served; nowhere if absent.
    pub metrics_listen: Option<SocketAddr>,
    /// Postgres or SQLite; absent means the embedded store in `data_dir`.
    pub database_url: Option<Secret>,
    /// Redis; absent means one node.
    pub redis_url: Option<Secret>,
    /// Where the embedded store, uploads and generated secrets lie.
    pub data_dir: PathBuf,
    /// The Telegram bot's token.
    pub bot_token: Secret,
    /// The key of access tokens, if configured. See [`Config::jwt_secret`].
    jwt_secret: Option<Secret>,
    /// How long an access token is good.
    pub access_ttl: Span,
    /// How long a refresh token is good.
    pub refresh_ttl: Span,
    /// How old init data may be.
    pub init_data_max_age: Span,
    /// Whether Telegram's own signature of init data is checked, instead of the bot token's.
    pub telegram_signature: bool,
    /// Whether that is the one of Telegram's test environment.
    pub telegram_test: bool,
    /// What sends codes to phones.
    pub phone_code_command: Option<PathBuf>,
    /// Codes that are sent to phones in an hour, no matter who asks.
    pub phone_codes_per_h: u32,
    /// Whether a package needs the sender's word that nothing forbidden is inside.
    pub confirm_contents: bool,
    /// How long a sender may say nothing to a delivery before it counts as confirmed, in days.
    pub confirm_after_days: u16,
    /// How much one person may have open.
    pub bounds: Bounds,
    /// What may be said to whom in chats.
    pub chat: ChatPolicy,
    /// Whether clients that ask too much are refused.
    pub limits: bool,
    /// Where uploads lie instead of in `data_dir`.
    pub bucket: Option<BucketConfig>,
    /// Where people reach the server, without a slash at the end; empty when they need not be told.
    pub public_url: String,
    /// Origins of pages that may call us, exactly as browsers send them.
    pub allowed_origins: Vec<String>,
    /// How a package finds its courier when its sender does not say.
    pub default_mode: PackageMode,
    /// The countries whose places are meant before others of the same name.
    pub home_countries: Home,
    /// The knobs of the matching.
    pub matching: Matching,
    /// An OSRM-compatible routing service; absent means great circles.
    pub routing_url: Option<String>,
    /// The style of the Mini App's maps, if it is another one's.
    pub map_style: Option<MapStyle>,
    /// How long an offer waits for it, in milliseconds.
    pub routing_timeout_ms: u32,
    /// Threads that serve HTTP.
    pub workers: usize,
    /// How often a socket's peer is pinged, seconds.
    pub ping_s: u32,
    /// Open sockets of one user.
    pub max_sockets_per_user: usize,
    /// Open sockets from one address.
    pub max_sockets_per_ip: usize,
    /// Open connections in all; absent means as many as there may be files.
    pub max_connections: Option<usize>,
    /// Open HTTP connections from one address; behind proxies, requests of one client under way.
    pub max_connections_per_ip: Option<usize>,
    /// How long a peer may take nothing of an answer, seconds.
    pub unread_within_s: u16,
    /// How far this machine's clock may be from the database's at the start.
    pub max_clock_skew: Span,
    /// Proxies in front of us whose `X-Forwarded-For` counts.
    pub trusted_proxies: u8,
    /// Whether the dispatch in town runs.
    pub dispatch: bool,
    /// The knobs of the dispatch in town.
    pub dispatch_knobs: Dispatch,
    /// How the marketplace pays.
    pub money: MoneyConfig,
    /// Whether there is a bot, and how it hears from Telegram.
    pub bot: BotConfig,
    /// Which log lines are written.
    pub log: String,
    /// How they are written.
    pub log_format: LogFormat,
    /// What is allowed but unwise, one sentence each.
    pub warnings: Vec<String>,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for Problems {}

impl Config {
    /// Puts the layers together and checks the result. `environment` is that of the process,
    /// `std::env::vars()`.
    ///
    /// # Errors
    /// All problems at once.
    pub fn load(
        flags: Settings,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let environment = Settings::from_environment(environment, &mut problems, &mut warnings);
        let file = flags
            .config
            .as_ref()
            .or(environment.config.as_ref())
            .map(|path| Settings::from_file(path, &mut problems));
        let layers = [("flags", flags), ("environment", environment), ("file", file.unwrap_or_default())];
        let layers = layers.map(|(name, layer)| layer.with_secrets_from_files(name, &mut problems));
        let settings = layers.into_iter().reduce(Settings::or).unwrap_or_default();
        let home = settings.home_countries.as_ref().map(Home::of).transpose();
        let home = home.unwrap_or_else(|error| {
            problems.push(format!("home_countries: {error}"));
            None
        });
        let map_style = settings.map_style_url.as_deref().map(MapStyle::parse).transpose();
        let map_style = map_style.unwrap_or_else(|problem| {
            problems.push(problem.to_owned());
            None
        });
        let mut config = Self::from_settings(settings, home.unwrap_or_default(), warnings);
        config.map_style = map_style;
        config.check(&mut problems);
        if problems.is_empty() { Ok(config.with_warnings()) } else { Err(Problems(problems)) }
    }

    fn from_settings(settings: Settings, home_countries: Home, warnings: Vec<String>) -> Self {
        let mode = settings.mode.unwrap_or_default();
        let development = mode == Mode::Development;
        let span =
            |seconds: Option<u32>, default: Span| seconds.map_or(default, |s| Span::seconds(i64::from(s)));
        let bounds = Bounds::default();
        let chat = ChatPolicy::default();
        let money = MoneyConfig::of(&settings, mode);
        let bot = BotConfig::of(&settings);
        Self {
            mode,
            money,
            bot,
            listen: settings.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
            metrics_listen: settings.metrics_listen,
            database_url: settings.database_url,
            redis_url: settings.redis_url,
            data_dir: settings.data_dir.unwrap_or_else(|| PathBuf::from("./var")),
            bot_token: settings.bot_token.unwrap_or_else(|| PUBLIC_TEST_TOKEN.into()),
            jwt_secret: settings.jwt_secret,
            access_ttl: span(settings.access_ttl_s, Span::minutes(15)),
            refresh_ttl: span(settings.refresh_ttl_s, Span::days(30)),
            init_data_max_age: span(settings.init_data_max_age_s, Span::hours(1)),
            telegram_signature: settings.telegram_signature.unwrap_or(false),
            telegram_test: settings.telegram_test.unwrap_or(false),
            phone_code_command: settings.phone_code_command,
            phone_codes_per_h: settings.phone_codes_per_h.map_or(1_000, |n| n.get().into()),
            bucket: settings.s3_endpoint.map(|endpoint| BucketConfig {
                endpoint,
                bucket: settings.s3_bucket.unwrap_or_default(),
                region: settings.s3_region.unwrap_or_else(|| "us-east-1".to_owned()),
                access_key: settings.s3_access_key.unwrap_or_default(),
                secret_key: settings.s3_secret_key.unwrap_or_else(|| "".into()),
            }),
            public_url: settings
                .public_url
                .map(|url| url.trim_end_matches('/').to_owned())
                .unwrap_or_default(),
            allowed_origins: settings.allowed_origins.unwrap_or_default(),
            default_mode: settings.default_mode.unwrap_or_default(),
            home_countries,
            matching: settings.matching.unwrap_or_default(),
            routing_url: settings.routing_url,
            map_style: None,
            routing_timeout_ms: settings.routing_timeout_ms.unwrap_or(300),
            workers: settings
                .workers
                .or_else(|| std::thread::available_parallelism().ok())
                .map_or(1, NonZeroUsize::get),
            ping_s: settings.ping_s.unwrap_or(MAX_PING_S),
            max_sockets_per_user: settings.max_sockets_per_user.map_or(5, NonZeroUsize::get),
            max_sockets_per_ip: settings.max_sockets_per_ip.map_or(20, NonZeroUsize::get),
            max_connections: settings.max_connections.map(NonZeroUsize::get),
            max_connections_per_ip: settings.max_connections_per_ip.map(NonZeroUsize::get),
            unread_within_s: settings.unread_within_s.map_or(30, NonZeroU16::get),
            max_clock_skew: span(settings.max_clock_skew_s, Span::seconds(30)),
            trusted_proxies: settings.trusted_proxies.unwrap_or(0),
            confirm_contents: settings.confirm_contents.unwrap_or(false),
            confirm_after_days: settings.confirm_after_days.map_or(7, NonZeroU16::get),
            chat: ChatPolicy {
                masks_contacts: settings.chat_masks_contacts.unwrap_or(chat.masks_contacts),
                to_stranger: settings.chat_to_stranger.unwrap_or(chat.to_stranger),
                strangers_a_day: settings.chat_strangers_a_day.unwrap_or(chat.strangers_a_day),
                a_minute: settings.chat_a_minute.map_or(chat.a_minute, NonZeroU32::get),
            },
            bounds: Bounds {
                open_packages: settings.max_open_packages.map_or(bounds.open_packages, NonZeroU32::get),
                live_trips: settings.max_live_trips.map_or(bounds.live_trips, NonZeroU32::get),
                pending_requests: settings
                    .max_pending_requests
                    .map_or(bounds.pending_requests, NonZeroU32::get),
                pending_on_trip: settings
                    .max_pending_per_trip
                    .map_or(bounds.pending_on_trip, NonZeroU32::get),
                pieces_on_trip: settings.max_pieces_per_trip.map_or(bounds.pieces_on_trip, NonZeroU32::get),
            },
            dispatch: settings.dispatch.map_or(development, |switch| switch == Switch::On),
            dispatch_knobs: settings.dispatch_knobs.unwrap_or_default(),
            limits: settings.limits.unwrap_or(!development),
            is_demo: false,
            log: settings.log.unwrap_or_else(|| "info".to_owned()),
            log_format: settings.log_format.unwrap_or_default(),
            warnings,
        }
    }

    /// How often a socket's peer is pinged.
    #[must_use]
    pub fn ping_every(&self) -> Duration {
        Duration::from_secs(self.ping_s.into())
    }

    /// The key of access tokens. In development, when none is configured, one is made of `fresh` and kept in
    /// the data directory, so that tokens outlive a restart; in production it is always configured.
    ///
    /// # Errors
    /// The data directory cannot be written.
    pub fn jwt_secret(&self, fresh: [u8; 32]) -> std::io::Result<Secret> {
        match &self.jwt_secret {
            Some(secret) => Ok(secret.clone()),
            None => secret::kept(&self.data_dir, "jwt.secret", fresh),
        }
    }
}

#[cfg(test)]
mod tests;
