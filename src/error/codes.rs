//! Every code that an error can carry, and what it means: the one list. The API description is made of it.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// All codes, for the description.
pub struct ErrorCode;

impl PartialSchema for ErrorCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("What is wrong, for programs. New codes may come."))
            .enum_values(Some(CODES.iter().map(|code| code.word)))
            .into()
    }
}

impl ToSchema for ErrorCode {}

/// A code with the statuses it comes with, and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// As it stands in the body.
    pub word: &'static str,
    /// The HTTP statuses it comes with.
    pub statuses: &'static [u16],
    /// Whether any call may be refused with it; the others are named call by call.
    pub is_general: bool,
    /// For authors of clients.
    pub meaning: &'static str,
    /// For people who read Russian, where nothing more exact is known.
    pub russian: &'static str,
}

const fn anywhere(
    word: &'static str,
    statuses: &'static [u16],
    meaning: &'static str,
    russian: &'static str,
) -> Code {
    Code { word, statuses, is_general: true, meaning, russian }
}

const fn here(
    word: &'static str,
    statuses: &'static [u16],
    meaning: &'static str,
    russian: &'static str,
) -> Code {
    Code { word, statuses, is_general: false, meaning, russian }
}

/// All of them, by status.
pub const CODES: &[Code] = &[
    anywhere(
        "bad_request",
        &[400],
        "not understood: malformed, of another type, or with fields that are not known",
        "Запрос не понят",
    ),
    here("empty_message", &[400], "nothing is said", "Сообщение пустое"),
    anywhere("unauthorized", &[401], "nobody is signed in", "Войдите, пожалуйста"),
    anywhere(
        "invalid_token",
        &[401],
        "the token is not ours, or its session has ended: sign in again",
        "Войдите, пожалуйста, ещё раз",
    ),
    anywhere(
        "token_expired",
        &[401],
        "the access token is too old: refresh it",
        "Сеанс устарел, войдите ещё раз",
    ),
    here(
        "invalid_init_data",
        &[401],
        "the init data is malformed, or Telegram did not sign it for our bot",
        "Telegram не подтвердил вход",
    ),
    here(
        "stale_init_data",
        &[401],
        "the init data is too old, or was used: open the app again",
        "Данные входа устарели, откройте приложение заново",
    ),
    here(
        "invalid_code",
        &[401, 403],
        "the code is wrong or no longer good",
        "Код неверен или уже не действует",
    ),
    here("invalid_secret", &[401], "the secret in the header is missing or wrong", "Секрет не подходит"),
    here("invalid_login", &[401], "the name or the password is wrong", "Неверный логин или пароль"),
    here(
        "invalid_invitation",
        &[401],
        "the secret for the first administrator is not good any more",
        "Это приглашение больше не действует",
    ),
    here(
        "invalid_link",
        &[401],
        "the link from the server's shell is not good any more",
        "Эта ссылка больше не действует",
    ),
    anywhere(
        "forbidden",
        &[403],
        "the caller's role, or the way things are set up, does not allow it",
        "Это вам не разрешено",
    ),
    anywhere(
        "origin_not_allowed",
        &[403],
        "the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS",
        "Страницам с этого адреса сюда нельзя: его нет в PEERPACK_ALLOWED_ORIGINS",
    ),
    anywhere(
        "second_factor_required",
        &[403],
        "an operator's role counts once the second factor was shown: `POST /api/auth/second-factor`, after \
         `POST /api/user/second-factor` if there is none yet",
        "Сначала нужен второй фактор",
    ),
    here("blocked", &[403], "the account is blocked", "Аккаунт заблокирован"),
    here("wrong_party", &[403], "this step is the other party's", "Это может сделать только другая сторона"),
    anywhere("not_found", &[404], "not there, or nothing of the caller's", "Здесь ничего нет"),
    anywhere(
        "method_not_allowed",
        &[405],
        "`Allow` says which methods there are",
        "Так к этому адресу обращаться нельзя",
    ),
    anywhere("too_slow", &[408], "the request took too long to arrive", "Запрос шёл слишком долго"),
    anywhere(
        "conflict",
        &[409],
        "somebody else changed it at the same moment: try again",
        "Кто-то изменил это в тот же момент, попробуйте ещё раз",
    ),
    here(
        "plan_changed",
        &[409],
        "the plan of a day that was looked at is not the one that this node keeps: look at it again",
        "Здесь сейчас другой план: посмотрите его ещё раз",
    ),
    here(
        "planning",
        &[409],
        "another plan of a day is being drawn up: wait for it, or call it off",
        "Сейчас составляется другой план",
    ),
    here(
        "no_position",
        &[409],
        "it is not known where the courier is: off duty, or silent for too long",
        "Неизвестно, где водитель: он не на смене или давно молчит",
    ),
    here(
        "in_progress",
        &[409],
        "the same call is still being carried out: ask again, as `Retry-After` says",
        "Этот запрос ещё выполняется",
    ),
    here(
        "answered_before",
        &[409],
        "the same call was carried out a moment ago: ask again for its answer",
        "Это уже сделано",
    ),
    here("not_a_member", &[403], "a chat of other people", "Это чужая переписка"),
    here("cannot_write", &[403], "the other person cannot be written to", "Этому человеку нельзя написать"),
    here("illegal_transition", &[409], "not in this state", "Сейчас это невозможно"),
    here("already_taken", &[409], "another courier has the package", "Посылку уже взял другой курьер"),
    here(
        "expired",
        &[409],
        "too late: the time to answer, or the package's own, is over",
        "Время на ответ вышло",
    ),
    here(
        "no_room",
        &[409],
        "the trip has no room left for it",
        "В поездке не осталось места для этой посылки",
    ),
    here("trip_not_live", &[409], "the trip is over or called off", "Поездка закончена или отменена"),
    here(
        "party_gone",
        &[409],
        "the sender or the courier has deleted the account, or was shut out",
        "Другой стороны здесь больше нет",
    ),
    here(
        "parcels_on_board",
        &[409],
        "a trip with parcels on board cannot be called off",
        "В поездке ещё едут посылки, её нельзя отменить",
    ),
    here(
        "already_requested",
        &[409],
        "there is an open request for this package and this trip already",
        "По этой посылке и поездке уже есть открытый запрос",
    ),
    here(
        "too_many_requests",
        &[409],
        "too many couriers were asked about this package",
        "Об этой посылке уже спросили слишком многих курьеров",
    ),
    here(
        "too_many_packages",
        &[409],
        "the sender has as many packages open, patterns included, as there may be: `limit`",
        "Не больше {limit} открытых посылок сразу",
    ),
    here(
        "too_many_trips",
        &[409],
        "the courier has as many trips that are not over as there may be: `limit`",
        "Не больше {limit} поездок сразу",
    ),
    here(
        "too_many_pending",
        &[409],
        "as many of the caller's requests wait for an answer as there may be: `limit`",
        "Не больше {limit} запросов без ответа сразу",
    ),
    here(
        "too_many_on_trip",
        &[409],
        "as many requests wait on this trip as there may be: `limit`",
        "На эту поездку уже {limit} запросов без ответа, больше нельзя",
    ),
    here(
        "too_many_withdrawals",
        &[409],
        "too many withdrawals wait for an operator",
        "Слишком много ваших выводов ещё ждут оператора",
    ),
    here(
        "daily_limit",
        &[409],
        "more than one person may take out within a day",
        "Больше за сутки вывести нельзя",
    ),
    here(
        "payout_waits",
        &[409],
        "the payout details are new: the withdrawal is not paid yet",
        "Реквизиты новые: вывод пока ждёт",
    ),
    here(
        "too_many_payments",
        &[409],
        "too many of one's payments wait for their money",
        "Слишком много платежей ждут оплаты",
    ),
    here(
        "no_payment_method",
        &[409],
        "nobody takes money here, or not in this way",
        "Здесь не принимают платежи таким способом",
    ),
    here(
        "not_in_lists",
        &[409],
        "nobody looks for this in lists: it is over, or the engine finds its courier",
        "В списках этого не ищут: отмечать нечего",
    ),
    here(
        "nothing_missing",
        &[409],
        "nothing has to be paid in for this package",
        "За эту посылку ничего вносить не нужно",
    ),
    here(
        "too_many_subscriptions",
        &[409],
        "twenty standing questions are the most: take one back first",
        "Подписок уже двадцать, сначала удалите одну",
    ),
    here("bot_off", &[409], "the server has no bot: PEERPACK_BOT_MODE", "На сервере нет бота"),
    here(
        "charge_known",
        &[409],
        "this transfer was booked for another payment",
        "Этот перевод уже зачислен по другому платежу",
    ),
    here(
        "insufficient_funds",
        &[409],
        "there is not enough money: the sender's for the reward, or one's own to take out",
        "У отправителя не хватает денег на вознаграждение",
    ),
    here("already_reviewed", &[409], "one review for each party and delivery", "Вы уже оставили отзыв"),
    here(
        "open_deals",
        &[409],
        "a deal is still under way",
        "Сначала должны закончиться сделки, которые ещё идут",
    ),
    here(
        "money_left",
        &[409],
        "there is money in the wallet, or on its way out of it",
        "Сначала выведите деньги",
    ),
    here(
        "operator",
        &[409],
        "an administrator has to take the role away first",
        "Сначала администратор должен снять с вас роль",
    ),
    here(
        "own_account",
        &[409],
        "another administrator has to do this",
        "Это должен сделать другой администратор",
    ),
    here(
        "last_administrator",
        &[409],
        "nobody else could undo it: make somebody else an administrator first",
        "Это последний администратор, сначала назначьте другого",
    ),
    here("login_taken", &[409], "somebody else has this login", "Такой логин уже занят"),
    here(
        "awaits_answer",
        &[409],
        "as many messages wait for an answer as may be sent to a stranger: `limit`",
        "Собеседник ещё не ответил: незнакомому можно отправить не больше {limit} сообщений",
    ),
    here(
        "too_many_strangers",
        &[409],
        "one has written to as many strangers today as one may: `limit`",
        "Сегодня вы уже написали незнакомым людям столько раз, сколько можно: {limit}",
    ),
    here(
        "blocked_by_you",
        &[409],
        "one has blocked the other person",
        "Вы заблокировали этого человека: сначала разблокируйте",
    ),
    here("username_taken", &[409], "somebody else has this username", "Это имя пользователя уже занято"),
    here(
        "too_many_posts",
        &[409],
        "as many posts of one's own stand on the board as there may be: `limit`",
        "На доске уже {limit} ваших объявлений, больше нельзя",
    ),
    here(
        "too_many_documents",
        &[409],
        "too many documents wait for a decision",
        "Слишком много документов ждут проверки",
    ),
    here("already_decided", &[409], "it was decided upon before", "Решение уже принято"),
    here(
        "photo_attached",
        &[409],
        "there is a photograph already, and it stays",
        "Фотография уже есть, и она останется",
    ),
    here(
        "second_factor_exists",
        &[409],
        "the old second factor has to be removed first",
        "Сначала отключите прежний второй фактор",
    ),
    here(
        "stale",
        &[412],
        "it has changed since the version in `If-Match`: look again",
        "Это изменилось, посмотрите ещё раз",
    ),
    anywhere("too_large", &[413], "the body is too large", "Слишком много данных"),
    anywhere(
        "unsupported_media_type",
        &[415],
        "the body is of a type, or in an encoding, that is not read here",
        "Такие данные здесь не принимаются",
    ),
    anywhere(
        "invalid",
        &[422],
        "understood, but `fields` says what will not do",
        "Проверьте введённые данные",
    ),
    here(
        "ambiguous_place",
        &[422],
        "the name of a place means several: `candidates` says which",
        "Это название носят несколько мест, уточните",
    ),
    here(
        "code_in_message",
        &[422],
        "the text has the code of a hand-over in it: never send it",
        "Это код передачи: никогда не отправляйте его, покажите при встрече",
    ),
    here(
        "key_reused",
        &[422],
        "the `Idempotency-Key` was used for another call",
        "Этот ключ уже использован для другого запроса",
    ),
    here(
        "does_not_suit",
        &[422],
        "the package does not suit the trip: another way, time or size",
        "Поездка не подходит для этой посылки",
    ),
    here(
        "own_package",
        &[422],
        "one's own package cannot be carried by oneself",
        "Нельзя везти собственную посылку",
    ),
    here(
        "code_required",
        &[422],
        "the package changes hands only with its code",
        "Для этой посылки нужен код передачи",
    ),
    anywhere("upgrade_required", &[426], "this is a WebSocket", "Здесь нужен WebSocket"),
    anywhere(
        "too_many",
        &[429],
        "asked or guessed too often: again as `Retry-After` says",
        "Слишком часто, подождите немного",
    ),
    anywhere(
        "internal",
        &[500],
        "a fault of ours; `request_id` finds it in the log",
        "У нас что-то сломалось",
    ),
    here(
        "telegram_failed",
        &[502],
        "Telegram does not do what it was asked for, or does not answer; the message says why",
        "Telegram этого не делает или не отвечает",
    ),
    anywhere(
        "unavailable",
        &[503],
        "something we need does not answer: again as `Retry-After` says",
        "Временно недоступно, попробуйте ещё раз",
    ),
    here(
        "payouts_frozen",
        &[503],
        "the books do not add up, or cannot be looked at: no money goes out until somebody has seen to it",
        "Выплаты приостановлены: сначала нужно сверить счета",
    ),
    anywhere(
        "busy",
        &[503],
        "too much is under way: again as `Retry-After` says",
        "Слишком много запросов сразу, попробуйте ещё раз",
    ),
];

/// The code of that word.
#[must_use]
pub fn of(word: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.word == word)
}
