//! How calls between us and an acquirer are signed, in both directions.
//!
//! `PeerPack-Signature` is the HMAC-SHA256, in hex, of `<timestamp>.<METHOD> <path>.<body>`, where
//! `PeerPack-Timestamp` is in seconds since 1970. The path is as it is asked for, with its query.

use hmac::{Hmac, KeyInit, Mac};
use peerpack_actors::time::{Span, Time};
use sha2::Sha256;

/// The header with the time of a signature.
pub const TIMESTAMP: &str = "peerpack-timestamp";

/// The header with the signature.
pub const SIGNATURE: &str = "peerpack-signature";

/// How old a signature may be, or how far ahead: longer than clocks differ, and too short to keep one.
pub const REPLAY_WINDOW: Span = Span::minutes(5);

/// Something that is not signed, or not now, or cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not signed by the provider")]
pub struct Forged;

/// Signs and checks under one key.
#[derive(Clone)]
pub struct Signer(Hmac<Sha256>);

impl Signer {
    /// A signer with this key.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The timestamp and the signature of a call that is made now.
    #[must_use]
    pub fn sign(&self, method: &str, path: &str, body: &[u8], now: Time) -> (String, String) {
        let timestamp = (now.ms() / 1_000).to_string();
        let signature = hex::encode(self.mac(&timestamp, method, path, body).finalize().into_bytes());
        (timestamp, signature)
    }

    /// Whether a call is signed by somebody who has the key, about now.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(
        &self,
        (timestamp, signature): (&str, &str),
        (method, path, body): (&str, &str, &[u8]),
        now: Time,
    ) -> Result<(), Forged> {
        let at: i64 = timestamp.parse().map_err(|_| Forged)?;
        let apart_s = (now.ms() / 1_000).checked_sub(at).ok_or(Forged)?;
        if apart_s.unsigned_abs() > (REPLAY_WINDOW.ms() / 1_000).unsigned_abs() {
            return Err(Forged);
        }
        let signature = hex::decode(signature).map_err(|_| Forged)?;
        self.mac(timestamp, method, path, body).verify_slice(&signature).map_err(|_| Forged)
    }

    fn mac(&self, timestamp: &str, method: &str, path: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(format!("{timestamp}.{method} {path}.").as_bytes());
        mac.update(body);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    #[test]
    fn a_signature_is_good_for_its_call_and_for_five_minutes() {
        let (ours, theirs) = (Signer::new(b"0123456789abcdef"), Signer::new(b"another key"));
        let (timestamp, signature) = ours.sign("POST", "/refunds", b"{}", NOW);
        let check = |signer: &Signer, call, now| signer.check((&timestamp, &signature), call, now);
        let call: (&str, &str, &[u8]) = ("POST", "/refunds", b"{}");
        assert_eq!(check(&ours, call, NOW), Ok(()));
        assert_eq!(check(&ours, call, NOW + REPLAY_WINDOW), Ok(()));
        assert_eq!(check(&ours, call, NOW - REPLAY_WINDOW), Ok(()));
        for (signer, call, now) in [
            (&theirs, call, NOW),
            (&ours, ("GET", call.1, call.2), NOW),
            (&ours, (call.0, "/invoices", call.2), NOW),
            (&ours, (call.0, call.1, b"{ }" as &[u8]), NOW),
            (&ours, call, NOW + REPLAY_WINDOW + Span::seconds(1)),
            (&ours, call, NOW - REPLAY_WINDOW - Span::seconds(1)),
        ] {
            assert_eq!(check(signer, call, now), Err(Forged), "{call:?} at {now}");
        }
        for (timestamp, signature) in [
            ("", signature.as_str()),
            ("now", &signature),
            (&i64::MIN.to_string(), &signature),
            (&timestamp, "x"),
        ] {
            assert_eq!(ours.check((timestamp, signature), call, NOW), Err(Forged), "{timestamp} {signature}");
        }
    }
}
