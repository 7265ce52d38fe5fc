// A socket of the dispatch: it opens with a ticket, hears, comes back, and gives up where coming back is pointless.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { TownSocket } from "../src/town.ts";
import { FakeSocket } from "./support.ts";

let sockets: FakeSocket[];
let urls: string[];
let tickets: number;
let heard: string[];
let states: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  [sockets, urls, tickets, heard, states] = [[], [], 0, [], []];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function start(ticket = async () => `t${++tickets}`): TownSocket {
  const make = (url: string) => {
    const socket = new FakeSocket([]);
    urls.push(url);
    sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  return new TownSocket(
    { baseUrl: "https://example.org", subject: "drivers", id: 7, ticket, make, random: () => 1 },
    { heard: ({ type }) => heard.push(type), connectivity: isLive => states.push(isLive) },
  );
}

const latest = () => sockets.at(-1) as FakeSocket;

test("it opens with a ticket of its own, hears, and keeps pongs to itself", async () => {
  const town = start();
  await vi.advanceTimersByTimeAsync(0);
  expect(urls).toEqual(["wss://example.org/ws/drivers/7/?ticket=t1"]);
  latest().open();
  latest().hear({ type: "new_order", data: {} });
  latest().hear({ type: "pong" });
  expect([heard, states]).toEqual([["new_order"], [true]]);
  town.stop();
  latest().hear({ type: "new_order", data: {} });
  expect(heard).toEqual(["new_order"]);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(sockets).toHaveLength(1);
});

test("where it is refused it tries again, later and later, with another ticket each time", async () => {
  const town = start();
  for (const wait of [1_000, 2_000, 4_000]) {
    await vi.advanceTimersByTimeAsync(0);
    const tries = sockets.length;
    latest().fail(1_006);
    await vi.advanceTimersByTimeAsync(wait - 1);
    expect(sockets).toHaveLength(tries);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(tries + 1);
  }
  expect(new Set(urls).size).toBe(4);
  // Never more seldom than once a minute: the server may get such sockets.
  for (let at = 0; at < 8; at += 1) {
    latest().fail(1_006);
    await vi.advanceTimersByTimeAsync(60_000);
  }
  expect(sockets).toHaveLength(12);
  expect(states).not.toContain(true);
  town.stop();
});

test("a line that is still is asked for a sign of life, and left when there is none", async () => {
  const town = start();
  await vi.advanceTimersByTimeAsync(0);
  latest().open();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(latest().said).toEqual([{ type: "ping" }]);
  latest().hear({ type: "pong" });
  await vi.advanceTimersByTimeAsync(39_999);
  expect(sockets).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(states).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sockets).toHaveLength(2);
  town.stop();
});

test("what is somebody else's is not asked for again, and a wake-up does not wait", async () => {
  const town = start();
  await vi.advanceTimersByTimeAsync(0);
  latest().fail(1_006);
  town.wake();
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets).toHaveLength(2);
  latest().open();
  town.wake();
  expect(latest().said).toEqual([{ type: "ping" }]);
  latest().fail(4_003);
  await vi.advanceTimersByTimeAsync(600_000);
  expect(sockets).toHaveLength(2);
  town.stop();
});

test("a ticket that cannot be had is asked for again", async () => {
  let isDown = true;
  const town = start(async () => {
    if (isDown) throw new Error("no answer");
    return "t";
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(sockets).toHaveLength(0);
  isDown = false;
  await vi.advanceTimersByTimeAsync(1_000);
  expect(sockets).toHaveLength(1);
  town.stop();
});
