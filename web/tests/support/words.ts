// What the pages say, in both languages, as far as tests look for it.
export interface Words {
  language: "ru" | "en";
  from: string;
  to: string;
  day: string;
  departs: string;
  publish: string;
  pickUpIn: string;
  deliverTo: string;
  next: string;
  what: string;
  books: string;
  reward: string;
  nothingForbidden: string;
  bell: RegExp;
  take: RegExp;
  pickUp: string;
  code: string;
  handOver: string;
  confirm: RegExp;
  howWasIt: string;
  send: string;
  thanks: string;
  missed: string;
  faster: string;
  unconfirmed: RegExp;
  wrong: string;
  whatIsWrong: string;
  disputed: RegExp;
  guitar: string;
  skates: string;
  toys: string;
  comment: string;
  iChoose: string;
  respond: string;
}

export const RU: Words = {
  language: "ru",
  from: "Откуда",
  to: "Куда",
  day: "День отправления",
  departs: "Отправление",
  publish: "Опубликовать",
  pickUpIn: "Забрать в",
  deliverTo: "Доставить в",
  next: "Дальше",
  what: "Что внутри?",
  books: "Две книги",
  reward: "Вознаграждение курьеру, ₽",
  nothingForbidden: "Внутри нет запрещённого",
  bell: /Новая заявка/,
  take: /Взять за/,
  pickUp: "Посылка у меня",
  code: "Код из шести цифр",
  handOver: "Передал получателю",
  confirm: /Получено, всё хорошо/,
  howWasIt: "Как всё прошло?",
  send: "Отправить",
  thanks: "Спасибо",
  missed: "Упущенные",
  faster: "Другой курьер был быстрее",
  unconfirmed: /Ответа пока нет/,
  wrong: "Что-то не так",
  whatIsWrong: "Что случилось?",
  disputed: /Решает оператор/,
  guitar: "Гитара в чехле",
  skates: "Детские коньки",
  toys: "Игрушки для племянника",
  comment: "Еду один, место есть",
  iChoose: "Выберу сам",
  respond: "Предложить отвезти",
};

export const EN: Words = {
  language: "en",
  from: "From",
  to: "To",
  day: "Departure day",
  departs: "Departs",
  publish: "Publish",
  pickUpIn: "Pick up in",
  deliverTo: "Deliver to",
  next: "Next",
  what: "What is it?",
  books: "Two books",
  reward: "Reward for the courier, ₽",
  nothingForbidden: "Nothing forbidden is inside",
  bell: /New offer/,
  take: /Take it for/,
  pickUp: "I have the parcel",
  code: "Six-digit code",
  handOver: "Handed over",
  confirm: /I have it, all is well/,
  howWasIt: "How was it?",
  send: "Send",
  thanks: "Thank you",
  missed: "Missed",
  faster: "Another courier was faster",
  unconfirmed: /No answer yet/,
  wrong: "Something is wrong",
  whatIsWrong: "What is wrong?",
  disputed: /An operator decides/,
  guitar: "A guitar in its case",
  skates: "Skates for a child",
  toys: "Toys for a nephew",
  comment: "I drive alone, there is room",
  iChoose: "I choose",
  respond: "Offer to carry it",
};
