import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Api } from "../src/api.ts";
import { ServerClock } from "../src/clock.ts";
import { Live } from "../src/live.ts";
import { SignedOut } from "../src/problem.ts";
import { FakeSocket } from "./support.ts";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => vi.useRealTimers());

/** A device whose server is the test: `sync` answers with this position and no things. */
function device(options: { tokens?: () => Promise<string> } = {}) {
  const sockets: FakeSocket[] = [];
  const refused: (string | undefined)[] = [];
  const world = { seq: 5, epoch: 1, syncs: 0, beforeAnswer: async () => {} };
  const api = {
    GET: async () => {
      world.syncs += 1;
      const { seq, epoch } = world;
      await world.beforeAnswer();
      const data = {
        position: { epoch, seq },
        server_time: "2026-09-21T12:00:00.000Z",
        packages: [],
        trips: [],
        requests: [],
        offers: [],
      };
      return { data };
    },
  } as unknown as Api;
  const live = new Live(api, {
    url: "ws://server/ws",
    token: async was => {
      refused.push(was);
      return options.tokens ? options.tokens() : "token";
    },
    clock: new ServerClock(() => performance.now()),
    random: () => 0,
    make: (_url, protocols) => {
      const socket = new FakeSocket(protocols);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
  const last = () => sockets[sockets.length - 1] as FakeSocket;
  return { live, sockets, last, refused, world };
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const updated = (seq: number) => ({
  seq,
  type: "package.updated",
  at: "2026-09-21T12:00:00.000Z",
  data: { package_id: `p${seq}`, state: "open", version: 1 },
});
const seq = (live: Live) => live.snapshot.state?.position.seq;

describe("a device", () => {
  test("signs in by subprotocol, loads everything, and takes in what came meanwhile, once", async () => {
    const { live, last, world } = device();
    world.beforeAnswer = async () => {
      last().hear(updated(5));
      last().hear(updated(6));
    };
    live.start();
    await settled();
    expect(last().protocols).toEqual(["peerpack.v1", "bearer.token"]);
    last().greet(4);
    await settled();
    expect(last().said).toContainEqual({ type: "resume", data: { epoch: 1, last_seq: 4 } });
    expect(seq(live)).toBe(6);
    expect(live.snapshot.state?.touched).toEqual({ p6: 1 });
  });

  test("resumes from its position after a cut, and ignores what it has", async () => {
    const { live, last, sockets, world } = device();
    live.start();
    await settled();
    last().greet(5);
    await settled();
    last().hear(updated(6));
    last().fail(1006);
    expect(live.snapshot.connectivity).toBe("connecting");
    await vi.advanceTimersByTimeAsync(600);
    expect(sockets).toHaveLength(2);
    last().greet(8);
    expect(last().said).toContainEqual({ type: "resume", data: { epoch: 1, last_seq: 6 } });
    for (const missed of [6, 7, 8]) last().hear(updated(missed));
    expect(seq(live)).toBe(8);
    expect(live.snapshot.state?.touched).toEqual({ p6: 1, p7: 1, p8: 1 });
    expect(world.syncs).toBe(1);
  });

  test("loads everything anew when what it missed is lost", async () => {
    const { live, last, world } = device();
    live.start();
    await settled();
    last().greet(5);
    await settled();
    Object.assign(world, { seq: 900, epoch: 2 });
    last().hear({ type: "resumed", data: { recovered: false, reason: "epoch_changed", top: 900 } });
    await settled();
    expect(live.snapshot.state?.position).toEqual({ epoch: 2, seq: 900 });
    expect(live.snapshot.state?.versions.packages).toBe(2);
  });

  test("takes forty seconds of silence for a dead connection, and asks half-way", async () => {
    const { live, last, sockets } = device();
    live.start();
    await settled();
    last().greet(5);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(last().said).toContainEqual({ type: "ping" });
    last().hear({ type: "pong", data: { server_time: "2026-09-21T12:00:20.000Z" } });
    await vi.advanceTimersByTimeAsync(39_000);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(2);
  });

  test("finds out within seconds of a wake-up that its connection is dead", async () => {
    const { live, last, sockets } = device();
    live.start();
    await settled();
    last().greet(5);
    await settled();
    live.wake();
    expect(last().said).toContainEqual({ type: "ping" });
    await vi.advanceTimersByTimeAsync(4_600);
    expect(sockets).toHaveLength(2);
  });

  test("waits as long as the server wants before it comes back", async () => {
    const { live, last, sockets } = device();
    live.start();
    await settled();
    last().greet(5);
    last().hear({ type: "reconnect", data: { retry_after_ms: 7_000 } });
    last().fail(1012);
    await vi.advanceTimersByTimeAsync(6_900);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(sockets).toHaveLength(2);
  });

  test("gets another token when it is refused before the greeting, which a page sees as 1006", async () => {
    const { live, last, refused } = device();
    live.start();
    await settled();
    last().fail(1006);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(refused).toEqual([undefined, "token"]);
  });

  test("does not come back after a final code, or without a session", async () => {
    const banned = device();
    banned.live.start();
    await settled();
    banned.last().greet(5);
    banned.last().fail(4503);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(banned.sockets).toHaveLength(1);
    expect(banned.live.snapshot.connectivity).toBe("over");

    const stranger = device({ tokens: () => Promise.reject(new SignedOut()) });
    stranger.live.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(stranger.sockets).toHaveLength(0);
    expect(stranger.live.snapshot.connectivity).toBe("over");
  });
});
