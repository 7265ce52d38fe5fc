// A ride of a passenger: how it stands, who comes and how soon, what it costs, and calling it off.
import type { TownMessage } from "@peerpack/client";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { useClient, useUser } from "../../live/index.tsx";
import {
  type ActiveRide,
  orNull,
  type TownOrder,
  useTellTown,
  useTownRead,
  useTownSocket,
} from "../../live/town.ts";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { Empty, Loaded, Pill, Way } from "../../ui/index.ts";
import { CallOffRide } from "./CallOffRide.tsx";
import { endsOf, isDriven, isOver, minutesOf, toneOfPhase } from "./orders.ts";
import { PriceParts } from "./Price.tsx";

const WayMap = lazy(() => import("../../ui/map/WayMap.tsx"));

/** Where a courier is, as their socket says it. */
interface Moved {
  lat: number;
  lon: number;
  timestamp: string;
  /** How soon they are where they have to go, seconds. */
  eta?: number;
}

function useRide(id: string) {
  const { api } = useClient();
  const user = useUser();
  const queries = useQueryClient();
  // Not every server says on this socket where the courier is; until it has, that is asked.
  const [isTold, setIsTold] = useState(false);
  const hear = ({ type, data }: TownMessage) => {
    if (type !== "driver_location_update") return false;
    setIsTold(true);
    const { lat, lon, timestamp, eta } = data as Moved;
    queries.setQueryData<ActiveRide | null>([user?.id ?? "", "town", "ride"], known =>
      known?.order?.id === id
        ? {
            ...known,
            driver_position: { lat, lon, last_update: timestamp },
            ...(eta !== undefined && known.eta ? { eta: { ...known.eta, seconds: eta } } : {}),
          }
        : known,
    );
    return true;
  };
  const isLive = useTownSocket("orders", id, hear);
  const path = { params: { path: { order_id: id } } };
  const order = useTownRead(["order", id], () => orNull(api.GET("/api/orders/{order_id}", path)), { isLive });
  const phase = order.data?.status;
  const active = useTownRead(["ride"], () => orNull(api.GET("/api/mobile/passengers/active-order")), {
    isLive: isLive && isTold,
    isWanted: phase !== undefined && isDriven(phase),
  });
  return { order, whereabouts: active.data?.order?.id === id ? active.data : undefined };
}

export function RideCard({ id }: { id: string }) {
  const t = useTownTexts();
  const { order, whereabouts } = useRide(id);
  return (
    <Loaded read={order}>
      {known =>
        known ? <Known order={known} whereabouts={whereabouts} /> : <Empty title={t.gone} hint={t.noneHint} />
      }
    </Loaded>
  );
}

function Known({ order, whereabouts }: { order: TownOrder; whereabouts: ActiveRide | undefined }) {
  const t = useTownTexts();
  const { money, number, when, time } = useTexts();
  const phase = order.status;
  useTellTown(`order.${phase}`);
  const stops = useMemo(() => endsOf(order), [order]);
  const courier = isDriven(phase) ? whereabouts?.driver_position : undefined;
  const eta = isDriven(phase) ? whereabouts?.eta : undefined;
  const soon = eta && (phase === "ride_ongoing" ? t.thereIn : t.arrivesIn)(minutesOf(eta.seconds));
  return (
    <article className="card" aria-label={`${order.pickup_title} → ${order.dropoff_title}`}>
      <div className="row wrap">
        <span className="grow" role="status">
          <Pill tone={toneOfPhase(phase)}>{t.states[phase]}</Pill>
        </span>
        <span className="price">{money(order.final_price ?? order.estimated_price)}</span>
      </div>
      {soon && phase !== "arrived_waiting" && (
        <p className="strong" aria-live="polite">
          {soon}
        </p>
      )}
      <Suspense fallback={<div className="map" />}>
        <WayMap stops={stops} courier={courier ?? undefined} isTown />
      </Suspense>
      {courier && <p className="dim small">{t.seen(time(courier.last_update))}</p>}
      <Way
        points={[
          { title: order.pickup_title, detail: when(order.desired_pickup_time) },
          { title: order.dropoff_title, detail: t.km(number(order.distance_km)) },
        ]}
      />
      {order.driver && !isOver(phase) && <Courier driver={order.driver} />}
      {order.has_companion && (
        <div className="row">
          <Pill>{t.companion}</Pill>
        </div>
      )}
      {order.note && <p className="quote">{order.note}</p>}
      {order.rejection_reason && <p className="dim">{order.rejection_reason}</p>}
      <PriceParts parts={order.price_breakdown} />
      {!isOver(phase) && <CallOffRide order={order} />}
    </article>
  );
}

function Courier({ driver }: { driver: NonNullable<TownOrder["driver"]> }) {
  const t = useTownTexts();
  return (
    <div className="row wrap">
      <span className="grow stack tight">
        <span className="strong">{driver.name}</span>
        <span className="dim small">
          {[driver.car_model, driver.plate_number].filter(Boolean).join(" · ")}
        </span>
      </span>
      {driver.user.phone && (
        <a className="button" data-kind="plain" href={`tel:${driver.user.phone}`}>
          {t.callCourier}
        </a>
      )}
    </div>
  );
}
