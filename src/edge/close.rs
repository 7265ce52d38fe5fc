//! Codes of closing beyond those of the WebSocket protocol: from 4000 the client reconnects, from 4500 it
//! gives up.

/// Come back: on sockets that show a part of the town, whose console does so after this code and no other of
/// ours.
pub const GOING_AWAY: u16 = 1001;
/// The access token has expired: get another one and come back.
pub const TOKEN_EXPIRED: u16 = 4001;
/// Signed in, but not allowed to look at this: only on sockets that show a part of the town.
pub const NOT_ALLOWED: u16 = 4003;
/// Too slow for its events: come back and resume.
pub const TOO_SLOW: u16 = 4008;
/// Another socket took this one's place.
pub const REPLACED: u16 = 4009;
/// The server cannot say what was missed: come back and sync.
pub const INSUFFICIENT_STATE: u16 = 4010;
/// Said too much.
pub const RATE_LIMITED: u16 = 4029;
/// Signed out, or never signed in.
pub const INVALID_TOKEN: u16 = 4501;
/// The person is banned.
pub const BANNED: u16 = 4503;
/// Too many sockets.
pub const TOO_MANY: u16 = 4504;
