//! The sentences of notifications.

use super::language::Language;

/// What a notification says, with the names and figures that its sentences need.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sentence<'a> {
    DocumentApproved,
    DocumentDeclined {
        reason: &'a str,
    },
    RequestDeclined {
        courier: &'a str,
        what: &'a str,
    },
    CourierAgreed {
        courier: &'a str,
        what: &'a str,
    },
    CourierChosen {
        sender: &'a str,
        what: &'a str,
    },
    Delivered {
        courier: &'a str,
        what: &'a str,
    },
    AskedToCarry {
        sender: &'a str,
        what: &'a str,
    },
    Paid {
        roubles: f64,
        what: &'a str,
    },
    PaidInCash {
        roubles: f64,
        what: &'a str,
    },
    PackageOnTheWay {
        route: &'a str,
        what: &'a str,
        reward: f64,
    },
    PackageAskedFor {
        route: &'a str,
        what: &'a str,
        reward: f64,
    },
    TripIsNear {
        route: &'a str,
        date: &'a str,
        clock: &'a str,
    },
    CourierTravels {
        courier: &'a str,
        route: &'a str,
        date: &'a str,
        clock: &'a str,
    },
    /// `reason` while nobody has decided.
    Disputed {
        sender: &'a str,
        what: &'a str,
        reason: Option<&'a str>,
    },
    /// To the courier.
    DecidedForYou {
        roubles: f64,
        what: &'a str,
    },
    /// To the courier.
    DecidedAgainstYou {
        sender: &'a str,
        what: &'a str,
    },
    /// To the sender.
    DecidedForCourier {
        courier: &'a str,
        what: &'a str,
    },
    /// To the sender.
    PaidBack {
        roubles: f64,
        what: &'a str,
    },
    /// To the courier: what is left of their part, without the platform's fee.
    DividedForCourier {
        roubles: f64,
        what: &'a str,
        sender: &'a str,
    },
    /// To the sender: what came back.
    DividedForSender {
        roubles: f64,
        what: &'a str,
        courier: &'a str,
    },
    /// To either, of a deal whose money was never here.
    DecidedWithoutMoney {
        is_for_reader: bool,
        is_delivered: bool,
        what: &'a str,
    },
    /// To whom the money belongs; `to` is a place as far as it may be shown, and may be empty.
    WithdrawalPaid {
        roubles: f64,
        to: &'a str,
    },
    /// To whom the money belongs, in the operator's words.
    WithdrawalRejected {
        roubles: f64,
        reason: &'a str,
    },
    /// To a courier in town; a way is `from → to`.
    OrderOffered {
        way: &'a str,
    },
    /// To a courier in town.
    OrderGiven {
        way: &'a str,
    },
    /// To a passenger; `driver` is who comes and with what, empty when nobody has the order any more.
    OrderCourierFound {
        way: &'a str,
        driver: &'a str,
    },
    /// To a passenger.
    OrderCourierOnTheWay {
        driver: &'a str,
    },
    /// To a passenger.
    OrderCourierArrived {
        pickup: &'a str,
        driver: &'a str,
    },
    /// To a passenger.
    OrderCompleted {
        way: &'a str,
    },
    /// To a passenger or a courier.
    OrderCalledOff {
        way: &'a str,
    },
    /// To a passenger, in the words of the desk; may be empty.
    OrderRejected {
        way: &'a str,
        reason: &'a str,
    },
    /// To a passenger.
    OrderNoShow {
        way: &'a str,
    },
    /// To a courier whose order is somebody else's.
    OrderTakenAway {
        way: &'a str,
    },
    /// To a passenger.
    OrderNobodyFound {
        way: &'a str,
    },
}

impl Sentence<'_> {
    /// Title and message in a language.
    pub(crate) fn told_in(&self, language: Language) -> (String, String) {
        let (title, message) = match language {
            Language::Russian => self.in_russian(),
            Language::English => self.in_english(),
        };
        (title.to_owned(), message)
    }

    fn in_russian(&self) -> (&'static str, String) {
        match self {
            Self::DocumentApproved => {
                ("Документ подтверждён", "Теперь все видят, что ваша личность проверена".to_owned())
            }
            Self::DocumentDeclined { reason } => ("Документ не принят", (*reason).to_owned()),
            Self::RequestDeclined { courier, what } => {
                ("Курьер отказался", format!("{courier} не сможет взять: {what}"))
            }
            Self::CourierAgreed { courier, what } => {
                ("Ответ курьера", format!("{courier} готов(а) взять: {what}"))
            }
            Self::CourierChosen { sender, what } => ("Вас выбрали", format!("{sender} ждёт вас: {what}")),
            Self::Delivered { courier, what } => {
                ("Посылка доставлена", format!("{courier} доставил(а): {what}. Подтвердите получение"))
            }
            Self::AskedToCarry { sender, what } => {
                ("Запрос на перевозку", format!("{sender} просит передать: {what}"))
            }
            Self::Paid { roubles, what } => {
                ("Деньги поступили", format!("Вам начислено {roubles:.2} ₽ за доставку: {what}"))
            }
            Self::PaidInCash { roubles, what } => (
                "Доставка подтверждена",
                format!("Отправитель подтвердил доставку: {what}. Оплата наличными: {roubles:.2} ₽"),
            ),
            Self::PackageOnTheWay { route, what, reward } => {
                ("Посылка по пути", format!("Можно взять в поездку {route}: {what}, {reward} ₽"))
            }
            Self::PackageAskedFor { route, what, reward } => {
                ("Посылка по вашей подписке", format!("{route}: {what}, {reward} ₽"))
            }
            Self::TripIsNear { route, date, clock } => {
                ("Скоро поездка", format!("{route}, {date} в {clock} по местному времени"))
            }
            Self::CourierTravels { courier, route, date, clock } => (
                "Новый курьер на маршруте",
                format!("{courier} едет {route}, {date} в {clock} по местному времени"),
            ),
            Self::Disputed { sender, what, reason } => {
                let waits = reason.map_or_else(String::new, |why| format!(": {why}. Решает оператор"));
                ("Доставка оспорена", format!("{sender} оспаривает доставку «{what}»{waits}"))
            }
            Self::DecidedForYou { roubles, what } => {
                ("Оператор решил в вашу пользу", format!("Вам начислено {roubles:.2} ₽ за доставку: {what}"))
            }
            Self::DecidedAgainstYou { sender, what } => (
                "Оператор решил не в вашу пользу",
                format!("Деньги за доставку «{what}» возвращены отправителю: {sender}"),
            ),
            Self::DecidedForCourier { courier, what } => {
                ("Оператор решил в пользу курьера", format!("{courier} получит оплату за доставку: {what}"))
            }
            Self::PaidBack { roubles, what } => {
                ("Оператор решил в вашу пользу", format!("Вам возвращено {roubles:.2} ₽ за доставку: {what}"))
            }
            Self::DividedForCourier { roubles, what, sender } => (
                "Оператор разделил вознаграждение",
                format!(
                    "Вам начислено {roubles:.2} ₽ за доставку «{what}». Другая часть — отправителю: {sender}"
                ),
            ),
            Self::DividedForSender { roubles, what, courier } => (
                "Оператор разделил вознаграждение",
                format!(
                    "Вам возвращено {roubles:.2} ₽ за доставку «{what}». Другая часть — курьеру: {courier}"
                ),
            ),
            Self::DecidedWithoutMoney { is_for_reader, is_delivered, what } => {
                let title = if *is_for_reader {
                    "Оператор решил в вашу пользу"
                } else {
                    "Оператор решил не в вашу пользу"
                };
                let found = if *is_delivered { "засчитана" } else { "не засчитана" };
                (title, format!("Доставка «{what}» {found}. Через сервис деньги за неё не проходили"))
            }
            Self::WithdrawalPaid { roubles, to } => {
                ("Деньги отправлены", format!("Вывод {roubles:.2} ₽ выполнен. {to}").trim_end().to_owned())
            }
            Self::WithdrawalRejected { roubles, reason } => {
                ("Вывод отклонён", format!("{roubles:.2} ₽ снова в вашем кошельке. Причина: {reason}"))
            }
            Self::OrderOffered { way } => ("Новый заказ", (*way).to_owned()),
            Self::OrderGiven { way } => ("Диспетчер назначил вам заказ", (*way).to_owned()),
            Self::OrderCourierFound { way, driver } => ("Водитель найден", with(driver, way)),
            Self::OrderCourierOnTheWay { driver } => ("Водитель едет к вам", (*driver).to_owned()),
            Self::OrderCourierArrived { pickup, driver } => ("Водитель на месте", with(driver, pickup)),
            Self::OrderCompleted { way } => ("Поездка завершена", (*way).to_owned()),
            Self::OrderCalledOff { way } => ("Заказ отменён", (*way).to_owned()),
            Self::OrderRejected { way, reason } => ("Заказ не принят", with(reason, way)),
            Self::OrderNoShow { way } => ("Водитель не дождался вас", (*way).to_owned()),
            Self::OrderTakenAway { way } => ("Заказ передан другому", (*way).to_owned()),
            Self::OrderNobodyFound { way } => {
                ("Пока никого не нашли", format!("Ваш заказ у диспетчера: {way}"))
            }
        }
    }

    fn in_english(&self) -> (&'static str, String) {
        match self {
            Self::DocumentApproved => (
                "Your document was approved",
                "Everybody can see now that you have shown who you are".to_owned(),
            ),
            Self::DocumentDeclined { reason } => ("Your document was declined", (*reason).to_owned()),
            Self::RequestDeclined { courier, what } => {
                ("The courier declined", format!("{courier} will not take: {what}"))
            }
            Self::CourierAgreed { courier, what } => {
                ("A courier has answered", format!("{courier} will take: {what}"))
            }
            Self::CourierChosen { sender, what } => {
                ("You were chosen", format!("{sender} expects you: {what}"))
            }
            Self::Delivered { courier, what } => {
                ("The package was delivered", format!("{courier} has delivered: {what}. Please confirm"))
            }
            Self::AskedToCarry { sender, what } => {
                ("A package for your trip", format!("{sender} asks you to carry: {what}"))
            }
            Self::Paid { roubles, what } => {
                ("You were paid", format!("You have earned {roubles:.2} ₽ for: {what}"))
            }
            Self::PaidInCash { roubles, what } => (
                "The delivery is confirmed",
                format!("The sender has confirmed the delivery of: {what}. Paid in cash: {roubles:.2} ₽"),
            ),
            Self::PackageOnTheWay { route, what, reward } => {
                ("A package on your way", format!("It could ride on your trip {route}: {what}, {reward} ₽"))
            }
            Self::PackageAskedFor { route, what, reward } => {
                ("A package that you asked for", format!("{route}: {what}, {reward} ₽"))
            }
            Self::TripIsNear { route, date, clock } => {
                ("Your trip is near", format!("{route}, {date} at {clock} local time"))
            }
            Self::CourierTravels { courier, route, date, clock } => (
                "A courier travels your way",
                format!("{courier} travels {route}, {date} at {clock} local time"),
            ),
            Self::Disputed { sender, what, reason } => {
                let waits = reason.map_or_else(String::new, |why| format!(": {why}. An operator decides"));
                ("Your delivery is disputed", format!("{sender} disputes the delivery of “{what}”{waits}"))
            }
            Self::DecidedForYou { roubles, what } => {
                ("An operator decided for you", format!("You have earned {roubles:.2} ₽ for: {what}"))
            }
            Self::DecidedAgainstYou { sender, what } => (
                "An operator decided against you",
                format!("The money for “{what}” went back to the sender: {sender}"),
            ),
            Self::DecidedForCourier { courier, what } => (
                "An operator decided for the courier",
                format!("{courier} is paid for the delivery of: {what}"),
            ),
            Self::PaidBack { roubles, what } => {
                ("An operator decided for you", format!("You got {roubles:.2} ₽ back for: {what}"))
            }
            Self::DividedForCourier { roubles, what, sender } => (
                "An operator divided the reward",
                format!("You have earned {roubles:.2} ₽ for “{what}”. The other part went back to {sender}"),
            ),
            Self::DividedForSender { roubles, what, courier } => (
                "An operator divided the reward",
                format!(
                    "You got {roubles:.2} ₽ back for “{what}”. The other part is for the courier, {courier}"
                ),
            ),
            Self::DecidedWithoutMoney { is_for_reader, is_delivered, what } => {
                let title = if *is_for_reader {
                    "An operator decided for you"
                } else {
                    "An operator decided against you"
                };
                let found = if *is_delivered { "counts as done" } else { "does not count" };
                (title, format!("The delivery of “{what}” {found}. No money for it went through here"))
            }
            Self::WithdrawalPaid { roubles, to } => {
                ("Your money was sent", format!("{roubles:.2} ₽ were sent. {to}").trim_end().to_owned())
            }
            Self::WithdrawalRejected { roubles, reason } => (
                "Your withdrawal was rejected",
                format!("{roubles:.2} ₽ are in your wallet again. The reason: {reason}"),
            ),
            Self::OrderOffered { way } => ("A new order", (*way).to_owned()),
            Self::OrderGiven { way } => ("The dispatcher has given you an order", (*way).to_owned()),
            Self::OrderCourierFound { way, driver } => ("Your driver was found", with(driver, way)),
            Self::OrderCourierOnTheWay { driver } => ("Your driver is on the way", (*driver).to_owned()),
            Self::OrderCourierArrived { pickup, driver } => ("Your driver is there", with(driver, pickup)),
            Self::OrderCompleted { way } => ("The ride is over", (*way).to_owned()),
            Self::OrderCalledOff { way } => ("The order was called off", (*way).to_owned()),
            Self::OrderRejected { way, reason } => ("The order was refused", with(reason, way)),
            Self::OrderNoShow { way } => ("The driver has waited in vain", (*way).to_owned()),
            Self::OrderTakenAway { way } => ("Another driver has the order now", (*way).to_owned()),
            Self::OrderNobodyFound { way } => {
                ("Nobody was found yet", format!("A dispatcher sees to your order: {way}"))
            }
        }
    }
}

/// The first in front of the second, if there is a first.
fn with(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first}. {second}") }
}
