// Small parts that every screen is made of. They know no feature.
import { Component, type ErrorInfo, type ReactNode, useEffect, useState } from "react";
import { Link } from "wouter";
import { useBackButton, useMainButton, usePlatform } from "../platform/index.tsx";
import { useTexts } from "../texts/index.tsx";
import { BackIcon, WayIcon } from "./icons.tsx";

export type Tone = "good" | "bad" | "warm" | "accent";

interface ScreenProps {
  title: string;
  /** Where back leads; no back button without it. */
  onBack?: (() => void) | undefined;
  aside?: ReactNode;
  children: ReactNode;
}

/** One screen: a title, a way back, and what is on it. Its own faults stay its own. */
export function Screen({ title, onBack, aside, children }: ScreenProps) {
  const { t } = useTexts();
  const platform = usePlatform();
  useBackButton(onBack);
  useEffect(() => {
    document.title = `${title} · ${t.app}`;
  }, [title, t]);
  return (
    <main className="screen">
      <header>
        {onBack && !platform.drawsButtons && (
          <button type="button" className="icon-button" aria-label={t.back} onClick={onBack}>
            <BackIcon />
          </button>
        )}
        <h1>{title}</h1>
        {aside}
      </header>
      <Boundary text={t.problem.screen} again={t.again}>
        {children}
      </Boundary>
    </main>
  );
}

interface BoundaryProps {
  text: string;
  again: string;
  children: ReactNode;
}

/** Keeps a fault in what it surrounds from the rest of the app. */
export class Boundary extends Component<BoundaryProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidCatch(error: Error, _info: ErrorInfo) {
    // Said where tests and telemetry of the page hear it.
    reportError(error);
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div className="stack">
        <p className="note" data-tone="bad" role="alert">
          {this.props.text}
        </p>
        <Button kind="plain" onPress={() => this.setState({ hasFailed: false })}>
          {this.props.again}
        </Button>
      </div>
    );
  }
}

interface ButtonProps {
  children: ReactNode;
  onPress?: () => void;
  kind?: "main" | "plain" | "quiet" | "bad" | "danger";
  isDisabled?: boolean;
  isBusy?: boolean;
  isWide?: boolean;
  type?: "button" | "submit";
}

export function Button({
  children,
  onPress,
  kind = "main",
  isDisabled,
  isBusy,
  isWide,
  type = "button",
}: ButtonProps) {
  return (
    <button
      type={type}
      className={isWide ? "button wide" : "button"}
      data-kind={kind}
      disabled={isDisabled === true || isBusy === true}
      aria-busy={isBusy === true}
      onClick={onPress}
    >
      {children}
    </button>
  );
}

export function LinkButton({
  to,
  kind = "main",
  children,
}: {
  to: string;
  kind?: "main" | "plain" | "quiet";
  children: ReactNode;
}) {
  return (
    <Link href={to} className="button" data-kind={kind}>
      {children}
    </Link>
  );
}

interface SureButtonProps {
  children: ReactNode;
  /** What happens, and the words for yes. */
  question: string;
  yes: string;
  isBusy?: boolean;
  onYes: () => void;
}

/** Does what cannot be undone, after a second tap in the same place. */
export function SureButton({ children, question, yes, isBusy = false, onYes }: SureButtonProps) {
  const { t } = useTexts();
  const [isAsking, setIsAsking] = useState(false);
  if (!isAsking) {
    return (
      <Button kind="bad" isBusy={isBusy} onPress={() => setIsAsking(true)}>
        {children}
      </Button>
    );
  }
  return (
    <div className="sure">
      <p role="alert">{question}</p>
      <div className="row">
        <Button kind="plain" onPress={() => setIsAsking(false)}>
          {t.keep}
        </Button>
        <div className="grow">
          <Button kind="danger" isWide isBusy={isBusy} onPress={onYes}>
            {yes}
          </Button>
        </div>
      </div>
    </div>
  );
}

interface MainActionProps {
  text: string;
  onPress: () => void;
  isEnabled?: boolean;
  isBusy?: boolean;
}

/** What the screen is for: Telegram's main button there, a wide button in the flow of the page elsewhere. */
export function MainAction({ text, onPress, isEnabled = true, isBusy = false }: MainActionProps) {
  const platform = usePlatform();
  useMainButton(platform.drawsButtons ? { text, onPress, isEnabled, isBusy } : undefined);
  if (platform.drawsButtons) return null;
  return (
    <Button isWide isDisabled={!isEnabled} isBusy={isBusy} onPress={onPress}>
      {text}
    </Button>
  );
}

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

export function Skeletons({ count = 3 }: { count?: number }) {
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

/** A person's picture, or their initials. */
export function Avatar({ name, url }: { name: string; url: string }) {
  if (url) return <img className="avatar" src={url} alt="" width={44} height={44} loading="lazy" />;
  const initials = name
    .split(/\s+/)
    .slice(0, 2)
    .map(word => [...word][0] ?? "")
    .join("");
  return (
    <span className="avatar" aria-hidden="true">
      {initials}
    </span>
  );
}

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

/** How much a countdown presses: plenty of time, less than a third of it, the last seconds. */
export type Pace = "calm" | "soon" | "hurry";

/** A ring that empties: `part` is what is left, 0 to 1. */
export function Ring({ part, label, pace }: { part: number; label: ReactNode; pace: Pace }) {
  const length = 2 * Math.PI * 32;
  return (
    <span className="ring" data-pace={pace} aria-hidden="true">
      <svg viewBox="0 0 72 72" aria-hidden="true">
        <circle cx="36" cy="36" r="32" />
        <circle
          className="left"
          cx="36"
          cy="36"
          r="32"
          strokeDasharray={length}
          strokeDashoffset={length * (1 - part)}
        />
      </svg>
      {label}
    </span>
  );
}

/** A courier or sender in one line: picture, name, what others think, and what stands at the end of it. */
export function PersonRow({
  name,
  url,
  about,
  end,
}: {
  name: ReactNode;
  url: string;
  about: ReactNode;
  end?: ReactNode;
}) {
  return (
    <div className="row">
      <Avatar name={typeof name === "string" ? name : ""} url={url} />
      <div className="grow stack tight">
        <span className="strong">{name}</span>
        <span className="dim small">{about}</span>
      </div>
      {end}
    </div>
  );
}

export function Stars({ value }: { value: number }) {
  const { number } = useTexts();
  if (value === 0) return null;
  return (
    <span className="numeric">
      <span aria-hidden="true" className="stars" style={{ display: "inline" }}>
        <span className="on">★</span>
      </span>{" "}
      {number(value)}
    </span>
  );
}
