// A form that outlives the app: what was filled in is there again after a kill, until it was sent.
import { useCallback, useEffect, useRef, useState } from "react";
import { useClosingGuard, usePlatform } from "../platform/index.tsx";

/** How long nothing may have changed before it is kept, milliseconds. */
const PAUSE_MS = 300;

export function useDraft<T extends object>(name: string, initial: T) {
  const { preferences } = usePlatform();
  const [draft, setDraft] = useState<T>(initial);
  const [isRestored, setIsRestored] = useState(false);
  const isTouched = useRef(false);
  const pause = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    void preferences.get(`draft.${name}`).then(kept => {
      if (kept === undefined || isTouched.current) return;
      setDraft(current => ({ ...current, ...(JSON.parse(kept) as T) }));
      setIsRestored(true);
    });
  }, [preferences, name]);
  useEffect(() => {
    if (!isTouched.current) return;
    pause.current = setTimeout(() => void preferences.set(`draft.${name}`, JSON.stringify(draft)), PAUSE_MS);
    return () => clearTimeout(pause.current);
  }, [preferences, name, draft]);
  const change = useCallback((part: Partial<T>) => {
    isTouched.current = true;
    setDraft(current => ({ ...current, ...part }));
  }, []);
  const forget = useCallback(async () => {
    isTouched.current = false;
    // What was typed a moment ago would be kept after it was sent.
    clearTimeout(pause.current);
    await preferences.remove(`draft.${name}`);
  }, [preferences, name]);
  useClosingGuard(isTouched.current);
  return { draft, change, forget, isRestored };
}
