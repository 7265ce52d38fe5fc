// A countdown that one feels: a ring that empties by itself.
import type { ReactNode } from "react";

/** How much a countdown presses: plenty of time, less than a third of it, the last seconds. */
export type Pace = "calm" | "soon" | "hurry";

interface RingProps {
  /** Milliseconds from full to empty. */
  whole: number;
  /** Milliseconds until it is empty. */
  left: number;
  label: ReactNode;
  pace: Pace;
}

/**
 * Its animation goes on without the app, from what was left when it appeared: whoever has another end in mind gives it
 * another key. Without motion it is drawn as often as it is given what is left.
 */
export function Ring({ whole, left, label, pace }: RingProps) {
  return (
    <span className="ring" data-pace={pace} aria-hidden="true">
      <svg viewBox="0 0 72 72" aria-hidden="true">
        <circle cx="36" cy="36" r="32" />
        <circle
          className="left"
          cx="36"
          cy="36"
          r="32"
          pathLength={1}
          strokeDashoffset={1 - left / whole}
          ref={circle => startAt(circle, whole, left)}
        />
      </svg>
      {label}
    </span>
  );
}

/** Starts the animation where the countdown is, once. */
function startAt(circle: SVGCircleElement | null, whole: number, left: number): void {
  if (!circle || circle.style.animationDuration) return;
  circle.style.animationDuration = `${whole}ms`;
  circle.style.animationDelay = `${left - whole}ms`;
}
