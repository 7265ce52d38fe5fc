// The sentences of highlights, in both languages: they come with their screens, not with the first one.
import { type Language, useTexts } from "./index.tsx";

const en = {
  mark: "Highlighted",
  until: (when: string) => `Highlighted until ${when}`,
  offer: (stars: number, hours: number) => `Highlight for ${stars} ⭐, ${hours} h`,
  again: (stars: number, hours: number) => `Longer for ${stars} ⭐, ${hours} h`,
  what: "A mark in lists, and nothing more: the order of lists and the choice of couriers stay as they are.",
  elsewhere: "Stars are paid inside Telegram. Open PeerPack there to highlight this.",
  pay: "Pay in Telegram",
  asking: "The invoice is being made…",
  waiting: "Waiting for Telegram to say that it is paid.",
  back: "The stars go back to you.",
  failed: "This invoice cannot be paid any more.",
};

const ru: typeof en = {
  mark: "Отмечено",
  until: when => `Отмечено до: ${when}`,
  offer: (stars, hours) => `Отметить за ${stars} ⭐ на ${hours} ч`,
  again: (stars, hours) => `Продлить за ${stars} ⭐ на ${hours} ч`,
  what: "Отметка в списках и ничего больше: порядок списков и подбор курьеров остаются прежними.",
  elsewhere: "Звёзды платят внутри Telegram. Откройте PeerPack там, чтобы отметить.",
  pay: "Оплатить в Telegram",
  asking: "Счёт готовится…",
  waiting: "Ждём, когда Telegram подтвердит оплату.",
  back: "Звёзды возвращаются к вам.",
  failed: "Этот счёт больше нельзя оплатить.",
};

const SENTENCES: Record<Language, typeof en> = { en, ru };

/** The sentences of highlights in the reader's language. */
export function useHighlightTexts(): typeof en {
  return SENTENCES[useTexts().language];
}
