//! What only operators may read, and only while they need it: kept encrypted, with a key that follows from
//! the server's and is not in the database.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use peerpack_actors::ids::UserId;

use super::token::Tokens;

const PURPOSE: &str = "payout details";

/// A nonce of XChaCha20 may be random: 192 bits never come again.
const NONCE_BYTES: usize = 24;

/// What is shown of payout details: the last characters.
const SHOWN: usize = 4;

/// Seals and opens payout details.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    tokens: Tokens,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// The one that follows from the server's key.
    #[must_use]
    pub fn of(tokens: &Tokens) -> Self {
        let key = tokens.secret(PURPOSE, "");
        Self { cipher: XChaCha20Poly1305::new(&key.into()), tokens: tokens.clone() }
    }

    /// Somebody's details, sealed: in hex, the nonce first. Nobody else's details can take their place.
    #[must_use]
    pub fn seal(&self, owner: UserId, details: &str, nonce: [u8; NONCE_BYTES]) -> String {
        let owner = owner.uuid();
        let payload = Payload { msg: details.as_bytes(), aad: owner.as_bytes() };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("texts of a few hundred bytes can always be encrypted");
        format!("{}{}", hex::encode(nonce), hex::encode(sealed))
    }

    /// What was sealed for somebody; `None` if it was sealed for another person, or with another key.
    #[must_use]
    pub fn open(&self, owner: UserId, sealed: &str) -> Option<String> {
        let bytes = hex::decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let owner = owner.uuid();
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(opened).ok()
    }

    /// A digest that says whether somebody's details are the same as before, and nothing else.
    #[must_use]
    pub fn fingerprint(&self, owner: UserId, details: &str) -> String {
        let plain: String = details.chars().filter(|one| one.is_alphanumeric()).collect();
        self.tokens.sign(PURPOSE, &format!("{owner}:{}", plain.to_lowercase()))
    }
}

/// What may be shown of payout details: `•••• 1234`; nothing of what is short.
#[must_use]
pub fn masked(details: &str) -> String {
    let plain: Vec<char> = details.chars().filter(|one| one.is_alphanumeric()).collect();
    let shown = if plain.len() >= 2 * SHOWN { &plain[plain.len() - SHOWN..] } else { &[] };
    format!("•••• {}", shown.iter().collect::<String>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use peerpack_actors::time::{Span, Time};

    fn vault(key: u8) -> Vault {
        Vault::of(&Tokens::new(&[key; 32], Span::minutes(15)).unwrap())
    }

    fn user(n: u8) -> UserId {
        UserId::new(Time::from_ms(1_790_000_000_000), [n; 10])
    }

    #[test]
    fn details_are_opened_with_the_same_key_for_the_same_person_only() {
        let sealed = vault(1).seal(user(1), "4276 0000 0000 1234", [7; 24]);
        assert!(!sealed.contains("1234") && sealed.len() > 48);
        assert_eq!(vault(1).open(user(1), &sealed).as_deref(), Some("4276 0000 0000 1234"));
        assert_eq!(vault(2).open(user(1), &sealed), None, "another key");
        assert_eq!(vault(1).open(user(2), &sealed), None, "another person");
        let mut changed = sealed.clone();
        changed.replace_range(60..61, if &sealed[60..61] == "0" { "1" } else { "0" });
        assert_eq!(vault(1).open(user(1), &changed), None, "changed");
        for garbage in ["", "00", "not hex", &sealed[..40]] {
            assert_eq!(vault(1).open(user(1), garbage), None, "{garbage}");
        }
    }

    #[test]
    fn the_same_details_are_known_again_however_they_are_spaced() {
        let print = |owner, details| vault(1).fingerprint(user(owner), details);
        assert_eq!(print(1, "4276 0000 0000 1234"), print(1, "4276-0000-0000-1234"));
        assert_ne!(print(1, "4276 0000 0000 1234"), print(1, "4276 0000 0000 1235"));
        assert_ne!(print(1, "4276 0000 0000 1234"), print(2, "4276 0000 0000 1234"));
    }

    #[test]
    fn only_the_end_of_the_details_is_shown() {
        assert_eq!(masked("4276 0000 0000 1234"), "•••• 1234");
        assert_eq!(masked("+7 900 123-45-67"), "•••• 4567");
        assert_eq!(masked("card"), "••••");
        assert_eq!(masked(""), "••••");
    }
}
