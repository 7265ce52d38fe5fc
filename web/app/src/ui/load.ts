// The words for sizes, weights and capacities, each once.
export const SIZES = ["xs", "s", "m", "l"] as const;
export const WEIGHTS = ["light", "medium", "heavy", "very_heavy"] as const;
export const TRANSPORTS = ["car", "train", "plane", "bus", "foot"] as const;
/** Kilograms a courier may offer, as the API calls them. */
export const CAPACITIES = [
  ["small", 1],
  ["medium", 5],
  ["large", 10],
  ["xl", 20],
] as const;
export type Size = (typeof SIZES)[number];
export type Weight = (typeof WEIGHTS)[number];
export type Transport = (typeof TRANSPORTS)[number];
export type Capacity = (typeof CAPACITIES)[number][0];
