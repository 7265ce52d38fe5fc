// What the states of an order mean to those who look at it.
import type { TownOrder } from "../../live/town.ts";
import type { Tone } from "../../ui/index.ts";

export type Phase = TownOrder["status"];

const OVER: ReadonlySet<Phase> = new Set<Phase>(["completed", "cancelled", "rejected", "no_show"]);

/** Whether nothing more will happen. */
export function isOver(phase: Phase): boolean {
  return OVER.has(phase);
}

/** Whether a courier has it who is not done with it. */
export function isDriven(phase: Phase): boolean {
  return ["assigned", "driver_en_route", "arrived_waiting", "ride_ongoing"].includes(phase);
}

const TONES: Partial<Record<Phase, Tone>> = {
  assigned: "good",
  driver_en_route: "good",
  arrived_waiting: "warm",
  ride_ongoing: "good",
  rejected: "bad",
  no_show: "bad",
  incident: "bad",
};

export function toneOfPhase(phase: Phase): Tone | undefined {
  return isOver(phase) ? TONES[phase] : (TONES[phase] ?? "accent");
}

/** What comes next for the courier who has it. */
export const NEXT = {
  assigned: "driver_en_route",
  driver_en_route: "arrived_waiting",
  arrived_waiting: "ride_ongoing",
  ride_ongoing: "completed",
} as const;

/** The two ends of the way. */
export function endsOf(order: Ends): readonly [End, End] {
  return [
    { name: nameOf(order.pickup_title), lat: order.pickup_lat, lon: order.pickup_lon },
    { name: nameOf(order.dropoff_title), lat: order.dropoff_lat, lon: order.dropoff_lon },
  ];
}

interface End {
  name: string;
  lat: number;
  lon: number;
}

type Ends = Pick<
  TownOrder,
  "pickup_title" | "pickup_lat" | "pickup_lon" | "dropoff_title" | "dropoff_lat" | "dropoff_lon"
>;

/** The part of an address that a map has room for. */
function nameOf(title: string): string {
  const [first = title] = title.split(",");
  return first.length > 24 ? `${first.slice(0, 23)}…` : first;
}

/** Seconds as whole minutes, and never none. */
export function minutesOf(seconds: number): number {
  return Math.max(1, Math.ceil(seconds / 60));
}
