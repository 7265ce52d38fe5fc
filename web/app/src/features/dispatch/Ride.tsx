// What a passenger has: the ride that they wait for, a new one, and those before.
import { useState } from "react";
import { useClient } from "../../live/index.tsx";
import { orNull, useTownRead } from "../../live/town.ts";
import { useTownTexts } from "../../texts/town.ts";
import { Button, Loaded } from "../../ui/index.ts";
import { NewRide } from "./NewRide.tsx";
import { Orders } from "./Orders.tsx";
import { RideCard } from "./RideCard.tsx";

export function Ride() {
  const t = useTownTexts();
  const { api } = useClient();
  const [isMore, setIsMore] = useState(false);
  // Which ride it is changes seldom; how it stands its own card asks.
  const active = useTownRead(["ride"], () => orNull(api.GET("/api/mobile/passengers/active-order")), {
    isLive: true,
  });
  const orders = useTownRead(
    ["rides"],
    async () => (await orNull(api.GET("/api/mobile/passengers/orders")))?.results ?? [],
    { isLive: true },
  );
  return (
    <Loaded read={active}>
      {ride => {
        const order = ride?.order;
        return (
          <>
            {order && <RideCard key={order.id} id={order.id} />}
            {order && !isMore ? (
              <Button kind="plain" onPress={() => setIsMore(true)}>
                {t.another}
              </Button>
            ) : (
              <NewRide onDone={() => setIsMore(false)} />
            )}
            <Orders title={t.past} orders={orders.data?.filter(one => one.id !== order?.id)} isOwn />
          </>
        );
      }}
    </Loaded>
  );
}
