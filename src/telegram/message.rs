//! A message as Telegram takes it: a text, what is special in it, and buttons.

use peerpack_actors::time::Time;
use serde_json::{Value, json};

/// The most characters that Telegram takes.
const LONGEST: usize = 4_096;

/// How a button looks, where the client can show it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// Like any other.
    Plain,
    /// For what one wants to do.
    Success,
    /// For what cannot be taken back.
    Danger,
}

/// A button under a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Button {
    /// Tells the bot something, in at most 64 bytes.
    Tap {
        /// What stands on it.
        text: String,
        /// What the bot is told.
        data: String,
        /// The colour of the button.
        style: Style,
    },
    /// Opens a screen of the app.
    Open {
        /// What stands on it.
        text: String,
        /// Where the screen is, `https://` only.
        url: String,
    },
}

/// A message to be sent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Outgoing {
    text: String,
    entities: Vec<Value>,
    rows: Vec<Vec<Button>>,
}

impl Outgoing {
    /// A message that begins with a title.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        let mut message = Self::default();
        message.special(title, json!({ "type": "bold" }));
        message
    }

    /// A message of plain text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Begins a new line with a text.
    pub fn line(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(text);
    }

    /// A moment, which each reader sees in their own zone. `written` is for clients that cannot show it so.
    pub fn moment(&mut self, at: Time, written: &str) {
        let entity =
            json!({ "type": "date_time", "unix_time": at.ms().div_euclid(1_000), "date_time_format": "wDt" });
        self.special(written, entity);
    }

    /// One more row of buttons.
    pub fn buttons(&mut self, row: Vec<Button>) {
        if !row.is_empty() {
            self.rows.push(row);
        }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn special(&mut self, text: &str, mut entity: Value) {
        // Telegram counts in units of UTF-16.
        let units = |text: &str| text.encode_utf16().count();
        entity["offset"] = units(&self.text).into();
        entity["length"] = units(text).into();
        self.text.push_str(text);
        self.entities.push(entity);
    }

    /// As JSON, without the chat.
    pub(super) fn body(&self) -> Value {
        let text: String = self.text.chars().take(LONGEST).collect();
        let mut body = json!({
            "text": text,
            "link_preview_options": { "is_disabled": true },
            "reply_markup": { "inline_keyboard": self.rows.iter().map(|row| {
                row.iter().map(button).collect::<Vec<_>>()
            }).collect::<Vec<_>>() },
        });
        if !self.entities.is_empty() && text.len() == self.text.len() {
            body["entities"] = self.entities.clone().into();
        }
        body
    }
}

fn button(button: &Button) -> Value {
    match button {
        Button::Tap { text, data, style } => {
            let mut button = json!({ "text": text, "callback_data": data });
            match style {
                Style::Plain => {}
                Style::Success => button["style"] = "success".into(),
                Style::Danger => button["style"] = "danger".into(),
            }
            button
        }
        Button::Open { text, url } => json!({ "text": text, "web_app": { "url": url } }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_counted_in_units_of_utf_16() {
        let mut message = Outgoing::titled("Посылка 🏺");
        message.line("Забрать: ");
        message.moment(Time::from_ms(1_790_000_000_500), "2 марта, 10:00");
        let body = message.body();
        assert_eq!(body["entities"][0], json!({ "type": "bold", "offset": 0, "length": 10 }));
        let moment = &body["entities"][1];
        assert_eq!((&moment["offset"], &moment["length"]), (&json!(20), &json!(14)));
        assert_eq!(moment["unix_time"], 1_790_000_000_i64);
    }

    #[test]
    fn a_text_beyond_the_bound_loses_its_end_and_its_entities() {
        let mut message = Outgoing::titled("x");
        message.line(&"я".repeat(5_000));
        let body = message.body();
        assert_eq!(body["text"].as_str().map(|text| text.chars().count()), Some(LONGEST));
        assert!(body.get("entities").is_none());
    }
}
