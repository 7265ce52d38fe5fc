// Cards of lists: what it is, where from and to, what it is worth, how it stands.
import type { ReactNode } from "react";
import { Link } from "wouter";
import { useTexts } from "../texts/index.tsx";
import { Pill } from "./marks.tsx";
import { stateText, toneOf } from "./states.ts";

interface ThingCardProps {
  /** Where a tap leads; a card without it is only read. */
  to?: string | undefined;
  title: ReactNode;
  detail: ReactNode;
  end?: ReactNode;
  /** The state, shown in words and colour. */
  state?: string | undefined;
  /** What stands beside the state. */
  note?: ReactNode;
  children?: ReactNode;
}

/** One thing of a list. */
export function ThingCard({ to, title, detail, end, state, note, children }: ThingCardProps) {
  const { t } = useTexts();
  const body = (
    <>
      <div className="row top">
        <div className="grow stack tight">
          <span className="strong">{title}</span>
          <span className="dim small">{detail}</span>
        </div>
        {end}
      </div>
      {(state || note) && (
        <div className="row wrap">
          {state && <Pill tone={toneOf(state)}>{stateText(t, state)}</Pill>}
          {note && <span className="dim small">{note}</span>}
        </div>
      )}
      {children}
    </>
  );
  return to ? (
    <Link href={to} className="card">
      {body}
    </Link>
  ) : (
    <div className="card">{body}</div>
  );
}
