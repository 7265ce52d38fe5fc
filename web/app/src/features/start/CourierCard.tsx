// A trip that was found, with its courier.
import type { components } from "@peerpack/client";
import { Link } from "wouter";
import { useTexts } from "../../texts/index.tsx";
import { PersonRow, Pill, Reputation, Way } from "../../ui/index.ts";

type Courier = components["schemas"]["CourierView"];

interface CourierCardProps {
  courier: Courier;
  /** What a highlighted one bears; its word comes with what is searched, not with the first screen. */
  mark?: string;
}

export function CourierCard({ courier, mark }: CourierCardProps) {
  const { t, money, place, when } = useTexts();
  return (
    <Link href={`/trip/${courier.trip_id}`} className="card">
      <Way
        points={[
          { title: place(courier.from_place), detail: when(courier.departs_at, courier.from_tz) },
          { title: place(courier.to_place), detail: when(courier.arrives_at, courier.to_tz) },
        ]}
      />
      <PersonRow
        name={courier.name}
        isVerified={courier.verified}
        url={courier.avatar}
        about={
          <Reputation rating={courier.rating} reviews={courier.reviews_count} deals={courier.trips_count} />
        }
        end={
          <span className={courier.price > 0 ? "price" : "dim small"}>
            {courier.price > 0 ? money(courier.price) : t.trip.free}
          </span>
        }
      />
      <div className="row wrap">
        {courier.highlighted_until && mark && <Pill tone="accent">{mark}</Pill>}
        <Pill>{t.transport[courier.transport]}</Pill>
        {courier.airport && <Pill>{courier.airport}</Pill>}
      </div>
    </Link>
  );
}
