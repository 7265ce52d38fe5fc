//! Telegram's init data: who the Mini App says is using it, signed with the bot's token.
//!
//! Pure: the token, the clock and the limits come in as arguments, and nothing is remembered. There is no way
//! around the check; tests and demos [`sign`] their own init data and go through it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use peerpack_actors::time::{Span, Time};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::ApiError;

/// The most bytes init data may have. Real ones stay below 2 KiB.
pub const MAX_INIT_DATA_BYTES: usize = 8 * 1024;

/// How far the signer's clock may be ahead of ours.
const MAX_AHEAD: Span = Span::seconds(60);

/// A user as Telegram knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramUser {
    /// Telegram's number of the user; more than 32 bits.
    pub id: i64,
    /// The first name, which every account has.
    pub first_name: String,
    /// The family name, which is optional at Telegram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Without the `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// An IETF tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
    /// The address of the profile picture, if the person shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_url: Option<String>,
    /// Whether they pay Telegram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_premium: Option<bool>,
}

/// Why init data is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InitDataError {
    /// Too long, a key given twice, a line break in a value, or a hash that is not 64 lower-case hex digits.
    #[error("the init data is malformed")]
    Malformed,
    /// Not signed with our bot's token.
    #[error("the init data is not signed by our bot")]
    Forged,
    /// `auth_date` is missing, no number, too old or ahead of us.
    #[error("the init data is out of date, please open the app again")]
    Stale,
    /// Properly signed, but not about a user.
    #[error("the init data names no user")]
    NoUser,
}

impl From<InitDataError> for ApiError {
    fn from(error: InitDataError) -> Self {
        let code = if error == InitDataError::Stale { "stale_init_data" } else { "invalid_init_data" };
        Self::unauthorized(code, error.to_string())
    }
}

/// Checks the signature and the age of init data. Without `max_age` it never gets too old.
///
/// # Errors
/// See [`InitDataError`].
pub fn verify(
    init_data: &str,
    bot_token: &str,
    now: Time,
    max_age: Option<Span>,
) -> Result<TelegramUser, InitDataError> {
    let (pairs, given) = parse(init_data)?;
    let expected = signature(&pairs, bot_token);
    if !bool::from(expected.ct_eq(&given)) {
        return Err(InitDataError::Forged);
    }
    user(&pairs, now, max_age)
}

/// Who checked init data is about, if it is not too old.
fn user(pairs: &Pairs<'_>, now: Time, max_age: Option<Span>) -> Result<TelegramUser, InitDataError> {
    let value = |key| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref());
    let age = now.since(value("auth_date").and_then(seconds).ok_or(InitDataError::Stale)?);
    if age < Span::from_ms(-MAX_AHEAD.ms()) || max_age.is_some_and(|max_age| age > max_age) {
        return Err(InitDataError::Stale);
    }
    let user: TelegramUser =
        value("user").and_then(|json| serde_json::from_str(json).ok()).ok_or(InitDataError::NoUser)?;
    if user.id > 0 { Ok(user) } else { Err(InitDataError::NoUser) }
}

/// Telegram's own key, under which it signs init data for everybody to check.
pub const PRODUCTION_KEY: [u8; 32] = *b"\xe7\xbf\x03\xa2\xfa\x46\x02\xaf\x45\x80\x70\x3d\x88\xdd\xa5\xbb\
    \x59\xf3\x2e\xd8\xb0\x2a\x56\xc1\x87\xfe\x7d\x34\xca\xed\x24\x2d";

/// The same of Telegram's test environment, in which anybody can be anybody.
pub const TEST_KEY: [u8; 32] = *b"\x40\x05\x50\x58\xa4\xee\x38\x15\x6a\x06\x56\x2e\x52\xee\xce\x92\
    \xa7\x71\xbc\xd8\x34\x6a\x8c\x46\x15\xcb\x73\x76\xed\xdf\x72\xec";

/// Checks Telegram's own signature and the age of init data, with Telegram's public key instead of the bot's
/// token. `bot` is the number of the bot.
///
/// # Errors
/// See [`InitDataError`].
pub fn verify_signature(
    init_data: &str,
    bot: &str,
    key: [u8; 32],
    now: Time,
    max_age: Option<Span>,
) -> Result<TelegramUser, InitDataError> {
    let (mut pairs, _) = parse(init_data)?;
    let at = pairs.iter().position(|(name, _)| name == "signature").ok_or(InitDataError::Malformed)?;
    let (_, signature) = pairs.remove(at);
    let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).ok();
    let signature =
        signature.and_then(|bytes| Signature::from_slice(&bytes).ok()).ok_or(InitDataError::Malformed)?;
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let signed = format!("{bot}:WebAppData\n{}", lines.join("\n"));
    let key = VerifyingKey::from_bytes(&key).map_err(|_| InitDataError::Forged)?;
    key.verify_strict(signed.as_bytes(), &signature).map_err(|_| InitDataError::Forged)?;
    user(&pairs, now, max_age)
}

/// Signs init data as Telegram would, for tests and demos.
#[must_use]
pub fn sign(user: &TelegramUser, bot_token: &str, now: Time) -> String {
    let auth_date = now.ms().div_euclid(1_000).to_string();
    let user = serde_json::to_string(user).unwrap_or_default();
    let pairs: Pairs<'_> = vec![("auth_date".into(), auth_date.into()), ("user".into(), user.into())];
    let mut init_data = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &pairs {
        init_data.append_pair(name, value);
    }
    init_data.append_pair("hash", &hex::encode(signature(&pairs, bot_token)));
    init_data.finish()
}

/// What init data comes to, however it is written, no matter who has signed it: the same launch of the app,
/// the same digest.
#[must_use]
pub fn digest(init_data: &str) -> String {
    let mut pairs: Pairs<'_> = form_urlencoded::parse(init_data.as_bytes()).collect();
    pairs.retain(|(name, _)| name != "hash" && name != "signature");
    pairs.sort();
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    hex::encode(Sha256::digest(lines.join("\n")))
}

/// Decoded, without `hash`, sorted by name, each name once.
type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

fn parse(init_data: &str) -> Result<(Pairs<'_>, [u8; 32]), InitDataError> {
    if init_data.len() > MAX_INIT_DATA_BYTES {
        return Err(InitDataError::Malformed);
    }
    let mut pairs: Pairs<'_> = form_urlencoded::parse(init_data.as_bytes()).collect();
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    let doubled = pairs.windows(2).any(|pair| pair[0].0 == pair[1].0);
    // With line breaks one signed text could be cut into pairs in more than one way.
    let ambiguous = pairs.iter().any(|(name, value)| name.contains(['\n', '=']) || value.contains('\n'));
    if doubled || ambiguous {
        return Err(InitDataError::Malformed);
    }
    let hash = pairs.iter().position(|(name, _)| name == "hash").ok_or(InitDataError::Malformed)?;
    let (_, hash) = pairs.remove(hash);
    let mut given = [0; 32];
    let lower_case = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !lower_case || hex::decode_to_slice(hash.as_ref(), &mut given).is_err() {
        return Err(InitDataError::Malformed);
    }
    Ok((pairs, given))
}

fn signature(pairs: &Pairs<'_>, bot_token: &str) -> [u8; 32] {
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = hmac(b"WebAppData", bot_token.as_bytes());
    hmac(&key, lines.join("\n").as_bytes())
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn seconds(text: &str) -> Option<Time> {
    let plain = !text.is_empty() && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse::<i64>().ok()).flatten().map(|seconds| Time::from_ms(seconds * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8";
    const VECTOR: &str = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D&auth_date=1662771648&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2";
    const SIGNED_AT: Time = Time::from_ms(1_662_771_648_000);
    const HOUR: Option<Span> = Some(Span::hours(1));

    fn anna() -> TelegramUser {
        TelegramUser {
            id: 9_007_199_254_740_991,
            first_name: "Анна & Co=+%".into(),
            last_name: None,
            username: Some("anna".into()),
            language_code: Some("ru".into()),
            photo_url: Some("https://t.me/i/userpic/320/a.svg".into()),
            is_premium: None,
        }
    }

    /// Signs any pairs, so that a test can be wrong in one thing only.
    fn signed(pairs: &[(&str, &str)]) -> String {
        let mut sorted: Pairs<'_> = pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        sorted.sort();
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(pairs);
        text.append_pair("hash", &hex::encode(signature(&sorted, TOKEN)));
        text.finish()
    }

    #[test]
    fn x_20_the_public_vector_is_accepted_with_expiry_off() {
        let user = verify(VECTOR, TOKEN, Time::from_ms(1_790_000_000_000), None).unwrap();
        assert_eq!(
            (user.id, user.username.as_deref(), user.is_premium),
            (279_058_397, Some("vdkfrost"), Some(true))
        );
    }

    #[test]
    fn x_21_no_byte_can_be_changed() {
        let same = |text: &[u8]| {
            form_urlencoded::parse(text).collect::<Vec<_>>()
                == form_urlencoded::parse(VECTOR.as_bytes()).collect::<Vec<_>>()
        };
        for at in 0..VECTOR.len() {
            for byte in (b' '..=b'~').chain([b'\n']) {
                let mut text = VECTOR.as_bytes().to_vec();
                text[at] = byte;
                // `%7b` is another spelling of `%7B`, not another text.
                if !same(&text) {
                    let text = String::from_utf8(text).unwrap();
                    assert!(verify(&text, TOKEN, SIGNED_AT, None).is_err(), "byte {at} as {byte}: {text}");
                }
            }
        }
    }

    #[test]
    fn x_21_what_we_sign_we_accept_and_another_bot_does_not() {
        let init_data = sign(&anna(), TOKEN, SIGNED_AT);
        assert_eq!(verify(&init_data, TOKEN, SIGNED_AT, HOUR), Ok(anna()));
        assert_eq!(verify(&init_data, "1:other", SIGNED_AT, HOUR), Err(InitDataError::Forged));
    }

    #[test]
    fn the_field_named_signature_is_part_of_what_is_signed() {
        let init_data = signed(&[
            ("auth_date", "1662771648"),
            ("signature", "abc"),
            ("user", r#"{"id":1,"first_name":"A"}"#),
        ]);
        assert!(verify(&init_data, TOKEN, SIGNED_AT, HOUR).is_ok());
        assert_eq!(
            verify(&init_data.replace("signature=abc&", ""), TOKEN, SIGNED_AT, HOUR),
            Err(InitDataError::Forged)
        );
    }

    #[test]
    fn x_21_doubled_keys_are_refused_even_when_signed() {
        let user = r#"{"id":1,"first_name":"A"}"#;
        let twice = signed(&[("auth_date", "1662771648"), ("user", user), ("user", user)]);
        assert_eq!(verify(&twice, TOKEN, SIGNED_AT, HOUR), Err(InitDataError::Malformed));
        let hash = VECTOR.split("&hash=").nth(1).unwrap();
        assert_eq!(
            verify(&format!("{VECTOR}&hash={hash}"), TOKEN, SIGNED_AT, HOUR),
            Err(InitDataError::Malformed)
        );
    }

    #[test]
    fn x_21_the_hash_must_be_64_lower_case_hex_digits() {
        let (data, hash) = VECTOR.split_once("&hash=").unwrap();
        let upper = hash.to_uppercase();
        for bad in ["", &hash[..62], &upper, &format!("{hash}00"), &hash.replace('c', "g")] {
            let verdict = verify(&format!("{data}&hash={bad}"), TOKEN, SIGNED_AT, HOUR);
            assert_eq!(verdict, Err(InitDataError::Malformed), "{bad}");
        }
        assert_eq!(verify(data, TOKEN, SIGNED_AT, HOUR), Err(InitDataError::Malformed));
    }

    #[test]
    fn x_22_init_data_is_good_for_an_hour_and_a_minute_ahead() {
        let verdict = |seconds| verify(VECTOR, TOKEN, SIGNED_AT + Span::seconds(seconds), HOUR).map(|_| ());
        assert_eq!(verdict(3_600), Ok(()));
        assert_eq!(verdict(3_601), Err(InitDataError::Stale));
        assert_eq!(verdict(-60), Ok(()));
        assert_eq!(verdict(-61), Err(InitDataError::Stale));
        for date in ["", "soon", "-5", "1e9", "99999999999999999999", "1662771648.5"] {
            let init_data = signed(&[("auth_date", date), ("user", r#"{"id":1,"first_name":"A"}"#)]);
            assert_eq!(verify(&init_data, TOKEN, SIGNED_AT, HOUR), Err(InitDataError::Stale), "{date}");
        }
        let undated = signed(&[("user", r#"{"id":1,"first_name":"A"}"#)]);
        assert_eq!(verify(&undated, TOKEN, SIGNED_AT, None), Err(InitDataError::Stale));
    }

    #[test]
    fn signed_init_data_without_a_proper_user_is_refused() {
        for user in [
            "",
            "null",
            "{}",
            r#"{"id":"1","first_name":"A"}"#,
            r#"{"id":0,"first_name":"A"}"#,
            r#"{"id":1}"#,
        ] {
            let init_data = signed(&[("auth_date", "1662771648"), ("user", user)]);
            assert_eq!(verify(&init_data, TOKEN, SIGNED_AT, HOUR), Err(InitDataError::NoUser), "{user}");
        }
    }

    /// What Telegram signs for everybody: without `hash` and `signature`, under the bot's number.
    #[test]
    fn x_24_telegrams_own_signature_is_checked_with_its_key_for_our_bot() {
        use ed25519_dalek::{Signer, SigningKey};
        let telegram = SigningKey::from_bytes(&[7; 32]);
        let key = telegram.verifying_key().to_bytes();
        let user = r#"{"id":1,"first_name":"A"}"#;
        let text = format!("42:WebAppData\nauth_date=1662771648\nuser={user}");
        let sign = |text: &str| URL_SAFE_NO_PAD.encode(telegram.sign(text.as_bytes()).to_bytes());
        let with = |signature: &str| {
            let hash = "0".repeat(64);
            let mut data = form_urlencoded::Serializer::new(String::new());
            data.extend_pairs([("auth_date", "1662771648"), ("user", user), ("hash", &hash)]);
            data.append_pair("signature", signature);
            data.finish()
        };
        let verdict =
            |data: &str, bot, key| verify_signature(data, bot, key, SIGNED_AT, HOUR).map(|user| user.id);
        let good = with(&sign(&text));
        assert_eq!(verdict(&good, "42", key), Ok(1));
        assert_eq!(verdict(&good, "43", key), Err(InitDataError::Forged));
        assert_eq!(verdict(&good, "42", PRODUCTION_KEY), Err(InitDataError::Forged));
        assert_eq!(verdict(&good, "42", TEST_KEY), Err(InitDataError::Forged));
        let included = with(&sign(&format!("{text}\nsignature=x")));
        assert_eq!(verdict(&included, "42", key), Err(InitDataError::Forged));
        for malformed in ["", "!", "AAAA"] {
            assert_eq!(verdict(&with(malformed), "42", key), Err(InitDataError::Malformed));
        }
        let late = verify_signature(&good, "42", key, SIGNED_AT + Span::hours(2), HOUR);
        assert_eq!(late, Err(InitDataError::Stale));
        for (known, end) in [(PRODUCTION_KEY, "caed242d"), (TEST_KEY, "eddf72ec")] {
            assert!(VerifyingKey::from_bytes(&known).is_ok() && hex::encode(known).ends_with(end));
        }
    }

    #[test]
    fn signed_lines_cannot_be_cut_another_way() {
        let glued = signed(&[("auth_date", "1662771648\nuser={\"id\":1,\"first_name\":\"A\"}")]);
        assert_eq!(verify(&glued, TOKEN, SIGNED_AT, HOUR), Err(InitDataError::Malformed));
    }
}
