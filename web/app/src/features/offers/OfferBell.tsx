// An offer that arrives while another screen is open: it is felt, said to screen readers, and a tap away.
import type { Offer } from "@peerpack/client";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useClient } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";

export function OfferBell() {
  const { t, money, place } = useTexts();
  const { live } = useClient();
  const platform = usePlatform();
  const [path, go] = useLocation();
  const [latest, setLatest] = useState<Offer>();
  useEffect(
    () =>
      live.onEvent(event => {
        if (event.type === "offer.new") {
          platform.haptic("arrived");
          setLatest(event.data);
        } else if ("request_id" in event.data) {
          const { request_id } = event.data;
          setLatest(shown => (shown?.request_id === request_id ? undefined : shown));
        }
      }),
    [live, platform],
  );
  const words = latest
    ? t.offers.arrived(
        place(latest.pickup.place),
        place(latest.dropoff.place),
        money(latest.reward - latest.fee, latest.currency),
      )
    : "";
  return (
    <>
      <p className="hidden" aria-live="assertive">
        {words}
      </p>
      {latest && path !== "/offers" && (
        <div className="toasts">
          <button
            type="button"
            className="button"
            onClick={() => {
              setLatest(undefined);
              go("/offers");
            }}
          >
            {words}
          </button>
        </div>
      )}
    </>
  );
}
