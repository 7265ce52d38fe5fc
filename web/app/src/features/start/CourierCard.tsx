// A trip that was found, with its courier.
import type { components } from "@peerpack/client";
import { Link } from "wouter";
import { useTexts } from "../../texts/index.tsx";
import { Avatar, Pill, Stars, Way } from "../../ui/index.ts";

type Courier = components["schemas"]["CourierView"];

export function CourierCard({ courier }: { courier: Courier }) {
  const { t, money } = useTexts();
  const [departs, arrives] = courier.time.split(" → ");
  return (
    <Link href={`/trip/${courier.trip_id}`} className="card">
      <div className="row">
        <Avatar name={courier.name} url={courier.avatar} />
        <div className="grow stack tight">
          <span className="strong">{courier.name}</span>
          <span className="dim small">
            {courier.reviews_count > 0 ? (
              <>
                <Stars value={courier.rating} /> · {t.reviews(courier.reviews_count)}
              </>
            ) : (
              t.noReviews
            )}
          </span>
        </div>
        <span className="price">{courier.price > 0 ? money(courier.price) : t.trip.free}</span>
      </div>
      <Way
        points={[
          { title: courier.from, detail: `${courier.date}, ${departs ?? ""}` },
          { title: courier.to, detail: arrives },
        ]}
      />
      <div className="row wrap">
        {courier.airport && <Pill>{courier.airport}</Pill>}
        {courier.trips_count > 0 && <Pill tone="good">{t.deals(courier.trips_count)}</Pill>}
      </div>
    </Link>
  );
}
