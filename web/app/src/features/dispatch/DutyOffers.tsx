// The order that rings: one at most, for a few seconds of the server's clock, answered once.
import { dataOf } from "@peerpack/client";
import { useEffect, useRef, useState } from "react";
import { useClient, useCommandAbout, useCountdown, useGive } from "../../live/index.tsx";
import { type TownOffer, useFreshTown, useTellTown, useTownRead } from "../../live/town.ts";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { Button, CommandNote, Empty, Note, Pill, Ring, useAttempt, useSay, Way } from "../../ui/index.ts";
import { minutesOf } from "./orders.ts";

/** From so many seconds on every second counts. */
const HURRY_S = 5;

export function DutyOffers({ isLive }: { isLive: boolean }) {
  const t = useTownTexts();
  const { api, clock } = useClient();
  const platform = usePlatform();
  const [gone, setGone] = useState<string>();
  const shown = useRef<TownOffer>(undefined);
  const answered = useRef(new Set<string>());
  const offers = useTownRead(
    ["offers"],
    async () => dataOf(await api.GET("/api/mobile/drivers/offers")).results,
    { isLive },
  );
  const offer = offers.data?.[0];
  useTellTown(offer && "order.offer");
  useEffect(() => {
    const before = shown.current;
    shown.current = offer;
    if (before?.offer_id === offer?.offer_id) return;
    if (offer) {
      platform.haptic("arrived");
      setGone(undefined);
    } else if (before && !answered.current.has(before.offer_id)) {
      setGone(Date.parse(before.expires_at) <= clock.now() + 1_000 ? t.expired : t.withdrawn);
    }
  }, [offer, platform, clock, t]);
  return (
    <>
      <p className="hidden" aria-live="assertive">
        {offer ? `${t.offer}: ${offer.pickup_title} → ${offer.dropoff_title}` : ""}
      </p>
      {gone && !offer && <Note tone="warm">{gone}</Note>}
      {offer ? (
        <OfferCard key={offer.offer_id} offer={offer} onAnswer={() => answered.current.add(offer.offer_id)} />
      ) : (
        <Empty title={t.waiting} hint={t.waitingHint} />
      )}
    </>
  );
}

function OfferCard({ offer, onAnswer }: { offer: TownOffer; onAnswer: () => void }) {
  const t = useTownTexts();
  const { number, when } = useTexts();
  const { outbox } = useClient();
  const give = useGive();
  const say = useSay();
  const platform = usePlatform();
  const refresh = useFreshTown();
  const { attempt, isBusy } = useAttempt();
  const command = useCommandAbout(offer.offer_id);
  const end = Date.parse(offer.expires_at);
  const whole = Math.max(1, (end - Date.parse(offer.created_at)) / 1_000);
  const seconds = useCountdown(end);
  const left = Math.min(seconds, whole);
  const pace = seconds <= HURRY_S ? "hurry" : left < whole / 2 ? "soon" : "calm";
  const isWaiting = command?.state === "sending" || command?.state === "unconfirmed";
  const isAnswered = isBusy || isWaiting || command?.state === "done";
  const answer = (verb: "accept" | "decline") =>
    attempt(async () => {
      platform.haptic("tap");
      onAnswer();
      try {
        await give({
          kind: `ride.${verb}`,
          subject: offer.offer_id,
          method: "POST",
          path: `/api/mobile/drivers/offer/${offer.offer_id}/${verb}`,
          body: {},
        });
        if (verb === "accept") platform.haptic("done");
        say(verb === "accept" ? t.taken : t.declined, verb === "accept" ? "good" : undefined);
      } finally {
        // Whatever the answer was: what there is now is shown.
        await refresh();
      }
    });
  return (
    <article className="card offer" aria-label={`${offer.pickup_title} → ${offer.dropoff_title}`}>
      <div className="row">
        <div className="grow stack tight">
          <h2>{t.offer}</h2>
          <span className="strong">{offer.passenger.full_name}</span>
          <span className="dim small">
            {t.pickupIn(number(offer.distance_km), minutesOf(offer.eta_seconds))}
          </span>
        </div>
        <Ring
          part={left / whole}
          pace={pace}
          label={
            <span className="clock">
              <span key={seconds}>{seconds}</span>
              <small>{t.second}</small>
            </span>
          }
        />
      </div>
      <span className="hidden" role="timer" aria-live="off">
        {t.left(seconds)}
      </span>
      <span className="hidden" aria-live="polite">
        {seconds === HURRY_S || seconds === 10 ? t.left(seconds) : ""}
      </span>
      <Way
        points={[
          { title: offer.pickup_title, detail: when(offer.desired_pickup_time) },
          { title: offer.dropoff_title },
        ]}
      />
      {(offer.has_companion || offer.passenger.disability_category) && (
        <div className="row wrap">
          {offer.has_companion && <Pill>{t.withCompanion}</Pill>}
          {offer.passenger.disability_category && <Pill>{offer.passenger.disability_category}</Pill>}
        </div>
      )}
      {seconds === 0 && !isAnswered && <Note tone="warm">{t.expired}</Note>}
      <CommandNote command={command} onAgain={() => outbox.resume()} />
      <div className="row answers">
        <Button
          kind="plain"
          isBusy={isAnswered}
          isDisabled={seconds === 0}
          onPress={() => void answer("decline")}
        >
          {t.decline}
        </Button>
        <Button isBusy={isAnswered} isDisabled={seconds === 0} onPress={() => void answer("accept")}>
          {t.accept}
        </Button>
      </div>
    </article>
  );
}
