// Trips that pass both places, with what narrows and orders them.
import { dataOf } from "@peerpack/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useClient } from "../../live/index.tsx";
import { useHighlightTexts } from "../../texts/highlight.ts";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  Empty,
  Failed,
  LinkButton,
  Note,
  type PlaceChoice,
  Segments,
  Select,
  Skeletons,
  TRANSPORTS,
  type Transport,
  WEIGHTS,
  type Weight,
} from "../../ui/index.ts";
import { CourierCard } from "./CourierCard.tsx";

type Sort = "time" | "price" | "rating";

/** What is searched for. */
export interface Search {
  from: PlaceChoice;
  to: PlaceChoice;
  date: string;
  isFlexible: boolean;
}

export default function Found({ search }: { search: Search }) {
  const { mark } = useHighlightTexts();
  const { t } = useTexts();
  const { api } = useClient();
  const [sort, setSort] = useState<Sort>("time");
  const [weight, setWeight] = useState<Weight | "">("");
  const [transport, setTransport] = useState<Transport | "">("");
  const isFiltered = weight !== "" || transport !== "";
  const { from, to, date, isFlexible } = search;
  const found = useInfiniteQuery({
    queryKey: ["couriers", from.id, to.id, date, isFlexible, sort, weight, transport],
    initialPageParam: "",
    queryFn: async ({ pageParam }) =>
      dataOf(
        await api.GET("/api/couriers", {
          params: {
            query: {
              from_id: from.id,
              to_id: to.id,
              sort,
              ...(weight ? { weight } : {}),
              ...(transport ? { transport } : {}),
              ...(date ? { date_from: date, date_to: date, ...(isFlexible ? { flex_days: 3 } : {}) } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: page => page.next_cursor ?? undefined,
  });
  const couriers = found.data?.pages.flatMap(page => page.couriers) ?? [];
  // What was found is below the form, where a small screen does not show it.
  const top = useRef<HTMLDivElement>(null);
  const isFound = found.data !== undefined;
  useEffect(() => {
    if (isFound) top.current?.scrollIntoView({ block: "start" });
  }, [isFound]);
  if (found.isPending) return <Skeletons />;
  if (found.isError && couriers.length === 0)
    return <Failed error={found.error} onAgain={() => void found.refetch()} />;
  if (couriers.length === 0 && !isFiltered) {
    return (
      <div ref={top}>
        <Empty title={t.start.nobody} hint={t.start.nobodyHint}>
          <LinkButton to="/new/package">{t.start.newPackage}</LinkButton>
        </Empty>
      </div>
    );
  }
  return (
    <section className="stack" ref={top}>
      <Segments
        label={t.start.found(couriers.length)}
        value={sort}
        onChange={setSort}
        segments={(["time", "price", "rating"] as const).map(value => ({
          value,
          title: t.start.sort[value],
        }))}
      />
      <fieldset className="row wrap" aria-label={t.start.filters}>
        <Select
          label={t.newPackage.weight}
          value={weight}
          onChange={setWeight}
          choices={[["", t.start.anyWeight], ...WEIGHTS.map(one => [one, t.weight[one]] as const)]}
        />
        <Select
          label={t.newTrip.transport}
          value={transport}
          onChange={setTransport}
          choices={[["", t.start.anyTransport], ...TRANSPORTS.map(one => [one, t.transport[one]] as const)]}
        />
      </fieldset>
      {couriers.length === 0 && <Note>{t.start.nobody}</Note>}
      {couriers.map(courier => (
        <CourierCard key={courier.id} courier={courier} mark={mark} />
      ))}
      {found.hasNextPage && (
        <Button kind="plain" isBusy={found.isFetchingNextPage} onPress={() => void found.fetchNextPage()}>
          {t.more}
        </Button>
      )}
    </section>
  );
}
