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
        "jti": Uuid::from_u128(1), "sid": Uuid::from_u128(2), "token_use": "access", "role": "user",
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
    let (token, expires_in) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
    let access = tokens().verify(&token, NOW).unwrap();
    assert_eq!((access.principal, expires_in), (anna(), 900));
    assert_eq!(access.expires_at, NOW + Span::minutes(15));
    assert_ne!(tokens().issue(anna(), Uuid::nil(), NOW, [2; 10]).0, token);
}

#[test]
fn a_key_of_fewer_than_32_bytes_is_refused() {
    assert_eq!(Tokens::new(&[1; 31], Span::minutes(15)).unwrap_err(), WeakKey);
}

#[test]
fn a_token_under_another_key_or_with_a_changed_byte_is_refused() {
    let (token, _) =
        Tokens::new(&[9; 32], Span::minutes(15)).unwrap().issue(anna(), Uuid::nil(), NOW, [1; 10]);
    assert_eq!(tokens().verify(&token, NOW), Err(TokenError::Invalid));
    let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(tokens().verify(&changed, NOW), Err(TokenError::Invalid), "byte {at}");
    }
}

#[test]
fn x_26_other_algorithms_are_refused() {
    assert_eq!(verdict(&good()), Ok(()));
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = sign(&Header::new(algorithm), &good());
        assert_eq!(tokens().verify(&token, NOW), Err(TokenError::Invalid));
    }
    // {"alg":"none"} and {"alg":"RS256"}, the latter with our own signature kept.
    let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
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
fn an_operator_without_a_second_factor_may_what_a_user_may_and_hears_why() {
    let (token, _) = tokens().issue_unproven(anna().user, Uuid::nil(), NOW, [1; 10]);
    let access = tokens().verify(&token, NOW).unwrap();
    assert!(access.require(&[Role::User]).is_ok());
    assert_eq!(access.require(&[Role::Admin]).unwrap_err().code(), "second_factor_required");
    let (token, _) = tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]);
    let access = tokens().verify(&token, NOW).unwrap();
    assert_eq!(access.require(&[Role::Admin]).unwrap_err().code(), "forbidden", "it is the role");
}

#[test]
fn x_26_headers_that_point_to_another_key_are_refused() {
    let kid = Header { kid: Some("../../dev/null".into()), ..Header::default() };
    let jku = Header { jku: Some("https://evil.example/keys".into()), ..Header::default() };
    let x5u = Header { x5u: Some("https://evil.example/cert".into()), ..Header::default() };
    for header in [kid, jku, x5u] {
        assert_eq!(tokens().verify(&sign(&header, &good()), NOW), Err(TokenError::Invalid));
    }
}

#[test]
fn x_27_every_claim_is_required_and_strictly_typed() {
    for claim in ["iss", "aud", "sub", "exp", "iat", "jti", "token_use", "role"] {
        let mut without = good();
        without.as_object_mut().unwrap().remove(claim);
        assert_eq!(verdict(&without), Err(TokenError::Invalid), "without {claim}");
        for value in
            [Value::Null, json!(true), json!({}), json!("other"), json!(["peerpack"]), json!(-1), json!(1.5)]
        {
            assert_eq!(verdict(&with(claim, value.clone())), Err(TokenError::Invalid), "{claim} {value}");
        }
    }
    assert_eq!(verdict(&with("iss", json!(1))), Err(TokenError::Invalid));
    assert_eq!(verdict(&with("exp", json!((NOW_S + 900).to_string()))), Err(TokenError::Invalid));
    assert_eq!(verdict(&with("exp", json!(u64::MAX))), Err(TokenError::Invalid));
    assert_eq!(verdict(&with("exp", json!(NOW_S + 86_400 * 365))), Err(TokenError::Invalid));
}

#[test]
fn x_27_a_token_lives_until_five_seconds_after_its_end_and_may_come_from_a_node_a_minute_ahead() {
    let at = |claim, offset: i64| verdict(&with(claim, json!(NOW_S.saturating_add_signed(offset))));
    assert_eq!(at("exp", -5), verdict(&good()));
    assert_eq!(verdict(&json_old(-6)), Err(TokenError::Expired));
    assert_eq!((at("nbf", 60), at("nbf", 61)), (Ok(()), Err(TokenError::Invalid)));
    assert_eq!((at("iat", 60), at("iat", 61)), (Ok(()), Err(TokenError::Invalid)));
}

fn json_old(exp_offset: i64) -> Value {
    let mut claims = with("exp", json!(NOW_S.saturating_add_signed(exp_offset)));
    claims["iat"] = json!(NOW_S - 1_000);
    claims
}

#[test]
fn x_28_refresh_and_access_tokens_do_not_stand_in_for_each_other() {
    assert_eq!(verdict(&with("token_use", json!("refresh"))), Err(TokenError::Invalid));
    let refresh = RefreshToken::generate([3; 32]);
    assert_eq!(tokens().verify(&refresh.reveal(), NOW), Err(TokenError::Invalid));
    assert_eq!(RefreshToken::parse(&tokens().issue(anna(), Uuid::nil(), NOW, [1; 10]).0), None);
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
