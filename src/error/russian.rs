//! The sentences of errors for people who read Russian. Codes and the names of fields in bodies stay what they are.

use super::ApiError;
use super::codes;

/// What is wrong with a field: as it is said in English, and in Russian.
const REASONS: &[(&str, &str)] = &[
    ("a point needs lat and lon", "точке нужны и lat, и lon"),
    ("a place needs a name, an id or a point", "месту нужно название, номер или точка"),
    ("a trip has at most 16 stops", "в поездке может быть не больше 16 остановок"),
    ("a trip needs an origin and a destination", "поездке нужны начало и конец"),
    ("at most 20 tags of 200 characters", "не больше 20 меток по 200 знаков"),
    ("cannot be read as a PDF file", "файл PDF не читается"),
    ("cannot be read as a picture", "картинка не читается"),
    ("cannot be stored", "это нельзя сохранить"),
    (
        "is for packages of mode instant: in mode choose the sender picks",
        "только для режима instant: в режиме choose выбирает отправитель",
    ),
    ("is another day than the time says", "не тот день, что указан рядом со временем"),
    ("is given twice", "указано дважды"),
    ("is in the past", "уже в прошлом"),
    ("is more than 180 days ahead", "больше чем через 180 дней"),
    ("is not a phone number", "это не номер телефона"),
    ("is not known here", "такого поля нет"),
    ("is not one of ours", "неизвестное значение"),
    ("is out of range", "вне допустимых пределов"),
    ("is required", "нужно указать"),
    ("is too large", "слишком много"),
    ("is wrong", "неверно"),
    ("latitude or longitude is out of range", "широта или долгота вне допустимых пределов"),
    ("must be 1 to 5", "должна быть от 1 до 5"),
    ("must be 3 to 64 letters, digits, or any of . _ - @", "от 3 до 64 букв, цифр или знаков . _ - @"),
    ("must be HH:MM or HH:MM → HH:MM", "нужно ЧЧ:ММ или ЧЧ:ММ → ЧЧ:ММ"),
    ("must be YYYY-MM-DD or DD.MM.YYYY", "нужно ГГГГ-ММ-ДД или ДД.ММ.ГГГГ"),
    ("must be a language tag such as ru or en-GB", "нужен код языка, например ru или en-GB"),
    (
        "must be an instant, or YYYY-MM-DD HH:MM or YYYY-MM-DD in local time",
        "нужен момент времени или ГГГГ-ММ-ДД ЧЧ:ММ или ГГГГ-ММ-ДД по местному времени",
    ),
    ("must be after ready_at", "должно быть позже ready_at"),
    ("must be at least 100, or all there is", "не меньше 100 или всё, что есть"),
    ("must be at most 14", "не больше 14"),
    ("must be at most 200 characters", "не больше 200 знаков"),
    ("must be at most 2000 kg", "не больше 2000 кг"),
    ("must be at most a day", "не больше суток"),
    ("must be from zero to ten million", "от нуля до десяти миллионов"),
    ("must be lat,lon", "нужно широта,долгота"),
    ("must be light, medium, heavy or very_heavy", "нужно light, medium, heavy или very_heavy"),
    ("must be more than zero", "должно быть больше нуля"),
    ("must be plane, train, car, bus or foot", "нужно plane, train, car, bus или foot"),
    ("must be small, medium, large or xl", "нужно small, medium, large или xl"),
    ("must be viewer, dispatcher or admin", "нужно viewer, dispatcher или admin"),
    ("must be xs, s, m or l", "нужно xs, s, m или l"),
    ("must say the arrival, too, where its day is given", "укажите и время прибытия, раз указан его день"),
    ("must have 12 to 256 characters", "от 12 до 256 знаков"),
    (
        "must have at most 25 million pixels, and at most 10000 on a side",
        "не больше 25 миллионов пикселей и 10000 по стороне",
    ),
    ("must have at most two decimal places", "не больше двух знаков после запятой"),
    ("must not be after deliver_by", "должно быть не позже deliver_by"),
    ("must not be animated", "анимация не принимается"),
    ("must not be before date_from", "должно быть не раньше date_from"),
    ("must not be empty", "не может быть пустым"),
    ("must not be negative", "не может быть меньше нуля"),
    ("name a package or describe a new one", "назовите посылку или опишите новую"),
    ("name a trip or a way, not both", "назовите поездку или путь, но не то и другое сразу"),
    ("name a trip, or its date and time", "назовите поездку или её дату и время"),
    ("nothing forbidden may be inside", "подтвердите, что внутри нет ничего запрещённого"),
    ("numbers of this country get no codes", "на номера этой страны коды не отправляются"),
    ("pickup and delivery are the same place", "посылка начинает и кончает путь в одном месте"),
    (
        "the arrival is too soon: nobody is that fast with this transport",
        "прибытие слишком рано: так быстро на этом транспорте не добраться",
    ),
    ("the arrival cannot be worked out", "не удалось вычислить время прибытия"),
    ("the departure is in the past", "отправление уже в прошлом"),
    ("the departure is more than 180 days ahead", "до отправления больше 180 дней"),
    ("the times along the route must rise", "время на маршруте должно идти вперёд"),
    ("the trip takes more than 30 days", "поездка дольше 30 дней"),
    (
        "this time does not exist on that day: the clocks go forward over it",
        "такого времени в этот день нет: часы переводят вперёд",
    ),
    (
        "this name means several places: say the region, or one of `candidates`",
        "это название носят несколько мест: укажите область или выберите из `candidates`",
    ),
    ("this point is far from the place", "эта точка далеко от указанного места"),
    ("this package asks for the code of the hand-over", "для этой посылки нужен код передачи"),
    ("two stops in a row are the same place", "две остановки подряд в одном месте"),
    ("unknown city", "такой город не найден"),
    ("unknown place_id", "такое место не найдено"),
];

/// The names of the fields that people fill in.
const FIELDS: &[(&str, &str)] = &[
    ("amount", "Сумма"),
    ("arrival_date", "Дата прибытия"),
    ("capacity", "Вместимость"),
    ("code", "Код"),
    ("comment", "Комментарий"),
    ("date", "Дата"),
    ("date_from", "Дата с"),
    ("date_to", "Дата по"),
    ("deliver_by", "Срок доставки"),
    ("delivery_address", "Адрес доставки"),
    ("description", "Описание"),
    ("file", "Файл"),
    ("from", "Откуда"),
    ("message", "Сообщение"),
    ("method", "Способ вывода"),
    ("name", "Имя"),
    ("phone", "Телефон"),
    ("dropoff", "Точка доставки"),
    ("pickup", "Точка отправления"),
    ("pickup_address", "Адрес отправления"),
    ("price", "Цена"),
    ("rating", "Оценка"),
    ("reason", "Причина"),
    ("ready_at", "Готовность"),
    ("reward", "Вознаграждение"),
    ("size", "Размер"),
    ("stops", "Остановки"),
    ("tags", "Метки"),
    ("text", "Текст"),
    ("time", "Время"),
    ("to", "Куда"),
    ("transport", "Транспорт"),
    ("transportType", "Транспорт"),
    ("trip_comment", "Комментарий"),
    ("weight", "Вес"),
];

/// The error with its sentences in Russian. What has none of its own gets that of its code.
pub(super) fn translated(mut error: ApiError) -> ApiError {
    for reason in error.fields.values_mut() {
        if let Some(russian) = self::reason(reason) {
            *reason = russian;
        }
    }
    let told = match error.fields.first_key_value() {
        Some((field, reason)) if error.fields.len() == 1 && is_russian(reason) => {
            Some(format!("{}: {reason}", found(FIELDS, field).unwrap_or(field)))
        }
        _ => codes::of(error.code).map(|code| {
            let most = error.limit.map(|most| most.to_string());
            code.russian.replace("{limit}", &most.unwrap_or_default())
        }),
    };
    error.message = told.unwrap_or(error.message);
    error
}

fn reason(english: &str) -> Option<String> {
    let limited = english.strip_prefix("must be at most ").and_then(|rest| rest.strip_suffix(" characters"));
    let stops = english.strip_prefix("at most ").and_then(|rest| rest.strip_suffix(" stops in between"));
    match (found(REASONS, english), limited, stops) {
        (Some(russian), ..) => Some(russian.to_owned()),
        (None, Some(most), _) => Some(format!("не больше {most} знаков")),
        (None, None, Some(most)) => Some(format!("не больше {most} остановок в пути")),
        (None, None, None) => None,
    }
}

fn found(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == word).map(|(_, russian)| *russian)
}

fn is_russian(text: &str) -> bool {
    text.chars().any(|letter| matches!(letter, 'а'..='я' | 'А'..='Я' | 'ё'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_russian_sentence() {
        for code in codes::CODES {
            assert!(is_russian(code.russian), "{}", code.word);
        }
    }

    /// Reasons are literals beside `unprocessable` and `invalid`, or constants and errors that are named here.
    #[test]
    fn every_reason_has_a_russian_one() {
        let mut source = String::new();
        read(std::path::Path::new("src"), &mut source);
        read(std::path::Path::new("actors/src"), &mut source);
        let mut missing = Vec::new();
        let mut seen = 0;
        for start in ["unprocessable(", "return invalid(", "Rejection::Invalid { field: "] {
            for call in source.split(start).skip(1) {
                // The field and the reason stand within the call.
                let call = call.split(')').next().unwrap_or_default();
                let literals: Vec<&str> = call.split('"').skip(1).step_by(2).collect();
                let Some(given) = literals.get(1).or(literals.first()) else { continue };
                // One literal is a field with a constant, or a reason for a field that is given.
                if given.contains(' ') && !given.contains('{') {
                    seen += 1;
                    if reason(given).is_none() {
                        missing.push(*given);
                    }
                }
            }
        }
        assert!(seen > 40, "{seen}");
        assert!(missing.is_empty(), "{missing:?}");
    }

    fn read(folder: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !path.ends_with("error/tests.rs")
                && !path.ends_with("error/russian.rs")
            {
                text.push_str(&std::fs::read_to_string(path).unwrap().replace("\\\n", ""));
            }
        }
    }

    #[test]
    fn a_field_is_named_and_what_is_wrong_with_it_said() {
        let error = translated(ApiError::unprocessable("from", "unknown city"));
        assert_eq!(error.message(), "Откуда: такой город не найден");
        let error = translated(ApiError::unprocessable("max_detour_min", "must be at most a day"));
        assert_eq!(error.message(), "max_detour_min: не больше суток");
        let error = translated(ApiError::unprocessable("text", "must be at most 2000 characters"));
        assert_eq!(error.message(), "Текст: не больше 2000 знаков");
        let error = translated(ApiError::unprocessable("near", "something new"));
        assert_eq!(error.message(), "Проверьте введённые данные");
    }
}
