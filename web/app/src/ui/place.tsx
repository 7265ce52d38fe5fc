// A place, typed in any spelling and chosen from what the server suggests: a name alone may mean several towns.
import { type components, dataOf } from "@peerpack/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useClient } from "../live/index.tsx";
import { type Language, useTexts } from "../texts/index.tsx";
import { Field } from "./fields.tsx";

/** A chosen place. */
export interface PlaceChoice {
  id: string;
  name_ru: string;
  name_en: string;
  tz: string;
  /** Where it is: known of what was chosen from suggestions. */
  lat?: number;
  lon?: number;
}

/** A place of an answer, as a form keeps it. */
export function choiceOf(place: Place): PlaceChoice {
  return { id: String(place.id), name_ru: place.name_ru, name_en: place.name_en, tz: place.tz ?? "" };
}

type Place = components["schemas"]["PlaceView"];

interface PlaceFieldProps {
  label: string;
  value: PlaceChoice | undefined;
  onChange: (place: PlaceChoice | undefined) => void;
  error?: string | undefined;
}

/** A pause in typing after which the server is asked, milliseconds. */
const PAUSE_MS = 180;

export function PlaceField({ label, value, onChange, error }: PlaceFieldProps) {
  const { t, place, language } = useTexts();
  const client = useClient();
  const listId = useId();
  const [text, setText] = useState(value ? place(value) : "");
  const [asked, setAsked] = useState("");
  const [isOpen, setIsOpen] = useState(false);
  const [marked, setMarked] = useState(0);
  // A place set from outside (an example, a draft, the other way round) is shown by its name.
  const shown = value && place(value);
  useEffect(() => {
    if (shown !== undefined) setText(shown);
  }, [shown]);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const { data } = useQuery({
    queryKey: ["places", asked],
    queryFn: async () =>
      dataOf(await client.api.GET("/api/cities", { params: { query: asked ? { q: asked } : {} } })).places,
    enabled: isOpen,
    staleTime: 600_000,
  });
  const places = (data ?? []).slice(0, 8);
  const choose = (chosen: (typeof places)[number]) => {
    onChange(chosen);
    setText(place(chosen));
    setIsOpen(false);
  };
  const close = () => {
    setIsOpen(false);
    // What was typed whole needs no tap.
    const same = (name: string) => name.toLowerCase() === text.trim().toLowerCase();
    const exact = places.filter(one => same(one.name_ru) || same(one.name_en));
    if (!value && exact[0] && exact.length === 1) choose(exact[0]);
  };
  const onKey = (key: string): boolean => {
    if (key === "ArrowDown") setMarked(Math.min(marked + 1, places.length - 1));
    else if (key === "ArrowUp") setMarked(Math.max(marked - 1, 0));
    else if (key === "Enter" && isOpen && places[marked]) choose(places[marked]);
    else if (key === "Escape") setIsOpen(false);
    else return false;
    return true;
  };
  return (
    <Field label={label} error={error}>
      {props => (
        <>
          <input
            {...props}
            className="input"
            role="combobox"
            aria-expanded={isOpen}
            aria-controls={listId}
            aria-autocomplete="list"
            aria-activedescendant={isOpen && places[marked] ? `${listId}-${marked}` : undefined}
            autoComplete="off"
            placeholder={t.place.type}
            value={text}
            onFocus={() => setIsOpen(true)}
            onBlur={close}
            onChange={event => {
              setText(event.target.value);
              setMarked(0);
              setIsOpen(true);
              if (value) onChange(undefined);
            }}
            onKeyDown={event => {
              if (onKey(event.key)) event.preventDefault();
            }}
          />
          {isOpen && data && (
            <div className="options" id={listId} role="listbox" aria-label={label}>
              {places.map((one, at) => (
                <div
                  key={one.id}
                  id={`${listId}-${at}`}
                  role="option"
                  aria-selected={at === marked}
                  onMouseDown={event => event.preventDefault()}
                  onClick={() => choose(one)}
                >
                  {place(one)} <span className="dim small">{regionOf(one, language)}</span>
                </div>
              ))}
              {places.length === 0 && <div className="dim">{t.place.none}</div>}
            </div>
          )}
        </>
      )}
    </Field>
  );
}

/** What tells two towns of one name apart. */
function regionOf(
  place: { country: string; region_ru?: string | null; region_en?: string | null },
  language: Language,
): string {
  const region = language === "ru" ? place.region_ru : place.region_en;
  return [region, countries(language).of(place.country) ?? place.country].filter(Boolean).join(", ");
}

let names: [Language, Intl.DisplayNames] | undefined;

/** The names of countries in a language, made once: a list asks for them at every letter. */
function countries(language: Language): Intl.DisplayNames {
  if (names?.[0] !== language) names = [language, new Intl.DisplayNames(language, { type: "region" })];
  return names[1];
}
