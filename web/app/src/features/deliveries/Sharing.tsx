// The courier's position for the sender, if the courier wants: while the app is open.
import { useEffect, useState } from "react";
import { useClient } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Check } from "../../ui/index.ts";

/** How often it is told, milliseconds. */
const EVERY_MS = 15_000;

export function Sharing() {
  const { t } = useTexts();
  const { live } = useClient();
  const platform = usePlatform();
  const [isOn, setIsOn] = useState(false);
  useEffect(() => {
    void platform.preferences.get("share.position").then(kept => setIsOn(kept === "yes"));
  }, [platform]);
  useEffect(() => {
    if (!isOn) return;
    const tell = async () => {
      const at = await platform.location();
      if (at) live.moved(at.lat, at.lon);
    };
    void tell();
    const timer = setInterval(() => void tell(), EVERY_MS);
    return () => clearInterval(timer);
  }, [isOn, platform, live]);
  const change = (wanted: boolean) => {
    setIsOn(wanted);
    void platform.preferences.set("share.position", wanted ? "yes" : "no");
  };
  return <Check label={t.delivery.share} hint={t.delivery.shareHint} value={isOn} onChange={change} />;
}
