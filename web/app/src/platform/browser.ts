// A plain browser: the app draws its own buttons, and storage is the page's.
import type { KeyValues, Platform, Snapshots, Theme } from "./platform.ts";

/** Everything of one phone of the demo is kept apart from the other's. */
function storage(area: Storage, scope: string): KeyValues {
  const name = (key: string) => `peerpack.${scope}.${key}`;
  return {
    get: async key => area.getItem(name(key)) ?? undefined,
    set: async (key, value) => area.setItem(name(key), value),
    remove: async key => area.removeItem(name(key)),
  };
}

/** So many answers are kept; then it begins anew. */
const MAX_SNAPSHOTS = 60;

function snapshots(area: Storage, scope: string): Snapshots {
  const prefix = `peerpack.${scope}.read.`;
  const names = () => Object.keys(area).filter(name => name.startsWith(prefix));
  return {
    get: key => {
      try {
        return JSON.parse(area.getItem(prefix + key) ?? "null") ?? undefined;
      } catch {
        return undefined;
      }
    },
    set: (key, value) => {
      try {
        if (names().length >= MAX_SNAPSHOTS) for (const name of names()) area.removeItem(name);
        area.setItem(prefix + key, JSON.stringify(value));
      } catch {
        // No room: the next start waits for the server.
      }
    },
    clear: () => {
      for (const name of names()) area.removeItem(name);
    },
  };
}

export function browserPlatform(scope: string): Platform {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = (): Theme => ({ isDark: dark.matches, colours: {} });
  const start = new URLSearchParams(location.search).get("startapp");
  return {
    name: "browser",
    initData: undefined,
    startParam: start ?? undefined,
    language: navigator.language,
    drawsButtons: false,
    theme,
    onTheme: listener => {
      const tell = () => listener(theme());
      dark.addEventListener("change", tell);
      return () => dark.removeEventListener("change", tell);
    },
    ready: () => {},
    onAwake: listener => {
      const seen = () => document.visibilityState === "visible" && listener();
      document.addEventListener("visibilitychange", seen);
      addEventListener("online", listener);
      return () => {
        document.removeEventListener("visibilitychange", seen);
        removeEventListener("online", listener);
      };
    },
    backButton: () => () => {},
    mainButton: () => {},
    secondaryButton: () => {},
    drawsSecondary: false,
    confirmClosing: isWanted => {
      window.onbeforeunload = isWanted ? event => event.preventDefault() : null;
    },
    allowSwipes: () => {},
    haptic: kind => {
      if (kind === "arrived" && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(60);
    },
    scanQr: async () => undefined,
    canScanQr: false,
    share: async (text, url) => {
      if (navigator.share) {
        await navigator.share(url ? { text, url } : { text }).catch(() => {});
        return "shared";
      }
      await navigator.clipboard.writeText(url ?? text);
      return "copied";
    },
    openInvoice: async url => {
      open(url, "_blank", "noopener");
      return "pending";
    },
    // A browser has nothing that writes to people.
    askToWrite: async () => undefined,
    location: () =>
      new Promise(resolve => {
        const found = ({ coords }: GeolocationPosition) =>
          resolve({ lat: coords.latitude, lon: coords.longitude });
        if (!navigator.geolocation) return resolve(undefined);
        navigator.geolocation.getCurrentPosition(found, () => resolve(undefined), { timeout: 8_000 });
      }),
    snapshots: snapshots(localStorage, scope),
    preferences: storage(localStorage, scope),
    secrets: storage(localStorage, scope),
    deviceTexts: undefined,
  };
}
