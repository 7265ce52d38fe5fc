// Orders of somebody, newest first.
import { useState } from "react";
import type { TownOrder } from "../../live/town.ts";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";
import { Button, Pill, ThingCard } from "../../ui/index.ts";
import { toneOfPhase } from "./orders.ts";

/** So many are shown before somebody asks for more. */
const FIRST = 5;

interface OrdersProps {
  title: string;
  orders: readonly TownOrder[] | undefined;
  /** Whether a tap opens one. */
  isOwn?: boolean;
}

export function Orders({ title, orders, isOwn }: OrdersProps) {
  const t = useTownTexts();
  const { t: words, money, when } = useTexts();
  const [isAll, setIsAll] = useState(false);
  if (!orders || orders.length === 0) return null;
  return (
    <section className="stack">
      <h2>{title}</h2>
      <ul className="stack">
        {orders.slice(0, isAll ? orders.length : FIRST).map(order => (
          <li key={order.id}>
            <ThingCard
              to={isOwn ? `/town/ride/${order.id}` : undefined}
              title={`${order.pickup_title} → ${order.dropoff_title}`}
              detail={when(order.desired_pickup_time)}
              end={<span className="price">{money(order.final_price ?? order.estimated_price)}</span>}
              note={<Pill tone={toneOfPhase(order.status)}>{t.states[order.status]}</Pill>}
            />
          </li>
        ))}
      </ul>
      {!isAll && orders.length > FIRST && (
        <Button kind="quiet" onPress={() => setIsAll(true)}>
          {words.more}
        </Button>
      )}
    </section>
  );
}
