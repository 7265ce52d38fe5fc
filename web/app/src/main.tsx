// Starts the app: where it runs, who is signed in, and then the first screen.
import { bestStore, type Credentials, PeerPack, textStore, type Vault } from "@peerpack/client";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { findPlatform, type KeyValues } from "./platform/index.tsx";
import { isLanguage, languageOf, loadTexts } from "./texts/index.tsx";
import "./ui/styles.css";

function vaultIn(secrets: KeyValues): Vault {
  return {
    load: async () => {
      const kept = await secrets.get("session");
      return kept === undefined ? undefined : (JSON.parse(kept) as Credentials);
    },
    save: credentials => secrets.set("session", JSON.stringify(credentials)),
    clear: () => secrets.remove("session"),
  };
}

/** In the demo several people share one browser; each has a storage of their own. */
const scope = new URLSearchParams(location.search).get("as")?.replace(/[^a-z0-9-]/g, "") || "me";

async function start(): Promise<void> {
  const platform = await findPlatform(scope);
  const chosen = await platform.preferences.get("language");
  const language = isLanguage(chosen) ? chosen : languageOf(platform.language);
  // Nothing of the start waits for anything that it does not need.
  const texts = loadTexts(language);
  const pageStore = await bestStore(`peerpack.${scope}`);
  const client = new PeerPack({
    baseUrl: location.origin,
    vault: vaultIn(platform.secrets),
    store: platform.deviceTexts ? textStore(platform.deviceTexts, pageStore) : pageStore,
    language: () => document.documentElement.lang || language,
  });
  const [t] = await Promise.all([texts, client.start()]);
  if (!client.session.user && platform.initData) {
    await client.session.withTelegram(platform.initData).catch(() => undefined);
  }
  platform.onAwake(() => client.wake());
  const root = document.getElementById("root");
  if (!root) throw new Error("the page has a root");
  createRoot(root).render(<App platform={platform} client={client} texts={{ language, t }} scope={scope} />);
  platform.ready();
}

void start();
