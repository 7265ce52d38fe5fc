//! Devices that have signed in before: a token that says so, which the device keeps and sends the next time.
//!
//! It opens nothing. It only says whom guesses are counted against: not everybody who knows a login or a
//! phone, but this device. Nothing of it is stored; it ends with its time, with the second factor of an
//! operator, and with the server's key.

use peerpack_actors::ids::UserId;
use peerpack_actors::time::{Span, Time};
use uuid::Uuid;

use super::token::Tokens;

/// How long a device is known.
const KNOWN_FOR: Span = Span::days(180);

/// What the signature is for.
const PURPOSE: &str = "device";

const PREFIX: &str = "dev_";

/// A token for a device of a user. `proof` is what the user signs in with: a token for another proof is none.
#[must_use]
pub fn issue(tokens: &Tokens, user: UserId, proof: &str, device: Uuid, now: Time) -> String {
    let until = (now + KNOWN_FOR).ms();
    let signature = tokens.sign(PURPOSE, &signed(user, proof, device, until));
    format!("{PREFIX}{}.{until}.{signature}", device.simple())
}

/// The device of a token, if the token is one of ours for this user and proof, and still good.
#[must_use]
pub fn known(tokens: &Tokens, token: &str, user: UserId, proof: &str, now: Time) -> Option<Uuid> {
    let mut parts = token.strip_prefix(PREFIX)?.splitn(3, '.');
    let device: Uuid = parts.next()?.parse().ok()?;
    let until: i64 = parts.next()?.parse().ok()?;
    let is_ours = tokens.is_signed(PURPOSE, &signed(user, proof, device, until), parts.next()?);
    (is_ours && now < Time::from_ms(until)).then_some(device)
}

fn signed(user: UserId, proof: &str, device: Uuid, until: i64) -> String {
    format!("{user}.{}.{until}.{proof}", device.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_ms(1_790_000_000_000);

    #[test]
    fn a_device_is_known_for_one_user_and_one_proof_and_not_for_ever() {
        let tokens = Tokens::new(&[1; 32], Span::minutes(15)).unwrap();
        let (anna, ivan) = (UserId::new(NOW, [1; 10]), UserId::new(NOW, [2; 10]));
        let device = Uuid::from_bytes([7; 16]);
        let token = issue(&tokens, anna, "a", device, NOW);
        let known = |token: &str, user, proof, now| known(&tokens, token, user, proof, now);
        assert_eq!(known(&token, anna, "a", NOW + Span::days(179)), Some(device));
        assert_eq!(known(&token, anna, "a", NOW + Span::days(180)), None);
        assert_eq!(known(&token, ivan, "a", NOW), None);
        assert_eq!(known(&token, anna, "b", NOW), None);
        let longer =
            token.replace(&(NOW + KNOWN_FOR).ms().to_string(), &(NOW + Span::days(999)).ms().to_string());
        assert_ne!(longer, token);
        for wrong in ["", "dev_", "dev_.1.x", "dev_..", &token[1..], &format!("{token}0"), &longer] {
            assert_eq!(known(wrong, anna, "a", NOW), None, "{wrong}");
        }
    }
}
