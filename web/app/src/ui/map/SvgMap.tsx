// A map that is drawn once: it moves nothing but the courier, and needs no graphics of the device.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { boxAround, graticuleOf, isWithin, type MapProps, pathOf, project, type Spot } from "./geometry.ts";
import { loadCountries, ringsOf } from "./outlines.ts";

/** Width to height. */
const SHAPE = 1.6;
/** The points of a screen that the map is wide, more or less: sizes in it are meant for that. */
const POINTS_WIDE = 330;

export function SvgMap({ stops, courier, label, isTown }: MapProps) {
  const { data: rings } = useQuery({
    queryKey: ["outlines"],
    queryFn: async () => ringsOf(await loadCountries()),
    staleTime: Number.POSITIVE_INFINITY,
  });
  // The courier may be anywhere on the way; the map stays where the way is. In town they come from somewhere else.
  const way = useMemo(() => boxAround(stops, SHAPE, isTown), [stops, isTown]);
  const isFar = isTown && courier && !isWithin(courier, way);
  const box = useMemo(
    () => (isFar ? boxAround([...stops, courier], SHAPE, isTown) : way),
    [stops, courier, way, isTown, isFar],
  );
  const land = useMemo(() => (rings ? pathOf(rings, box) : ""), [rings, box]);
  const point = box.width / POINTS_WIDE;
  const place = (spot: Spot) => project(spot);
  const isRight = (x: number) => x > box.x + box.width / 2;
  return (
    <svg
      className="map"
      viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}
      role="img"
      aria-label={label}
      fontSize={12.5 * point}
    >
      <path className="land" d={land} />
      <path className="graticule" d={graticuleOf(box)} />
      <polyline className="route" points={stops.map(stop => place(stop).join(",")).join(" ")} />
      {stops.map((stop, at) => {
        const [x, y] = place(stop);
        const isEnd = at === stops.length - 1;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the order of stops is what they are
          <g key={at}>
            <circle className="stop" data-end={isEnd ? "" : undefined} cx={x} cy={y} r={5 * point} />
            <text
              x={x + (isRight(x) ? -11 : 11) * point}
              y={y + (at % 2 === 0 ? 4 : -6) * point}
              textAnchor={isRight(x) ? "end" : "start"}
              strokeWidth={3 * point}
            >
              {stop.name}
            </text>
          </g>
        );
      })}
      {courier && <Courier spot={courier} radius={7 * point} />}
    </svg>
  );
}

function Courier({ spot, radius }: { spot: Spot; radius: number }) {
  const [x, y] = project(spot);
  return <circle className="courier" r={radius} cx={x} cy={y} />;
}
