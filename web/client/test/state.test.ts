import { expect, test } from "vitest";
import { fold, openOffers, type State, stateOf } from "../src/state.ts";
import type { StreamEvent, Sync } from "../src/wire.ts";
import { recorded } from "./support.ts";

const sync = {
  position: { epoch: 1, seq: 0 },
  server_time: "2026-09-21T12:00:00.000Z",
  packages: [],
  trips: [],
  requests: [],
  offers: [],
} as unknown as Sync;

const folded = (events: StreamEvent[], from: State = stateOf(sync)) => events.reduce(fold, from);

test("a courier's day: the offer comes whole, is accepted and carried, and nothing is left open", () => {
  const events = recorded("courier");
  const types = events.map(event => event.type);
  expect(types).toContain("offer.new");
  expect(types).toContain("request.accepted");
  expect(types).toContain("request.confirmed");
  const offered = events.findIndex(event => event.type === "offer.new");
  const midway = folded(events.slice(0, offered + 1));
  const before = Date.parse(events[offered]?.at ?? "");
  expect(openOffers(midway, before)).toHaveLength(1);
  const offer = openOffers(midway, before)[0];
  expect(offer?.package.from.name_ru).not.toBe("");

  const end = folded(events);
  expect(end.offers).toEqual({});
  expect(end.missed).toEqual([]);
  expect(end.requests[offer?.request_id ?? ""]?.new_status).toBe("confirmed");
  expect(end.position.seq).toBe(events[events.length - 1]?.seq);
});

test("an offer that somebody else took is missed, with the reason", () => {
  const events = recorded("loser");
  const end = folded(events);
  expect(end.offers).toEqual({});
  expect(end.missed.map(missed => missed.reason)).toEqual(["taken"]);
});

test("taking the same events in twice, or overlapping, changes nothing", () => {
  for (const name of ["courier", "loser", "sender"]) {
    const events = recorded(name);
    const once = folded(events);
    expect(folded(events, once)).toBe(once);
    expect(folded([...events.slice(0, 2), ...events])).toEqual(once);
  }
});

test("a sender's lists are out of date after each step of a deal", () => {
  const end = folded(recorded("sender"));
  expect(end.versions.packages).toBeGreaterThan(3);
  expect(end.versions.wallet).toBeGreaterThan(1);
});

test("a type that a newer server has invented counts for the position only", () => {
  const state = stateOf(sync);
  const next = fold(state, { seq: 1, type: "moon.risen", at: "", data: {} } as unknown as StreamEvent);
  expect(next).toEqual({ ...state, position: { epoch: 1, seq: 1 } });
});

test("what is remembered is bounded", () => {
  let state = stateOf(sync);
  for (let seq = 1; seq <= 1_500; seq++) {
    const data = { package_id: `p${seq}`, state: "open", version: 1 };
    state = fold(state, { seq, type: "package.updated", at: "", data } as unknown as StreamEvent);
  }
  expect(Object.keys(state.touched).length).toBeLessThanOrEqual(500);
  expect(state.touched.p1500).toBe(1);
});
