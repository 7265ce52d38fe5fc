// The state of a signed-in device, kept up to date: what was missed comes by resume, or everything is loaded anew.
import type { Api } from "./api.ts";
import { dataOf } from "./api.ts";
import type { ServerClock } from "./clock.ts";
import { type Connectivity, LiveSocket, type SocketSettings } from "./socket.ts";
import { fold, type Locations, type State, stateOf } from "./state.ts";
import type { ClientMessage, Offer, Position, ServerMessage, StreamEvent } from "./wire.ts";

/** What those who watch are given; a new value after every change. */
export interface Snapshot {
  /** Nothing before the first answer of the server. */
  state: State | undefined;
  connectivity: Connectivity;
  /** Why it is over, if it is. */
  why: string | undefined;
  /** The server runs without something it needs: commands may be refused for a while. */
  isDegraded: boolean;
  locations: Locations;
}

const NOTHING: Snapshot = {
  state: undefined,
  connectivity: "idle",
  why: undefined,
  isDegraded: false,
  locations: {},
};

/** What can be subscribed to. */
type Topic = { package_id: string } | { chat_id: string };

/** How many events are held back while everything is loaded anew. */
const MAX_HELD = 1_000;

export class Live {
  private readonly api: Api;
  readonly clock: ServerClock;
  private readonly socket: LiveSocket;
  private current: Snapshot = NOTHING;
  private readonly listeners = new Set<() => void>();
  private readonly eventListeners = new Set<(event: StreamEvent) => void>();
  /** Events that came while everything was loaded anew; nothing if it is not. */
  private held: StreamEvent[] | undefined;
  private readonly rendered = new Map<string, number>();
  private readonly saidListeners = new Set<(message: ServerMessage) => void>();
  /** Subscriptions by what they are about: a package or a chat. */
  private readonly watched = new Map<string, Topic>();

  constructor(api: Api, settings: SocketSettings) {
    this.api = api;
    this.clock = settings.clock;
    this.socket = new LiveSocket(settings, {
      position: () => this.position,
      event: event => this.take(event),
      lost: () => void this.load(),
      connectivity: (connectivity, why) => this.set({ connectivity, why }),
      said: message => {
        if (message.type === "degraded") this.set({ isDegraded: message.data.degraded });
        else if (message.type === "trip.location") this.place(message.data);
        else if (message.type === "hello") this.watchAgain();
        for (const listener of this.saidListeners) listener(message);
      },
    });
  }

  get snapshot(): Snapshot {
    return this.current;
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Hears each event once, after it was taken in. */
  onEvent(listener: (event: StreamEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  /** Hears what is said without a number: who writes, who is there, answers. */
  onSaid(listener: (message: ServerMessage) => void): () => void {
    this.saidListeners.add(listener);
    return () => this.saidListeners.delete(listener);
  }

  /** Says something that leaves nothing that lasts. Whether there was a connection to say it on. */
  say(message: ClientMessage): boolean {
    return this.socket.say(message);
  }

  start(): void {
    this.socket.start();
  }

  /** Hangs up and forgets: another user may come. */
  stop(): void {
    this.socket.stop();
    this.held = undefined;
    this.rendered.clear();
    this.watched.clear();
    this.current = NOTHING;
    this.changed();
  }

  wake(): void {
    this.socket.wake();
  }

  /** Says that an offer is on the screen, once: from then on its courier's own time runs. */
  sawOffer(offer: Offer): void {
    if (this.rendered.has(offer.request_id)) return;
    if (this.socket.say({ type: "offer.rendered", data: { request_id: offer.request_id } })) {
      this.rendered.set(offer.request_id, this.clock.now());
    }
  }

  /** When an offer ends, server time in milliseconds: its own time from when it was seen, or its last moment. */
  endOf(offer: Offer): number {
    const last = Date.parse(offer.expires_at);
    const seen = this.rendered.get(offer.request_id);
    return seen === undefined ? last : Math.min(last, seen + offer.ttl_ms);
  }

  /** Follows the courier of a package as far as one may. Returns how to stop. */
  watch(packageId: string): () => void {
    return this.subscribe(packageId, { package_id: packageId });
  }

  /** Is told whether the other one of a chat is there. Returns how to stop. */
  lookOut(chatId: string): () => void {
    return this.subscribe(chatId, { chat_id: chatId });
  }

  private subscribe(about: string, topic: Topic): () => void {
    this.watched.set(about, topic);
    this.say(subscription("subscribe", topic));
    return () => {
      this.watched.delete(about);
      this.say(subscription("unsubscribe", topic));
    };
  }

  /** Says where the courier is. */
  moved(lat: number, lon: number): void {
    this.socket.say({ type: "location", data: { lat, lon } });
  }

  private get position(): Position | undefined {
    return this.current.state?.position;
  }

  private watchAgain(): void {
    for (const topic of this.watched.values()) this.say(subscription("subscribe", topic));
  }

  private take(event: StreamEvent): void {
    if (this.held) {
      if (this.held.length < MAX_HELD) this.held.push(event);
      return;
    }
    const { state } = this.current;
    if (!state) return;
    const next = fold(state, event);
    if (next === state) return;
    this.set({ state: next });
    for (const listener of this.eventListeners) listener(event);
  }

  /** Loads everything, then goes on with what came meanwhile. */
  private async load(): Promise<void> {
    if (this.held) return;
    this.held = [];
    const before = this.current.state;
    try {
      const sync = dataOf(await this.api.GET("/api/sync"));
      this.clock.learn(sync.server_time);
      const held: StreamEvent[] | undefined = this.held;
      this.held = undefined;
      // Stopped, and perhaps somebody else is signed in.
      if (!held) return;
      this.set({ state: stateOf(sync, before) });
      if (held.length >= MAX_HELD) this.socket.resume();
      else for (const event of held) this.take(event);
    } catch {
      if (!this.held) return;
      this.held = undefined;
      setTimeout(() => this.current.connectivity === "live" && void this.load(), 2_000);
    }
  }

  private place(at: { trip_id: string; lat: number; lon: number; at: string }): void {
    this.set({ locations: { ...this.current.locations, [at.trip_id]: at } });
  }

  private set(change: Partial<Snapshot>): void {
    this.current = { ...this.current, ...change };
    this.changed();
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

function subscription(type: "subscribe" | "unsubscribe", data: Topic): ClientMessage {
  return { type, cmd_id: crypto.randomUUID(), data } as ClientMessage;
}
