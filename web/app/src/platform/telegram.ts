// Inside Telegram: its theme, its buttons, its storage. Every call goes through `post`, which leaves out what the
// version of this Telegram does not know.
import { invokeCustomMethod, postEvent, request, supports } from "@tma.js/bridge";
import { isDark, legible, rgb } from "./contrast.ts";
import type { Launch } from "./launch.ts";
import type { InvoiceOutcome, KeyValues, Platform, Theme } from "./platform.ts";
import { hear, type Post, preferring, TelegramButton, telegramTexts } from "./telegram-parts.ts";

type Method = Parameters<typeof supports>[0];

/** Telegram's names of colours (`bg_color`) as the names of variables (`--tg-theme-bg-color`). */
function colours(params: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [[`--tg-theme-${name.replaceAll("_", "-")}`, value]],
  );
  return Object.fromEntries(entries);
}

/** A theme of Telegram's for this app: legible, and dark if its ground is. */
function themeOf(params: Readonly<Record<string, string | undefined>>): Theme {
  const ground = rgb(params.bg_color);
  return {
    colours: colours(legible(params)),
    isDark: ground ? isDark(ground) : matchMedia("(prefers-color-scheme: dark)").matches,
  };
}

export function telegramPlatform(launch: Launch, fallback: Platform): Platform {
  const version = launch.version as Parameters<typeof supports>[1];
  const knows = (method: Method) => supports(method, version);
  const post: Post = ((method: Method, ...params: never[]) => {
    if (knows(method)) (postEvent as (method: Method, ...params: never[]) => void)(method, ...params);
  }) as Post;
  let theme = themeOf(launch.theme);
  const listeners = new Set<(theme: Theme) => void>();
  hear("theme_changed", ({ theme_params: params }) => {
    theme = themeOf(params);
    for (const listener of listeners) listener(theme);
  });
  const main = new TelegramButton("main", post);
  const secondary = new TelegramButton("secondary", post);
  return {
    ...fallback,
    name: "telegram",
    initData: launch.initData,
    startParam: launch.startParam,
    language: launch.language ?? fallback.language,
    drawsButtons: true,
    theme: () => theme,
    onTheme: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: () => {
      post("web_app_ready");
      post("web_app_expand");
      post("web_app_request_theme");
      post("web_app_set_header_color", { color_key: "secondary_bg_color" });
    },
    onAwake: listener => {
      const seen = hear("visibility_changed", ({ is_visible }) => is_visible && listener());
      const page = fallback.onAwake(listener);
      return () => {
        seen();
        page();
      };
    },
    backButton: onPress => {
      const heard = hear("back_button_pressed", onPress);
      post("web_app_setup_back_button", { is_visible: true });
      return () => {
        heard();
        post("web_app_setup_back_button", { is_visible: false });
      };
    },
    mainButton: button => main.show(button),
    secondaryButton: button => secondary.show(button),
    drawsSecondary: knows("web_app_setup_secondary_button"),
    confirmClosing: isWanted => {
      post("web_app_setup_closing_behavior", { need_confirmation: isWanted });
    },
    allowSwipes: isAllowed => {
      post("web_app_setup_swipe_behavior", { allow_vertical_swipe: isAllowed });
    },
    haptic: kind => {
      const name = "web_app_trigger_haptic_feedback";
      if (kind === "tap") post(name, { type: "impact", impact_style: "light" });
      else if (kind === "arrived") post(name, { type: "notification", notification_type: "warning" });
      else post(name, { type: "notification", notification_type: kind === "done" ? "success" : "error" });
    },
    canScanQr: knows("web_app_open_scan_qr_popup"),
    scanQr: prompt =>
      new Promise(resolve => {
        const stop = (found: string | undefined) => {
          read();
          closed();
          resolve(found);
        };
        const read = hear("qr_text_received", ({ data }) => {
          post("web_app_close_scan_qr_popup");
          stop(data);
        });
        const closed = hear("scan_qr_popup_closed", () => stop(undefined));
        post("web_app_open_scan_qr_popup", { text: prompt });
      }),
    share: async (text, url = location.origin) => {
      const path = `/share/url?url=${encodeURIComponent(url)}&text=${encodeURIComponent(text)}`;
      post("web_app_open_tg_link", { path_full: path });
      return "shared";
    },
    openInvoice: async url => {
      const slug = url.slice(url.lastIndexOf("/") + 1).replace(/^\$/, "");
      if (!knows("web_app_open_invoice")) return fallback.openInvoice(url);
      const isThis = ({ slug: closed }: { slug: string }) => closed === slug;
      const options = { params: { slug }, capture: isThis };
      const { status } = await request("web_app_open_invoice", "invoice_closed", options);
      return status as InvoiceOutcome;
    },
    askToWrite: async () => {
      if (!knows("web_app_request_write_access")) return undefined;
      const { status } = await request("web_app_request_write_access", "write_access_requested");
      return status === "allowed";
    },
    secrets: knows("web_app_secure_storage_save_key")
      ? preferring(telegramTexts("secure", post), fallback.secrets)
      : fallback.secrets,
    deviceTexts: knows("web_app_device_storage_save_key") ? telegramTexts("device", post) : undefined,
    preferences: knows("web_app_invoke_custom_method") ? cloud(fallback.preferences) : fallback.preferences,
  };
}

/** Telegram's storage for a person, with the page's own as a copy that answers at once and without a network. */
function cloud(copy: KeyValues): KeyValues {
  let number = 0;
  const call = (method: "saveStorageValue" | "deleteStorageValues", params: object) =>
    (invokeCustomMethod as (m: string, p: object, id: string, o: object) => Promise<unknown>)(
      method,
      params,
      String(++number),
      { timeout: 5_000 },
    ).catch(() => undefined);
  return {
    get: key => copy.get(key),
    set: async (key, value) => {
      await copy.set(key, value);
      void call("saveStorageValue", { key, value });
    },
    remove: async key => {
      await copy.remove(key);
      void call("deleteStorageValues", { keys: [key] });
    },
  };
}
