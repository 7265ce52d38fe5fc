// What is read at a glance: the state of a thing, a word on the side, what loads, and what is not there.
import type { ReactNode } from "react";
import { useTexts } from "../texts/index.tsx";
import { WayIcon } from "./icons.tsx";

export type Tone = "good" | "bad" | "warm" | "accent";

export function Pill({ tone, children }: { tone?: Tone | undefined; children: ReactNode }) {
  return (
    <span className="pill" data-tone={tone}>
      {children}
    </span>
  );
}

export function Note({ tone, children }: { tone?: Tone; children: ReactNode }) {
  return (
    <p className="note" data-tone={tone} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </p>
  );
}

export function Skeletons({ count = 3 }: { count?: number | undefined }) {
  const { t } = useTexts();
  return (
    <div className="stack" role="status" aria-label={t.loading}>
      {Array.from({ length: count }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike and never move
        <div key={at} className="skeleton" />
      ))}
    </div>
  );
}

export function Empty({ title, hint, children }: { title: string; hint: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <WayIcon />
      <h2>{title}</h2>
      <p className="dim">{hint}</p>
      {children}
    </div>
  );
}
