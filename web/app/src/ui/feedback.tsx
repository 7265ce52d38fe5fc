// What the app says back: toasts, problems with their request, and the state of a command.
import { type Command, Problem, SignedOut, Unanswered } from "@peerpack/client";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";
import { usePlatform } from "../platform/index.tsx";
import { useTexts } from "../texts/index.tsx";
import { Button } from "./buttons.tsx";
import { Note, type Tone } from "./marks.tsx";

interface Toast {
  id: number;
  text: string;
  tone: Tone | undefined;
}

type Say = (text: string, tone?: Tone) => void;

const Context = createContext<Say>(() => {});
const SHOWN_MS = 4_500;

export function Toasts({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const next = useRef(0);
  const say = useCallback<Say>((text, tone) => {
    const id = next.current++;
    setToasts(shown => [...shown.slice(-2), { id, text, tone }]);
    setTimeout(() => setToasts(shown => shown.filter(toast => toast.id !== id)), SHOWN_MS);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(toast => (
          <div key={toast.id} className="toast" data-tone={toast.tone}>
            {toast.text}
          </div>
        ))}
      </div>
    </Context>
  );
}

export function useSay(): Say {
  return useContext(Context);
}

/** A problem in words. */
export function useExplain(): (error: unknown) => string {
  const { t } = useTexts();
  return useCallback(
    error => {
      if (error instanceof Unanswered) return t.problem.offline;
      if (error instanceof SignedOut) return t.connection.over;
      if (error instanceof Problem && error.message) return error.message;
      return t.problem.unexpected;
    },
    [t],
  );
}

/** A read that has failed, with a way to try again. */
export function Failed({ error, onAgain }: { error: unknown; onAgain?: () => void }) {
  const { t } = useTexts();
  const explain = useExplain();
  const requestId = error instanceof Problem ? error.requestId : undefined;
  return (
    <div className="stack">
      <Note tone="bad">
        {explain(error)}
        {requestId && <span className="small"> · {t.problem.request(requestId)}</span>}
      </Note>
      {onAgain && (
        <Button kind="plain" onPress={onAgain}>
          {t.again}
        </Button>
      )}
    </div>
  );
}

/** How a tap stands that has no answer yet, or was refused. */
export function CommandNote({ command, onAgain }: { command: Command | undefined; onAgain: () => void }) {
  const { t } = useTexts();
  if (!command) return null;
  if (command.state === "unconfirmed") {
    return (
      <div className="stack">
        <Note tone="warm">{t.command.unconfirmed}</Note>
        <Button kind="plain" onPress={onAgain}>
          {t.again}
        </Button>
      </div>
    );
  }
  if (command.state === "stale") return <Note tone="warm">{t.command.stale}</Note>;
  if (command.state === "refused" && command.problem)
    return <Note tone="bad">{command.problem.message}</Note>;
  return null;
}

/** Runs what a tap starts: busy while it runs, a toast when it fails, `undefined` then. */
export function useAttempt() {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const say = useSay();
  const explain = useExplain();
  const platform = usePlatform();
  const attempt = useCallback(
    /** `isShown` says whether the screen itself shows a problem, at its field. */
    async <T,>(work: () => Promise<T>, isShown?: (problem: Problem) => boolean): Promise<T | undefined> => {
      setIsBusy(true);
      setProblem(undefined);
      try {
        return await work();
      } catch (error) {
        if (error instanceof Problem) setProblem(error);
        if (error instanceof Problem && isShown?.(error)) return undefined;
        platform.haptic("failed");
        say(explain(error), "bad");
        return undefined;
      } finally {
        setIsBusy(false);
      }
    },
    [say, explain, platform],
  );
  const fields = useMemo(() => problem?.fields ?? {}, [problem]);
  return { attempt, isBusy, problem, fields };
}
