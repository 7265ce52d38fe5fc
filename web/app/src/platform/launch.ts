// What Telegram hands over when it opens a Mini App: in the address, once. It is kept for reloads of the page.

export interface Launch {
  version: string;
  /** Signed by Telegram; only the server can check it. */
  initData: string | undefined;
  startParam: string | undefined;
  theme: Record<string, string>;
  language: string | undefined;
}

const KEPT = "peerpack.launch";

/** The launch parameters; nothing outside of Telegram. */
export function launchParams(): Launch | undefined {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("tgWebAppVersion")) sessionStorage.setItem(KEPT, given.toString());
  const kept = new URLSearchParams(sessionStorage.getItem(KEPT) ?? "");
  const version = kept.get("tgWebAppVersion");
  if (version === null) return undefined;
  const initData = kept.get("tgWebAppData") || undefined;
  const signed = new URLSearchParams(initData);
  return {
    version,
    initData,
    startParam: kept.get("tgWebAppStartParam") ?? signed.get("start_param") ?? undefined,
    theme: parsed(kept.get("tgWebAppThemeParams")),
    language: parsed(signed.get("user")).language_code,
  };
}

/** An object of texts; an empty one if it cannot be read. */
function parsed(json: string | null): Record<string, string> {
  try {
    return json ? (JSON.parse(json) as Record<string, string>) : {};
  } catch {
    return {};
  }
}
