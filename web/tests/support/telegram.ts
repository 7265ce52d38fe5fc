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
  /** How often it has said something by a method. */
  count: (method: string) => Promise<number>;
  /** Says something to the app. */
  say: (event: string, data?: unknown) => Promise<void>;
  /** What Telegram keeps for the app: in the safe, and on the device. */
  kept: () => Promise<Record<"secure" | "device", Record<string, string>>>;
}

interface TelegramOptions {
  /** Whether its storages answer that they cannot. */
  isRefusing?: boolean;
}

/** Opens the app as Telegram would. From version 9.0 on it keeps texts for the app, and goes on doing so after a reload. */
export async function openTelegram(
  phone: Phone,
  path: string,
  theme: Theme,
  version = "8.0",
  { isRefusing = false }: TelegramOptions = {},
): Promise<Telegram> {
  const { page, account, url } = phone;
  const texts: Record<"secure" | "device", Record<string, string>> = { secure: {}, device: {} };
  await page.exposeFunction(
    "telegramKeeps",
    (kind: "secure" | "device", key: string, value: string | null) => {
      if (value === null) delete texts[kind][key];
      else texts[kind][key] = value;
    },
  );
  await page.exposeFunction(
    "telegramHas",
    (kind: "secure" | "device", key: string) => texts[kind][key] ?? null,
  );
  await page.addInitScript(refuses => {
    const said: [string, string][] = [];
    const host = window as unknown as {
      telegramKeeps: (kind: string, key: string, value: string | null) => Promise<void>;
      telegramHas: (kind: string, key: string) => Promise<string | null>;
      Telegram: { WebView: { receiveEvent: (name: string, data: unknown) => void } };
    };
    const answer = async (
      kind: string,
      verb: string,
      asked: { req_id: string; key: string; value?: string },
    ) => {
      const say = (event: string, data: object) =>
        host.Telegram.WebView.receiveEvent(`${kind}_storage_${event}`, { req_id: asked.req_id, ...data });
      if (refuses) say("failed", { error: "UNSUPPORTED" });
      else if (verb === "get") say("key_received", { value: await host.telegramHas(kind, asked.key) });
      else {
        await host.telegramKeeps(kind, asked.key, asked.value ?? null);
        say("key_saved", {});
      }
    };
    Object.assign(window, {
      said,
      TelegramWebviewProxy: {
        postEvent: (name: string, data: string) => {
          said.push([name, data]);
          const [, kind, verb] = /^web_app_(secure|device)_storage_(get|save)_key$/.exec(name) ?? [];
          if (kind && verb) setTimeout(() => void answer(kind, verb, JSON.parse(data)));
        },
      },
    });
  }, isRefusing);
  const launch = new URLSearchParams({
    tgWebAppData: await account.initData(),
    tgWebAppVersion: version,
    tgWebAppPlatform: "android",
    tgWebAppThemeParams: JSON.stringify(theme),
  });
  await page.goto(`${url}${path}#${launch}`);
  const said = (wanted: string) =>
    page.evaluate(name => {
      const all = (window as unknown as { said: [string, string][] }).said;
      return all.filter(([one]) => one === name).map(([, data]) => data ?? "");
    }, wanted);
  return {
    last: async method => (await said(method)).at(-1),
    count: async method => (await said(method)).length,
    kept: async () => texts,
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
