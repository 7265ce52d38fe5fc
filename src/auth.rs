//! Who is asking: principals and roles, and how a handler gets them.
//!
//! Knows tokens and init data, not accounts: whether somebody is banned or signed out is asked through
//! [`Welcome`].

pub mod device;
pub mod password;
pub mod phone;
pub mod revocations;
pub mod sealed;
pub mod second_factor;
pub mod telegram;
pub mod token;

use std::future::{Ready, ready};

use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, dev, web};
use peerpack_actors::ids::UserId;
use peerpack_actors::ports::Clock;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use token::{Access, TokenError, Tokens};

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sends and carries.
    #[default]
    User,
    /// An operator who looks.
    Viewer,
    /// An operator who assigns.
    Dispatcher,
    /// An operator who may everything.
    Admin,
}

impl Role {
    /// Whether this is an operator of any kind.
    #[must_use]
    pub const fn is_operator(self) -> bool {
        !matches!(self, Self::User)
    }

    /// The role a word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Viewer, Self::Dispatcher, Self::Admin].into_iter().find(|role| role.word() == word)
    }

    /// The word on the wire and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Viewer => "viewer",
            Self::Dispatcher => "dispatcher",
            Self::Admin => "admin",
        }
    }
}

/// Who is asking. As a handler's argument it demands an access token: `Authorization: Bearer ..`.
/// `Option<Principal>` is for routes that need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The user who asks.
    pub user: UserId,
    /// What the user may do in this session.
    pub role: Role,
}

impl Principal {
    /// Lets pass anybody who has one of the roles.
    ///
    /// # Errors
    /// 403 for everybody else.
    pub fn require(self, roles: &[Role]) -> Result<Self, ApiError> {
        if roles.contains(&self.role) {
            Ok(self)
        } else {
            Err(ApiError::forbidden("your role does not allow this"))
        }
    }
}

/// Whether a good token still counts: a logout, a ban or a change of role ends its session.
/// Put into the app data as `web::Data<dyn Welcome>`; without it every token counts until it expires.
pub trait Welcome: Send + Sync + 'static {
    /// Must answer from memory, at once.
    fn is_welcome(&self, access: &Access) -> bool;
}

/// Checks the access token of a request with what is in the app data: `Data<Tokens>`, `Data<dyn Clock>` and,
/// if there, `Data<dyn Welcome>`.
///
/// # Errors
/// 401 with a challenge.
pub fn authenticate(req: &HttpRequest) -> Result<Access, ApiError> {
    check(req, bearer(req.headers())?)
}

/// Checks an access token that came another way, such as a WebSocket subprotocol.
///
/// # Errors
/// 401 with a challenge.
pub fn check(req: &HttpRequest, token: &str) -> Result<Access, ApiError> {
    let missing = || ApiError::internal(&"the app data lacks tokens or clock");
    let tokens = req.app_data::<web::Data<Tokens>>().ok_or_else(missing)?;
    let clock = req.app_data::<web::Data<dyn Clock>>().ok_or_else(missing)?;
    welcome(req, tokens.verify(token, clock.now())?)
}

/// Lets pass whose session was not ended.
///
/// # Errors
/// 401 with a challenge.
pub fn welcome(req: &HttpRequest, access: Access) -> Result<Access, ApiError> {
    let welcome = req.app_data::<web::Data<dyn Welcome>>();
    if welcome.is_some_and(|welcome| !welcome.is_welcome(&access)) {
        return Err(TokenError::Invalid.into());
    }
    Ok(access)
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let missing = || ApiError::unauthorized("unauthorized", "please sign in");
    let mut values = headers.get_all(header::AUTHORIZATION);
    let (Some(value), None) = (values.next(), values.next()) else { return Err(missing()) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

impl FromRequest for Access {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(authenticate(req))
    }
}

impl FromRequest for Principal {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut dev::Payload) -> Self::Future {
        ready(authenticate(req).map(|access| access.principal))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::test::TestRequest;
    use peerpack_actors::time::{Span, Time};
    use uuid::Uuid;

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Time {
            NOW
        }

        fn random(&self) -> [u8; 10] {
            [5; 10]
        }
    }

    struct Banned(UserId);

    impl Welcome for Banned {
        fn is_welcome(&self, access: &Access) -> bool {
            access.principal.user != self.0
        }
    }

    fn tokens() -> Tokens {
        Tokens::new(&[1; 32], Span::minutes(15)).unwrap()
    }

    fn anna() -> Principal {
        Principal { user: UserId::new(NOW, [1; 10]), role: Role::User }
    }

    fn request() -> TestRequest {
        let clock: Arc<dyn Clock> = Arc::new(Still);
        TestRequest::default().app_data(web::Data::new(tokens())).app_data(web::Data::from(clock))
    }

    fn code(request: TestRequest) -> &'static str {
        authenticate(&request.to_http_request()).map_or_else(|error| error.code(), |_| "welcome")
    }

    #[test]
    fn a_bearer_token_names_the_principal() {
        let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
        let request = request().insert_header(("authorization", format!("Bearer {token}"))).to_http_request();
        assert_eq!(authenticate(&request).unwrap().principal, anna());
    }

    #[test]
    fn without_exactly_one_bearer_token_nobody_is_signed_in() {
        assert_eq!(code(request()), "unauthorized");
        for value in ["", "Bearer", "Basic abc", "tma query_id=1"] {
            assert_eq!(code(request().insert_header(("authorization", value))), "unauthorized", "{value}");
        }
        let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
        let twice = request()
            .append_header(("authorization", format!("Bearer {token}")))
            .append_header(("authorization", format!("Bearer {token}")));
        assert_eq!(code(twice), "unauthorized");
    }

    #[test]
    fn old_and_foreign_tokens_are_told_apart() {
        let (old, _) = tokens().issue(anna(), Uuid::nil(), NOW - Span::hours(1), [1; 10]);
        assert_eq!(
            code(request().insert_header(("authorization", format!("Bearer {old}")))),
            "token_expired"
        );
        assert_eq!(code(request().insert_header(("authorization", "Bearer a.b.c"))), "invalid_token");
    }

    #[test]
    fn who_is_no_longer_welcome_is_kept_out_with_a_good_token() {
        let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
        let welcome: Arc<dyn Welcome> = Arc::new(Banned(anna().user));
        let banned = request()
            .app_data(web::Data::from(welcome))
            .insert_header(("authorization", format!("Bearer {token}")));
        assert_eq!(code(banned), "invalid_token");
    }

    #[test]
    fn a_role_opens_only_its_own_doors() {
        assert!(anna().require(&[Role::User]).is_ok());
        assert_eq!(anna().require(&[Role::Admin, Role::Viewer]).unwrap_err().status(), 403);
    }
}
