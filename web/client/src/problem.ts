// What can become of a call: an answer, a refusal, or nothing that anybody knows.
import type { ProblemBody } from "./wire.ts";

/** The server has refused. `code` is stable, `message` is for people and in their language. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** What is wrong, by field of the body. */
  readonly fields: Readonly<Record<string, string>>;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /** How long to wait before another try, milliseconds; absent if waiting does not help. */
  readonly retryAfterMs: number | undefined;
  /** The whole body, for members that only some problems have. */
  readonly body: Partial<ProblemBody>;

  constructor(status: number, body: Partial<ProblemBody>, retryAfterMs?: number) {
    super(body.message ?? `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "unknown";
    this.fields = body.fields ?? {};
    this.requestId = body.request_id ?? undefined;
    this.retryAfterMs = retryAfterMs;
    this.body = body;
  }

  /** Whether the same call may succeed later without anybody changing it. */
  get isTemporary(): boolean {
    return this.status === 429 || this.status >= 500 || this.code === "in_progress";
  }
}

/** Nobody knows whether the call was carried out: the connection broke, or no answer came in time. */
export class Unanswered extends Error {
  constructor(cause: unknown) {
    super("no answer", { cause });
    this.name = "Unanswered";
  }
}

/** There is no session, or it has ended: somebody has to sign in. */
export class SignedOut extends Error {
  constructor() {
    super("signed out");
    this.name = "SignedOut";
  }
}

/** A `Retry-After` header in milliseconds. */
export function retryAfterMs(headers: Headers): number | undefined {
  const seconds = Number(headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}

/** The problem that a response describes; a proxy's page of HTML makes one, too. */
export async function problemOf(response: Response): Promise<Problem> {
  const body = await response.json().catch(() => ({}));
  const shaped = typeof body === "object" && body !== null ? (body as Partial<ProblemBody>) : {};
  return new Problem(response.status, shaped, retryAfterMs(response.headers));
}
