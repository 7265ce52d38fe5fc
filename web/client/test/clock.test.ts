import { expect, test } from "vitest";
import { ServerClock } from "../src/clock.ts";

test("the server's time goes on whatever the device's clock says", () => {
  let monotonic = 1_000;
  const clock = new ServerClock(() => monotonic);
  expect(clock.isKnown).toBe(false);
  clock.learn("2026-09-21T12:00:00.000Z");
  monotonic += 5_000;
  expect(new Date(clock.now()).toISOString()).toBe("2026-09-21T12:00:05.000Z");
});

test("half of a round trip belongs to the way back, and a slow answer does not spoil a quick one", () => {
  let monotonic = 0;
  const clock = new ServerClock(() => monotonic);
  monotonic = 100;
  clock.learn("2026-09-21T12:00:00.000Z", 0);
  expect(clock.now()).toBe(Date.parse("2026-09-21T12:00:00.050Z"));
  monotonic = 3_100;
  clock.learn("2026-09-21T12:00:00.000Z", 100);
  expect(clock.now()).toBe(Date.parse("2026-09-21T12:00:03.050Z"));
  clock.doubt();
  clock.learn("2026-09-21T12:10:00.000Z", 3_100);
  expect(clock.now()).toBe(Date.parse("2026-09-21T12:10:00.000Z"));
});

test("nonsense is not a time", () => {
  const clock = new ServerClock(() => 0);
  clock.learn("soon");
  expect(clock.isKnown).toBe(false);
});
