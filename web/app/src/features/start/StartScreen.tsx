// The first screen: sending or travelling.
import { type ReactNode, useState } from "react";
import { Link } from "wouter";
import { useLive } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { BellIcon, LinkButton, Screen, Segments } from "../../ui/index.ts";
import { Sending } from "./Sending.tsx";

interface StartScreenProps {
  /** What a courier could carry: parcels on the way of their trips. */
  parcels: ReactNode;
}

export function StartScreen({ parcels }: StartScreenProps) {
  const { t } = useTexts();
  const [side, setSide] = useState<"send" | "travel">("send");
  const isOffered = useLive(({ state }) => state !== undefined && Object.keys(state.offers).length > 0);
  const aside = (
    <Link href="/notifications" className="icon-button" aria-label={t.notifications.title}>
      <BellIcon />
    </Link>
  );
  return (
    <Screen title={t.start.title} aside={aside}>
      <Segments
        label={t.start.title}
        value={side}
        onChange={setSide}
        segments={[
          { value: "send", title: t.start.send },
          { value: "travel", title: t.start.travel },
        ]}
      />
      {side === "send" ? (
        <Sending />
      ) : (
        <>
          <div className="card">
            <p className="dim">{t.start.travelHint}</p>
            <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
            {isOffered && (
              <LinkButton to="/offers" kind="plain">
                {t.offers.title}
              </LinkButton>
            )}
            <LinkButton to="/parcels" kind="plain">
              {t.start.findParcels}
            </LinkButton>
          </div>
          {parcels}
        </>
      )}
    </Screen>
  );
}
