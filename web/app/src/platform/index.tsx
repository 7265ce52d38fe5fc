// Finds out what the app runs in, once, and hands it to every component.
import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { browserPlatform } from "./browser.ts";
import { launchParams } from "./launch.ts";
import type { ActionButton, Platform, Theme } from "./platform.ts";
import { keepShell } from "./shell.ts";

export { isDemo } from "./demo.ts";
export type { ActionButton, KeyValues, Platform, Snapshots, Theme } from "./platform.ts";

const Context = createContext<Platform | undefined>(undefined);

/** The surroundings of this page. `scope` keeps the storage of several people on one page apart. */
export async function findPlatform(scope: string): Promise<Platform> {
  const browser = browserPlatform(scope);
  const launch = launchParams();
  if (!launch) return browser;
  const { telegramPlatform } = await import("./telegram.ts");
  return telegramPlatform(launch, browser);
}

export function PlatformProvider({ platform, children }: { platform: Platform; children: ReactNode }) {
  const [theme, setTheme] = useState<Theme>(() => platform.theme());
  useEffect(() => platform.onTheme(setTheme), [platform]);
  useEffect(() => {
    const root = document.documentElement;
    root.dataset.theme = theme.isDark ? "dark" : "light";
    for (const [name, value] of Object.entries(theme.colours)) root.style.setProperty(name, value);
  }, [theme]);
  return <Context value={platform}>{children}</Context>;
}

export function usePlatform(): Platform {
  const platform = useContext(Context);
  if (!platform) throw new Error("there is a platform around every component");
  return platform;
}

/** Shows the back button of the surroundings while the component is there. */
export function useBackButton(onPress: (() => void) | undefined): void {
  const platform = usePlatform();
  const latest = useRef(onPress);
  latest.current = onPress;
  const isWanted = onPress !== undefined;
  // Before anything is painted: a screen that still loads must not leave the button to the one before it.
  useLayoutEffect(
    () => (isWanted ? platform.backButton(() => latest.current?.()) : undefined),
    [platform, isWanted],
  );
}

/** Gives the surroundings their main button, where they draw one. */
export function useMainButton(button: ActionButton | undefined): void {
  const platform = usePlatform();
  useEffect(() => {
    platform.mainButton(button);
  });
  useEffect(() => () => platform.mainButton(undefined), [platform]);
}

/** The same for the button beside it. */
export function useSecondaryButton(button: ActionButton | undefined): void {
  const platform = usePlatform();
  useEffect(() => {
    platform.secondaryButton(button);
  });
  useEffect(() => () => platform.secondaryButton(undefined), [platform]);
}

/** How to change over to a newer build, once there is one; `isWanted` puts off the work that this takes. */
export function useNewerBuild(isWanted: boolean): (() => void) | undefined {
  const platform = usePlatform();
  const [changeOver, setChangeOver] = useState<() => void>();
  useEffect(() => {
    if (!isWanted) return;
    const shell = keepShell(how => setChangeOver(() => how));
    return platform.onAwake(() => void shell.then(kept => kept?.look()));
  }, [platform, isWanted]);
  return changeOver;
}

/** Asks before the app is closed while something is half-done. */
export function useClosingGuard(isHalfDone: boolean): void {
  const platform = usePlatform();
  useEffect(() => {
    platform.confirmClosing(isHalfDone);
    return () => platform.confirmClosing(false);
  }, [platform, isHalfDone]);
}
