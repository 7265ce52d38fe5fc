// Parts of Telegram that the app has twice: the two buttons below it, and the two storages on the device.
import { type EventListener, type EventName, on, type postEvent } from "@tma.js/bridge";
import type { ActionButton, KeyValues } from "./platform.ts";

export type Post = typeof postEvent;

export function hear<E extends EventName>(name: E, listener: EventListener<E>): () => void {
  return on(name, listener);
}

/** The main button, or the one beside it. */
export class TelegramButton {
  private readonly kind: "main" | "secondary";
  private readonly post: Post;
  private pressed: (() => void) | undefined;
  private shown = "";

  constructor(kind: "main" | "secondary", post: Post) {
    this.kind = kind;
    this.post = post;
    hear(`${kind}_button_pressed`, () => this.pressed?.());
  }

  show(button: ActionButton | undefined): void {
    this.pressed = button?.onPress;
    const look = {
      is_visible: button !== undefined,
      is_active: button !== undefined && button.isEnabled !== false && !button.isBusy,
      is_progress_visible: button?.isBusy ?? false,
      ...(button ? { text: button.text } : {}),
    };
    // A message to Telegram for each drawing of a screen would be one too many.
    const name = JSON.stringify(look);
    if (name === this.shown) return;
    this.shown = name;
    this.post(`web_app_setup_${this.kind}_button`, look);
  }
}

/** Telegram's own storages answer within milliseconds; one that does not is not there. */
const PATIENCE_MS = 2_000;

let asked = 0;

/** A storage that Telegram keeps on the device. It rejects where Telegram does not answer or says no. */
export function telegramTexts(kind: "secure" | "device", post: Post): KeyValues {
  const call = (verb: "get" | "save", params: { key: string; value?: string | null }) =>
    new Promise<string | undefined>((resolve, reject) => {
      const id = `${kind}-${++asked}`;
      const stops: (() => void)[] = [];
      const end = (settle: () => void) => {
        for (const stop of stops) stop();
        settle();
      };
      const answered = verb === "get" ? "key_received" : "key_saved";
      stops.push(
        hear(`${kind}_storage_${answered}`, (answer: { req_id: string; value?: string | null }) => {
          if (answer.req_id === id) end(() => resolve(answer.value ?? undefined));
        }),
        hear(`${kind}_storage_failed`, ({ req_id, error }) => {
          if (req_id === id) end(() => reject(new Error(error ?? "refused")));
        }),
      );
      const timer = setTimeout(() => end(() => reject(new Error("no answer"))), PATIENCE_MS);
      stops.push(() => clearTimeout(timer));
      (post as (method: string, params: object) => void)(`web_app_${kind}_storage_${verb}_key`, {
        req_id: id,
        ...params,
      });
    });
  return {
    get: key => call("get", { key }),
    set: async (key, value) => void (await call("save", { key, value })),
    remove: async key => void (await call("save", { key, value: null })),
  };
}

/** What is kept in the better storage where that works, and in the other one where it does not. */
export function preferring(better: KeyValues, other: KeyValues): KeyValues {
  return {
    get: async key => (await better.get(key).catch(() => undefined)) ?? other.get(key),
    set: async (key, value) => {
      const isKept = await better.set(key, value).then(
        () => true,
        () => false,
      );
      // One copy only: a secret that lies beside the safe is none.
      await (isKept ? other.remove(key) : other.set(key, value));
    },
    remove: async key => {
      await Promise.all([better.remove(key).catch(() => undefined), other.remove(key)]);
    },
  };
}
