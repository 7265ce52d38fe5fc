// All live offers, the most urgent first, and below them those that are gone, with the reason.
import { type Missed, openOffers } from "@peerpack/client";
import { memo } from "react";
import { useLocation } from "wouter";
import { useLive, useServerTime } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Empty, LinkButton, Screen, Skeletons, ThingCard } from "../../ui/index.ts";
import { OfferCard } from "./OfferCard.tsx";

export default function OffersScreen() {
  const { t } = useTexts();
  const [, go] = useLocation();
  const { state } = useLive();
  const now = useServerTime(1_000);
  const offers = state ? openOffers(state, now) : [];
  return (
    <Screen title={t.offers.title}>
      {!state && <Skeletons count={2} />}
      {state && offers.length === 0 && (
        <Empty title={t.offers.empty} hint={t.offers.emptyHint}>
          <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
        </Empty>
      )}
      {offers.map(offer => (
        <OfferCard
          key={offer.request_id}
          offer={offer}
          onTaken={() => go(`/deal/${offer.trip_id}/${offer.request_id}`)}
        />
      ))}
      {state && <MissedOffers missed={state.missed} />}
    </Screen>
  );
}

/** They stay as they are while the rings above them move. */
const MissedOffers = memo(function MissedOffers({ missed }: { missed: readonly Missed[] }) {
  const { t, money, place, time } = useTexts();
  if (missed.length === 0) return null;
  return (
    <section className="stack">
      <h2>{t.offers.missed}</h2>
      {missed.map(({ offer, reason, at }) => (
        <ThingCard
          key={offer.request_id}
          title={`${place(offer.pickup.place)} → ${place(offer.dropoff.place)}`}
          detail={`${t.offers.why[reason]} · ${time(at)}`}
          end={<span className="dim numeric">{money(offer.reward - offer.fee, offer.currency)}</span>}
        />
      ))}
    </section>
  );
});
