// The search for couriers: its form, what was searched for lately, and what it has found.
import { lazy, Suspense, useEffect, useState } from "react";
import { usePlatform } from "../../platform/index.tsx";
import { useTexts } from "../../texts/index.tsx";
import {
  Button,
  Check,
  LinkButton,
  type PlaceChoice,
  PlaceField,
  Segments,
  Skeletons,
  SwapIcon,
  TextField,
} from "../../ui/index.ts";
import type { Search } from "./Found.tsx";
import { Leaving } from "./Leaving.tsx";

const Found = lazy(() => import("./Found.tsx"));

/** How many searches are remembered. */
const MAX_RECENT = 4;

export function Sending() {
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
    const next = [wanted, ...others].slice(0, MAX_RECENT);
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
      {search ? (
        <Suspense fallback={<Skeletons />}>
          <Found search={search} />
        </Suspense>
      ) : (
        <Leaving />
      )}
    </>
  );
}

/** The day on this device; near enough to begin with, and the server knows better. */
function today(): string {
  return new Intl.DateTimeFormat("en-CA").format();
}
