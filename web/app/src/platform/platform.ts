// What the app wants from whatever it runs in. Only this folder knows what that is.

/** A button that the surroundings draw, or that the app draws itself where they do not. */
export interface ActionButton {
  text: string;
  onPress: () => void;
  isEnabled?: boolean;
  isBusy?: boolean;
}

/** Light or dark, in the app's own colours or those of the surroundings. */
export interface Theme {
  isDark: boolean;
  /** Values of `--tg-theme-…` variables; empty in a browser, which has the app's own. */
  colours: Readonly<Record<string, string>>;
}

/** What an invoice came to, as far as the surroundings say: only the server knows. */
export type InvoiceOutcome = "paid" | "cancelled" | "failed" | "pending";

export interface Platform {
  readonly name: "telegram" | "browser";
  /** Proof of who the person is, for the server; absent in a browser. */
  readonly initData: string | undefined;
  /** What the app was opened for: `req_…`, `pkg_…`, `trip_…`. */
  readonly startParam: string | undefined;
  /** The person's language tag. */
  readonly language: string;
  /** Whether main and back button are drawn by the surroundings. */
  readonly drawsButtons: boolean;

  theme(): Theme;
  onTheme(listener: (theme: Theme) => void): () => void;
  /** The first screen is painted. */
  ready(): void;
  /** The app is looked at again after it was not. */
  onAwake(listener: () => void): () => void;

  /** Shows the back button while it is wanted. Returns how to take it away. */
  backButton(onPress: () => void): () => void;
  /** Shows a main button; `undefined` takes it away. */
  mainButton(button: ActionButton | undefined): void;
  /** Shows a second button beside the main one, where the surroundings draw one: `drawsSecondary`. */
  secondaryButton(button: ActionButton | undefined): void;
  readonly drawsSecondary: boolean;
  /** Asks before the app is closed over something half-done. */
  confirmClosing(isWanted: boolean): void;
  /** Whether a swipe down may close the app: not over a map or a chat. */
  allowSwipes(isAllowed: boolean): void;

  haptic(kind: "arrived" | "done" | "failed" | "tap"): void;
  /** Reads a QR code; nothing if the person gave up or there is no scanner. */
  scanQr(prompt: string): Promise<string | undefined>;
  readonly canScanQr: boolean;
  /** Hands a text on, with a link if there is one; where nothing takes it, the link or else the text is copied. */
  share(text: string, url?: string): Promise<"shared" | "copied">;
  openInvoice(url: string): Promise<InvoiceOutcome>;
  /** Asks whether the app may write to the person while it is closed; nothing where nobody can be asked. */
  askToWrite(): Promise<boolean | undefined>;
  location(): Promise<{ lat: number; lon: number } | undefined>;
  /** Keeps small preferences, also on the person's other devices where the surroundings can. */
  readonly preferences: KeyValues;
  /** Keeps what was read, on this device and for a start without a network. */
  readonly snapshots: Snapshots;
  /** Keeps secrets of this device, as safely as it can. */
  readonly secrets: KeyValues;
  /** Keeps texts on this device longer than a page can; absent where nothing does. It rejects if it cannot. */
  readonly deviceTexts: KeyValues | undefined;
}

/** Kept values that are there at once; one that does not fit is not kept. */
export interface Snapshots {
  get(key: string): unknown;
  set(key: string, value: unknown): void;
  clear(): void;
}

export interface KeyValues {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
}
