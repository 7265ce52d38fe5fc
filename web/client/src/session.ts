// Who is signed in: the tokens, where they are kept, and how they are renewed, once at a time over all tabs.
import { Problem, problemOf, SignedOut, Unanswered } from "./problem.ts";
import type { SignedIn, User } from "./wire.ts";

/** What is kept between two starts. */
export interface Credentials {
  refreshToken: string;
  user: User;
}

/** Keeps credentials on the device, as safely as the device can. */
export interface Vault {
  load(): Promise<Credentials | undefined>;
  save(credentials: Credentials): Promise<void>;
  clear(): Promise<void>;
}

/** A vault that forgets everything with the page. */
export function memoryVault(initial?: Credentials): Vault {
  let kept = initial;
  return {
    load: async () => kept,
    save: async credentials => {
      kept = credentials;
    },
    clear: async () => {
      kept = undefined;
    },
  };
}

/** Sends a request; `fetch` is one. */
export type Fetch = (request: Request) => Promise<Response>;

/** Access tokens are renewed so long before they end, milliseconds. */
const EARLY_MS = 60_000;

export class Session {
  private readonly baseUrl: string;
  private readonly vault: Vault;
  private readonly send: Fetch;
  private readonly monotonic: () => number;
  private access: { token: string; until: number } | undefined;
  private renewing: Promise<string> | undefined;
  private current: User | undefined;
  private readonly listeners = new Set<(user: User | undefined) => void>();

  constructor(baseUrl: string, vault: Vault, send: Fetch, monotonic: () => number = () => performance.now()) {
    this.baseUrl = baseUrl;
    this.vault = vault;
    this.send = send;
    this.monotonic = monotonic;
  }

  /** The user, as far as is known without asking the server. */
  get user(): User | undefined {
    return this.current;
  }

  /** Hears every change of who is signed in. Returns how to stop. */
  onChange(listener: (user: User | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes up the session that the vault keeps, if there is one. Needs no network. */
  async restore(): Promise<User | undefined> {
    this.tell((await this.vault.load())?.user);
    return this.current;
  }

  /** Signs in with the init data that Telegram gives its Mini Apps. */
  async withTelegram(initData: string): Promise<User> {
    return this.begin(await this.post<SignedIn>("/api/auth/telegram", { init_data: initData }));
  }

  /** Asks for a code on a phone; the id of the challenge is part of signing in with it. */
  async requestCode(phone: string): Promise<{ challenge_id: string; expires_at: string }> {
    return this.post("/api/auth/phone-login", { phone });
  }

  /** Signs in with a code that reached a phone. */
  async withCode(phone: string, code: string, challengeId: string): Promise<User> {
    const body = { phone, code, challenge_id: challengeId };
    return this.begin(await this.post<SignedIn>("/api/auth/verify-otp", body));
  }

  /** Ends the session here and on the server. The device forgets it even if the server cannot be reached. */
  async signOut(): Promise<void> {
    const token = await this.token().catch(() => undefined);
    await this.end();
    if (token !== undefined) {
      const headers = { authorization: `Bearer ${token}` };
      const request = new Request(`${this.baseUrl}/api/auth/logout`, { method: "POST", headers });
      await this.send(request).catch(() => undefined);
    }
  }

  /** An access token that is good for a while. `refused` is one that the server did not take. */
  async token(refused?: string): Promise<string> {
    const access = this.access;
    const isGood = access && access.token !== refused && access.until - EARLY_MS > this.monotonic();
    if (isGood) return access.token;
    this.renewing ??= this.renew().finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }

  private async renew(): Promise<string> {
    // Refresh tokens are good once. Two tabs that use the same one at once would end the session, so they take turns.
    const locks = globalThis.navigator?.locks;
    const turn = () => this.exchange();
    return locks ? locks.request("peerpack.refresh", turn) : turn();
  }

  private async exchange(): Promise<string> {
    const kept = await this.vault.load();
    if (!kept) throw new SignedOut();
    try {
      await this.begin(await this.post<SignedIn>("/api/auth/refresh", { refresh_token: kept.refreshToken }));
    } catch (error) {
      if (error instanceof Problem && error.status === 401) {
        await this.end();
        throw new SignedOut();
      }
      throw error;
    }
    if (!this.access) throw new SignedOut();
    return this.access.token;
  }

  private async begin(answer: SignedIn): Promise<User> {
    this.access = { token: answer.access_token, until: this.monotonic() + answer.expires_in * 1_000 };
    await this.vault.save({ refreshToken: answer.refresh_token, user: answer.user });
    this.tell(answer.user);
    return answer.user;
  }

  private async end(): Promise<void> {
    this.access = undefined;
    await this.vault.clear();
    this.tell(undefined);
  }

  private tell(user: User | undefined): void {
    const before = this.current;
    this.current = user;
    if (before?.id !== user?.id) for (const listener of this.listeners) listener(user);
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const request = new Request(this.baseUrl + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    const response = await this.send(request).catch(cause => {
      throw new Unanswered(cause);
    });
    if (!response.ok) throw await problemOf(response);
    return (await response.json()) as T;
  }
}
