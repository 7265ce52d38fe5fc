// A Telegram that is faked at its bridge: it says what it was told, and can be made to say something.
import type { Phone } from "./index.ts";

export type Theme = Record<string, string>;

/** Telegram's own two themes, and three that people have made of them. */
export const THEMES: Readonly<Record<string, Theme>> = {
  day: {
    bg_color: "#ffffff",
    text_color: "#000000",
    hint_color: "#999999",
    link_color: "#168acd",
    button_color: "#40a7e3",
    button_text_color: "#ffffff",
    secondary_bg_color: "#f1f1f1",
    section_bg_color: "#ffffff",
    subtitle_text_color: "#999999",
    destructive_text_color: "#d14e4e",
    accent_text_color: "#168acd",
  },
  night: {
    bg_color: "#17212b",
    text_color: "#f5f5f5",
    hint_color: "#708499",
    link_color: "#6ab3f3",
    button_color: "#5288c1",
    button_text_color: "#ffffff",
    secondary_bg_color: "#232e3c",
    section_bg_color: "#17212b",
    subtitle_text_color: "#708499",
    destructive_text_color: "#ec3942",
    accent_text_color: "#6ab2f2",
  },
  sand: {
    bg_color: "#fbf3e4",
    text_color: "#3b2f1e",
    hint_color: "#a08a68",
    link_color: "#b5651d",
    button_color: "#d9902f",
    button_text_color: "#fff8ec",
    secondary_bg_color: "#f1e4cb",
    section_bg_color: "#fbf3e4",
    subtitle_text_color: "#a08a68",
    destructive_text_color: "#c4442f",
  },
  forest: {
    bg_color: "#10231a",
    text_color: "#dcefe3",
    hint_color: "#5f8570",
    link_color: "#58c48a",
    button_color: "#2f7d54",
    button_text_color: "#e8fff2",
    secondary_bg_color: "#0b1912",
    section_bg_color: "#10231a",
    subtitle_text_color: "#5f8570",
    destructive_text_color: "#e0655c",
  },
  neon: {
    bg_color: "#000000",
    text_color: "#ffffff",
    hint_color: "#6b6b6b",
    link_color: "#ff00e5",
    button_color: "#ff00e5",
    button_text_color: "#ffffff",
    secondary_bg_color: "#0a0a0a",
    section_bg_color: "#000000",
    subtitle_text_color: "#6b6b6b",
    destructive_text_color: "#ff3030",
  },
};

export interface Telegram {
  /** What the app has last said by a method; nothing if it has not. */
  last: (method: string) => Promise<string | undefined>;
  /** Says something to the app. */
  say: (event: string, data?: unknown) => Promise<void>;
}

/** Opens the app as Telegram would. */
export async function openTelegram(phone: Phone, path: string, theme: Theme): Promise<Telegram> {
  const { page, account, url } = phone;
  await page.addInitScript(() => {
    const said: [string, string][] = [];
    Object.assign(window, {
      said,
      TelegramWebviewProxy: { postEvent: (name: string, data: string) => said.push([name, data]) },
    });
  });
  const launch = new URLSearchParams({
    tgWebAppData: await account.initData(),
    tgWebAppVersion: "8.0",
    tgWebAppPlatform: "android",
    tgWebAppThemeParams: JSON.stringify(theme),
  });
  await page.goto(`${url}${path}#${launch}`);
  return {
    last: method =>
      page.evaluate(wanted => {
        const { said } = window as unknown as { said: [string, string][] };
        return said
          .filter(([name]) => name === wanted)
          .map(([, data]) => data ?? "")
          .at(-1);
      }, method),
    say: (event, data) =>
      page.evaluate(
        ([name, payload]) => {
          const { Telegram } = window as unknown as {
            Telegram: { WebView: { receiveEvent: (name: unknown, data: unknown) => void } };
          };
          Telegram.WebView.receiveEvent(name, payload);
        },
        [event, data] as const,
      ),
  };
}
