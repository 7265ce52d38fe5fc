// One connection after another to the realtime socket: sign-in, resume, signs of life, and when to come back.
import type { ServerClock } from "./clock.ts";
import { SignedOut } from "./problem.ts";
import {
  type ClientMessage,
  isStreamEvent,
  type Position,
  type ServerMessage,
  type StreamEvent,
} from "./wire.ts";

/** `connecting` includes waiting for another try; `over` is final until `start` is called again. */
export type Connectivity = "idle" | "connecting" | "live" | "over";

/** What a socket tells its owner. */
export interface SocketListener {
  /** Where the owner is in the stream; nothing if it has no state yet. */
  position(): Position | undefined;
  /** The next event of the stream; each once and in order. */
  event(event: StreamEvent): void;
  /** Anything else the server says. */
  said(message: Exclude<ServerMessage, StreamEvent>): void;
  /** The missed events are lost, or there is no state yet: load everything anew. */
  lost(): void;
  connectivity(state: Connectivity, why?: string): void;
}

/** What a socket needs from its surroundings. */
export interface SocketSettings {
  url: string;
  /** An access token; `refused` is one that the server did not take. */
  token: (refused?: string) => Promise<string>;
  clock: ServerClock;
  make?: (url: string, protocols: string[]) => WebSocket;
  random?: () => number;
}

const SHORTEST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 20_000;
/** A connection that is silent for so long is dead. The server pings through the browser, which a page does not see, so
 * the page asks for a sign of life itself in time. */
const SILENCE_MS = 40_000;
const ASK_AFTER_MS = 20_000;
/** After a wake-up nobody waits so long: an answer comes within seconds or the connection is dead. */
const PROBE_MS = 4_000;

/** Codes after which coming back is pointless. */
function isFinal(code: number): boolean {
  return code >= 4_500 && code <= 4_999;
}

/** Anything from the shortest wait to a bound that doubles: a crowd that was cut off together comes back spread out. */
export function jitter(attempt: number, random: () => number): number {
  const bound = Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** Math.min(attempt + 1, 16));
  return SHORTEST_WAIT_MS + (bound - SHORTEST_WAIT_MS) * random();
}

export class LiveSocket {
  private readonly settings: Required<SocketSettings>;
  private readonly listener: SocketListener;
  private socket: WebSocket | undefined;
  private attempt = 0;
  private isWanted = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retryAfterMs = 0;
  private refused: string | undefined;
  /** Numbers every try, so that what an old one still says is ignored. */
  private era = 0;

  constructor(settings: SocketSettings, listener: SocketListener) {
    this.settings = {
      make: (url, protocols) => new WebSocket(url, protocols),
      random: () => Math.random(),
      ...settings,
    };
    this.listener = listener;
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    if (this.isWanted) return;
    this.isWanted = true;
    this.attempt = 0;
    void this.connect();
  }

  /** Hangs up. */
  stop(): void {
    this.isWanted = false;
    this.drop();
    this.listener.connectivity("idle");
  }

  /** The page is looked at again, or the network is back: find out at once whether the connection lives. */
  wake(): void {
    if (!this.isWanted) return;
    this.settings.clock.doubt();
    if (this.socket?.readyState === WebSocket.OPEN) {
      this.say({ type: "ping" });
      this.expectLife(PROBE_MS);
    } else if (this.socket === undefined) {
      clearTimeout(this.timer);
      this.attempt = 0;
      void this.connect();
    }
  }

  /** Says something that leaves nothing that lasts. Whether there was a connection to say it on. */
  say(message: ClientMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  private async connect(): Promise<void> {
    const era = ++this.era;
    this.listener.connectivity("connecting");
    let token: string;
    try {
      token = await this.settings.token(this.refused);
    } catch (error) {
      if (era !== this.era || !this.isWanted) return;
      if (error instanceof SignedOut) return this.finish("signed out");
      return this.later();
    }
    if (era !== this.era || !this.isWanted) return;
    const socket = this.settings.make(this.settings.url, ["peerpack.v1", `bearer.${token}`]);
    this.socket = socket;
    let greeted = false;
    this.expectLife(SILENCE_MS);
    socket.onmessage = ({ data }) => {
      if (era !== this.era) return;
      this.expectLife(SILENCE_MS);
      const message = JSON.parse(String(data)) as ServerMessage;
      if (message.type === "hello") {
        greeted = true;
        this.refused = undefined;
      }
      this.hear(message);
    };
    socket.onclose = ({ code, reason }) => {
      if (era !== this.era) return;
      this.socket = undefined;
      clearTimeout(this.silence);
      if (isFinal(code)) return this.finish(reason || String(code));
      // A page is not told that its token was refused before the upgrade: it sees 1006. So it tries another one, once.
      if (code === 4_001 || !greeted) this.refused = this.refused === token ? undefined : token;
      this.later();
    };
  }

  private hear(message: ServerMessage): void {
    if (isStreamEvent(message)) {
      this.listener.event(message);
      return;
    }
    if (message.type === "hello") {
      this.settings.clock.learn(message.data.server_time);
      this.attempt = 0;
      this.listener.connectivity("live");
      const { epoch, top } = message.data;
      const position = this.listener.position();
      // Without a state everything is loaded, and what happens from now on is told besides.
      this.say({ type: "resume", data: { epoch: position?.epoch ?? epoch, last_seq: position?.seq ?? top } });
      if (!position) this.listener.lost();
    } else if (message.type === "pong") {
      this.settings.clock.learn(message.data.server_time);
    } else if (message.type === "reconnect") {
      this.retryAfterMs = message.data.retry_after_ms;
    } else if (message.type === "resumed" && !message.data.recovered) {
      this.listener.lost();
    }
    this.listener.said(message);
  }

  /** Resumes from where the owner is, on the connection that is open. */
  resume(): void {
    const position = this.listener.position();
    if (position) this.say({ type: "resume", data: { epoch: position.epoch, last_seq: position.seq } });
  }

  /** Gives the connection up if nothing is heard within a time; half-way through it asks for a sign of life. */
  private expectLife(withinMs: number): void {
    clearTimeout(this.silence);
    const era = this.era;
    const giveUp = () => {
      if (era !== this.era) return;
      this.drop();
      this.later();
    };
    if (withinMs <= ASK_AFTER_MS) {
      this.silence = setTimeout(giveUp, withinMs);
      return;
    }
    this.silence = setTimeout(() => {
      this.say({ type: "ping" });
      this.silence = setTimeout(giveUp, withinMs - ASK_AFTER_MS);
    }, ASK_AFTER_MS);
  }

  private later(): void {
    if (!this.isWanted) return;
    this.listener.connectivity("connecting");
    const wait = Math.max(this.retryAfterMs, jitter(this.attempt, this.settings.random));
    this.retryAfterMs = 0;
    this.attempt += 1;
    this.timer = setTimeout(() => void this.connect(), wait);
  }

  private finish(why: string): void {
    this.isWanted = false;
    this.drop();
    this.listener.connectivity("over", why);
  }

  private drop(): void {
    this.era += 1;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    const socket = this.socket;
    this.socket = undefined;
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
  }
}
