//! What a configuration may not be, and what it had better not be.

use std::collections::HashSet;

use super::{Config, MAX_PING_S, Mode, PUBLIC_TEST_TOKEN, Secret};
use crate::auth::token::{MAX_LIFETIME, MIN_KEY_BYTES};
use peerpack_actors::time::Span;

/// What is random and as long as a key has more different characters.
const FEW_CHARACTERS: usize = 8;

/// With so many, the half of a key is a key.
const MANY_CHARACTERS: usize = 16;

impl Config {
    /// Lists everything that keeps the server from starting.
    pub(super) fn check(&self, problems: &mut Vec<String>) {
        let mut no = |wrong: bool, problem: &str| {
            if wrong {
                problems.push(problem.to_owned());
            }
        };
        let production = self.mode == Mode::Production;
        let weak = self.jwt_secret.as_ref().is_some_and(|secret| secret.reveal().len() < MIN_KEY_BYTES);
        no(weak, "jwt_secret has fewer than 32 bytes");
        no(production && self.jwt_secret.is_none(), "production needs a jwt_secret");
        let guessable = self.guessable_secret().filter(|_| production && !weak);
        no(guessable.is_some(), &format!("jwt_secret {}", guessable.unwrap_or_default()));
        let public = self.bot_token.reveal() == PUBLIC_TEST_TOKEN;
        no(production && public, "production needs a bot_token of its own: the default is public");
        no(
            production && self.telegram_test,
            "telegram_test is on in production: anybody could sign in as anybody",
        );
        self.money.check(production, self.bot.is_on(), &mut no);
        self.bot.check(&self.public_url, &self.bot_token, &mut no);
        no(!is_bot_token(&self.bot_token), "bot_token is not of the form 123456:ABC");
        no(production && self.allowed_origins.is_empty(), "production needs allowed_origins");
        no(
            self.metrics_listen.is_some_and(|metrics| metrics.port() != 0 && metrics == self.listen),
            "metrics_listen is the same as listen",
        );
        let seconds = Span::seconds;
        no(
            self.access_ttl < seconds(10) || self.access_ttl > MAX_LIFETIME,
            "access_ttl_s is not in 10 to 86400",
        );
        no(self.refresh_ttl < self.access_ttl, "refresh_ttl_s is less than access_ttl_s");
        no(
            self.init_data_max_age < seconds(10) || self.init_data_max_age > MAX_LIFETIME,
            "init_data_max_age_s is not in 10 to 86400",
        );
        no(!(1..=MAX_PING_S).contains(&self.ping_s), "ping_s is not in 1 to 25");
        no(
            !(Span::seconds(1)..=Span::hours(1)).contains(&self.max_clock_skew),
            "max_clock_skew_s is not in 1 to 3600",
        );
        let starts = |url: &Option<Secret>, schemes: &[&str]| {
            url.as_ref().is_none_or(|url| schemes.iter().any(|scheme| url.reveal().starts_with(scheme)))
        };
        no(
            !starts(&self.database_url, &["postgres://", "postgresql://", "sqlite:"]),
            "database_url starts with neither postgres:// nor sqlite:",
        );
        no(
            !starts(&self.redis_url, &["redis://", "redis+unix://", "unix://"]),
            "redis_url starts with neither redis:// nor unix:// (TLS is not built in)",
        );
        no(
            self.routing_url.as_ref().is_some_and(|url| !is_http(url)),
            "routing_url is not of the form http://host (TLS is not built in)",
        );
        no(!(10..=5_000).contains(&self.routing_timeout_ms), "routing_timeout_ms is not in 10 to 5000");
        if let Some(bucket) = &self.bucket {
            no(
                !is_http(&bucket.endpoint),
                "s3_endpoint is not of the form http://host (TLS is not built in)",
            );
            let missing = [&bucket.bucket, &bucket.access_key].iter().any(|text| text.is_empty());
            let missing = missing || bucket.secret_key.reveal().is_empty();
            no(missing, "s3_endpoint needs s3_bucket, s3_access_key and s3_secret_key");
        }
        no(
            !self.public_url.is_empty() && !is_origin(&self.public_url),
            "public_url is not of the form https://host",
        );
        problems.extend(self.matching.problems().into_iter().map(|problem| format!("matching: {problem}")));
        let knobs = self.dispatch_knobs.problems();
        problems.extend(knobs.into_iter().map(|problem| format!("dispatch_knobs: {problem}")));
        for origin in &self.allowed_origins {
            if !is_origin(origin) {
                problems.push(format!(
                    "allowed_origins: {origin} is not of the form https://host, without a path or *"
                ));
            } else if production && !origin.starts_with("https://") {
                problems.push(format!("allowed_origins: production needs https, not {origin}"));
            }
        }
    }

    /// What makes the key of access tokens easy to guess, if something does.
    fn guessable_secret(&self) -> Option<&'static str> {
        let key = self.jwt_secret.as_ref()?.reveal();
        let token = self.bot_token.reveal();
        if key.contains(token) || token.contains(key) {
            return Some("is the bot_token, which signs other things");
        }
        let different = key.bytes().collect::<HashSet<u8>>().len();
        if different < FEW_CHARACTERS {
            return Some("has too few different characters");
        }
        let bytes = key.as_bytes();
        let repeats = |unit: usize| bytes.iter().zip(&bytes[unit..]).all(|(one, other)| one == other);
        let is_repeated = different < MANY_CHARACTERS && (1..=bytes.len() / 2).any(repeats);
        is_repeated.then_some("is a shorter text again and again")
    }

    /// Adds what is allowed but unwise.
    pub(super) fn with_warnings(mut self) -> Self {
        if self.mode == Mode::Production {
            if self.public_url.is_empty() {
                let warning = "public_url is not set: links to pictures and tracking pages are good only where pages \
                               and the server share an origin";
                self.warnings.push(warning.to_owned());
            }
            let embedded = self.database_url.as_ref().is_none_or(|url| url.reveal().starts_with("sqlite:"));
            if embedded {
                self.warnings.push("the store is embedded: one node, and backups are up to you".to_owned());
            }
            if self.money.is_off() {
                let warning =
                    "payments is off: couriers are paid in cash, nothing is held and no fee is taken";
                self.warnings.push(warning.to_owned());
            }
            if self.phone_code_command.is_none() {
                let warning = "phone_code_command is not set: nobody can sign in by phone";
                self.warnings.push(warning.to_owned());
            }
            if self.metrics_listen.is_some_and(|metrics| metrics.ip().is_unspecified()) {
                let warning =
                    "metrics_listen is all addresses of this machine: metrics are not for the public";
                self.warnings.push(warning.to_owned());
            }
            if !self.limits {
                self.warnings.push("limits is off: anybody may ask as much as they like".to_owned());
            }
            if self.limits && self.trusted_proxies == 0 {
                let warning =
                    "trusted_proxies is 0: behind a proxy all users would share the limits of one address";
                self.warnings.push(warning.to_owned());
            }
        } else if !self.listen.ip().is_loopback() {
            self.warnings
                .push("development mode, open to other machines: anybody can sign in as anybody".to_owned());
        }
        if self.mode == Mode::Development
            && let Some(why) = self.guessable_secret()
        {
            self.warnings.push(format!("jwt_secret {why}: production would refuse it"));
        }
        if self.allowed_origins.iter().any(|origin| origin == "https://web.telegram.org") {
            let warning =
                "allowed_origins: https://web.telegram.org frames the app, it does not call the server";
            self.warnings.push(warning.to_owned());
        }
        self
    }
}

fn is_bot_token(token: &Secret) -> bool {
    token.reveal().split_once(':').is_some_and(|(id, key)| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && !key.is_empty()
    })
}

/// Whether it is an address that the client of [`crate::outbound`] can call.
pub(super) fn is_http_or_https(url: &str) -> bool {
    is_http(url) || url.strip_prefix("https://").is_some_and(|rest| is_http(&format!("http://{rest}")))
}

pub(super) fn is_http(url: &str) -> bool {
    reqwest::Url::parse(url)
        .is_ok_and(|url| url.scheme() == "http" && url.has_host() && url.query().is_none())
}

/// Whether it is of the form `https://host`, as browsers send origins.
pub(crate) fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'[' | b']');
    host.is_some_and(|host| !host.is_empty() && host.bytes().all(plain))
}
