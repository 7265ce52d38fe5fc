// The order that a courier has, step by step.
import { lazy, Suspense, useMemo } from "react";
import { useClient, useCommandAbout, useGive } from "../../live/index.tsx";
import { type TownDriver, type TownOrder, useFreshTown } from "../../live/town.ts";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { CommandNote, MainAction, Pill, SureButton, useAttempt, useSay, Way } from "../../ui/index.ts";
import { endsOf, NEXT, toneOfPhase } from "./orders.ts";

const WayMap = lazy(() => import("../../ui/map/WayMap.tsx"));

export function DutyRide({ order, me }: { order: TownOrder; me: TownDriver }) {
  const t = useTownTexts();
  const { money, number, when } = useTexts();
  const { outbox } = useClient();
  const give = useGive();
  const say = useSay();
  const platform = usePlatform();
  const refresh = useFreshTown();
  const { attempt, isBusy } = useAttempt();
  const phase = order.status;
  const next = phase in NEXT ? NEXT[phase as keyof typeof NEXT] : undefined;
  const command = useCommandAbout(order.id, next && `ride.${next}`);
  const stops = useMemo(() => endsOf(order), [order]);
  const isPickedUp = phase === "ride_ongoing";
  const step = (status: (typeof NEXT)[keyof typeof NEXT]) =>
    attempt(async () => {
      platform.haptic("tap");
      try {
        const moved = await give<TownOrder>({
          kind: `ride.${status}`,
          subject: order.id,
          method: "PATCH",
          path: `/api/orders/${order.id}/status`,
          body: { status },
        });
        if (status === "completed") {
          platform.haptic("done");
          say(t.done(money(moved.final_price ?? moved.estimated_price)), "good");
        }
      } finally {
        await refresh();
      }
    });
  const callOff = (reason: string) =>
    attempt(async () => {
      try {
        await give({
          kind: "ride.cancel",
          subject: order.id,
          method: "POST",
          path: `/api/mobile/orders/${order.id}/cancel`,
          body: { reason },
        });
      } finally {
        await refresh();
      }
    });
  const isWaiting = command?.state === "sending" || command?.state === "unconfirmed";
  return (
    <>
      <article className="card" aria-label={`${order.pickup_title} → ${order.dropoff_title}`}>
        <h2>{t.yours}</h2>
        <div className="row wrap">
          <span className="grow" role="status">
            <Pill tone={toneOfPhase(phase)}>{t.states[phase]}</Pill>
          </span>
          <span className="price">{money(order.final_price ?? order.estimated_price)}</span>
        </div>
        <Suspense fallback={<div className="map" />}>
          <WayMap stops={stops} courier={me.current_position ?? undefined} isTown />
        </Suspense>
        <Way
          points={[
            {
              title: order.pickup_title,
              detail: when(order.desired_pickup_time),
              isDone: isPickedUp,
              isNow: !isPickedUp,
            },
            { title: order.dropoff_title, detail: t.km(number(order.distance_km)), isNow: isPickedUp },
          ]}
        />
        <div className="row wrap">
          <span className="grow stack tight">
            <span className="strong">{order.passenger.full_name}</span>
            {order.passenger.disability_category && (
              <span className="dim small">{order.passenger.disability_category}</span>
            )}
          </span>
          {order.passenger.user.phone && (
            <a className="button" data-kind="plain" href={`tel:${order.passenger.user.phone}`}>
              {t.callPassenger}
            </a>
          )}
        </div>
        {order.has_companion && (
          <div className="row">
            <Pill>{t.withCompanion}</Pill>
          </div>
        )}
        {order.note && <p className="quote">{order.note}</p>}
        {phase === "arrived_waiting" && (
          <p className="dim">{t.waited(Math.floor(order.waiting_time_minutes))}</p>
        )}
        <CommandNote command={command} onAgain={() => outbox.resume()} />
      </article>
      {next && (
        <MainAction text={t.steps[next]} isBusy={isBusy || isWaiting} onPress={() => void step(next)} />
      )}
      {phase === "arrived_waiting" && (
        <SureButton
          question={t.noShowSure}
          yes={t.noShow}
          isBusy={isBusy}
          onYes={() => void callOff(t.noShowReason)}
        >
          {t.noShow}
        </SureButton>
      )}
      {!isPickedUp && (
        <SureButton question={t.callOffSure} yes={t.callOff} isBusy={isBusy} onYes={() => void callOff("")}>
          {t.callOff}
        </SureButton>
      )}
    </>
  );
}
