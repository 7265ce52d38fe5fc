// The reader's language: sentences, money, dates and names of places.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { usePlatform } from "../platform/index.tsx";
import type { Texts } from "./en.ts";

/** The languages of the app, by their own names. */
export const LANGUAGES = { ru: "Русский", en: "English" } as const;

export type Language = keyof typeof LANGUAGES;

/** The sentences of a language: a reader loads those of one. */
const SENTENCES: Record<Language, () => Promise<Texts>> = {
  ru: async () => (await import("./ru.ts")).ru,
  en: async () => (await import("./en.ts")).en,
};

/** How numbers, money and dates are written. */
const LOCALES: Record<Language, string> = { ru: "ru-RU", en: "en-GB" };

/** Readers of these languages are more at home in Russian than in English: those of the server's list. */
const RUSSIAN_READERS = new Set("ru az ba be ce cv hy kk ky mhr os sah tg tk tt udm uz".split(" "));

export function isLanguage(tag: string | undefined): tag is Language {
  return tag !== undefined && Object.hasOwn(LANGUAGES, tag);
}

/** The language of the app that a reader of another one is most at home in. */
export function languageOf(tag: string): Language {
  const primary = tag.toLowerCase().split(/[-_]/)[0] ?? "";
  if (isLanguage(primary)) return primary;
  return RUSSIAN_READERS.has(primary) ? "ru" : "en";
}

export function loadTexts(language: Language): Promise<Texts> {
  return SENTENCES[language]();
}

interface Words {
  t: Texts;
  language: Language;
  setLanguage: (language: Language) => void;
  /** An amount in major units: `1 500 ₽`. */
  money: (amount: number, currency?: string) => string;
  number: (value: number, digits?: number) => string;
  /** The clock at a place: `08:00`. */
  time: (at: string | number | Date, zone?: string) => string;
  /** The day at a place: `Today`, `Tomorrow` or `3 Dec`. */
  day: (at: string | number | Date, zone?: string) => string;
  /** Day and clock at a place: `Today, 08:00`. */
  when: (at: string | number | Date, zone?: string) => string;
  /** The name of a place in the reader's language. */
  place: (place: { name_ru: string; name_en: string }) => string;
}

const Context = createContext<Words | undefined>(undefined);

interface TextsProviderProps {
  initial: { language: Language; t: Texts };
  children: ReactNode;
}

export function TextsProvider({ initial, children }: TextsProviderProps) {
  const platform = usePlatform();
  const [{ language, t }, set] = useState(initial);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const setLanguage = useCallback(
    (next: Language) => {
      void loadTexts(next).then(texts => set({ language: next, t: texts }));
      void platform.preferences.set("language", next);
    },
    [platform],
  );
  const words = useMemo(() => wordsOf(language, t, setLanguage), [language, t, setLanguage]);
  return <Context value={words}>{children}</Context>;
}

export function useTexts(): Words {
  const words = useContext(Context);
  if (!words) throw new Error("there are texts around every component");
  return words;
}

/** Makes something once for each key: a formatter costs more than a hundred of its answers. */
function once<T>(make: (key: string) => T): (key: string) => T {
  const made = new Map<string, T>();
  return key => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

function wordsOf(language: Language, t: Texts, setLanguage: (language: Language) => void): Words {
  const locale = LOCALES[language];
  // An empty zone is that of the device.
  const zoned = (zone: string) => (zone ? { timeZone: zone } : {});
  const clocks = once(
    zone => new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", ...zoned(zone) }),
  );
  const days = once(
    zone => new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", ...zoned(zone) }),
  );
  const dates = once(zone => new Intl.DateTimeFormat("en-CA", zoned(zone)));
  const numbers = once(digits => new Intl.NumberFormat(locale, { maximumFractionDigits: Number(digits) }));
  const amounts = once(key => {
    const [currency = "", digits] = key.split(":");
    return new Intl.NumberFormat(locale, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      maximumFractionDigits: Number(digits),
    });
  });
  const time = (at: string | number | Date, zone = "") => clocks(zone).format(new Date(at));
  const day = (at: string | number | Date, zone = "") => {
    const date = dates(zone);
    const then = date.format(new Date(at));
    const now = Date.now();
    if (then === date.format(now)) return t.today;
    if (then === date.format(now + 86_400_000)) return t.tomorrow;
    return days(zone).format(new Date(at));
  };
  return {
    t,
    language,
    setLanguage,
    money: (amount, currency = "RUB") =>
      amounts(`${currency}:${Number.isInteger(amount) ? 0 : 2}`).format(amount),
    number: (value, digits = 1) => numbers(String(digits)).format(value),
    time,
    day,
    when: (at, zone) => `${day(at, zone)}, ${time(at, zone)}`,
    place: place => (language === "ru" ? place.name_ru : place.name_en),
  };
}
