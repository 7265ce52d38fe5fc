// The commands of a person, kept on the device before they are sent, so that a tap is never lost and never done twice.
//
// A command is stored with its idempotency key, then sent, and sent again until the server has answered. The server does
// it once per key. What the app must know of a command is its state; how often it was sent is nobody's business.
import { Problem, problemOf, SignedOut, Unanswered } from "./problem.ts";
import type { Fetch } from "./session.ts";
import type { ProblemBody } from "./wire.ts";

/**
 * `sending`: on its way for the first time. `unconfirmed`: nobody knows yet whether it was carried out; it is tried again.
 * `refused`: the server said no. `done`: the server said yes. `stale`: too old to be repeated safely.
 */
export type CommandState = "sending" | "unconfirmed" | "refused" | "done" | "stale";

/** A command as it is kept. */
export interface Command {
  /** The idempotency key: a UUID. */
  id: string;
  /** Whose it is: nobody else's session sends it. */
  userId: string;
  /** What it is about, in the words of the app: `offer.accept`, `package.publish`. */
  kind: string;
  /** The id of the thing it is about, so that a screen finds the command of its card. */
  subject: string;
  method: "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  /** Device time, milliseconds since 1970: only for the order and the age. */
  createdAt: number;
  state: CommandState;
  /** The answer, once `done`. */
  answer?: unknown;
  /** Why not, once `refused`. */
  problem?: {
    status: number;
    code: string;
    message: string;
    fields: Record<string, string>;
    requestId?: string;
  };
}

/** What a command is made from. */
export type Draft = Pick<Command, "kind" | "subject" | "method" | "path" | "body">;

/** Keeps commands on the device. */
export interface CommandStore {
  all(): Promise<Command[]>;
  put(command: Command): Promise<void>;
  remove(id: string): Promise<void>;
}

/** The server keeps an answer for a day. A command older than this might be carried out a second time. */
const SAFE_FOR_MS = 23 * 3_600_000;
/** Answered commands are kept so long that a screen which opens late still finds its own. */
const KEPT_FOR_MS = 600_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
const PATIENCE_MS = 12_000;

/** What the outbox needs from its surroundings; tests bring their own. */
export interface OutboxSettings {
  baseUrl: string;
  store: CommandStore;
  /** Sends as the signed-in user. */
  send: Fetch;
  userId: () => string | undefined;
  language: () => string;
  now?: () => number;
  /** Waits; a wake-up ends it early. */
  random?: () => number;
  newId?: () => string;
}

export class Outbox {
  private readonly settings: Required<OutboxSettings>;
  private readonly commands = new Map<string, Command>();
  private readonly running = new Map<string, Promise<Command>>();
  private readonly sleepers = new Set<() => void>();
  private readonly listeners = new Set<() => void>();
  private snapshot: readonly Command[] = [];

  constructor(settings: OutboxSettings) {
    this.settings = {
      now: () => Date.now(),
      random: () => Math.random(),
      newId: () => crypto.randomUUID(),
      ...settings,
    };
  }

  /** All commands that are known, oldest first; a new list after every change. */
  get list(): readonly Command[] {
    return this.snapshot;
  }

  /** The latest command about a thing. */
  about(subject: string): Command | undefined {
    return this.snapshot.findLast(command => command.subject === subject);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Takes up what an earlier life of the app has left: what was not answered is sent again. */
  async restore(): Promise<void> {
    const now = this.settings.now();
    for (const command of await this.settings.store.all()) {
      const isOver = command.state === "done" || command.state === "refused";
      if (isOver && now - command.createdAt > KEPT_FOR_MS) {
        await this.settings.store.remove(command.id);
        continue;
      }
      this.commands.set(command.id, isOver ? command : { ...command, state: "unconfirmed" });
    }
    this.changed();
    this.resume();
  }

  /**
   * Keeps a command and sends it. Resolves when the server has said yes or no; never rejects for want of a network.
   * The second tap on the same thing joins the first while that one has no answer.
   */
  async submit(draft: Draft): Promise<Command> {
    const userId = this.settings.userId();
    if (userId === undefined) throw new SignedOut();
    const isTwin = (one: Command) =>
      one.userId === userId && one.subject === draft.subject && one.kind === draft.kind && isOpen(one);
    const twin = [...this.commands.values()].find(isTwin);
    if (twin) return this.run(twin);
    const command: Command = {
      ...draft,
      id: this.settings.newId(),
      userId,
      createdAt: this.settings.now(),
      state: "sending",
    };
    this.commands.set(command.id, command);
    return this.run(command);
  }

  /** Sends at once what waits for another try: the network is back, or a person has tapped "try again". */
  resume(): void {
    for (const wake of this.sleepers) wake();
    const userId = this.settings.userId();
    for (const command of this.commands.values()) {
      if (isOpen(command) && command.userId === userId) void this.run(command);
    }
  }

  /** Forgets a command that is over. */
  async dismiss(id: string): Promise<void> {
    const command = this.commands.get(id);
    if (!command || isOpen(command)) return;
    this.commands.delete(id);
    await this.settings.store.remove(id);
    this.changed();
  }

  private run(command: Command): Promise<Command> {
    const known = this.running.get(command.id);
    if (known) return known;
    const run = this.until(command).finally(() => this.running.delete(command.id));
    this.running.set(command.id, run);
    return run;
  }

  private async until(first: Command): Promise<Command> {
    let command = await this.keep(first);
    for (let attempt = 0; ; attempt++) {
      if (this.settings.now() - command.createdAt > SAFE_FOR_MS) {
        return this.keep({ ...command, state: "stale" });
      }
      const outcome = await this.attempt(command);
      if (outcome.state === "signed-out") return this.keep({ ...command, state: "unconfirmed" });
      if (outcome.state !== "unknown") return this.keep(outcome.command);
      if (command.state !== "unconfirmed") command = await this.keep({ ...command, state: "unconfirmed" });
      await this.pause(attempt, outcome.waitMs);
    }
  }

  private async attempt(command: Command): Promise<Attempt> {
    try {
      const response = await this.settings.send(this.request(command));
      if (response.ok) {
        const answer = await response.json().catch(() => undefined);
        return { state: "done", command: { ...command, state: "done", answer } };
      }
      const problem = await problemOf(response);
      if (problem.isTemporary) return { state: "unknown", waitMs: problem.retryAfterMs ?? 0 };
      return { state: "refused", command: { ...command, state: "refused", problem: plain(problem) } };
    } catch (error) {
      if (error instanceof SignedOut) return { state: "signed-out" };
      return { state: "unknown", waitMs: 0 };
    }
  }

  private request(command: Command): Request {
    const headers: Record<string, string> = {
      "idempotency-key": command.id,
      "accept-language": this.settings.language(),
    };
    if (command.body !== undefined) headers["content-type"] = "application/json";
    return new Request(this.settings.baseUrl + command.path, {
      method: command.method,
      headers,
      ...(command.body === undefined ? {} : { body: JSON.stringify(command.body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  }

  /** Waits as long as the server wants, or for a random time that grows. */
  private async pause(attempt: number, leastMs: number): Promise<void> {
    const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
    const wait = Math.max(leastMs, bound * (0.5 + this.settings.random() / 2));
    await new Promise<void>(resolve => {
      const wake = () => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, wait);
      this.sleepers.add(wake);
    });
  }

  private async keep(command: Command): Promise<Command> {
    this.commands.set(command.id, command);
    await this.settings.store.put(command);
    this.changed();
    return command;
  }

  private changed(): void {
    this.snapshot = [...this.commands.values()].sort((a, b) => a.createdAt - b.createdAt);
    for (const listener of this.listeners) listener();
  }
}

type Attempt =
  | { state: "done"; command: Command }
  | { state: "refused"; command: Command }
  | { state: "unknown"; waitMs: number }
  | { state: "signed-out" };

/** Whether a command has no answer yet. */
export function isOpen(command: Command): boolean {
  return command.state === "sending" || command.state === "unconfirmed";
}

function plain(problem: Problem): NonNullable<Command["problem"]> {
  const { status, code, message, fields, requestId } = problem;
  return { status, code, message, fields: { ...fields }, ...(requestId ? { requestId } : {}) };
}

/** The outcome of a command as a value or an error, for callers that do not draw its states. */
export function answerOf<T>(command: Command): T {
  if (command.state === "done") return command.answer as T;
  if (command.problem) {
    const { status, code, message, fields, requestId } = command.problem;
    throw new Problem(status, {
      code: code as ProblemBody["code"],
      message,
      fields,
      request_id: requestId ?? null,
    });
  }
  throw new Unanswered(command.state);
}
