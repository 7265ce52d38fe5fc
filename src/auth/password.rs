//! Passwords and codes: slow, salted hashes (argon2id), made and compared off the threads that serve
//! requests.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::ApiError;

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 12;

/// The most bytes that are hashed.
pub const MAX_PASSWORD: usize = 256;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const HASH_BYTES: usize = 32;

/// Codes that are sent to phones: anybody may ask for them.
pub static PHONES: Desk = Desk::new(2, 32);

/// Codes of devices that have signed in with their phone before: they do not wait behind strangers who guess.
pub static KNOWN_PHONES: Desk = Desk::new(1, 32);

/// Guesses at codes that are not there: anybody who has been sent one does not wait behind them.
pub static BLIND: Desk = Desk::new(1, 16);

/// Passwords of operators, who do not wait behind everybody's phones.
pub static OPERATORS: Desk = Desk::new(1, 16);

/// Passwords from devices that have signed in before: they do not wait behind strangers who guess.
pub static DEVICES: Desk = Desk::new(1, 16);

/// Where hashes are made. Each takes 19 MiB, so there is room for a few at once, and for a few more to wait.
#[derive(Debug)]
pub struct Desk {
    room: Semaphore,
    queue: Semaphore,
}

/// A place at a desk. A caller who has one is served, sooner or later.
#[derive(Debug)]
pub struct Place<'a> {
    desk: &'a Desk,
    _waiting: SemaphorePermit<'a>,
}

impl Desk {
    const fn new(at_once: usize, waiting: usize) -> Self {
        Self { room: Semaphore::const_new(at_once), queue: Semaphore::const_new(waiting) }
    }

    /// The hash of a secret under a salt, as the store keeps it.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn hash(&self, secret: String, salt: [u8; 16]) -> Result<String, ApiError> {
        self.enter()?.slowly(move || encode(&secret, &salt)).await
    }

    /// Whether a secret is the one of a kept hash. A missing hash takes as long as a wrong secret.
    ///
    /// # Errors
    /// Too many wait.
    pub async fn is_of(&self, secret: String, kept: Option<String>) -> Result<bool, ApiError> {
        self.enter()?.is_of(secret, kept).await
    }

    /// A place, for a caller who has to know that they are served before they do something else.
    ///
    /// # Errors
    /// Too many wait.
    pub fn enter(&self) -> Result<Place<'_>, ApiError> {
        let waiting = self.queue.try_acquire().map_err(|_| ApiError::unavailable())?;
        Ok(Place { desk: self, _waiting: waiting })
    }
}

impl Place<'_> {
    /// As [`Desk::is_of`].
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn is_of(&self, secret: String, kept: Option<String>) -> Result<bool, ApiError> {
        self.slowly(move || {
            let kept = kept.unwrap_or_default();
            let salt = kept.split('$').nth(1).and_then(|salt| hex::decode(salt).ok()).unwrap_or(vec![0; 16]);
            bool::from(encode(&secret, &salt).as_bytes().ct_eq(kept.as_bytes()))
        })
        .await
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _room = self.desk.room.acquire().await.map_err(|_| ApiError::unavailable())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))
    }
}

/// `argon2id-19456-2$<salt>$<hash>`: another setting is another text, and so never equal.
fn encode(secret: &str, salt: &[u8]) -> String {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(HASH_BYTES)).expect("constants within the bounds");
    let mut out = [0; HASH_BYTES];
    let secret = &secret.as_bytes()[..secret.len().min(MAX_PASSWORD)];
    let hashed =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(secret, salt, &mut out);
    match hashed {
        Ok(()) => format!("argon2id-{MEMORY_KIB}-{PASSES}${}${}", hex::encode(salt), hex::encode(out)),
        // A salt that is too short: a hash that was never kept by us.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn only_the_same_secret_is_of_a_hash() {
        let desk = Desk::new(1, 4);
        let kept = desk.hash("correct horse battery".into(), [7; 16]).await.unwrap();
        assert!(!kept.contains("correct"));
        assert!(desk.is_of("correct horse battery".into(), Some(kept.clone())).await.unwrap());
        assert!(!desk.is_of("correct horse batterz".into(), Some(kept.clone())).await.unwrap());
        assert!(!desk.is_of("correct horse battery".into(), None).await.unwrap());
        assert!(!desk.is_of(String::new(), Some(String::new())).await.unwrap());
        assert_ne!(desk.hash("correct horse battery".into(), [8; 16]).await.unwrap(), kept);
    }

    #[actix_web::test]
    async fn who_comes_when_too_many_wait_is_sent_away_and_other_desks_are_open() {
        let (full, other) = (Desk::new(1, 1), Desk::new(1, 1));
        let _waiting = full.queue.acquire().await.unwrap();
        assert_eq!(full.hash("x".into(), [7; 16]).await.unwrap_err().status(), 503);
        assert!(other.hash("x".into(), [7; 16]).await.is_ok());
    }
}
