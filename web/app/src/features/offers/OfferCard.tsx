// One live offer: what, where, how much, and a ring that empties on the server's clock.
import type { Offer } from "@peerpack/client";
import { useEffect, useState } from "react";
import { useClient, useCommandAbout, useGive, useServerTime } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { Button, CommandNote, Pill, Ring, useAttempt, useSay, Way } from "../../ui/index.ts";

/** From so many seconds on every second counts. */
const HURRY_S = 5;

export function OfferCard({ offer, onTaken }: { offer: Offer; onTaken: () => void }) {
  const { t, money, number, place, when } = useTexts();
  const { live, outbox } = useClient();
  const platform = usePlatform();
  const give = useGive();
  const say = useSay();
  const { attempt, isBusy } = useAttempt();
  const command = useCommandAbout(offer.request_id);
  const now = useServerTime(250);

  useEffect(() => live.sawOffer(offer), [live, offer]);

  const end = live.endOf(offer);
  const left = Math.max(0, end - now);
  const whole = Math.max(offer.ttl_ms, 1);
  const seconds = Math.ceil(left / 1_000);
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
        onTaken();
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
          <span className="dim small">{t.offers.afterFee(money(offer.fee, offer.currency))}</span>
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
      <div className="row">
        <Button kind="plain" onPress={() => void answer("decline")} isBusy={isBusy || isWaiting}>
          {t.offers.decline}
        </Button>
        <div className="grow">
          <Button
            isWide
            onPress={() => void answer("accept")}
            isBusy={isBusy || isWaiting}
            isDisabled={left === 0}
          >
            {isWaiting ? t.command.sending : t.offers.accept(money(offer.reward - offer.fee, offer.currency))}
          </Button>
        </div>
      </div>
    </article>
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
