//! Every code that an error can carry, and what it means: the one list. The API description is made of it.

/// A code with the statuses it comes with, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// As it stands in the body.
    pub word: &'static str,
    /// The HTTP statuses it comes with.
    pub statuses: &'static [u16],
    /// Whether any call may be refused with it; the others are named call by call.
    pub is_general: bool,
    /// For whoever writes a client.
    pub meaning: &'static str,
}

const fn anywhere(word: &'static str, statuses: &'static [u16], meaning: &'static str) -> Code {
    Code { word, statuses, is_general: true, meaning }
}

const fn here(word: &'static str, statuses: &'static [u16], meaning: &'static str) -> Code {
    Code { word, statuses, is_general: false, meaning }
}

/// All of them, by status.
pub const CODES: &[Code] = &[
    anywhere(
        "bad_request",
        &[400],
        "not understood: malformed, of another type, or with fields that are not known",
    ),
    anywhere("unauthorized", &[401], "nobody is signed in"),
    anywhere("invalid_token", &[401], "the token is not ours, or its session has ended: sign in again"),
    anywhere("token_expired", &[401], "the access token is too old: refresh it"),
    here("invalid_init_data", &[401], "the init data is malformed, or Telegram did not sign it for our bot"),
    here("stale_init_data", &[401], "the init data is too old, or was used: open the app again"),
    here("invalid_code", &[401, 403], "the code is wrong or no longer good"),
    here("invalid_login", &[401], "the name or the password is wrong"),
    here("invalid_invitation", &[401], "the secret for the first administrator is not good any more"),
    anywhere("forbidden", &[403], "the caller's role, or the way things are set up, does not allow it"),
    here("blocked", &[403], "the account is shut out"),
    here("wrong_party", &[403], "this step is the other party's"),
    anywhere("not_found", &[404], "not there, or nothing of the caller's"),
    anywhere("method_not_allowed", &[405], "`Allow` says which methods there are"),
    anywhere("too_slow", &[408], "the request took too long to arrive"),
    anywhere("conflict", &[409], "somebody else changed it at the same moment: try again"),
    here("in_progress", &[409], "the same call is still being carried out: ask again, as `Retry-After` says"),
    here("answered_before", &[409], "the same call was carried out a moment ago: ask again for its answer"),
    here("illegal_transition", &[409], "not in this state"),
    here("already_taken", &[409], "another courier has the package"),
    here("expired", &[409], "too late: the offer or the package has run out"),
    here("no_room", &[409], "the trip has no room left for it"),
    here("trip_not_live", &[409], "the trip is over or called off"),
    here("parcels_on_board", &[409], "a trip with parcels on board cannot be called off"),
    here("already_requested", &[409], "this courier was asked about this package already"),
    here("too_many_requests", &[409], "too many couriers were asked about this package"),
    here("insufficient_funds", &[409], "there is not enough money"),
    here("already_reviewed", &[409], "one review for each party and delivery"),
    here("open_deals", &[409], "a deal is still under way"),
    here("money_left", &[409], "there is money in the wallet"),
    here("operator", &[409], "an administrator has to take the role away first"),
    here("own_account", &[409], "another administrator has to do this"),
    here("login_taken", &[409], "somebody else has this login"),
    here("too_many_documents", &[409], "too many documents wait for a decision"),
    here("already_decided", &[409], "the document was decided upon"),
    here("photo_attached", &[409], "there is a photograph already, and it stays"),
    here("second_factor_exists", &[409], "the old second factor has to be removed first"),
    here("stale", &[412], "it has changed since the version in `If-Match`: look again"),
    anywhere("too_large", &[413], "the body is too large"),
    anywhere(
        "unsupported_media_type",
        &[415],
        "the body is of a type, or in an encoding, that is not read here",
    ),
    anywhere("invalid", &[422], "understood, but `fields` says what will not do"),
    here("key_reused", &[422], "the `Idempotency-Key` was used for another call"),
    here("does_not_suit", &[422], "the package does not suit the trip: another way, time or size"),
    here("own_package", &[422], "one's own package cannot be carried by oneself"),
    here("code_required", &[422], "the package changes hands only with its code"),
    anywhere("upgrade_required", &[426], "this is a WebSocket"),
    anywhere("too_many", &[429], "asked or guessed too often: again as `Retry-After` says"),
    anywhere("internal", &[500], "a fault of ours; `request_id` finds it in the log"),
    anywhere("unavailable", &[503], "something we need does not answer: again as `Retry-After` says"),
    anywhere("busy", &[503], "too much is under way: again as `Retry-After` says"),
];

/// The code of that word.
#[must_use]
pub fn of(word: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.word == word)
}
