// Reads and plain calls of the HTTP API, typed by its description. Writes that must not be lost go through the outbox.
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { paths } from "./generated/api.ts";
import { problemOf, Unanswered } from "./problem.ts";
import type { Fetch, Session } from "./session.ts";

/** The API by path and method. Every call resolves with data or rejects with a `Problem`, `Unanswered` or `SignedOut`. */
export type Api = Client<paths>;

/** No read takes longer, milliseconds. */
const PATIENCE_MS = 15_000;

/** Sends a request as the user of the session, and once more with another token if the first one is not taken. */
export function signed(session: Session, send: Fetch): Fetch {
  return async request => {
    const attempt = async (token: string): Promise<Response> => {
      const copy = request.clone();
      copy.headers.set("authorization", `Bearer ${token}`);
      return send(copy).catch(cause => {
        throw new Unanswered(cause);
      });
    };
    const token = await session.token();
    const response = await attempt(token);
    return response.status === 401 ? attempt(await session.token(token)) : response;
  };
}

/** A client of the API for the user of a session, or for nobody where nobody is signed in. */
export function makeApi(baseUrl: string, session: Session, send: Fetch, language: () => string): Api {
  const sendSigned = signed(session, send);
  const api = createClient<paths>({
    baseUrl,
    fetch: request => {
      const bounded = new Request(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (session.user) return sendSigned(bounded);
      return send(bounded).catch(cause => {
        throw new Unanswered(cause);
      });
    },
  });
  const middleware: Middleware = {
    onRequest: ({ request }) => {
      request.headers.set("accept-language", language());
      return request;
    },
    onResponse: async ({ response }) => {
      if (!response.ok) throw await problemOf(response);
    },
  };
  api.use(middleware);
  return api;
}

/** The data of a call that has answered; a call that has not does not come here. */
export function dataOf<T>(answer: { data?: T }): T {
  if (answer.data === undefined) throw new Error("the server has answered nothing");
  return answer.data;
}
