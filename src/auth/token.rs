//! Access tokens (signed, short-lived, not stored) and refresh tokens (random, long-lived, stored as a hash).
//!
//! The only module that knows the token library. That library checks loosely and against the system's clock,
//! so here it checks only the signature and the algorithm; types, names and times of the claims are checked
//! by us.

use std::collections::HashSet;
use std::fmt;

use actix_web::http::StatusCode;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use peerpack_actors::ids::{RequestId, UserId};
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{Principal, Role};
use crate::error::ApiError;

/// The fewest bytes a signing key may have.
pub const MIN_KEY_BYTES: usize = 32;

/// The longest an access token may live, whatever is configured and whatever a token says.
pub const MAX_LIFETIME: Span = Span::hours(24);

const ISSUER: &str = "peerpack";
const AUDIENCE: &str = "peerpack";

/// How long a token that has ended is still good.
const LEEWAY: Span = Span::seconds(5);

/// How far ahead of this node the one may be that has issued a token.
const AHEAD: Span = Span::minutes(1);

/// A longer text is no token of ours.
const MAX_TOKEN_BYTES: usize = 2 * 1024;

/// A key that is too short to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token secret must have at least {MIN_KEY_BYTES} bytes")]
pub struct WeakKey;

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of our access tokens.
    #[error("the access token is not valid")]
    Invalid,
    /// It was one.
    #[error("the access token has expired")]
    Expired,
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::Invalid => "invalid_token",
            TokenError::Expired => "token_expired",
        };
        Self::unauthorized(code, error.to_string())
    }
}

/// What an access token says once it is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whose it is.
    pub principal: Principal,
    /// The token's own id.
    pub id: Uuid,
    /// The session it belongs to: the family of the refresh tokens beside it.
    pub session: Uuid,
    /// From when it is.
    pub issued_at: Time,
    /// Until when it is good.
    pub expires_at: Time,
    /// Whether it is an operator's who has not shown a second factor, and so may do what a user may.
    pub is_unproven: bool,
}

impl Access {
    /// Lets pass anybody who has one of the roles.
    ///
    /// # Errors
    /// 403 for everybody else. An operator without a second factor hears that it is missing: the role itself
    /// may well allow this.
    pub fn require(&self, roles: &[Role]) -> Result<Principal, ApiError> {
        self.principal.require(roles).map_err(|refused| {
            if self.is_unproven {
                let message = "show your second factor first, or set one up: your role counts after that";
                ApiError::new(StatusCode::FORBIDDEN, "second_factor_required", message)
            } else {
                refused
            }
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    exp: u64,
    iat: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    jti: Uuid,
    sid: Uuid,
    token_use: TokenUse,
    role: Role,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unproven: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TokenUse {
    Access,
}

/// Issues and checks access tokens under one key.
#[derive(Clone)]
pub struct Tokens {
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
    lifetime: Span,
    successors: Hmac<Sha256>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens under a key, each good for `lifetime`.
    ///
    /// # Errors
    /// A key of fewer than [`MIN_KEY_BYTES`].
    pub fn new(secret: &[u8], lifetime: Span) -> Result<Self, WeakKey> {
        if secret.len() < MIN_KEY_BYTES {
            return Err(WeakKey);
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.required_spec_claims = HashSet::new();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        Ok(Self {
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
            validation,
            lifetime: lifetime.clamp(Span::seconds(1), MAX_LIFETIME),
            successors: Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"),
        })
    }

    /// The refresh token that follows another one. Always the same, so that a client that did not get the
    /// answer gets the same successor when it asks again.
    #[must_use]
    pub fn successor(&self, token: &RefreshToken) -> RefreshToken {
        let mut mac = self.successors.clone();
        mac.update(b"refresh successor");
        mac.update(&token.0);
        RefreshToken(mac.finalize().into_bytes().into())
    }

    /// A signature over a text, for one purpose: anybody who has it has it from us.
    #[must_use]
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        hex::encode(&self.mac(purpose, text)[..16])
    }

    /// Whether a signature is ours.
    #[must_use]
    pub fn is_signed(&self, purpose: &str, text: &str, signature: &str) -> bool {
        self.sign(purpose, text).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// Six digits that follow from a text, for one purpose, and that nobody else can work out.
    #[must_use]
    pub fn digits(&self, purpose: &str, text: &str) -> String {
        let mac = self.mac(purpose, text);
        let number = mac[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{:06}", number % 1_000_000)
    }

    /// The code of a hand-over of a request: `pickup` or `delivery`.
    #[must_use]
    pub fn hand_over_code(&self, step: &str, request: RequestId) -> String {
        self.digits("hand-over", &format!("{step}:{request}"))
    }

    /// A secret that follows from a text, for one purpose.
    pub(super) fn secret(&self, purpose: &str, text: &str) -> [u8; 32] {
        self.mac(purpose, text)
    }

    fn mac(&self, purpose: &str, text: &str) -> [u8; 32] {
        let mut mac = self.successors.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A new token of a session and the seconds it is good for. `random` makes its id.
    #[must_use]
    pub fn issue(&self, principal: Principal, session: Uuid, now: Time, random: [u8; 10]) -> (String, u32) {
        self.issue_as((principal, false), session, now, random)
    }

    /// The same for an operator who has not shown a second factor: a user's token, which says why it is one.
    #[must_use]
    pub fn issue_unproven(&self, user: UserId, session: Uuid, now: Time, random: [u8; 10]) -> (String, u32) {
        self.issue_as((Principal { user, role: Role::User }, true), session, now, random)
    }

    fn issue_as(
        &self,
        (principal, unproven): (Principal, bool),
        session: Uuid,
        now: Time,
        random: [u8; 10],
    ) -> (String, u32) {
        let issued_at = seconds(now);
        let lifetime_s = self.lifetime.ms() / 1_000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: principal.user,
            exp: issued_at.saturating_add_signed(lifetime_s),
            iat: issued_at,
            nbf: None,
            jti: UserId::new(now, random).uuid(),
            sid: session,
            token_use: TokenUse::Access,
            role: principal.role,
            unproven,
        };
        let token = encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .expect("plain claims under a symmetric key can always be signed");
        (token, u32::try_from(lifetime_s).unwrap_or(u32::MAX))
    }

    /// Checks everything about a token except whether its owner is still welcome.
    ///
    /// # Errors
    /// [`TokenError::Expired`] for what was a good token, [`TokenError::Invalid`] for everything else.
    pub fn verify(&self, token: &str, now: Time) -> Result<Access, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let data =
            decode::<Claims>(token, &self.checking, &self.validation).map_err(|_| TokenError::Invalid)?;
        // We never write these; a token that points to a key of its own choice is not ours.
        let header = &data.header;
        let points_elsewhere =
            header.kid.is_some() || header.jku.is_some() || header.jwk.is_some() || header.x5u.is_some();
        if points_elsewhere || header.x5c.is_some() || header.crit.is_some() {
            return Err(TokenError::Invalid);
        }
        let claims = data.claims;
        if claims.iss != ISSUER || claims.aud != AUDIENCE {
            return Err(TokenError::Invalid);
        }
        let (issued_at, expires_at) = (time(claims.iat)?, time(claims.exp)?);
        let not_yet = |from: Time| from > now + AHEAD;
        let premature = not_yet(issued_at) || claims.nbf.map(time).transpose()?.is_some_and(not_yet);
        if premature || expires_at.since(issued_at) > MAX_LIFETIME {
            return Err(TokenError::Invalid);
        }
        if now > expires_at + LEEWAY {
            return Err(TokenError::Expired);
        }
        let principal = Principal { user: claims.sub, role: claims.role };
        Ok(Access {
            principal,
            id: claims.jti,
            session: claims.sid,
            issued_at,
            expires_at,
            is_unproven: claims.unproven,
        })
    }
}

fn seconds(time: Time) -> u64 {
    u64::try_from(time.ms() / 1_000).unwrap_or(0)
}

fn time(seconds: u64) -> Result<Time, TokenError> {
    let ms = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1_000));
    ms.map(Time::from_ms).ok_or(TokenError::Invalid)
}

/// A refresh token: 256 random bits. The server keeps only its [`hash`](Self::hash).
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken([u8; 32]);

impl RefreshToken {
    const PREFIX: &str = "rt_";

    /// A token made of the given random bytes.
    #[must_use]
    pub const fn generate(random: [u8; 32]) -> Self {
        Self(random)
    }

    /// Reads what a client sends.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.strip_prefix(Self::PREFIX)?, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The text for the client.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{}{}", Self::PREFIX, hex::encode(self.0))
    }

    /// What the store keeps and looks up. A plain hash will do: there is nothing to guess in 256 random bits.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(***)")
    }
}

#[cfg(test)]
mod tests;
