// States of packages, trips and requests in words and colours.
import type { Texts } from "../texts/en.ts";
import type { Tone } from "./marks.tsx";

/** The words for a state; a state that a newer server has invented is shown as it is. */
export function stateText(t: Texts, state: string): string {
  return (t.state as Record<string, string>)[state] ?? state;
}

const TONES: Record<string, Tone> = {
  open: "accent",
  active: "accent",
  pending: "accent",
  agreed: "accent",
  assigned: "good",
  accepted: "good",
  in_transit: "good",
  in_progress: "good",
  picked_up: "good",
  delivered: "warm",
  disputed: "bad",
};

export function toneOf(state: string): Tone | undefined {
  return TONES[state];
}
