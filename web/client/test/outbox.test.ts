import "fake-indexeddb/auto";
import { describe, expect, test, vi } from "vitest";
import { answerOf, type Command, isOpen, Outbox } from "../src/outbox.ts";
import { Problem, SignedOut } from "../src/problem.ts";
import { indexedStore, memoryStore } from "../src/store.ts";

type Reply = (request: Request) => Promise<Response>;

const accept = {
  kind: "offer.accept",
  subject: "r1",
  method: "PUT",
  path: "/api/package-requests/r1/accept",
} as const;

function outbox(send: Reply, more: Partial<ConstructorParameters<typeof Outbox>[0]> = {}) {
  return new Outbox({
    baseUrl: "http://server",
    store: memoryStore(),
    send,
    userId: () => "anna",
    language: () => "ru",
    random: () => 0,
    ...more,
  });
}

const yes = () => Promise.resolve(Response.json({ success: true }));
const cut = () => Promise.reject(new TypeError("cut"));
const no = (status: number, code: string) =>
  Promise.resolve(Response.json({ code, message: "нет", fields: { reward: "мало" } }, { status }));

describe("a command", () => {
  test("is stored before it is sent, with its key", async () => {
    const store = memoryStore();
    const box = outbox(
      async request => {
        const kept = await store.all();
        expect(kept.map(command => command.id)).toEqual([request.headers.get("idempotency-key")]);
        return Response.json({ success: true });
      },
      { store },
    );
    const command = await box.submit(accept);
    expect(command.state).toBe("done");
    expect(answerOf(command)).toEqual({ success: true });
  });

  test("is sent again under the same key until there is an answer", async () => {
    vi.useFakeTimers();
    const keys: (string | null)[] = [];
    const replies = [cut, () => no(503, "unavailable"), () => no(409, "in_progress"), yes];
    const box = outbox(request => {
      keys.push(request.headers.get("idempotency-key"));
      return (replies.shift() ?? yes)();
    });
    const done = box.submit(accept);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await done).state).toBe("done");
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
    vi.useRealTimers();
  });

  test("that was refused says why, and is not sent again", async () => {
    let calls = 0;
    const box = outbox(() => {
      calls += 1;
      return no(409, "already_taken");
    });
    const command = await box.submit(accept);
    expect(command).toMatchObject({ state: "refused", problem: { code: "already_taken", message: "нет" } });
    expect(() => answerOf(command)).toThrow(Problem);
    box.resume();
    expect(calls).toBe(1);
  });

  test("tapped twice is one command while it has no answer, and may be given anew after a refusal", async () => {
    const keys = new Set<string | null>();
    const box = outbox(async request => {
      keys.add(request.headers.get("idempotency-key"));
      return no(409, "already_taken");
    });
    const [first, second] = await Promise.all([box.submit(accept), box.submit(accept)]);
    expect(first.id).toBe(second.id);
    expect(keys.size).toBe(1);
    await box.submit(accept);
    expect(keys.size).toBe(2);
  });

  test("looks unconfirmed while nobody knows, and goes at once when the network is back", async () => {
    let isOnline = false;
    const box = outbox(() => (isOnline ? yes() : cut()));
    const done = box.submit(accept);
    await vi.waitFor(() => expect(box.about("r1")?.state).toBe("unconfirmed"));
    isOnline = true;
    box.resume();
    expect((await done).state).toBe("done");
  });

  test("needs somebody who gives it", async () => {
    await expect(outbox(yes, { userId: () => undefined }).submit(accept)).rejects.toThrow(SignedOut);
  });
});

describe("after the app was killed", () => {
  test("what had no answer is sent under its old key, from a store on disk", async () => {
    const store = await indexedStore("killed");
    const dying = outbox(() => new Promise(() => {}), { store });
    void dying.submit(accept);
    await vi.waitFor(async () => expect(await store.all()).toHaveLength(1));
    const key = (await store.all())[0]?.id;

    const keys: (string | null)[] = [];
    const reborn = outbox(
      request => {
        keys.push(request.headers.get("idempotency-key"));
        return yes();
      },
      { store: await indexedStore("killed") },
    );
    await reborn.restore();
    await vi.waitFor(() => expect(reborn.about("r1")?.state).toBe("done"));
    expect(keys).toEqual([key]);
  });

  test("what is too old to be safe is not sent, and says so", async () => {
    const store = memoryStore();
    const old: Command = {
      ...accept,
      id: "k",
      userId: "anna",
      createdAt: Date.now() - 24 * 3_600_000,
      state: "sending",
    };
    await store.put(old);
    const send = vi.fn(yes);
    const box = outbox(send, { store });
    await box.restore();
    await vi.waitFor(() => expect(box.about("r1")?.state).toBe("stale"));
    expect(send).not.toHaveBeenCalled();
  });

  test("another user's commands wait for that user", async () => {
    const store = memoryStore();
    await store.put({ ...accept, id: "k", userId: "ivan", createdAt: Date.now(), state: "sending" });
    const send = vi.fn(yes);
    let user = "anna";
    const box = outbox(send, { store, userId: () => user });
    await box.restore();
    expect(send).not.toHaveBeenCalled();
    expect(box.list.filter(isOpen)).toHaveLength(1);
    user = "ivan";
    box.resume();
    await vi.waitFor(() => expect(box.about("r1")?.state).toBe("done"));
  });
});
