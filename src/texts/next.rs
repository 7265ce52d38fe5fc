//! What happens to a package now: the sentences.

use super::Both;

/// It is offered to so many couriers at once.
pub(crate) fn offered(couriers: usize) -> Both {
    Both {
        english: format!("It is offered at once. Couriers who are asked first: {couriers}."),
        russian: format!("Посылка предлагается сразу. Сначала спросим курьеров: {couriers}."),
    }
}

/// So many couriers have been asked.
pub(crate) fn asked(couriers: usize) -> Both {
    Both {
        english: format!("Couriers who have been asked: {couriers}. Their answers are awaited."),
        russian: format!("Уже спросили курьеров: {couriers}. Ждём ответов."),
    }
}

/// Room is kept from it until some time at its pickup, at the latest; for some reward it would be offered at
/// once.
pub(crate) fn kept(until: &str, reward_at_once: Option<&str>) -> Both {
    let mut english = format!(
        "Couriers suit, but packages that pay more usually need their room: it is kept for them until {until} \
         (time at the pickup) at the latest. Then this package is offered to everybody who suits."
    );
    let mut russian = format!(
        "Подходящие курьеры есть, но место у них обычно нужно посылкам, за которые платят больше: оно придержано \
         самое позднее до {until} (время места отправления). Потом посылка будет предложена всем, кому подходит."
    );
    if let Some(reward) = reward_at_once {
        english.push_str(&format!(" For a reward of {reward} it would be offered at once."));
        russian.push_str(&format!(" С вознаграждением {reward} она была бы предложена сразу."));
    }
    Both { english, russian }
}

/// Nobody can be asked.
pub(crate) fn waits() -> Both {
    Both {
        english: "No courier can be asked now; it waits for trips that suit.".to_owned(),
        russian: "Сейчас спросить некого; посылка ждёт подходящих поездок.".to_owned(),
    }
}

/// The engine asks nobody.
pub(crate) fn nothing() -> Both {
    Both {
        english: "Nobody is asked automatically.".to_owned(),
        russian: "Автоматически никого не спрашиваем.".to_owned(),
    }
}
