// A socket of the dispatch in town, about one order, one courier or one passenger. What there is comes first, and of each
// thing the latest follows, so a socket that comes back has missed nothing. Where there is none its owner asks instead.
import { SignedOut } from "./problem.ts";

/** What a socket is about, as its path has it. */
export type TownSubject = "orders" | "drivers" | "passengers";

/** What the dispatch says. */
export interface TownMessage {
  type: string;
  data?: unknown;
}

/** What a socket of the dispatch needs from its surroundings. */
export interface TownSocketSettings {
  /** Where the server is, such as `https://example.org`. */
  baseUrl: string;
  subject: TownSubject;
  /** The order's id, or the person's number. */
  id: string | number;
  /** A ticket for one socket. */
  ticket: () => Promise<string>;
  make?: (url: string) => WebSocket;
  random?: () => number;
}

/** What a socket of the dispatch tells its owner. */
export interface TownListener {
  heard(message: TownMessage): void;
  /** Whether it hears of changes from now on. */
  connectivity(isLive: boolean): void;
}

const SHORTEST_WAIT_MS = 1_000;
/** A server may have no such sockets: then this is how often it is asked whether it has. */
const LONGEST_WAIT_MS = 60_000;
const ASK_AFTER_MS = 20_000;
const SILENCE_MS = 40_000;
const PROBE_MS = 4_000;

/** Codes after which coming back is pointless: not one's own, or over. */
function isFinal(code: number): boolean {
  return code === 4_003 || (code >= 4_500 && code <= 4_999);
}

export class TownSocket {
  private readonly settings: Required<TownSocketSettings>;
  private readonly listener: TownListener;
  private socket: WebSocket | undefined;
  private attempt = 0;
  private isWanted = true;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  /** Numbers every try, so that what an old one still says is ignored. */
  private era = 0;

  constructor(settings: TownSocketSettings, listener: TownListener) {
    this.settings = { make: url => new WebSocket(url), random: () => Math.random(), ...settings };
    this.listener = listener;
    void this.connect();
  }

  /** Hangs up for good. */
  stop(): void {
    this.isWanted = false;
    this.drop();
  }

  /** The page is looked at again, or the network is back: find out at once whether the connection lives. */
  wake(): void {
    if (!this.isWanted) return;
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.ask(PROBE_MS);
    } else if (this.socket === undefined) {
      clearTimeout(this.timer);
      this.attempt = 0;
      void this.connect();
    }
  }

  private async connect(): Promise<void> {
    const era = ++this.era;
    const { baseUrl, subject, id, make, ticket } = this.settings;
    let pass: string;
    try {
      pass = await ticket();
    } catch (error) {
      if (era === this.era && this.isWanted && !(error instanceof SignedOut)) this.later();
      return;
    }
    if (era !== this.era || !this.isWanted) return;
    const root = baseUrl.replace(/^http/, "ws");
    const socket = make(`${root}/ws/${subject}/${id}/?ticket=${encodeURIComponent(pass)}`);
    this.socket = socket;
    this.expectLife(SILENCE_MS);
    socket.onopen = () => {
      if (era !== this.era) return;
      this.attempt = 0;
      this.expectLife(SILENCE_MS);
      this.listener.connectivity(true);
    };
    socket.onmessage = ({ data }) => {
      if (era !== this.era) return;
      this.expectLife(SILENCE_MS);
      const message = JSON.parse(String(data)) as TownMessage;
      if (message.type !== "pong") this.listener.heard(message);
    };
    socket.onclose = ({ code }) => {
      if (era !== this.era) return;
      this.socket = undefined;
      clearTimeout(this.silence);
      this.listener.connectivity(false);
      if (!isFinal(code)) this.later();
    };
  }

  /** Asks for a sign of life once it has been still for a while, and takes more stillness for the end. */
  private expectLife(most: number): void {
    clearTimeout(this.silence);
    const { era } = this;
    this.silence = setTimeout(() => era === this.era && this.ask(most - ASK_AFTER_MS), ASK_AFTER_MS);
  }

  private ask(patience: number): void {
    const { era } = this;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "ping" }));
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (era !== this.era) return;
      this.drop();
      this.listener.connectivity(false);
      if (this.isWanted) this.later();
    }, patience);
  }

  private later(): void {
    const bound = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** Math.min(this.attempt, 10));
    this.attempt += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), bound * (0.5 + this.settings.random() / 2));
  }

  private drop(): void {
    this.era += 1;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.socket?.close();
    this.socket = undefined;
  }
}
