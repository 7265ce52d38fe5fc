// Pictures and documents: what the typed API does not carry.
import { problemOf, Unanswered } from "./problem.ts";
import type { Fetch } from "./session.ts";

/** An upload over a bad network may take its time, milliseconds. */
const PATIENCE_MS = 60_000;

export class Files {
  private readonly baseUrl: string;
  private readonly send: Fetch;

  /** `send` sends as the signed-in user. */
  constructor(baseUrl: string, send: Fetch) {
    this.baseUrl = baseUrl;
    this.send = send;
  }

  /** Sends one file of at most 5 MiB (a document: 10 MiB). */
  async upload<T>(path: string, file: Blob, language = "en"): Promise<T> {
    const body = new FormData();
    body.append("file", file);
    const headers = { "accept-language": language };
    const request = new Request(this.baseUrl + path, {
      method: "POST",
      body,
      headers,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const response = await this.attempt(request);
    if (!response.ok) throw await problemOf(response);
    return (await response.json()) as T;
  }

  /** A file that only the signed-in user may see; nothing if there is none. */
  async download(path: string): Promise<Blob | undefined> {
    const request = new Request(this.baseUrl + path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    const response = await this.attempt(request);
    if (response.status === 404) return undefined;
    if (!response.ok) throw await problemOf(response);
    return response.blob();
  }

  private attempt(request: Request): Promise<Response> {
    return this.send(request).catch(cause => {
      throw cause instanceof Error && cause.name === "SignedOut" ? cause : new Unanswered(cause);
    });
  }
}
