// Screens that are loaded once the first one is there: before anybody taps, and before the network goes.
import { type ComponentType, lazy } from "react";

/** Loads one screen more. */
export type Load = () => Promise<unknown>;

/** A screen that is loaded later; how to load it is noted in `loads`. */
// biome-ignore lint/suspicious/noExplicitAny: as the types of React have it
export function later<T extends ComponentType<any>>(loads: Load[], load: () => Promise<{ default: T }>) {
  loads.push(load);
  return lazy(load);
}
