//! What is said beside a message: why something is hidden, and what to think of.

use super::Both;

fn both(english: &str, russian: &str) -> Both {
    Both { english: english.to_owned(), russian: russian.to_owned() }
}

/// To the reader of a message of which contact details are kept back.
pub(crate) fn hidden_from_you() -> Both {
    both(
        "Contact details are hidden. They can be sent once there is a deal.",
        "Контакты скрыты. Их можно отправить, когда заявка принята.",
    )
}

/// What the writer is told of a message that the other one does not see whole.
pub(crate) fn hidden_from_other() -> Both {
    both(
        "The other person does not see the contact details. Send them again once there is a deal.",
        "Собеседник не видит контактов. Отправьте их ещё раз, когда заявка будет принята.",
    )
}

/// To the reader of a message with a link.
pub(crate) fn beware_of_links() -> Both {
    both(
        "Be careful with links: never enter codes or card numbers behind them.",
        "Осторожно со ссылками: не вводите за ними коды и номера карт.",
    )
}

/// To the reader of a message that asks for money past the marketplace.
pub(crate) fn beware_of_payments() -> Both {
    both("Nobody is protected who pays past the service.", "Оплата в обход сервиса ничем не защищена.")
}
