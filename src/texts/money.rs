//! How people pay, and what calling off means: the sentences.

use peerpack_actors::market::cancellation::Consequence;
use peerpack_actors::money::fees::Paid;
use peerpack_actors::money::{Amount, Currency};
use peerpack_actors::time::Span;

use super::Both;

fn both(english: &str, russian: &str) -> Both {
    Both { english: english.to_owned(), russian: russian.to_owned() }
}

/// How people pay here.
pub(crate) fn terms(paid: Paid) -> Both {
    match paid {
        Paid::Cash => both(
            "The reward is agreed here and paid to the courier in cash at the hand-over. Nothing is held, no fee is \
             taken.",
            "Вознаграждение согласуется здесь, а платится курьеру наличными при вручении. Ничего не удерживается, \
             комиссии нет.",
        ),
        Paid::AtClaim => both(
            "The reward is held when a courier accepts, and paid to the courier when the sender confirms the delivery.",
            "Вознаграждение удерживается, когда курьер согласится, и выплачивается ему после подтверждения доставки.",
        ),
        Paid::OnPublish => both(
            "The reward is paid when a package is published. It comes back if nobody takes the package.",
            "Вознаграждение оплачивается при публикации. Если посылку никто не возьмёт, деньги вернутся.",
        ),
    }
}

/// What comes of calling off.
pub(crate) fn consequence(of: Consequence, paid: Paid) -> Both {
    match of {
        Consequence::Refund { looks_on: false } if paid == Paid::Cash => {
            both("It is called off. No money was set aside here.", "Отмена: деньги здесь не откладывались.")
        }
        Consequence::Refund { looks_on: true } if paid == Paid::Cash => both(
            "The deal is called off, and another courier is looked for. No money was set aside here.",
            "Сделка отменяется, посылка ищет другого курьера. Деньги здесь не откладывались.",
        ),
        Consequence::Refund { looks_on: false } => both(
            "It is called off, and all of the money goes back to the sender.",
            "Отмена: все деньги вернутся отправителю.",
        ),
        Consequence::Refund { looks_on: true } => both(
            "The deal is called off, all of the money goes back to the sender, and another courier is looked for.",
            "Сделка отменяется: все деньги вернутся отправителю, посылка ищет другого курьера.",
        ),
        Consequence::Dispute => both(
            "It cannot be called off any more. If it is not delivered as agreed, the sender disputes, and an operator \
             decides.",
            "Отменить уже нельзя. Если посылку не доставят как условлено, отправитель открывает спор, решает оператор.",
        ),
        Consequence::Nothing => both("There is nothing to call off.", "Отменять нечего."),
    }
}

/// An amount in major units, with its currency.
pub(crate) fn sum(major: f64, currency: Currency) -> String {
    match currency {
        Currency::Rub => format!("{major:.2} ₽"),
        Currency::Usd => format!("{major:.2} $"),
        Currency::Eur => format!("{major:.2} €"),
        Currency::Kzt => format!("{major:.2} ₸"),
        Currency::Xtr => format!("{major:.0} ⭐"),
    }
}

/// What becomes of the money of a deal that is called off.
pub(crate) fn refund_policy(paid: Paid) -> Both {
    if paid == Paid::Cash {
        return both(
            "The courier is paid in cash at the hand-over: nothing is set aside here",
            "Курьеру платят наличными при вручении: здесь деньги не откладываются",
        );
    }
    both(
        "The money comes back if the deal is called off before the package is handed over",
        "Деньги вернутся, если сделка отменена до передачи посылки",
    )
}

/// What a package costs, and what of that is missing.
pub(crate) fn price(paid: Paid, reward: Amount, fee: Amount, missing: Amount) -> Both {
    let (reward, fee) = (reward.major(), fee.major());
    let (mut english, mut russian) = match paid {
        Paid::Cash => (
            format!(
                "You pay the courier {reward:.2} in cash at the hand-over. Nothing is held here, and no fee is taken."
            ),
            format!(
                "Вы платите курьеру {reward:.2} наличными при вручении. Здесь ничего не удерживается, комиссии нет."
            ),
        ),
        Paid::AtClaim => (
            format!(
                "{reward:.2} are held when a courier accepts, and paid when you confirm; {fee:.2} of them are the fee."
            ),
            format!(
                "{reward:.2} удерживаются, когда курьер согласится, и выплачиваются после вашего подтверждения; из них \
                 комиссия {fee:.2}."
            ),
        ),
        Paid::OnPublish => (
            format!(
                "You pay {reward:.2} when you publish; they come back if nobody takes it. {fee:.2} of them are the fee."
            ),
            format!(
                "Вы платите {reward:.2} при публикации; если посылку не возьмут, деньги вернутся. Из них комиссия \
                 {fee:.2}."
            ),
        ),
    };
    if missing.minor > 0 {
        english.push_str(&format!(" {:.2} are missing in your wallet.", missing.major()));
        russian.push_str(&format!(" В кошельке не хватает {:.2}.", missing.major()));
    }
    Both { english, russian }
}

/// What an invoice in Telegram is for. Its reader's language is not known.
pub(crate) const fn bill() -> &'static str {
    "Пополнение кошелька / Wallet top-up"
}

/// What an invoice in stars is for, likewise.
pub(crate) fn highlight_bill(lasts: Span) -> String {
    let hours = lasts.ms() / Span::hours(1).ms();
    format!("Отметка в списках на {hours} ч / A mark in lists for {hours} h")
}

/// Why somebody cannot pay an invoice in Telegram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CannotPay {
    /// It is no invoice of ours, or somebody else's.
    Unknown,
    /// It was paid, or its time is over.
    Over,
    /// What it is for is over.
    Useless,
    /// Nobody can look it up.
    NotNow,
}

/// The reason in words.
pub(crate) fn cannot_pay(why: CannotPay) -> Both {
    match why {
        CannotPay::Unknown => both(
            "This invoice is not yours. Make a new one in the app.",
            "Этот счёт не ваш. Создайте новый в приложении.",
        ),
        CannotPay::Over => both(
            "This invoice was paid, or its time is over. Make a new one in the app.",
            "Этот счёт уже оплачен или истёк. Создайте новый в приложении.",
        ),
        CannotPay::Useless => both(
            "This is over already, so there is nothing to highlight.",
            "Это уже завершено, отмечать нечего.",
        ),
        CannotPay::NotNow => both(
            "This cannot be paid just now. Try again soon.",
            "Сейчас оплатить нельзя. Попробуйте чуть позже.",
        ),
    }
}
