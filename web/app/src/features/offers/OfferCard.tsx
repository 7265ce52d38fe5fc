// One live offer: what, where, how much, and a ring that empties on the server's clock.
import type { Offer } from "@peerpack/client";
import { memo, useEffect, useLayoutEffect, useState } from "react";
import { useClient, useCommandAbout, useCountdown, useGive, useLive } from "../../live/index.tsx";
import { type ActionButton, useMainButton, usePlatform, useSecondaryButton } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, CommandNote, Pill, Ring, useAttempt, useSay, Way } from "../../ui/index.ts";

/** From so many seconds on every second counts. */
const HURRY_S = 5;

interface OfferCardProps {
  offer: Offer;
  onTaken: (offer: Offer) => void;
  /** Whether there is no other: then the buttons of the surroundings are its own. */
  isAlone: boolean;
}

/** Stays as it is while others come and go. */
export const OfferCard = memo(function OfferCard({ offer, onTaken, isAlone }: OfferCardProps) {
  const { t, money, number, place, when } = useTexts();
  const { live, outbox } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const say = useSay();
  const { attempt, isBusy } = useAttempt();
  const command = useCommandAbout(offer.request_id);
  const connectivity = useLive(snapshot => snapshot.connectivity);
  const [end, setEnd] = useState(() => live.endOf(offer));
  // Before it is painted, so that the ring does not jump; and again where there was no connection to say it on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a connection that is back may say it
  useLayoutEffect(() => {
    live.sawOffer(offer);
    setEnd(live.endOf(offer));
  }, [live, offer, connectivity]);
  const seconds = useCountdown(end);
  const whole = Math.max(offer.ttl_ms, 1);
  const left = Math.min(seconds * 1_000, whole);
  const pace = seconds <= HURRY_S ? "hurry" : left < whole / 3 ? "soon" : "calm";
  // The last seconds are felt.
  useEffect(() => {
    if (seconds > 0 && seconds <= HURRY_S) platform.haptic("tap");
  }, [platform, seconds]);
  const isWaiting = command?.state === "sending" || command?.state === "unconfirmed";

  const answer = (verb: "accept" | "decline") =>
    attempt(async () => {
      platform.haptic("tap");
      await give({
        kind: `offer.${verb}`,
        subject: offer.request_id,
        method: "PUT",
        path: `/api/package-requests/${offer.request_id}/${verb}`,
        ...(verb === "decline" ? { body: {} } : {}),
      });
      if (verb === "accept") {
        platform.haptic("done");
        say(t.offers.taken, "good");
        onTaken(offer);
      }
    });

  const point = (what: string, end: Offer["pickup"]) => ({
    title: place(end.place),
    detail: `${what} · ${when(end.eta, end.place.tz)}`,
  });
  return (
    <article
      className="card offer"
      aria-label={`${place(offer.pickup.place)} → ${place(offer.dropoff.place)}`}
    >
      <div className="row">
        <div className="grow stack tight">
          <span className="dim small">{t.offers.youGet}</span>
          <span className="balance">{money(offer.reward - offer.fee, offer.currency)}</span>
          <span className="dim small">
            {offer.payment === "cash" ? t.offers.inCash : t.offers.afterFee(money(offer.fee, offer.currency))}
          </span>
        </div>
        <Ring part={left / whole} label={<Clock seconds={seconds} />} pace={pace} />
      </div>
      <span className="hidden" role="timer" aria-live="off">
        {t.offers.left(seconds)}
      </span>
      <Announcement seconds={seconds} />
      <Way points={[point(t.offers.pickup, offer.pickup), point(t.offers.dropoff, offer.dropoff)]} />
      <p className="strong">{offer.package.description}</p>
      <div className="row wrap">
        <Pill tone="accent">{t.offers.detour(offer.detour_min, number(offer.detour_km))}</Pill>
        <Pill>{t.kg(number(offer.package.weight_g / 1_000))}</Pill>
        <Pill>{t.offers.roomAfter(t.kg(number(offer.capacity_left_g / 1_000)))}</Pill>
      </div>
      <CommandNote command={command} onAgain={() => outbox.resume()} />
      <Answers
        accept={{
          text: isWaiting
            ? t.command.sending
            : t.offers.accept(money(offer.reward - offer.fee, offer.currency)),
          onPress: () => void answer("accept"),
          isEnabled: seconds > 0,
          isBusy: isBusy || isWaiting,
        }}
        decline={{
          text: t.offers.decline,
          onPress: () => void answer("decline"),
          isBusy: isBusy || isWaiting,
        }}
        isAlone={isAlone}
      />
    </article>
  );
});

interface AnswersProps {
  accept: ActionButton;
  decline: ActionButton;
  isAlone: boolean;
}

/** Yes and no: Telegram's two buttons for one offer, buttons on each card for several. */
function Answers({ accept, decline, isAlone }: AnswersProps) {
  const { drawsSecondary } = usePlatform();
  const isOutside = isAlone && drawsSecondary;
  useMainButton(isOutside ? accept : undefined);
  useSecondaryButton(isOutside ? decline : undefined);
  if (isOutside) return null;
  return (
    <div className="row answers">
      <Button kind="plain" isBusy={decline.isBusy} onPress={decline.onPress}>
        {decline.text}
      </Button>
      <Button isBusy={accept.isBusy} isDisabled={!accept.isEnabled} onPress={accept.onPress}>
        {accept.text}
      </Button>
    </div>
  );
}

/** What fits into a ring: seconds, then minutes, then hours. */
function Clock({ seconds }: { seconds: number }) {
  const { t } = useTexts();
  const [value, unit] =
    seconds < 120
      ? [seconds, t.units.second]
      : seconds < 7_200
        ? [Math.ceil(seconds / 60), t.units.minute]
        : [Math.ceil(seconds / 3_600), t.units.hour];
  return (
    <span className="clock">
      <span key={value}>{value}</span>
      <small>{unit}</small>
    </span>
  );
}

/** Says to screen readers how much time is left, a few times and not every second. */
function Announcement({ seconds }: { seconds: number }) {
  const { t } = useTexts();
  const [said, setSaid] = useState("");
  useEffect(() => {
    if ([60, 30, 10, HURRY_S].includes(seconds)) setSaid(t.offers.left(seconds));
  }, [seconds, t]);
  return (
    <span className="hidden" aria-live="polite">
      {said}
    </span>
  );
}
