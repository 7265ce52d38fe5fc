// The sentences of the bot's settings: they come with the screen, and not with the first one.
import type { Language } from "../../texts/index.tsx";

const en = {
  title: "Messages of the bot",
  hint: "The bot writes to you in Telegram while the app is closed.",
  unavailable: "Open the app in Telegram and start the bot, and it can write to you.",
  on: "Write to me",
  quiet: "Do not disturb me at night",
  from: "From",
  to: "To",
  kinds: {
    trip_request_received: "A package for my trip",
    package_request_response: "A courier has answered",
    package_request_declined: "A courier declined",
    courier_chosen: "I was chosen",
    package_delivered: "My package was delivered",
    payment_received: "I was paid",
    dispute_opened: "A delivery is disputed",
    dispute_resolved: "A dispute was decided",
    new_courier_available: "A courier on my package's way",
    new_package_available: "A package on my way",
    subscription_matched: "What I have asked for has come",
    reminder: "My trip is near",
    document_reviewed: "My document was reviewed",
    order_offered: "An order in town for me",
    order_given: "The dispatcher has given me an order",
    order_courier_found: "My driver was found",
    order_courier_on_the_way: "My driver is on the way",
    order_courier_arrived: "My driver is there",
    order_completed: "My ride is over",
    order_called_off: "An order was called off",
    order_nobody_found: "Nobody was found for my order",
    withdrawal_decided: "Money that I take out was sent or rejected",
  },
};

const ru: typeof en = {
  title: "Сообщения бота",
  hint: "Бот пишет вам в Telegram, пока приложение закрыто.",
  unavailable: "Откройте приложение в Telegram и запустите бота, тогда он сможет вам писать.",
  on: "Писать мне",
  quiet: "Не беспокоить ночью",
  from: "С",
  to: "До",
  kinds: {
    trip_request_received: "Посылка для моей поездки",
    package_request_response: "Курьер ответил",
    package_request_declined: "Курьер отказался",
    courier_chosen: "Выбрали меня",
    package_delivered: "Мою посылку доставили",
    payment_received: "Мне заплатили",
    dispute_opened: "Доставка оспорена",
    dispute_resolved: "Спор решён",
    new_courier_available: "Курьер на пути посылки",
    new_package_available: "Посылка по пути",
    subscription_matched: "Нашлось по подписке",
    reminder: "Скоро поездка",
    document_reviewed: "Документ проверен",
    order_offered: "Заказ по городу для меня",
    order_given: "Диспетчер назначил мне заказ",
    order_courier_found: "Водитель найден",
    order_courier_on_the_way: "Водитель едет ко мне",
    order_courier_arrived: "Водитель на месте",
    order_completed: "Поездка завершена",
    order_called_off: "Заказ отменён",
    order_nobody_found: "Для заказа никого не нашли",
    withdrawal_decided: "Вывод денег выполнен или отклонён",
  },
};

export const MESSAGES: Record<Language, typeof en> = { ru, en };

const subscriptionsEn = {
  title: "Tell me when it appears",
  hint: "Say a way, and you hear of couriers who travel it, or of packages that wait there.",
  trips: "Couriers",
  packages: "Packages",
  from: "From",
  to: "To",
  until: "until",
  add: "Tell me",
  remove: "Remove",
};

const subscriptionsRu: typeof subscriptionsEn = {
  title: "Сообщить, когда появится",
  hint: "Назовите путь, и мы сообщим о курьерах, которые им едут, или о посылках, которые там ждут.",
  trips: "Курьеры",
  packages: "Посылки",
  from: "Откуда",
  to: "Куда",
  until: "до",
  add: "Сообщать",
  remove: "Убрать",
};

export const SUBSCRIPTIONS: Record<Language, typeof subscriptionsEn> = {
  ru: subscriptionsRu,
  en: subscriptionsEn,
};
