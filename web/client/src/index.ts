// The client of PeerPack for any front end: sign-in, reads, commands that are not lost, and the live state.
import { type Api, makeApi, signed } from "./api.ts";
import { ServerClock } from "./clock.ts";
import { Files } from "./files.ts";
import { Live } from "./live.ts";
import { type CommandStore, Outbox } from "./outbox.ts";
import { type Fetch, memoryVault, Session, type Vault } from "./session.ts";
import { memoryStore } from "./store.ts";

export { type Api, dataOf } from "./api.ts";
export { ServerClock } from "./clock.ts";
export { Files } from "./files.ts";
export type { components, operations, paths } from "./generated/api.ts";
export { Live, type Snapshot } from "./live.ts";
export {
  answerOf,
  type Command,
  type CommandState,
  type CommandStore,
  type Draft,
  isOpen,
  Outbox,
} from "./outbox.ts";
export { Problem, SignedOut, Unanswered } from "./problem.ts";
export { type Credentials, type Fetch, memoryVault, Session, type Vault } from "./session.ts";
export type { Connectivity } from "./socket.ts";
export { fold, MAX_MISSED, type Missed, openOffers, type State, stateOf, type Topic } from "./state.ts";
export { bestStore, indexedStore, memoryStore, type Texts, textStore } from "./store.ts";
export { type TownListener, type TownMessage, TownSocket, type TownSubject } from "./town.ts";
export * from "./wire.ts";

/** Where the server is and what the device has. */
export interface ClientSettings {
  /** Such as `https://example.org`, without a slash at the end. */
  baseUrl: string;
  /** Where the session is kept; in memory if absent. */
  vault?: Vault;
  /** Where commands are kept; in memory if absent. */
  store?: CommandStore;
  /** The reader's language, `ru` or `en`. */
  language?: () => string;
  fetch?: Fetch;
  makeSocket?: (url: string, protocols: string[]) => WebSocket;
}

/** Everything a front end needs of the server, for one person at a time. */
export class PeerPack {
  readonly session: Session;
  readonly api: Api;
  readonly outbox: Outbox;
  readonly live: Live;
  readonly files: Files;
  readonly clock = new ServerClock();

  constructor(settings: ClientSettings) {
    const { baseUrl } = settings;
    const send: Fetch = settings.fetch ?? (request => fetch(request));
    const language = settings.language ?? (() => "en");
    this.session = new Session(baseUrl, settings.vault ?? memoryVault(), send);
    this.api = makeApi(baseUrl, this.session, send, language);
    this.outbox = new Outbox({
      baseUrl,
      store: settings.store ?? memoryStore(),
      send: signed(this.session, send),
      userId: () => this.session.user?.id,
      language,
    });
    this.files = new Files(baseUrl, signed(this.session, send));
    this.live = new Live(this.api, {
      url: `${baseUrl.replace(/^http/, "ws")}/ws`,
      token: refused => this.session.token(refused),
      clock: this.clock,
      ...(settings.makeSocket ? { make: settings.makeSocket } : {}),
    });
    this.session.onChange(user => {
      this.live.stop();
      if (user) {
        this.outbox.resume();
        this.live.start();
      }
    });
  }

  /** Takes up the kept session and the commands that have no answer yet. Works without a network. */
  async start(): Promise<void> {
    await this.outbox.restore();
    await this.session.restore();
  }

  /** The app is looked at again, or the network is back. */
  wake(): void {
    this.live.wake();
    this.outbox.resume();
  }
}
