//! What the bot says, besides notifications.

use peerpack_actors::market::phase::RequestPhase;

use super::language::Language;
use super::language::Language::{English, Russian};

/// A text of the bot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Say {
    Accept,
    Decline,
    Open,
    Pickup,
    HandOver,
    AnswerBy,
    AtOnce,
    PickupAt,
    OrderTaken,
    OrderTooLate,
    OrderGone,
    Accepted,
    Declined,
    Welcome,
    Help,
    ChooseLanguage,
    LanguageSet,
    MessagesOn,
    MessagesOff,
    TurnOn,
    TurnOff,
    Terms,
    PaySupport,
    SignInFirst,
    Test,
    PackageGone,
}

impl Say {
    /// The text in a language.
    pub(crate) const fn told_in(self, language: Language) -> &'static str {
        match language {
            Russian => self.in_russian(),
            English => self.in_english(),
        }
    }

    const fn in_russian(self) -> &'static str {
        match self {
            Self::Accept => "Взять",
            Self::Decline => "Отказаться",
            Self::Open => "Открыть",
            Self::Pickup => "Забрать: ",
            Self::HandOver => "Отдать: ",
            Self::AnswerBy => "Ответить до: ",
            Self::AtOnce => "Подача сейчас",
            Self::PickupAt => "Подача: ",
            Self::OrderTaken => "Заказ уже у другого водителя",
            Self::OrderTooLate => "Время вышло",
            Self::OrderGone => "Заказ больше не предлагается",
            Self::Accepted => "Принято",
            Self::Declined => "Отказ отправлен",
            Self::Welcome => {
                "PeerPack передаёт посылки с теми, кто уже едет в ту сторону. Здесь придут предложения и новости \
                 о ваших доставках, пока приложение закрыто."
            }
            Self::Help => {
                "/start — открыть приложение\n/language — язык\n/notifications — сообщения бота\n\
                 /terms — условия\n/paysupport — вопросы об оплате"
            }
            Self::ChooseLanguage => "На каком языке писать?",
            Self::LanguageSet => "Дальше пишем по-русски",
            Self::MessagesOn => {
                "Бот пишет вам, когда приложение закрыто. Что именно, настраивается в приложении."
            }
            Self::MessagesOff => "Бот вам не пишет.",
            Self::TurnOn => "Включить",
            Self::TurnOff => "Выключить",
            Self::Terms => {
                "Отправитель отвечает за то, что запрещённого внутри нет; курьер может отказаться от посылки, \
                 которую ему не показали. Условия отмены и оплаты видны в приложении до подтверждения."
            }
            Self::PaySupport => {
                "Вопросы об оплате: откройте кошелёк в приложении, там видны все платежи и выплаты. Если с \
                 доставкой что-то не так, оспорьте её в приложении, и деньги подождут решения оператора."
            }
            Self::SignInFirst => "Сначала откройте приложение",
            Self::Test => "Проверка: бот может вам писать",
            Self::PackageGone => {
                "Посылка уже не ждёт курьера, поэтому деньги остались в кошельке: на другую посылку или на вывод."
            }
        }
    }

    const fn in_english(self) -> &'static str {
        match self {
            Self::Accept => "Accept",
            Self::Decline => "Decline",
            Self::Open => "Open",
            Self::Pickup => "Pick up: ",
            Self::HandOver => "Hand over: ",
            Self::AnswerBy => "Answer by: ",
            Self::AtOnce => "Pickup at once",
            Self::PickupAt => "Pickup: ",
            Self::OrderTaken => "Another driver has the order",
            Self::OrderTooLate => "The time is over",
            Self::OrderGone => "The order is not offered any more",
            Self::Accepted => "Accepted",
            Self::Declined => "Declined",
            Self::Welcome => {
                "PeerPack sends packages with people who travel that way already. Offers and news of your \
                 deliveries come here while the app is closed."
            }
            Self::Help => {
                "/start — open the app\n/language — language\n/notifications — messages of the bot\n\
                 /terms — terms\n/paysupport — questions about payments"
            }
            Self::ChooseLanguage => "In which language shall we write?",
            Self::LanguageSet => "We write in English from now on",
            Self::MessagesOn => {
                "The bot writes to you while the app is closed. Of what, you choose in the app."
            }
            Self::MessagesOff => "The bot does not write to you.",
            Self::TurnOn => "Turn on",
            Self::TurnOff => "Turn off",
            Self::Terms => {
                "The sender answers for nothing forbidden being inside; a courier may refuse a package that \
                 was not shown. The app shows the terms of cancellation and payment before you confirm."
            }
            Self::PaySupport => {
                "Questions about payments: open the wallet in the app, which shows every payment and payout. If \
                 something is wrong with a delivery, dispute it in the app, and the money waits for an \
                 operator's decision."
            }
            Self::SignInFirst => "Open the app first",
            Self::Test => "A test: the bot can write to you",
            Self::PackageGone => {
                "The package does not wait for a courier any more, so the money stays in your wallet: for \
                 another package, or to be taken out."
            }
        }
    }
}

/// Where a request stands, as a line under a message; nothing while it waits for an answer.
pub(crate) const fn standing(phase: RequestPhase, language: Language) -> Option<&'static str> {
    let (russian, english) = match phase {
        RequestPhase::Pending => return None,
        RequestPhase::Agreed => {
            ("Вы согласились, ждём выбора", "You have agreed; the choice is not made yet")
        }
        RequestPhase::Accepted => ("Принято", "Accepted"),
        RequestPhase::PickedUp => ("Посылка у курьера", "The courier has the package"),
        RequestPhase::Delivered => ("Доставлено, ждём подтверждения", "Delivered, not confirmed yet"),
        RequestPhase::Confirmed => ("Доставка подтверждена", "The delivery is confirmed"),
        RequestPhase::Declined => ("Отказ", "Declined"),
        RequestPhase::Expired => ("Время вышло", "The time is over"),
        RequestPhase::Withdrawn => ("Больше не актуально", "Taken back"),
        RequestPhase::Taken => ("Уже взял другой курьер", "Taken by another courier"),
        RequestPhase::Cancelled => ("Отменено", "Called off"),
        RequestPhase::Disputed => ("Доставка оспорена", "The delivery is disputed"),
    };
    Some(match language {
        Russian => russian,
        English => english,
    })
}

/// What has become of an offer of an order in town, as a line under its message; nothing while it waits for
/// an answer. `is_taken` says whether somebody has the order by now.
pub(crate) fn offer_standing(state: &str, is_taken: bool, language: Language) -> Option<&'static str> {
    Some(match (state, is_taken) {
        ("pending", _) => return None,
        ("accepted", _) => Say::Accepted.told_in(language),
        ("declined", _) => match language {
            Russian => "Отказ",
            English => "Declined",
        },
        ("expired", _) => Say::OrderTooLate.told_in(language),
        (_, true) => Say::OrderTaken.told_in(language),
        (_, false) => Say::OrderGone.told_in(language),
    })
}

/// How far the pickup of an order is.
pub(crate) fn far(eta_s: u32, way_m: u32, language: Language) -> String {
    let (minutes, km) = (eta_s.div_ceil(60), f64::from(way_m) / 1_000.0);
    language.choose(format!("До подачи {minutes} мин, {km:.1} км"), format!("{minutes} min away, {km:.1} km"))
}

/// So much was told together.
pub(crate) fn digest(count: u64, language: Language) -> String {
    language.choose(
        format!("Новостей, пока вас не было: {count}. Все они в приложении."),
        format!("News while you were away: {count}. All of it is in the app."),
    )
}

/// The number of an event, by which a repeated message is known.
pub(crate) fn numbered(seq: u64, language: Language) -> String {
    language.choose(format!("Событие № {seq}"), format!("Event no. {seq}"))
}

/// Money has come into the wallet, or stars for a highlight.
pub(crate) fn credited(amount: &str, is_stars: bool, language: Language) -> (String, String) {
    if is_stars {
        let title = language.choose("Отметка оплачена".to_owned(), "Your highlight is paid for".to_owned());
        return (title, amount.to_owned());
    }
    (
        language.choose("Платёж зачислен".to_owned(), "Your payment has arrived".to_owned()),
        language.choose(format!("Зачислено в кошелёк: {amount}"), format!("Added to your wallet: {amount}")),
    )
}

/// Money of a payment went back, so much of it in all.
pub(crate) fn refunded(refunded: &str, paid: &str, is_stars: bool, language: Language) -> (String, String) {
    let (russian, english) = if is_stars {
        ("Звёзды вернулись", "Stars were given back")
    } else {
        ("Возврат платежа", "Money was given back")
    };
    let title = language.choose(russian.to_owned(), english.to_owned());
    let message = language
        .choose(format!("Возвращено {refunded} из {paid}"), format!("{refunded} of {paid} went back"));
    (title, message)
}

/// A bank has taken money back.
pub(crate) fn charged_back(paid: &str, language: Language) -> (String, String) {
    (
        language.choose("Банк отозвал платёж".to_owned(), "A bank has taken a payment back".to_owned()),
        language.choose(format!("Платёж {paid}"), format!("A payment of {paid}")),
    )
}

/// The commands, and what they do.
pub(crate) const fn commands(language: Language) -> [(&'static str, &'static str); 6] {
    match language {
        Russian => [
            ("start", "Открыть приложение"),
            ("help", "Что умеет бот"),
            ("language", "Язык"),
            ("notifications", "Сообщения бота"),
            ("terms", "Условия"),
            ("paysupport", "Вопросы об оплате"),
        ],
        English => [
            ("start", "Open the app"),
            ("help", "What the bot can do"),
            ("language", "Language"),
            ("notifications", "Messages of the bot"),
            ("terms", "Terms"),
            ("paysupport", "Questions about payments"),
        ],
    }
}
