// The first screen: sending or travelling, and the search for couriers.
import { dataOf } from "@peerpack/client";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useClient, useLive, useRead } from "../../live/index.tsx";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  BellIcon,
  Button,
  Check,
  Empty,
  Failed,
  LinkButton,
  Note,
  type PlaceChoice,
  PlaceField,
  Screen,
  Segments,
  Select,
  Skeletons,
  SwapIcon,
  TextField,
  TRANSPORTS,
  type Transport,
  WEIGHTS,
  type Weight,
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

interface StartScreenProps {
  /** What a courier could carry: parcels on the way of their trips. */
  parcels: ReactNode;
}

export function StartScreen({ parcels }: StartScreenProps) {
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
        <>
          <div className="card">
            <p className="dim">{t.start.travelHint}</p>
            <LinkButton to="/new/trip">{t.start.newTrip}</LinkButton>
            {state && Object.keys(state.offers).length > 0 && (
              <LinkButton to="/offers" kind="plain">
                {t.offers.title}
              </LinkButton>
            )}
            <LinkButton to="/parcels" kind="plain">
              {t.start.findParcels}
            </LinkButton>
          </div>
          {parcels}
        </>
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
    const day = one.date && one.date < today() ? "" : one.date;
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
        <div className="ends">
          <PlaceField label={t.start.from} value={from} onChange={setFrom} />
          <button
            type="button"
            className="icon-button"
            aria-label={`${t.start.to} ⇄ ${t.start.from}`}
            onClick={() => {
              setFrom(to);
              setTo(from);
            }}
          >
            <SwapIcon />
          </button>
          <PlaceField label={t.start.to} value={to} onChange={setTo} />
        </div>
        <Segments
          label={t.start.date}
          value={date ? "day" : "any"}
          onChange={chosen => setDate(chosen === "any" ? "" : today())}
          segments={[
            { value: "any", title: t.start.anyDate },
            { value: "day", title: t.start.pickDate },
          ]}
        />
        {date && (
          <>
            <TextField label={t.start.date} type="date" value={date} onChange={setDate} min={today()} />
            <Check label={t.start.flex} value={isFlexible} onChange={setIsFlexible} />
          </>
        )}
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
      {search ? <Found search={search} /> : <Leaving />}
    </>
  );
}

/** The day on this device; near enough to begin with, and the server knows better. */
function today(): string {
  return new Intl.DateTimeFormat("en-CA").format();
}

/** The next departures, for whoever has not searched yet. */
function Leaving() {
  const { t } = useTexts();
  const { api } = useClient();
  const found = useRead(["leaving"], async () => dataOf(await api.GET("/api/couriers")).couriers.slice(0, 3));
  if (!found.data?.length) return null;
  return (
    <section className="stack">
      <h2>{t.start.leaving}</h2>
      <p className="dim small">{t.start.leavingHint}</p>
      {found.data.map(courier => (
        <CourierCard key={courier.id} courier={courier} />
      ))}
    </section>
  );
}

function Found({ search }: { search: Search }) {
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
