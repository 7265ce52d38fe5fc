//! What operators do beside the market: taking each other on, shutting people out, looking at requests.

pub mod operators;
pub mod request_log;
pub mod users;
