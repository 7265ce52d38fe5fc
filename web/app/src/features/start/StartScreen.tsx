// The first screen: sending or travelling, and the search for couriers.
import { dataOf } from "@peerpack/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { useClient, useLive } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  BellIcon,
  Button,
  Check,
  Empty,
  Failed,
  LinkButton,
  type PlaceChoice,
  PlaceField,
  Screen,
  Segments,
  Skeletons,
  SwapIcon,
  TextField,
} from "../../ui/index.ts";
import { CourierCard } from "./CourierCard.tsx";

type Sort = "time" | "price" | "rating";

interface Search {
  from: PlaceChoice;
  to: PlaceChoice;
  date: string;
  isFlexible: boolean;
}

/** How many searches are remembered. */
const MOST_RECENT = 4;

export function StartScreen() {
  const { t } = useTexts();
  const [side, setSide] = useState<"send" | "travel">("send");
  const { state } = useLive();
  const aside = (
    <Link href="/notifications" className="icon-button" aria-label={t.notifications.title}>
      <BellIcon />
    </Link>
  );
  return (
    <Screen title={t.start.title} aside={aside}>
      <Segments
        label={t.start.title}
        value={side}
        onChange={setSide}
        segments={[
          { value: "send", title: t.start.send },
          { value: "travel", title: t.start.travel },
        ]}
      />
      {side === "send" ? (
        <Sending />
      ) : (
        <div className="card">
          <p>{t.start.travelHint}</p>
          <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
          {state && Object.keys(state.offers).length > 0 && (
            <LinkButton to="/offers" kind="plain">
              {t.offers.title}
            </LinkButton>
          )}
        </div>
      )}
    </Screen>
  );
}

function Sending() {
  const { t, place } = useTexts();
  const platform = usePlatform();
  const [from, setFrom] = useState<PlaceChoice>();
  const [to, setTo] = useState<PlaceChoice>();
  const [date, setDate] = useState("");
  const [isFlexible, setIsFlexible] = useState(true);
  const [search, setSearch] = useState<Search>();
  const [recent, setRecent] = useState<readonly Search[]>([]);
  useEffect(() => {
    void platform.preferences
      .get("searches")
      .then(kept => setRecent(kept ? (JSON.parse(kept) as Search[]) : []));
  }, [platform]);

  const start = (wanted: Search) => {
    setSearch(wanted);
    const others = recent.filter(one => one.from.id !== wanted.from.id || one.to.id !== wanted.to.id);
    const next = [wanted, ...others].slice(0, MOST_RECENT);
    setRecent(next);
    void platform.preferences.set("searches", JSON.stringify(next));
  };
  const repeat = (one: Search) => {
    // A day that is over finds nothing.
    const day = one.date && one.date < new Date().toISOString().slice(0, 10) ? "" : one.date;
    setFrom(one.from);
    setTo(one.to);
    setDate(day);
    start({ ...one, date: day });
  };
  return (
    <>
      <form
        className="card"
        onSubmit={event => {
          event.preventDefault();
          if (from && to) start({ from, to, date, isFlexible });
        }}
      >
        <p className="dim">{t.start.sendHint}</p>
        <PlaceField label={t.start.from} value={from} onChange={setFrom} />
        <div className="row">
          <div className="grow">
            <PlaceField label={t.start.to} value={to} onChange={setTo} />
          </div>
          <button
            type="button"
            className="icon-button"
            aria-label={`${t.start.to} ⇄ ${t.start.from}`}
            style={{ alignSelf: "end" }}
            onClick={() => {
              setFrom(to);
              setTo(from);
            }}
          >
            <SwapIcon />
          </button>
        </div>
        <TextField label={t.start.date} type="date" value={date} onChange={setDate} />
        {date && <Check label={t.start.flex} value={isFlexible} onChange={setIsFlexible} />}
        <Button type="submit" isWide isDisabled={!from || !to}>
          {t.start.search}
        </Button>
      </form>
      {!search && recent.length > 0 && (
        <section className="stack">
          <h2>{t.start.recent}</h2>
          {recent.map(one => (
            <button
              key={`${one.from.id}-${one.to.id}`}
              type="button"
              className="button"
              data-kind="plain"
              onClick={() => repeat(one)}
            >
              {place(one.from)} → {place(one.to)}
            </button>
          ))}
        </section>
      )}
      {!search && (
        <LinkButton to="/new/package" kind="plain">
          {t.start.newPackage}
        </LinkButton>
      )}
      {search && <Found search={search} />}
    </>
  );
}

function Found({ search }: { search: Search }) {
  const { t } = useTexts();
  const { api } = useClient();
  const [sort, setSort] = useState<Sort>("time");
  const { from, to, date, isFlexible } = search;
  const found = useInfiniteQuery({
    queryKey: ["couriers", from.id, to.id, date, isFlexible, sort],
    initialPageParam: "",
    queryFn: async ({ pageParam }) =>
      dataOf(
        await api.GET("/api/couriers", {
          params: {
            query: {
              from_id: from.id,
              to_id: to.id,
              sort,
              ...(date ? { date_from: date, date_to: date, ...(isFlexible ? { flex_days: 3 } : {}) } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    getNextPageParam: page => page.next_cursor ?? undefined,
  });
  const couriers = found.data?.pages.flatMap(page => page.couriers) ?? [];
  if (found.isPending) return <Skeletons />;
  if (found.isError && couriers.length === 0)
    return <Failed error={found.error} onAgain={() => void found.refetch()} />;
  if (couriers.length === 0) {
    return (
      <Empty title={t.start.nobody} hint={t.start.nobodyHint}>
        <LinkButton to="/new/package">{t.start.newPackage}</LinkButton>
      </Empty>
    );
  }
  return (
    <section className="stack">
      <Segments
        label={t.start.found(couriers.length)}
        value={sort}
        onChange={setSort}
        segments={(["time", "price", "rating"] as const).map(value => ({
          value,
          title: t.start.sort[value],
        }))}
      />
      {couriers.map(courier => (
        <CourierCard key={courier.id} courier={courier} />
      ))}
      {found.hasNextPage && (
        <Button kind="plain" isBusy={found.isFetchingNextPage} onPress={() => void found.fetchNextPage()}>
          {t.more}
        </Button>
      )}
    </section>
  );
}
