// One screen, and the wall around it: a fault of one screen stays its own.
import { Component, type ErrorInfo, type ReactNode, useEffect } from "react";
import { useBackButton, usePlatform } from "../platform/index.tsx";
import { useTexts } from "../texts/index.tsx";
import { Button } from "./buttons.tsx";
import { BackIcon } from "./icons.tsx";

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
