//! How much anybody may ask: token buckets per user, per address and per class of route.
//!
//! Each node counts in memory; with Redis all nodes count together. A refusal says when to come again.

use std::collections::HashMap;
use std::net::IpAddr;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, web};
use parking_lot::Mutex;
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Clock;
use peerpack_actors::time::{Span, Time};

use super::address;
use crate::auth::authenticate;
use crate::bus::tally::{Bucket, Tally};
use crate::config::Config;
use crate::error::{ApiError, whole_seconds};

/// The most buckets one node keeps; beyond it full ones go first, and then newcomers are not counted.
const MAX_BUCKETS: usize = 100_000;

/// What kind of thing is asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// A call that changes nothing.
    Read,
    /// A call that changes something.
    Write,
    /// Showing who one is.
    SignIn,
    /// Sending a file.
    Upload,
    /// Writing in chats: it takes nothing from what else one writes.
    Chat,
    /// Opening a realtime connection.
    Socket,
    /// Whether the server lives: never refused.
    Health,
}

/// So many tokens in a second, so many at once.
#[derive(Clone, Copy, Debug)]
struct Rate {
    per_s: f64,
    burst: f64,
}

const fn rate(per_s: f64, burst: f64) -> Rate {
    Rate { per_s, burst }
}

impl Class {
    /// The class of a route.
    pub(crate) fn of(path: &str, method: &Method) -> Self {
        // Telegram calls as often as there is something to say; who has not its secret is not read.
        if path.starts_with("/health") || path == "/websocket/health" || path == "/bot/webhook" {
            Self::Health
        } else if path.starts_with("/auth/")
            && !matches!(
                path,
                "/auth/logout" | "/auth/logout-everywhere" | "/auth/refresh" | "/auth/token/refresh"
            )
            || path.starts_with("/bot/") && !path.starts_with("/bot/notifications")
        {
            Self::SignIn
        } else if matches!(
            (path, method.as_str()),
            (
                "/user/avatar"
                    | "/user/documents"
                    | "/package-requests/{request_id}/pickup-photo"
                    | "/profile/avatar"
                    | "/chats/{chat_id}/pictures"
                    | "/post-pictures"
                    | "/orders/import"
                    | "/drivers/import"
                    | "/passengers/import",
                "POST"
            )
        ) {
            Self::Upload
        } else if method != Method::GET && (path == "/messages" || path.starts_with("/chats")) {
            Self::Chat
        } else if method == Method::GET {
            Self::Read
        } else {
            Self::Write
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::SignIn => "sign_in",
            Self::Upload => "upload",
            Self::Chat => "chat",
            Self::Socket => "socket",
            Self::Health => "health",
        }
    }

    /// A profile page asks twice for itself and each of its trips at once; 200 trips are shown at most.
    const fn of_user(self) -> Rate {
        match self {
            Self::Read | Self::Health => rate(20.0, 600.0),
            Self::Write => rate(5.0, 60.0),
            Self::SignIn => rate(0.5, 20.0),
            Self::Upload => rate(0.2, 10.0),
            Self::Chat => rate(2.0, 120.0),
            Self::Socket => rate(1.0, 30.0),
        }
    }

    /// Behind one address there may be a whole town. For sockets it is a part of what a node takes in, so
    /// that no address keeps all others out.
    const fn of_address(self) -> Rate {
        match self {
            Self::Read | Self::Health => rate(100.0, 2_000.0),
            Self::Write => rate(30.0, 300.0),
            Self::SignIn => rate(1.0, 30.0),
            Self::Upload => rate(2.0, 60.0),
            Self::Chat => rate(30.0, 600.0),
            Self::Socket => rate(50.0, 300.0),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Whose {
    User(UserId),
    Address(IpAddr),
}

/// The buckets of this node, and those it shares.
pub struct Limits {
    held: Mutex<HashMap<(Class, Whose), Held>>,
    shared: Option<Tally>,
}

#[derive(Clone, Copy)]
struct Held {
    tokens: f64,
    at: Time,
    rate: Rate,
}

impl Held {
    fn at(self, now: Time) -> Self {
        let passed_s = now.since(self.at).ms().max(0) as f64 / 1_000.0;
        let tokens = (self.tokens + passed_s * self.rate.per_s).min(self.rate.burst);
        Self { tokens, at: now.max(self.at), ..self }
    }
}

impl Limits {
    /// Limits of a node on which nobody has asked for anything yet, so every bucket is full.
    #[must_use]
    pub fn new(shared: Option<Tally>) -> Self {
        Self { held: Mutex::default(), shared }
    }

    /// Takes a token from each bucket, or says how many seconds to wait.
    async fn take(&self, class: Class, user: Option<UserId>, address: IpAddr, now: Time) -> Result<(), u32> {
        let mut whose = vec![(Whose::Address(address), class.of_address())];
        whose.extend(user.map(|user| (Whose::User(user), class.of_user())));
        self.take_here(class, &whose, now)?;
        let Some(shared) = &self.shared else { return Ok(()) };
        let buckets: Vec<Bucket> = whose.iter().map(|(whose, rate)| bucket(class, whose, *rate)).collect();
        match shared.take(&buckets, now).await {
            None | Some(0) => Ok(()),
            Some(wait_ms) => Err(whole_seconds(Span::from_ms(i64::try_from(wait_ms).unwrap_or(i64::MAX)))),
        }
    }

    fn take_here(&self, class: Class, whose: &[(Whose, Rate)], now: Time) -> Result<(), u32> {
        let mut held = self.held.lock();
        if held.len() + whose.len() > MAX_BUCKETS {
            held.retain(|_, one| one.at(now).tokens < one.rate.burst);
        }
        let mut after = Vec::with_capacity(whose.len());
        for (whose, rate) in whose {
            let place = (class, whose.clone());
            let one = held.get(&place).copied().unwrap_or(Held { tokens: rate.burst, at: now, rate: *rate });
            let one = one.at(now);
            if one.tokens < 1.0 {
                #[expect(clippy::cast_possible_truncation, reason = "a positive number of seconds")]
                #[expect(clippy::cast_sign_loss, reason = "tokens are less than one here")]
                return Err(((1.0 - one.tokens) / rate.per_s).ceil() as u32);
            }
            after.push((place, Held { tokens: one.tokens - 1.0, ..one }));
        }
        if held.len() + after.len() <= MAX_BUCKETS {
            held.extend(after);
        }
        Ok(())
    }
}

fn bucket(class: Class, whose: &Whose, rate: Rate) -> Bucket {
    let name = match whose {
        Whose::User(user) => format!("{}:{user}", class.word()),
        Whose::Address(address) => format!("{}:{address}", class.word()),
    };
    Bucket { name, per_ms: rate.per_s / 1_000.0, burst: rate.burst }
}

/// Lets pass who has not asked too much.
pub(crate) async fn admit<B: MessageBody + 'static>(
    class: Class,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if class != Class::Health {
        let user = authenticate(req.request()).ok().map(|access| access.principal.user);
        charge(req.request(), class, user).await?;
    }
    next.call(req).await
}

/// Counts one more request of a user, if it is known whose it is, and of the address it comes from. Where
/// limits are off nobody counts.
///
/// # Errors
/// 429 with the time to wait, if that was one too many.
pub async fn charge(req: &HttpRequest, class: Class, user: Option<UserId>) -> Result<(), ApiError> {
    let Some(limits) = req.app_data::<web::Data<Limits>>() else { return Ok(()) };
    let (Some(config), Some(clock)) =
        (req.app_data::<web::Data<Config>>(), req.app_data::<web::Data<dyn Clock>>())
    else {
        return Err(ApiError::internal(&"the app data lacks the configuration or the clock"));
    };
    let address = address::client(address::of(req, config.trusted_proxies));
    limits.take(class, user, address, clock.now()).await.map_err(|wait_s| {
        metrics::counter!("peerpack_http_limited_total", "class" => class.word()).increment(1);
        ApiError::too_many(wait_s)
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use peerpack_actors::time::Span;

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn anna() -> Option<UserId> {
        Some(UserId::new(NOW, [1; 10]))
    }

    #[tokio::test]
    async fn a_bucket_empties_and_fills_again() {
        let limits = Limits::new(None);
        for _ in 0..60 {
            assert_eq!(limits.take(Class::Write, anna(), HERE, NOW).await, Ok(()));
        }
        assert_eq!(limits.take(Class::Write, anna(), HERE, NOW).await, Err(1));
        assert_eq!(limits.take(Class::Read, anna(), HERE, NOW).await, Ok(()), "another class");
        let ivan = Some(UserId::new(NOW, [2; 10]));
        assert_eq!(limits.take(Class::Write, ivan, HERE, NOW).await, Ok(()), "another user");
        assert_eq!(limits.take(Class::Write, anna(), HERE, NOW + Span::seconds(1)).await, Ok(()));
    }

    #[tokio::test]
    async fn a_profile_page_with_all_its_trips_is_served() {
        let limits = Limits::new(None);
        for _ in 0..2 * (2 + 200) {
            assert_eq!(limits.take(Class::Read, anna(), HERE, NOW).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn guessing_from_one_address_ends_soon() {
        let limits = Limits::new(None);
        let mut passed = 0;
        for ms in 0..10_000 {
            let now = NOW + Span::from_ms(ms);
            passed += usize::from(limits.take(Class::SignIn, None, HERE, now).await.is_ok());
        }
        assert!((35..45).contains(&passed), "{passed}");
    }

    #[tokio::test]
    async fn the_number_of_buckets_is_bounded() {
        let limits = Limits::new(None);
        for n in 0..MAX_BUCKETS as u32 + 10 {
            let address = IpAddr::V4(Ipv4Addr::from(n));
            assert_eq!(limits.take(Class::SignIn, None, address, NOW).await, Ok(()));
        }
        assert!(limits.held.lock().len() <= MAX_BUCKETS);
        // A while later all of them are full again, and there is room.
        limits.take(Class::SignIn, None, HERE, NOW + Span::seconds(60)).await.unwrap();
        assert_eq!(limits.held.lock().len(), 1);
    }
}
