// The way from one place to another: the sign of the house.
import type { ReactNode } from "react";

/** A point of a way: where, and when or what there. */
export interface Point {
  title: ReactNode;
  detail?: ReactNode;
  isDone?: boolean;
  /** What comes next. */
  isNow?: boolean;
}

/** The way from one place to another over what lies between. */
export function Way({ points }: { points: readonly Point[] }) {
  return (
    <ol className="way">
      {points.map((point, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order of places is what they are
        <li key={at} style={{ display: "contents" }}>
          <span
            className="mark"
            aria-hidden="true"
            data-end={at === points.length - 1 ? "" : undefined}
            data-done={point.isDone ? "" : undefined}
            data-now={point.isNow ? "" : undefined}
          />
          <span className="point">
            <span className="strong">{point.title}</span>
            {point.detail && <span className="dim small">{point.detail}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}
