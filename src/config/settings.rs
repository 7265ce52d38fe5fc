//! One layer of the configuration, where everything may be absent: the flags, the environment or the file.
//!
//! The flags' parser also parses the environment, so that `--workers 4` and `PEERPACK_WORKERS=4` cannot
//! differ.

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::{Args, FromArgMatches};
use peerpack_actors::dispatch::Settings as Dispatch;
use peerpack_actors::market::package::Mode as PackageMode;
use peerpack_actors::matching::Settings as Matching;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{BotMode, LogFormat, Mode, PaymentMode, PaymentTime, Secret, Switch};

/// Makes a layer of its keys, and lays one over another.
macro_rules! layer {
    ($(#[$about:meta])* pub struct $layer:ident {
        $($(#[$knob:meta])* pub $key:ident: Option<$kind:ty>,)+
    }) => {
        $(#[$about])*
        pub struct $layer {
            $($(#[$knob])* pub $key: Option<$kind>,)+
        }

        impl $layer {
            /// This layer over another one.
            #[must_use]
            pub fn or(self, below: Self) -> Self {
                Self { $($key: self.$key.or(below.$key),)+ }
            }
        }
    };
}

layer! {
    /// What can be set.
    #[derive(Debug, Clone, Default, Args, Deserialize)]
    #[serde(default)]
    pub struct Settings {
        /// A TOML file with settings
        #[arg(long, value_name = "FILE")]
        #[serde(skip)]
        pub config: Option<PathBuf>,
        /// How careful to be; production refuses insecure values [default: development]
        #[arg(long)]
        pub mode: Option<Mode>,
        /// Where clients connect [default: 127.0.0.1:8080]
        #[arg(long, value_name = "ADDRESS")]
        pub listen: Option<SocketAddr>,
        /// Where /metrics is served [default: nowhere]
        #[arg(long, value_name = "ADDRESS")]
        pub metrics_listen: Option<SocketAddr>,
        /// Postgres or SQLite [default: an SQLite file in the data directory]
        #[arg(long, value_name = "URL")]
        pub database_url: Option<Secret>,
        /// A file with the database's URL
        #[arg(long, value_name = "FILE")]
        pub database_url_file: Option<PathBuf>,
        /// Redis, which joins several nodes [default: one node]
        #[arg(long, value_name = "URL")]
        pub redis_url: Option<Secret>,
        /// A file with Redis' URL
        #[arg(long, value_name = "FILE")]
        pub redis_url_file: Option<PathBuf>,
        /// Where the embedded store, uploads and generated secrets lie [default: ./var]
        #[arg(long, value_name = "DIR")]
        pub data_dir: Option<PathBuf>,
        /// The Telegram bot's token. No flag: flags are visible to everybody on the machine.
        #[arg(skip)]
        pub bot_token: Option<Secret>,
        /// A file with the Telegram bot's token
        #[arg(long, value_name = "FILE")]
        pub bot_token_file: Option<PathBuf>,
        /// How the bot hears from Telegram: off, polling or webhook [default: off without a bot_token of
        /// one's own, webhook with a public_url, polling otherwise]
        #[arg(long, value_name = "MODE")]
        pub bot_mode: Option<BotMode>,
        /// Where Telegram's Bot API is [default: https://api.telegram.org]
        #[arg(long, value_name = "URL")]
        pub bot_api_url: Option<String>,
        /// What shows that a call of the webhook comes from Telegram [default: follows from the bot_token].
        /// No flag, as above.
        #[arg(skip)]
        pub bot_webhook_secret: Option<Secret>,
        /// A file with that secret
        #[arg(long, value_name = "FILE")]
        pub bot_webhook_secret_file: Option<PathBuf>,
        /// What `X-Admin-Secret` has to be in calls about the bot, at least 16 characters; without it they
        /// are refused. No flag, as above.
        #[arg(skip)]
        pub bot_admin_secret: Option<Secret>,
        /// A file with that secret
        #[arg(long, value_name = "FILE")]
        pub bot_admin_secret_file: Option<PathBuf>,
        /// Messages that a person gets from the bot in an hour; the rest is told together [default: 20]
        #[arg(long, value_name = "N")]
        pub bot_messages_per_h: Option<u32>,
        /// The key of access tokens, at least 32 bytes. No flag, as above.
        #[arg(skip)]
        pub jwt_secret: Option<Secret>,
        /// A file with the key of access tokens
        #[arg(long, value_name = "FILE")]
        pub jwt_secret_file: Option<PathBuf>,
        /// How long an access token is good, seconds [default: 900]
        #[arg(long, value_name = "SECONDS")]
        pub access_ttl_s: Option<u32>,
        /// How long a refresh token is good, seconds [default: 2592000]
        #[arg(long, value_name = "SECONDS")]
        pub refresh_ttl_s: Option<u32>,
        /// How old init data may be, seconds [default: 3600]
        #[arg(long, value_name = "SECONDS")]
        pub init_data_max_age_s: Option<u32>,
        /// Check Telegram's own signature of init data instead of the bot token's [default: false]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        pub telegram_signature: Option<bool>,
        /// Accept the key of Telegram's test environment, where anybody can be anybody [default: false]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        pub telegram_test: Option<bool>,
        /// A program that sends a code to a phone: the number is its argument, the code its input [default:
        /// the log in development, nothing in production]
        #[arg(long, value_name = "PROGRAM")]
        pub phone_code_command: Option<PathBuf>,
        /// Codes that are sent to phones in an hour, no matter who asks; three in ten are for numbers that
        /// have signed in before [default: 1000]
        #[arg(long, value_name = "N")]
        pub phone_codes_per_h: Option<NonZeroU16>,
        /// An S3-compatible service for uploads, such as http://minio:9000 [default: a directory in the data
        /// directory]
        #[arg(long, value_name = "URL")]
        pub s3_endpoint: Option<String>,
        /// The bucket for uploads
        #[arg(long, value_name = "NAME")]
        pub s3_bucket: Option<String>,
        /// The region of the bucket [default: us-east-1]
        #[arg(long, value_name = "NAME")]
        pub s3_region: Option<String>,
        /// Who the server is to the service
        #[arg(long, value_name = "KEY")]
        pub s3_access_key: Option<String>,
        /// The secret that belongs to the access key. No flag, as above.
        #[arg(skip)]
        pub s3_secret_key: Option<Secret>,
        /// A file with that secret
        #[arg(long, value_name = "FILE")]
        pub s3_secret_key_file: Option<PathBuf>,
        /// Where people reach the server, such as https://api.example.org: goes before the paths of pictures
        /// [default: none]
        #[arg(long, value_name = "URL")]
        pub public_url: Option<String>,
        /// Origins of pages that may call the server, such as https://app.example.org; in development those
        /// of localhost may, at any port [default: none]
        #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
        pub allowed_origins: Option<Vec<String>>,
        /// How a package finds its courier when its sender does not say: instant or choose [default: instant]
        #[arg(long, value_name = "MODE", value_parser = package_mode)]
        pub default_mode: Option<PackageMode>,
        /// Countries whose places are meant before others of the same name, and shown first, as ISO 3166
        /// codes [default: RU,BY,KZ,UZ,GE,AM,TR,AE,KG,TJ,TM,AZ,MD]
        #[arg(long, value_name = "CODES", value_delimiter = ',')]
        pub home_countries: Option<Vec<String>>,
        /// Knobs of the matching, as TOML: acceptance = 0.4, fairness = 0.1 [default: see docs/matching.md]
        #[arg(long, value_name = "KNOBS", value_parser = knobs::<Matching>)]
        pub matching: Option<Matching>,
        /// An OSRM-compatible routing service, http:// only [default: none, ways are great circles times
        /// road_factor]
        #[arg(long, value_name = "URL")]
        pub routing_url: Option<String>,
        /// Whether the dispatch in town runs: on or off (docs/dispatch.md) [default: on in development, off
        /// in production]
        #[arg(long, value_name = "ON_OFF")]
        pub dispatch: Option<Switch>,
        /// Knobs of the dispatch in town, as TOML: offer_ttl_s = 20, batch_ms = 1000 [default: see
        /// docs/dispatch.md]
        #[arg(long, value_name = "KNOBS", value_parser = knobs::<Dispatch>)]
        pub dispatch_knobs: Option<Dispatch>,
        /// A style of MapLibre's for the maps of the Mini App, with tiles, letters and signs of its own
        /// origin [default: outlines that the server has]
        #[arg(long, value_name = "URL")]
        pub map_style_url: Option<String>,
        /// How long an offer waits for the routing service, milliseconds [default: 300]
        #[arg(long, value_name = "MS")]
        pub routing_timeout_ms: Option<u32>,
        /// Threads that serve HTTP [default: one for each core]
        #[arg(long, value_name = "N")]
        pub workers: Option<NonZeroUsize>,
        /// How often a socket's peer is pinged, seconds, at most 25: less where a proxy cuts what is quiet
        /// [default: 25]
        #[arg(long, value_name = "SECONDS")]
        pub ping_s: Option<u32>,
        /// Open sockets of one user [default: 5]
        #[arg(long, value_name = "N")]
        pub max_sockets_per_user: Option<NonZeroUsize>,
        /// Open sockets from one address [default: 20]
        #[arg(long, value_name = "N")]
        pub max_sockets_per_ip: Option<NonZeroUsize>,
        /// Open connections in all [default: what the limit of open files leaves room for]
        #[arg(long, value_name = "N")]
        pub max_connections: Option<NonZeroUsize>,
        /// Open HTTP connections from one address; behind proxies, requests of one client [default: 256 with
        /// limits]
        #[arg(long, value_name = "N")]
        pub max_connections_per_ip: Option<NonZeroUsize>,
        /// How long a client may take nothing of an answer, seconds [default: 30]
        #[arg(long, value_name = "SECONDS")]
        pub unread_within_s: Option<NonZeroU16>,
        /// How far the clock of this machine may be from the database's at the start, seconds, at most 3600
        /// [default: 30]
        #[arg(long, value_name = "SECONDS")]
        pub max_clock_skew_s: Option<u32>,
        /// Proxies in front whose X-Forwarded-For counts [default: 0]
        #[arg(long, value_name = "N")]
        pub trusted_proxies: Option<u8>,
        /// Demand the sender's word that nothing forbidden is inside a package [default: false]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        pub confirm_contents: Option<bool>,
        /// How long a sender may say nothing to a delivery before it counts as confirmed, days [default: 7]
        #[arg(long, value_name = "DAYS")]
        pub confirm_after_days: Option<NonZeroU16>,
        /// Keep contact details in chats back until there is a deal between the two [default: true]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        pub chat_masks_contacts: Option<bool>,
        /// Messages to somebody one has no request with, before they answer [default: 3]
        #[arg(long, value_name = "N")]
        pub chat_to_stranger: Option<u32>,
        /// Strangers one may write to within a day [default: 10]
        #[arg(long, value_name = "N")]
        pub chat_strangers_a_day: Option<u32>,
        /// Messages of one person within a minute, in all chats [default: 30]
        #[arg(long, value_name = "N")]
        pub chat_a_minute: Option<NonZeroU32>,
        /// Packages of one sender that wait for a courier or a pickup, patterns included [default: 500]
        #[arg(long, value_name = "N")]
        pub max_open_packages: Option<NonZeroU32>,
        /// Trips of one courier that are not over [default: 200]
        #[arg(long, value_name = "N")]
        pub max_live_trips: Option<NonZeroU32>,
        /// Requests of one person that wait for an answer [default: 500]
        #[arg(long, value_name = "N")]
        pub max_pending_requests: Option<NonZeroU32>,
        /// Requests of senders that wait on one trip [default: 500]
        #[arg(long, value_name = "N")]
        pub max_pending_per_trip: Option<NonZeroU32>,
        /// Pieces on one trip, those of all its legs together [default: 200]
        #[arg(long, value_name = "N")]
        pub max_pieces_per_trip: Option<NonZeroU32>,
        /// Refuse clients that ask too much [default: true in production]
        #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
        pub limits: Option<bool>,
        /// How people pay: off, or some of demo, manual and webhook [default: demo in development, off in
        /// production]
        #[arg(long, value_name = "MODES", value_delimiter = ',')]
        pub payments: Option<Vec<PaymentMode>>,
        /// When a sender pays: at_claim or on_publish [default: at_claim]
        #[arg(long, value_name = "WHEN")]
        pub payment_time: Option<PaymentTime>,
        /// The platform's share of a reward, 1/100 of a percent [default: 1000]
        #[arg(long, value_name = "BPS")]
        pub fee_bps: Option<u32>,
        /// The least that the platform takes of a reward, kopecks [default: 0]
        #[arg(long, value_name = "KOPECKS")]
        pub fee_minimum_minor: Option<u32>,
        /// The same where people choose each other, 1/100 of a percent [default: fee_bps]
        #[arg(long, value_name = "BPS")]
        pub fee_choose_bps: Option<u32>,
        /// The least there, kopecks [default: fee_minimum_minor]
        #[arg(long, value_name = "KOPECKS")]
        pub fee_choose_minimum_minor: Option<u32>,
        /// What people are told who pay by a transfer: the account; the reference and the amount are added
        #[arg(long, value_name = "TEXT")]
        pub payment_instructions: Option<String>,
        /// The server that connects an acquirer, https:// or http:// (docs/money.md)
        #[arg(long, value_name = "URL")]
        pub payment_webhook_url: Option<String>,
        /// A PEM file of root certificates that it may have besides the public ones
        #[arg(long, value_name = "FILE")]
        pub payment_webhook_ca_file: Option<PathBuf>,
        /// What both sides sign with, at least 32 bytes. No flag, as above.
        #[arg(skip)]
        pub payment_webhook_secret: Option<Secret>,
        /// A file with that secret
        #[arg(long, value_name = "FILE")]
        pub payment_webhook_secret_file: Option<PathBuf>,
        /// The token of Telegram's payment provider, as BotFather gives it. No flag, as above.
        #[arg(skip)]
        pub payment_telegram_token: Option<Secret>,
        /// A file with that token
        #[arg(long, value_name = "FILE")]
        pub payment_telegram_token_file: Option<PathBuf>,
        /// What a highlight costs, Telegram Stars [default: 50]
        #[arg(long, value_name = "STARS")]
        pub highlight_stars: Option<u32>,
        /// How long a highlight lasts, hours [default: 72]
        #[arg(long, value_name = "HOURS")]
        pub highlight_h: Option<u16>,
        /// The most that one person may take out within 24 hours, kopecks [default: 20000000]
        #[arg(long, value_name = "KOPECKS")]
        pub payout_daily_minor: Option<u32>,
        /// Withdrawals above this need two operators, kopecks [default: 5000000]
        #[arg(long, value_name = "KOPECKS")]
        pub payout_second_above_minor: Option<u32>,
        /// How long money waits after its owner has named a new place for it, hours [default: 24]
        #[arg(long, value_name = "HOURS")]
        pub payout_wait_h: Option<u16>,
        /// Which log lines are written, such as info,peerpack=debug [default: info]
        #[arg(long, value_name = "FILTER")]
        pub log: Option<String>,
        /// How logs are written [default: auto]
        #[arg(long, value_name = "FORMAT")]
        pub log_format: Option<LogFormat>,
    }
}

fn package_mode(word: &str) -> Result<PackageMode, String> {
    let modes = [PackageMode::Instant, PackageMode::Choose];
    modes.into_iter().find(|mode| mode.word() == word).ok_or_else(|| "must be instant or choose".to_owned())
}

/// A table of knobs, as it stands between the braces of TOML.
fn knobs<K: DeserializeOwned>(text: &str) -> Result<K, String> {
    let table: toml::Table = format!("knobs = {{ {text} }}")
        .parse()
        .map_err(|error: toml::de::Error| error.message().to_owned())?;
    let knobs = table.get("knobs").cloned().unwrap_or(toml::Value::Table(toml::Table::new()));
    knobs.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// What other programs call the same, so it goes without the prefix too.
pub(super) const SHARED: [&str; 4] = ["DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "REDIS_URL_FILE"];

/// A key and its place in a layer.
type Field = (&'static str, fn(&mut Settings) -> &mut Option<Secret>);

/// Secrets have no flags: flags are visible to everybody on the machine.
const WITHOUT_FLAG: [Field; 7] = [
    ("bot_token", |layer| &mut layer.bot_token),
    ("bot_webhook_secret", |layer| &mut layer.bot_webhook_secret),
    ("bot_admin_secret", |layer| &mut layer.bot_admin_secret),
    ("jwt_secret", |layer| &mut layer.jwt_secret),
    ("s3_secret_key", |layer| &mut layer.s3_secret_key),
    ("payment_webhook_secret", |layer| &mut layer.payment_webhook_secret),
    ("payment_telegram_token", |layer| &mut layer.payment_telegram_token),
];

fn parser() -> clap::Command {
    Settings::augment_args(clap::Command::new("settings").no_binary_name(true))
}

/// The keys a file or the environment may have.
pub(super) fn keys() -> Vec<String> {
    let flags = parser().get_arguments().map(|argument| argument.get_id().to_string()).collect::<Vec<_>>();
    flags.into_iter().chain(WITHOUT_FLAG.map(|(key, _)| key.to_owned())).collect()
}

impl Settings {
    /// The settings in the environment's `PEERPACK_*`, `DATABASE_URL` and `REDIS_URL`. Empty values count as
    /// absent.
    pub(super) fn from_environment(
        variables: impl IntoIterator<Item = (String, String)>,
        problems: &mut Vec<String>,
        warnings: &mut Vec<String>,
    ) -> Self {
        let keys = keys();
        let mut settings = Self::default();
        let mut variables: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        variables.sort();
        for (name, value) in variables {
            let own = name.strip_prefix("PEERPACK_");
            let Some(key) = own.or_else(|| SHARED.contains(&&*name).then_some(&*name)) else { continue };
            let key = key.to_lowercase();
            if key.starts_with("test_") {
                continue;
            }
            if !keys.contains(&key) {
                warnings.push(format!("the environment variable {name} is not known and has no effect"));
                continue;
            }
            match Self::one(&key, &value) {
                Ok(one) => settings = one.or(settings),
                Err(reason) => problems.push(format!("{name}: {reason}")),
            }
        }
        settings
    }

    fn one(key: &str, value: &str) -> Result<Self, String> {
        if let Some((_, field)) = WITHOUT_FLAG.iter().find(|(secret, _)| *secret == key) {
            let mut layer = Self::default();
            *field(&mut layer) = Some(value.into());
            return Ok(layer);
        }
        let flag = format!("--{}={value}", key.replace('_', "-"));
        let matches = parser().try_get_matches_from([flag]);
        matches.and_then(|matches| Self::from_arg_matches(&matches)).map_err(|error| {
            let text = error.to_string();
            text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        })
    }

    /// The settings in a TOML file.
    pub(super) fn from_file(path: &Path, problems: &mut Vec<String>) -> Self {
        let shown = path.display();
        let table = std::fs::read_to_string(path)
            .map_err(|error| error.to_string())
            .and_then(|text| text.parse::<toml::Table>().map_err(|error| error.message().to_owned()));
        let table = match table {
            Ok(table) => table,
            Err(reason) => {
                problems.push(format!("{shown}: {reason}"));
                return Self::default();
            }
        };
        let keys = keys();
        let mut settings = Self::default();
        for (key, value) in table {
            if key == "config" || !keys.contains(&key) {
                problems.push(format!("{shown}: the key {key} is not known"));
                continue;
            }
            match toml::Table::from_iter([(key.clone(), value)]).try_into::<Self>() {
                Ok(one) => settings = one.or(settings),
                Err(error) => problems.push(format!("{shown}: {key}: {}", error.message())),
            }
        }
        settings
    }

    /// Reads the secrets that are named by file. Both the secret and its file in one layer is a
    /// contradiction.
    pub(super) fn with_secrets_from_files(mut self, layer: &str, problems: &mut Vec<String>) -> Self {
        let secrets = [
            ("database_url", &mut self.database_url, self.database_url_file.take()),
            ("redis_url", &mut self.redis_url, self.redis_url_file.take()),
            ("bot_token", &mut self.bot_token, self.bot_token_file.take()),
            ("bot_webhook_secret", &mut self.bot_webhook_secret, self.bot_webhook_secret_file.take()),
            ("bot_admin_secret", &mut self.bot_admin_secret, self.bot_admin_secret_file.take()),
            ("jwt_secret", &mut self.jwt_secret, self.jwt_secret_file.take()),
            ("s3_secret_key", &mut self.s3_secret_key, self.s3_secret_key_file.take()),
            (
                "payment_webhook_secret",
                &mut self.payment_webhook_secret,
                self.payment_webhook_secret_file.take(),
            ),
            (
                "payment_telegram_token",
                &mut self.payment_telegram_token,
                self.payment_telegram_token_file.take(),
            ),
        ];
        for (key, secret, file) in secrets {
            let Some(file) = file else { continue };
            if secret.is_some() {
                problems.push(format!("{layer}: {key} and {key}_file are both set"));
            }
            match std::fs::read_to_string(&file) {
                Ok(text) if !text.trim().is_empty() => *secret = Some(text.trim().into()),
                Ok(_) => problems.push(format!("{layer}: {key}_file: {} is empty", file.display())),
                Err(error) => problems.push(format!("{layer}: {key}_file: {}: {error}", file.display())),
            }
        }
        self
    }
}
