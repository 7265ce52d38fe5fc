// All live offers, the most urgent first, and below them those that are gone, with the reason.
import type { Missed, Offer } from "@peerpack/client";
import { memo, useCallback } from "react";
import { useLocation } from "wouter";
import { useLive, useOpenOffers } from "../../live/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Empty, LinkButton, Screen, Skeletons, ThingCard } from "../../ui/index.ts";
import { OfferCard } from "./OfferCard.tsx";

export default function OffersScreen() {
  const { t } = useTexts();
  const [, go] = useLocation();
  const offers = useOpenOffers();
  const missed = useLive(({ state }) => state?.missed);
  const open = useCallback((taken: Offer) => go(`/deal/${taken.trip_id}/${taken.request_id}`), [go]);
  return (
    <Screen title={t.offers.title}>
      {!offers && <Skeletons count={2} />}
      {offers?.length === 0 && (
        <Empty title={t.offers.empty} hint={t.offers.emptyHint}>
          <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
        </Empty>
      )}
      {offers?.map(offer => (
        <OfferCard key={offer.request_id} offer={offer} onTaken={open} isAlone={offers.length === 1} />
      ))}
      {missed && <MissedOffers missed={missed} />}
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
