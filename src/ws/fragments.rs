//! A message of the peer that comes in several frames.

use actix_http::ws::Item;
use bytes::BytesMut;

use super::guard::{MAX_MESSAGE_BYTES, Violation};
use super::peer::UNSUPPORTED;

/// What has come of a message so far: at most [`MAX_MESSAGE_BYTES`].
#[derive(Default)]
pub(super) struct Fragments(BytesMut);

impl Fragments {
    /// Adds a frame. The whole message, if that was its last one.
    ///
    /// # Errors
    /// The close code and the reason with which the connection ends: it is no text, or too much.
    pub(super) fn add(&mut self, item: Item) -> Result<Option<BytesMut>, (u16, String)> {
        let (bytes, is_last) = match item {
            Item::FirstBinary(_) => return Err((UNSUPPORTED, "only text is understood".to_owned())),
            Item::FirstText(bytes) => {
                self.0.clear();
                (bytes, false)
            }
            Item::Continue(bytes) => (bytes, false),
            Item::Last(bytes) => (bytes, true),
        };
        if (self.0.len() + bytes.len()) as u64 > MAX_MESSAGE_BYTES {
            let violation = Violation::MessageTooBig;
            return Err((violation.close_code(), violation.to_string()));
        }
        self.0.extend_from_slice(&bytes);
        Ok(is_last.then(|| std::mem::take(&mut self.0)))
    }
}
