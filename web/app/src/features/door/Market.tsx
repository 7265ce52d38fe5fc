// The front door of a demo: two phones side by side, each a real one, and what passes between them underneath.
import { useEffect, useMemo, useState } from "react";
import { useTexts } from "../../texts/index.tsx";

/** What a phone tells the page around it. */
export interface Passed {
  peerpack: "event";
  who: string;
  type: string;
  at: string;
}

/** The same, numbered as this page has heard it. */
type Heard = Passed & { number: number };

const MAX_EVENTS = 60;

/** Two people of this browser's own, so that visitors of one demo do not meet in one account. */
function people(): { anna: string; ivan: string } {
  const kept = sessionStorage.getItem("peerpack.people");
  const number = kept ?? String(700_000_000 + Math.floor(Math.random() * 200_000_000));
  sessionStorage.setItem("peerpack.people", number);
  return { anna: `anna-${number}`, ivan: `ivan-${Number(number) + 1}` };
}

export default function Market() {
  const { t, time } = useTexts();
  const [round, setRound] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round has other people
  const { anna, ivan } = useMemo(people, [round]);
  const [events, setEvents] = useState<readonly Heard[]>([]);
  useEffect(() => {
    const hear = ({ data, origin }: MessageEvent) => {
      if (origin === location.origin && data?.peerpack === "event") {
        setEvents(heard => {
          const number = (heard[0]?.number ?? 0) + 1;
          return [{ ...(data as Passed), number }, ...heard].slice(0, MAX_EVENTS);
        });
      }
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  const again = () => {
    sessionStorage.removeItem("peerpack.people");
    setEvents([]);
    setRound(round + 1);
  };
  const phones = [
    { who: anna, title: t.door.annaSends, path: "/new/package" },
    { who: ivan, title: t.door.ivanTravels, path: "/new/trip" },
  ];
  return (
    <main className="market">
      <header className="stack">
        <div className="brand">
          <img src="/icon.svg" alt="" width={48} height={48} />
          <h1>{t.door.demo}</h1>
        </div>
        <p className="dim">{t.door.demoHint}</p>
        <ol className="row wrap">
          {t.door.steps.map((step, at) => (
            <li key={step} className="pill" data-tone="accent">
              {at + 1}. {step}
            </li>
          ))}
        </ol>
        <nav className="row wrap small">
          <a href="/docs/">{t.door.links.api}</a>
          <a href="/docs/realtime">{t.door.links.docs}</a>
          <a href="/api/health">{t.door.links.health}</a>
          <button type="button" className="button" data-kind="quiet" onClick={again}>
            {t.door.reload}
          </button>
        </nav>
      </header>
      {phones.map(({ who, title, path }) => (
        <section key={who} className="phone" aria-label={title}>
          <h2>{title}</h2>
          <iframe title={title} src={`${path}?as=${who}`} allow="geolocation" />
        </section>
      ))}
      <section className="events card">
        <h2>{t.door.events}</h2>
        {events.length === 0 && <p className="dim">{t.door.noEvents}</p>}
        <ol aria-live="polite">
          {events.map(event => (
            <li key={event.number}>
              <span className="dim">{time(event.at)}</span>
              <span className="strong">{event.who.startsWith("anna") ? t.door.anna : t.door.ivan}</span>
              <span>{event.type}</span>
            </li>
          ))}
        </ol>
      </section>
    </main>
  );
}
