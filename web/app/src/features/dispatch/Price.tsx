// A price, and how it comes about.
import type { components } from "@peerpack/client";
import { useTexts } from "../../texts/index.tsx";
import { useTownTexts } from "../../texts/town.ts";

type Parts = components["schemas"]["OrderPriceParts"];

export function PriceParts({ parts }: { parts: Parts }) {
  const t = useTownTexts();
  const { money, number } = useTexts();
  const sums = [
    [t.parts.base, parts.base_distance_price],
    [t.parts.booking, parts.booking_fee],
    [t.parts.companion, parts.companion_fee],
    [t.parts.options, parts.options_fee],
    [t.parts.waiting, parts.waiting_time_price],
    [t.parts.least, parts.minimum_fare_adjustment],
  ] as const;
  const factors = [
    [t.parts.category, parts.disability_multiplier],
    [t.parts.night, parts.night_multiplier],
    [t.parts.weekend, parts.weekend_multiplier],
    [t.parts.surge, parts.surge_multiplier],
  ] as const;
  const lines = [
    ...sums.filter(([, sum]) => sum !== 0).map(([name, sum]) => [name, money(sum)] as const),
    ...factors
      .filter(([, factor]) => factor !== 1)
      .map(([name, factor]) => [name, `× ${number(factor, 2)}`] as const),
    [t.parts.total, money(parts.total)] as const,
  ];
  return (
    <details className="town-parts">
      <summary>{t.breakdown}</summary>
      <dl>
        {lines.map(([name, amount]) => (
          <div key={name} className="row">
            <dt className="grow dim">{name}</dt>
            <dd className="numeric">{amount}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
