//! Access tokens (signed, short-lived, not stored) and refresh tokens (random, long-lived, stored as a hash).
//!
//! The only module that knows the token library. That library checks loosely and against the system's clock, so
//! here it checks only the signature and the algorithm; types, names and times of the claims are checked by us.

use std::collections::HashSet;
use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Principal, Role};
use crate::error::ApiError;

/// The fewest bytes a signing key may have.
pub const MIN_KEY_BYTES: usize = 32;

/// The longest an access token may live, whatever is configured and whatever a token says.
pub const MAX_LIFETIME: Span = Span::hours(24);

const ISSUER: &str = "peerpack";
const AUDIENCE: &str = "peerpack";
const LEEWAY: Span = Span::seconds(5);

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
    /// From when it is.
    pub issued_at: Time,
    /// Until when it is good.
    pub expires_at: Time,
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
    token_use: TokenUse,
    role: Role,
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
        })
    }

    /// A new token and the seconds it is good for. `random` makes its id.
    #[must_use]
    pub fn issue(&self, principal: Principal, now: Time, random: [u8; 10]) -> (String, u32) {
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
            token_use: TokenUse::Access,
            role: principal.role,
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
        let not_yet = |from: Time| from > now + LEEWAY;
        let premature = not_yet(issued_at) || claims.nbf.map(time).transpose()?.is_some_and(not_yet);
        if premature || expires_at.since(issued_at) > MAX_LIFETIME {
            return Err(TokenError::Invalid);
        }
        if now > expires_at + LEEWAY {
            return Err(TokenError::Expired);
        }
        let principal = Principal { user: claims.sub, role: claims.role };
        Ok(Access { principal, id: claims.jti, issued_at, expires_at })
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
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);
    const NOW_S: u64 = 1_790_000_000;
    const KEY: &[u8] = b"a key of thirty-two bytes or more";

    fn tokens() -> Tokens {
        Tokens::new(KEY, Span::minutes(15)).unwrap()
    }

    fn anna() -> Principal {
        Principal { user: UserId::new(NOW, [7; 10]), role: Role::Dispatcher }
    }

    fn good() -> Value {
        json!({
            "iss": "peerpack", "aud": "peerpack", "sub": anna().user, "exp": NOW_S + 900, "iat": NOW_S,
            "jti": Uuid::from_u128(1), "token_use": "access", "role": "user",
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = good();
        claims[name] = value;
        claims
    }

    fn sign(header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_secret(KEY)).unwrap()
    }

    fn verdict(claims: &Value) -> Result<(), TokenError> {
        tokens().verify(&sign(&Header::default(), claims), NOW).map(|_| ())
    }

    #[test]
    fn an_issued_token_names_its_owner_and_its_end() {
        let (token, expires_in) = tokens().issue(anna(), NOW, [1; 10]);
        let access = tokens().verify(&token, NOW).unwrap();
        assert_eq!((access.principal, expires_in), (anna(), 900));
        assert_eq!(access.expires_at, NOW + Span::minutes(15));
        assert_ne!(tokens().issue(anna(), NOW, [2; 10]).0, token);
    }

    #[test]
    fn a_key_of_fewer_than_32_bytes_is_refused() {
        assert_eq!(Tokens::new(&[1; 31], Span::minutes(15)).unwrap_err(), WeakKey);
    }

    #[test]
    fn a_token_under_another_key_or_with_a_changed_byte_is_refused() {
        let (token, _) = Tokens::new(&[9; 32], Span::minutes(15)).unwrap().issue(anna(), NOW, [1; 10]);
        assert_eq!(tokens().verify(&token, NOW), Err(TokenError::Invalid));
        let (token, _) = tokens().issue(anna(), NOW, [1; 10]);
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(tokens().verify(&changed, NOW), Err(TokenError::Invalid), "byte {at}");
        }
    }

    #[test]
    fn other_algorithms_are_refused() {
        assert_eq!(verdict(&good()), Ok(()));
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            let token = sign(&Header::new(algorithm), &good());
            assert_eq!(tokens().verify(&token, NOW), Err(TokenError::Invalid));
        }
        // {"alg":"none"} and {"alg":"RS256"}, the latter with our own signature kept.
        let (token, _) = tokens().issue(anna(), NOW, [1; 10]);
        let (_, rest) = token.split_once('.').unwrap();
        let payload = rest.split_once('.').unwrap().0;
        for forged in [
            format!("eyJhbGciOiJub25lIn0.{payload}."),
            format!("eyJhbGciOiJub25lIn0.{rest}"),
            format!("eyJhbGciOiJSUzI1NiJ9.{rest}"),
        ] {
            assert_eq!(tokens().verify(&forged, NOW), Err(TokenError::Invalid), "{forged}");
        }
    }

    #[test]
    fn headers_that_point_to_another_key_are_refused() {
        let mut kid = Header::default();
        kid.kid = Some("../../dev/null".into());
        let mut jku = Header::default();
        jku.jku = Some("https://evil.example/keys".into());
        let mut x5u = Header::default();
        x5u.x5u = Some("https://evil.example/cert".into());
        for header in [kid, jku, x5u] {
            assert_eq!(tokens().verify(&sign(&header, &good()), NOW), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn every_claim_is_required_and_strictly_typed() {
        for claim in ["iss", "aud", "sub", "exp", "iat", "jti", "token_use", "role"] {
            let mut without = good();
            without.as_object_mut().unwrap().remove(claim);
            assert_eq!(verdict(&without), Err(TokenError::Invalid), "without {claim}");
            for value in [
                Value::Null,
                json!(true),
                json!({}),
                json!("other"),
                json!(["peerpack"]),
                json!(-1),
                json!(1.5),
            ] {
                assert_eq!(verdict(&with(claim, value.clone())), Err(TokenError::Invalid), "{claim} {value}");
            }
        }
        assert_eq!(verdict(&with("iss", json!(1))), Err(TokenError::Invalid));
        assert_eq!(verdict(&with("exp", json!((NOW_S + 900).to_string()))), Err(TokenError::Invalid));
        assert_eq!(verdict(&with("exp", json!(u64::MAX))), Err(TokenError::Invalid));
        assert_eq!(verdict(&with("exp", json!(NOW_S + 86_400 * 365))), Err(TokenError::Invalid));
    }

    #[test]
    fn a_token_lives_from_its_beginning_to_its_end_give_or_take_five_seconds() {
        let at = |claim, offset: i64| verdict(&with(claim, json!(NOW_S.saturating_add_signed(offset))));
        assert_eq!(at("exp", -5), verdict(&good()));
        assert_eq!(verdict(&json_old(-6)), Err(TokenError::Expired));
        assert_eq!((at("nbf", 5), at("nbf", 6)), (Ok(()), Err(TokenError::Invalid)));
        assert_eq!((at("iat", 5), at("iat", 6)), (Ok(()), Err(TokenError::Invalid)));
    }

    fn json_old(exp_offset: i64) -> Value {
        let mut claims = with("exp", json!(NOW_S.saturating_add_signed(exp_offset)));
        claims["iat"] = json!(NOW_S - 1_000);
        claims
    }

    #[test]
    fn refresh_and_access_tokens_do_not_stand_in_for_each_other() {
        assert_eq!(verdict(&with("token_use", json!("refresh"))), Err(TokenError::Invalid));
        let refresh = RefreshToken::generate([3; 32]);
        assert_eq!(tokens().verify(&refresh.reveal(), NOW), Err(TokenError::Invalid));
        assert_eq!(RefreshToken::parse(&tokens().issue(anna(), NOW, [1; 10]).0), None);
    }

    #[test]
    fn a_refresh_token_is_read_back_and_only_its_hash_is_for_keeping() {
        let token = RefreshToken::generate([3; 32]);
        assert_eq!(RefreshToken::parse(&token.reveal()), Some(token.clone()));
        assert_ne!(token.hash(), [3; 32]);
        assert_eq!(format!("{token:?}"), "RefreshToken(***)");
        for bad in ["", "rt_", "rt_00", "rt_zz", &"0".repeat(64)] {
            assert_eq!(RefreshToken::parse(bad), None);
        }
    }
}
