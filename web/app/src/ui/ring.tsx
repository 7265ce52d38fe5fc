// A countdown that one feels: a ring that empties tick by tick.
import type { ReactNode } from "react";

/** How much a countdown presses: plenty of time, less than a third of it, the last seconds. */
export type Pace = "calm" | "soon" | "hurry";

/** A ring of which a part is left, 0 to 1. It moves when that changes and rests in between: a phone has other things to draw. */
export function Ring({ part, label, pace }: { part: number; label: ReactNode; pace: Pace }) {
  return (
    <span className="ring" data-pace={pace} aria-hidden="true">
      <svg viewBox="0 0 72 72" aria-hidden="true">
        <circle cx="36" cy="36" r="32" />
        <circle className="left" cx="36" cy="36" r="32" pathLength={1} strokeDashoffset={1 - part} />
      </svg>
      {label}
    </span>
  );
}
