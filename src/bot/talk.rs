//! What people say to the bot: commands, and taps on buttons. A tap goes the way of a command on the socket,
//! so the first one wins there, too.

use peerpack_actors::dispatch::OrderCommand;
use peerpack_actors::ids::{OfferId, RequestId};
use peerpack_actors::ports::Unavailable;
use serde::Deserialize;
use uuid::Uuid;

use super::letter::{self, ACCEPT, ACCEPT_ORDER, DECLINE, DECLINE_ORDER};
use crate::app::App;
use crate::http::dispatch::offers;
use crate::maintenance::checkout::{self, Paid};
use crate::store::{Profile, TakenUpdate, User};
use crate::telegram::{Answer, Button, Outgoing, Style, Telegram};
use crate::texts::bot::Say;
use crate::texts::language::Language;
use crate::ws;
use crate::ws::wire::{ClientMessage, Decline, OfRequest};

/// What the buttons of the bot's own questions tell it.
const LANGUAGE: &str = "l:";
const MESSAGES: &str = "n:";

/// Something that may go well another time.
#[derive(Debug)]
pub(super) struct Trouble(pub(super) String);

impl From<Unavailable> for Trouble {
    fn from(unavailable: Unavailable) -> Self {
        Self(unavailable.to_string())
    }
}

/// What of an update concerns the bot. Everything else is left out.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Update {
    message: Option<Said>,
    callback_query: Option<Tap>,
    my_chat_member: Option<Membership>,
}

#[derive(Deserialize)]
struct Said {
    from: Option<Account>,
    chat: Chat,
    #[serde(default)]
    text: String,
    #[serde(default)]
    successful_payment: Option<Paid>,
}

#[derive(Deserialize)]
struct Tap {
    id: String,
    from: Account,
    #[serde(default)]
    data: String,
}

#[derive(Deserialize)]
struct Membership {
    from: Account,
    chat: Chat,
    new_chat_member: Member,
}

#[derive(Deserialize)]
struct Member {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Account {
    id: i64,
    #[serde(default)]
    language_code: Option<String>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
    #[serde(default, rename = "type")]
    kind: String,
}

/// Does what an update says. What cannot be read concerns nobody.
pub(super) async fn listen(app: &App, telegram: &Telegram, taken: &TakenUpdate) -> Result<(), Trouble> {
    let Ok(update) = serde_json::from_str::<Update>(&taken.body) else { return Ok(()) };
    if let Some(said) = update.message {
        return heard(app, telegram, said).await;
    }
    if let Some(tap) = update.callback_query {
        return tapped(app, telegram, tap, taken.update_id).await;
    }
    if let Some(membership) = update.my_chat_member {
        return joined(app, membership).await;
    }
    Ok(())
}

/// Somebody has blocked the bot, or let it in again.
async fn joined(app: &App, membership: Membership) -> Result<(), Trouble> {
    if membership.chat.kind != "private" {
        return Ok(());
    }
    let Some(user) = app.database.user_of_telegram(membership.from.id).await? else { return Ok(()) };
    match membership.new_chat_member.status.as_str() {
        "kicked" | "left" => app.database.bot_was_blocked(user.id, app.clock.now()).await?,
        "member" => app.database.bot_was_unblocked(user.id).await?,
        _ => {}
    }
    Ok(())
}

async fn heard(app: &App, telegram: &Telegram, said: Said) -> Result<(), Trouble> {
    let Said { from: Some(from), chat, text, successful_payment } = said else { return Ok(()) };
    if let Some(paid) = successful_payment {
        // Telegram says so to the payer, in the bot's chat with them.
        let payer = (chat.kind == "private" && chat.id == from.id).then_some(from.id);
        return checkout::paid(app, payer, &paid).await.map_err(Trouble);
    }
    // In a group the bot has nothing to say.
    if chat.kind != "private" || !text.starts_with('/') {
        return Ok(());
    }
    let user = app.database.user_of_telegram(from.id).await?;
    let language = language_of(user.as_ref(), &from);
    let mut words = text.split_whitespace();
    let command = words.next().unwrap_or_default();
    // In some clients the bot's name follows.
    let command = command.split('@').next().unwrap_or_default();
    let answer = match command {
        "/start" => {
            if let Some(user) = &user {
                app.database.start_bot(user.id, app.clock.now()).await?;
            }
            let mut answer = Outgoing::titled("PeerPack");
            answer.line(Say::Welcome.told_in(language));
            answer.buttons(letter::open(app, &screen(words.next()), language));
            answer
        }
        "/language" => asked(
            Say::ChooseLanguage.told_in(language),
            &[("Русский", LANGUAGE, "ru"), ("English", LANGUAGE, "en")],
        ),
        "/notifications" => match &user {
            Some(user) => notifications(app, user, language).await?,
            None => opening(app, Say::SignInFirst, "/", language),
        },
        "/terms" => opening(app, Say::Terms, "/", language),
        "/paysupport" => opening(app, Say::PaySupport, "/wallet", language),
        _ => opening(app, Say::Help, "/", language),
    };
    match telegram.send(chat.id, &answer).await {
        // A person who gets no answer asks again.
        Answer::Done(_) | Answer::Refused(_) | Answer::Unknown(_) => Ok(()),
        Answer::Unsent(why) => Err(Trouble(why)),
    }
}

/// The screen that a parameter of `/start` leads to.
fn screen(parameter: Option<&str>) -> String {
    let Some((kind, id)) = parameter.and_then(|parameter| parameter.split_once('_')) else {
        return "/".to_owned();
    };
    let Ok(id) = id.parse::<Uuid>() else { return "/".to_owned() };
    match kind {
        "pkg" => format!("/package/{id}"),
        "trip" => format!("/trip/{id}"),
        "req" => "/offers".to_owned(),
        _ => "/".to_owned(),
    }
}

fn opening(app: &App, say: Say, screen: &str, language: Language) -> Outgoing {
    let mut answer = Outgoing::plain(say.told_in(language));
    answer.buttons(letter::open(app, screen, language));
    answer
}

fn asked(question: &str, choices: &[(&str, &str, &str)]) -> Outgoing {
    let mut answer = Outgoing::plain(question);
    let choice = |(text, what, choice): &(&str, &str, &str)| Button::Tap {
        text: (*text).to_owned(),
        data: format!("{what}{choice}"),
        style: Style::Plain,
    };
    answer.buttons(choices.iter().map(choice).collect());
    answer
}

async fn notifications(app: &App, user: &User, language: Language) -> Result<Outgoing, Trouble> {
    let settings = app.database.bot_settings(user.id).await?;
    let (state, turn, to) = if settings.is_enabled {
        (Say::MessagesOn, Say::TurnOff, "off")
    } else {
        (Say::MessagesOff, Say::TurnOn, "on")
    };
    let mut answer = asked(state.told_in(language), &[(turn.told_in(language), MESSAGES, to)]);
    answer.buttons(letter::open(app, "/me", language));
    Ok(answer)
}

async fn tapped(app: &App, telegram: &Telegram, tap: Tap, update_id: i64) -> Result<(), Trouble> {
    let user = app.database.user_of_telegram(tap.from.id).await?;
    let user = user.filter(|user| user.blocked_at.is_none() && user.deleted_at.is_none());
    let language = language_of(user.as_ref(), &tap.from);
    let words = match user {
        None => Say::SignInFirst.told_in(language).to_owned(),
        Some(user) => carry_out(app, &user, &tap.data, update_id, language).await?,
    };
    // The effect is there; a tap that is answered too late is refused, and nobody can do anything about it.
    telegram.answer_tap(&tap.id, &words).await;
    Ok(())
}

async fn carry_out(
    app: &App,
    user: &User,
    data: &str,
    update_id: i64,
    language: Language,
) -> Result<String, Trouble> {
    let of = |text: &str| text.parse::<Uuid>().ok().map(RequestId::from);
    if let Some(request_id) = data.strip_prefix(ACCEPT).and_then(of) {
        let message = ClientMessage::OfferAccept(OfRequest { request_id });
        return step(app, user, update_id, message, Say::Accepted, language).await;
    }
    if let Some(request_id) = data.strip_prefix(DECLINE).and_then(of) {
        let message = ClientMessage::OfferDecline(Decline { request_id, reason: None });
        return step(app, user, update_id, message, Say::Declined, language).await;
    }
    let of_order = |text: &str| text.parse::<OfferId>().ok();
    if let Some(offer) = data.strip_prefix(ACCEPT_ORDER).and_then(of_order) {
        let command = OrderCommand::Accept { offer, by: user.id };
        return answer(app, offer, &command, Say::Accepted, language).await;
    }
    if let Some(offer) = data.strip_prefix(DECLINE_ORDER).and_then(of_order) {
        let command = OrderCommand::Decline { offer, by: user.id, reason: String::new() };
        return answer(app, offer, &command, Say::Declined, language).await;
    }
    if let Some(tag) = data.strip_prefix(LANGUAGE).filter(|tag| matches!(*tag, "ru" | "en")) {
        let profile = Profile { language: Some(tag.to_owned()), ..Profile::default() };
        // A person who is gone needs no language.
        let _ = app.database.set_profile(user.id, profile, None, app.clock.now()).await?;
        return Ok(Say::LanguageSet.told_in(Language::of(Some(tag))).to_owned());
    }
    if let Some(turned) = data.strip_prefix(MESSAGES) {
        let may = turned == "on";
        app.database.let_bot_write(user.id, may, app.clock.now()).await?;
        let say = if may { Say::MessagesOn } else { Say::MessagesOff };
        return Ok(say.told_in(language).to_owned());
    }
    Ok(String::new())
}

/// A step of a request. The same update again is the same command.
async fn step(
    app: &App,
    user: &User,
    update_id: i64,
    message: ClientMessage,
    done: Say,
    language: Language,
) -> Result<String, Trouble> {
    match ws::carry_out(app, user.id, Some(command_of(update_id)), message).await {
        Ok(_) => Ok(done.told_in(language).to_owned()),
        Err(refused) if refused.is_unknown => Err(Trouble(refused.told_in(Language::English).to_owned())),
        Err(refused) => Ok(refused.told_in(language).to_owned()),
    }
}

/// The answer to an offer of an order in town. To give it again changes nothing.
async fn answer(
    app: &App,
    offer: OfferId,
    command: &OrderCommand,
    done: Say,
    language: Language,
) -> Result<String, Trouble> {
    let Err(refused) = offers::answered(app, offer, command).await else {
        return Ok(done.told_in(language).to_owned());
    };
    if refused.status().is_server_error() {
        return Err(Trouble(refused.message().to_owned()));
    }
    Ok(match refused.code() {
        "already_taken" => Say::OrderTaken.told_in(language).to_owned(),
        "expired" => Say::OrderTooLate.told_in(language).to_owned(),
        "illegal_transition" | "not_found" => Say::OrderGone.told_in(language).to_owned(),
        _ => refused.told_in(language).message().to_owned(),
    })
}

/// The id of the command that an update is.
fn command_of(update_id: i64) -> Uuid {
    const TELEGRAM: u128 = 0x7465_6c65_6772_616d;
    Uuid::from_u128(TELEGRAM << 64 | u128::from(update_id.cast_unsigned()))
}

fn language_of(user: Option<&User>, account: &Account) -> Language {
    let known = user.and_then(|user| user.language.as_deref());
    Language::of(known.or(account.language_code.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_start_leads_to_its_screen_and_nowhere_else() {
        let id = "0190a5b0-0000-7000-8000-000000000001";
        for (parameter, expected) in [
            (None, "/".to_owned()),
            (Some(format!("pkg_{id}")), format!("/package/{id}")),
            (Some(format!("trip_{id}")), format!("/trip/{id}")),
            (Some(format!("req_{id}")), "/offers".to_owned()),
            (Some("ref_ABC".to_owned()), "/".to_owned()),
            (Some("pkg_../../admin".to_owned()), "/".to_owned()),
        ] {
            assert_eq!(screen(parameter.as_deref()), expected, "{parameter:?}");
        }
    }

    #[test]
    fn updates_are_commands_with_ids_of_their_own() {
        assert_ne!(command_of(1), command_of(2));
        assert_eq!(command_of(7), command_of(7));
    }
}
