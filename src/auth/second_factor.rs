//! What an operator shows beside the password: the code of an authenticator (RFC 6238), or a recovery code.

use peerpack_actors::ids::UserId;
use peerpack_actors::time::Time;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};

use super::token::Tokens;
use crate::typed;

/// How many recovery codes are handed out.
pub const RECOVERY_CODES: usize = 8;

/// How long a code is shown, seconds. One before and one after it are taken too, for clocks that differ.
const STEP_S: u64 = 30;

/// An authenticator of somebody.
pub struct Authenticator(Totp);

impl Authenticator {
    /// The one that follows from the server's key and what is kept for the user. With another key it is
    /// another one.
    #[must_use]
    pub fn of(tokens: &Tokens, user: UserId, nonce: &str) -> Self {
        let secret = tokens.secret("second factor", &format!("{user}:{nonce}"));
        let totp = Builder::new().with_secret(secret[..20].to_vec()).with_step_duration(STEP_S);
        Self(totp.build().expect("160 bits and six digits are what RFC 4226 asks for"))
    }

    /// What is typed into an authenticator.
    #[must_use]
    pub fn secret(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The same for a QR code. `account` is a login or an id: nothing in it needs to be escaped.
    #[must_use]
    pub fn uri(&self, account: &str) -> String {
        format!("otpauth://totp/PeerPack:{account}?secret={}&issuer=PeerPack", self.secret())
    }

    /// The time step of a code that is right about now.
    #[must_use]
    pub fn step(&self, code: &str, now: Time) -> Option<i64> {
        let plain = typed::code(code);
        let is_code = plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit());
        let now_s = u64::try_from(now.ms() / 1_000).ok()?;
        let step = self.0.check(is_code.then_some(plain.as_str())?, now_s)?;
        i64::try_from(step).ok()
    }

    /// The code that is shown now.
    #[must_use]
    pub fn code(&self, now: Time) -> String {
        self.0.generate(u64::try_from(now.ms() / 1_000).unwrap_or_default()).to_string()
    }
}

/// A recovery code: 112 random bits, in groups that can be read out.
#[must_use]
pub fn recovery_code(random: [u8; 14]) -> String {
    let digits = hex::encode(random);
    format!("{}-{}-{}-{}", &digits[..7], &digits[7..14], &digits[14..21], &digits[21..])
}

/// What is kept of a recovery code, however it is written.
#[must_use]
pub fn recovery_hash(user: UserId, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_hexdigit).take(64).collect();
    hex::encode(Sha256::digest(format!("{user}:{}", plain.to_ascii_lowercase())))
}

#[cfg(test)]
mod tests {
    use peerpack_actors::time::Span;

    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    fn authenticator(nonce: &str) -> Authenticator {
        let tokens = Tokens::new(&[1; 32], Span::minutes(15)).unwrap();
        Authenticator::of(&tokens, UserId::new(NOW, [1; 10]), nonce)
    }

    #[test]
    fn a_code_is_right_about_now_and_nobody_elses() {
        let mine = authenticator("a");
        let code = mine.code(NOW);
        let step = mine.step(&format!(" {} {}", &code[..3], &code[3..]), NOW).unwrap();
        assert_eq!(mine.step(&code, NOW + Span::seconds(30)), Some(step));
        assert_eq!(mine.step(&code, NOW + Span::seconds(90)), None);
        assert_eq!(authenticator("b").step(&code, NOW), None);
        for wrong in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert_eq!(mine.step(wrong, NOW), None, "{wrong}");
        }
        assert!(mine.uri("root").contains(&format!("secret={}", mine.secret())));
    }

    /// RFC 6238, appendix B: the secret is `12345678901234567890`.
    #[test]
    fn it_counts_as_the_standard_does() {
        let standard = Builder::new().with_secret(b"12345678901234567890".to_vec()).build().unwrap();
        assert_eq!(Authenticator(standard).code(Time::from_ms(59_000)), "287082");
    }

    #[test]
    fn a_recovery_code_may_be_written_in_any_way() {
        let user = UserId::new(NOW, [1; 10]);
        let code = recovery_code([0xab; 14]);
        assert_eq!(code, "abababa-bababab-abababa-bababab");
        assert_eq!(recovery_hash(user, &code), recovery_hash(user, &code.to_uppercase().replace('-', " ")));
        assert_ne!(recovery_hash(user, &code), recovery_hash(UserId::new(NOW, [2; 10]), &code));
    }
}
