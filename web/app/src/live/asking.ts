// Whether the bot may write: asked once, when something was begun of which the person wants to hear.
import { useCallback } from "react";
import { usePlatform } from "../platform/index.tsx";
import { useGive } from "./index.tsx";

export function useAskToWrite(): () => void {
  const platform = usePlatform();
  const give = useGive();
  return useCallback(() => {
    void platform.preferences.get("asked.write").then(async asked => {
      if (asked !== undefined) return;
      await platform.preferences.set("asked.write", "yes");
      const granted = await platform.askToWrite().catch(() => undefined);
      // Nobody was asked, or nobody has answered. A no is told like a yes.
      if (granted === undefined) return;
      const path = "/api/bot/notifications/initial";
      await give({
        kind: "bot.permission",
        subject: "granted",
        method: "POST",
        path,
        body: { granted },
      }).catch(() => undefined);
    });
  }, [platform, give]);
}
